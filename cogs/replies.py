"""The one reply to a share: made at once, edited in place, found again after a crash."""

import asyncio
import logging
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from bot.client import Earworm
from bot.errors import AnnounceLater
from bot.library.ledger import JobState, MessageState
from cogs._audience import audience_of
from cogs._text import plain, shared_line, song

log = logging.getLogger(__name__)

THUMBS = ("👍", "👎")
LISTENING = "🎧 Listening…"
CONTENT_LIMIT = 2000
HISTORY = 100  # messages behind a share in which its reply is looked for


class Replies(commands.Cog):
    """Makes Discord say what the ledger says; every method may run twice."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.started_at = discord.utils.utcnow()
        self._unsure: set[int] = set()  # messages whose reply may stand although Discord never confirmed it
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def cog_load(self) -> None:
        """From now on the pipeline speaks through this cog."""
        await self.bot.services.pipeline.start(self)

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Show that a share is being listened to."""
        await self._show(guild_id, channel_id, message_id, only_if_missing=True)

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Make the reply say how every link of the message stands. Raises AnnounceLater if Discord is down."""
        await self._show(guild_id, channel_id, message_id, only_if_missing=False)

    async def _show(self, guild_id: int, channel_id: int, message_id: int, *, only_if_missing: bool) -> None:
        await self.bot.wait_until_ready()
        lock = self._locks.setdefault(message_id, asyncio.Lock())
        async with lock:
            state = await self.bot.services.ledger.message_state(guild_id, message_id)
            if state is None or (only_if_missing and state.reply_id is not None):
                return
            try:
                await self._write(guild_id, channel_id, message_id, state)
            except (discord.Forbidden, discord.NotFound) as error:
                log.warning("can't reply in channel %d of server %d: %s", channel_id, guild_id, error.text)
            except (discord.HTTPException, OSError, TimeoutError) as error:
                self._unsure.add(message_id)
                raise AnnounceLater(str(error)) from error

    async def _write(self, guild_id: int, channel_id: int, message_id: int, state: MessageState) -> None:
        channel = self.bot.get_partial_messageable(channel_id, guild_id=guild_id)
        content = await self._content(guild_id, channel_id, message_id, state)
        reply_id = state.reply_id or await self._find(channel, message_id)
        if reply_id is None:
            reply = await channel.send(
                content,
                reference=discord.MessageReference(
                    message_id=message_id, channel_id=channel_id, guild_id=guild_id, fail_if_not_exists=False
                ),
                nonce=str(message_id),
                mention_author=False,
                suppress_embeds=True,
            )
            reply_id = reply.id
        else:
            await channel.get_partial_message(reply_id).edit(content=content)
        await self.bot.services.ledger.replied(guild_id, message_id, reply_id)
        if any(job.track_id for job in state.jobs):
            await self._add_thumbs(channel, reply_id)

    async def _find(self, channel: discord.PartialMessageable, message_id: int) -> int | None:
        """Our reply to a message, where an earlier run or a lost answer may have left one."""
        if message_id not in self._unsure and discord.utils.snowflake_time(message_id) > self.started_at:
            return None
        async for message in channel.history(
            after=discord.Object(message_id), limit=HISTORY, oldest_first=True
        ):
            reference = message.reference
            if message.author == self.bot.user and reference and reference.message_id == message_id:
                return message.id
        return None

    async def _add_thumbs(self, channel: discord.PartialMessageable, reply_id: int) -> None:
        try:
            for emoji in THUMBS:
                await channel.get_partial_message(reply_id).add_reaction(emoji)
        except (discord.Forbidden, discord.NotFound) as error:
            log.info("no thumbs under message %d: %s", reply_id, error.text)

    async def _content(self, guild_id: int, channel_id: int, message_id: int, state: MessageState) -> str:
        channels = await audience_of(self.bot, guild_id, channel_id)
        tracks = [job.track_id for job in state.jobs if job.track_id]
        cards = {card.id: card for card in await self.bot.services.catalog.cards(guild_id, tracks, channels)}
        lines = []
        for job in state.jobs:
            if job.track_id is None:
                lines.append(_unfinished(job))
            elif card := cards.get(job.track_id):
                before = card.first if card.first and card.first.message_id != message_id else None
                who = f"shared before {shared_line(card).removeprefix('shared ')}" if before else ""
                lines.append(f"🎵 {song(card)} · {who or f'shared by <@{state.user_id}>'}")
        return "\n".join(lines)[:CONTENT_LIMIT] if lines else LISTENING


def _unfinished(job: JobState) -> str:
    label = plain(job.name or urlsplit(job.url).hostname or "", 60)
    if job.failure:
        return f"⚠️ {label}: {job.reason}" if label else f"⚠️ {job.reason}"
    return f"{LISTENING} {label}".rstrip()


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(Replies(bot))
