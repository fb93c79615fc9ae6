"""The bot's reply to a share: sent at once, edited in place, found again after a crash."""

import asyncio
import logging
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from bot.client import DISCORD_FAILS, Earworm
from bot.errors import AnnounceLater, Failure
from bot.library.cards import TrackCard
from bot.shares.jobs import JobSnapshot, MessageSnapshot
from cogs.shared.audience import audience_of
from cogs.shared.text import fitted, fitting, plain, shared_by, song
from cogs.shared.votes import THUMB
from cogs.shares.sharing import withdraw

log = logging.getLogger(__name__)

LISTENING = "🎧 Listening…"
CONTENT_LIMIT = 2000
TOKEN_IS_LOST = {401, 404}  # Discord may forget one earlier than after its quarter of an hour
MAX_HISTORY_MESSAGES = 500  # messages behind a share in which its reply is looked for


class RepliesCog(commands.Cog):
    """Makes Discord say what the ledger says; every method may run twice."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.started_at = discord.utils.utcnow()
        self._unsure: set[int] = set()  # messages whose reply may stand although Discord never confirmed it
        self._one_at_a_time: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def cog_load(self) -> None:
        """From now on the pipeline speaks through this cog."""
        await self.bot.services.pipeline.start(self)

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Show that a share is being listened to. Raises AnnounceLater if Discord is down."""
        await self._show(guild_id, channel_id, message_id, only_if_missing=True)

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Make the reply say how every link of the message stands. Raises AnnounceLater if Discord is down."""
        await self._show(guild_id, channel_id, message_id, only_if_missing=False)

    async def _show(self, guild_id: int, channel_id: int, message_id: int, *, only_if_missing: bool) -> None:
        await self.bot.wait_until_ready()
        lock = self._one_at_a_time.setdefault(message_id, asyncio.Lock())
        async with lock:
            state = await self.bot.services.ledger.message_snapshot(guild_id, message_id)
            if state is None or (only_if_missing and state.reply_id is not None):
                return
            channel = self.bot.get_partial_messageable(channel_id, guild_id=guild_id)
            try:
                await self._bring_up_to_date(channel, state)
                self._unsure.discard(message_id)
            except DISCORD_FAILS as error:
                if not _is_final(error):
                    self._unsure.add(message_id)
                    raise AnnounceLater(str(error)) from error
                log.warning("can't reply to message %d of server %d: %s", message_id, guild_id, error)
                if _says_that_message_is_gone(error):
                    await withdraw(self.bot, guild_id, [message_id])

    async def _bring_up_to_date(self, channel: discord.PartialMessageable, state: MessageSnapshot) -> None:
        if all(job.failure == Failure.WITHDRAWN for job in state.jobs):
            if state.reply_id is not None:
                await channel.get_partial_message(state.reply_id).delete()
            return
        reply_id = state.reply_id or await self._find(channel, state)
        if reply_id is None and all(job.done for job in state.jobs):
            return  # it could not be told at the time, and is no news any more
        content = await self._content(state)
        if reply_id is None:
            reply_id = await self._send(channel, state.message_id, content)
        else:
            await self._edit(channel, reply_id, content)
        if not await self.bot.services.ledger.replied(state.guild_id, state.message_id, reply_id):
            await channel.get_partial_message(reply_id).delete()
        elif any(job.track_id and not job.done for job in state.jobs):
            await self._add_thumbs(channel, reply_id)

    async def _send(self, channel: discord.PartialMessageable, message_id: int, content: str) -> int:
        answered = discord.MessageReference(message_id=message_id, channel_id=channel.id)
        reply = await channel.send(
            content, reference=answered, nonce=str(message_id), mention_author=False, suppress_embeds=True
        )
        return reply.id

    async def _edit(self, channel: discord.PartialMessageable, reply_id: int, content: str) -> None:
        interaction = self.bot.interaction_of(reply_id)
        if interaction is not None:
            # A command's answer can be edited for a while even where the bot itself sees nothing.
            try:
                await interaction.edit_original_response(content=content)
                return
            except discord.HTTPException as error:
                if error.status not in TOKEN_IS_LOST:
                    raise
        await channel.get_partial_message(reply_id).edit(content=content)

    async def _find(self, channel: discord.PartialMessageable, state: MessageSnapshot) -> int | None:
        """Our reply to a message, where an earlier run or a lost answer may have left one."""
        began = min(job.created_at for job in state.jobs)
        if state.message_id not in self._unsure and began > self.started_at:
            return None
        after = discord.Object(state.message_id)
        async for message in channel.history(after=after, limit=MAX_HISTORY_MESSAGES, oldest_first=True):
            answered = message.reference
            if message.author == self.bot.user and answered and answered.message_id == state.message_id:
                return message.id
        return None

    async def _add_thumbs(self, channel: discord.PartialMessageable, reply_id: int) -> None:
        try:
            for emoji in THUMB.values():
                await channel.get_partial_message(reply_id).add_reaction(emoji)
        except (discord.Forbidden, discord.NotFound) as error:
            log.info("no thumbs under message %d: %s", reply_id, error.text)

    async def _content(self, state: MessageSnapshot) -> str:
        channels = await audience_of(self.bot, state.guild_id, state.channel_id)
        tracks = [job.track_id for job in state.jobs if job.track_id]
        found = await self.bot.services.catalog.cards(state.guild_id, tracks, channels)
        cards = {card.id: card for card in found}

        def lines(length: int) -> list[str]:
            return [_line(job, state, cards, length) for job in state.jobs]

        shown = fitted(lines, lambda made: len("\n".join(made)), CONTENT_LIMIT)
        return "\n".join(fitting(shown, CONTENT_LIMIT))


def _line(job: JobSnapshot, state: MessageSnapshot, cards: dict[int, TrackCard], length: int) -> str:
    """How one link or file stands."""
    if card := cards.get(job.track_id or 0):
        first = card.first
        if first and first.message_id != state.message_id:
            return f"🎵 {song(card, length)} · {shared_by(card, first, before=True)}"
        by = f" · shared by <@{first.user_id}>" if first and first.by_member else ""
        return f"🎵 {song(card, length)}{by}"
    label = plain(job.name or urlsplit(job.url).hostname or "", length)
    if job.failure:
        return f"⚠️ {label}: {job.reason}" if label else f"⚠️ {job.reason}"
    return f"{LISTENING} {label}".rstrip()


def _is_final(error: Exception) -> bool:
    """Whether trying again would be refused again: no permission, no such channel, an archived thread, …"""
    return isinstance(error, discord.HTTPException) and error.status in {400, 403, 404}


def _says_that_message_is_gone(error: Exception) -> bool:
    return isinstance(error, discord.HTTPException) and "Unknown message" in error.text


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(RepliesCog(bot))
