"""Posts the digests that are due: each once, in its channel, with its pictures."""

import hashlib
import logging
from datetime import datetime, timedelta

import discord

from bot.client import Earworm
from bot.digest.banner import banner_of
from bot.digest.content import DigestContent
from bot.digest.posting import Digests, DueDigest
from bot.periods import PeriodLength
from bot.pictures.values import Drawing
from bot.playlists.covers import cover_of
from cogs.digest.layout import COVERS, digest_layout, is_of_period
from cogs.shared.admins import tell_admins
from cogs.shared.audience import audience_of
from cogs.shared.permissions import POSTING_ONCE, missing_permissions
from cogs.shared.pictures import Attached, painted
from models import Guild

log = logging.getLogger(__name__)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MAX_CLOCK_DIFFERENCE = timedelta(hours=1)  # between this machine and Discord


class DigestPoster:
    """Claims each digest that is due, posts it, and switches the digest off where it can't be posted."""

    def __init__(self, bot: Earworm) -> None:
        self._bot = bot

    async def post_all(self, now: datetime) -> None:
        """Post every digest that is due by `now`; one that fails doesn't hold up the others."""
        for due in await self._bot.services.digests.due(now):
            if self._bot.get_guild(due.guild_id) is None:
                continue
            try:
                await self.post(due, now)
            except Exception:
                log.exception("the digest of server %d failed; trying again later", due.guild_id)

    async def post(self, due: DueDigest, now: datetime) -> None:
        """Claim a digest, post it unless an interrupted run already did, and record it."""
        digests = self._bot.services.digests
        now = max(now, discord.utils.utcnow())  # other servers' digests may have taken long
        tried = await digests.claim(due, now=now)
        if not tried:
            return
        channel = self._channel(due)
        if channel is not None and missing_permissions(channel, POSTING_ONCE):
            await self._switch_off(due)
            return
        try:
            message_id = await self._find(due) if tried > 1 else None
            if message_id is None:
                message_id = await self._send(due)
        except (discord.Forbidden, discord.NotFound) as error:
            log.warning("can't post the digest of server %d: %s", due.guild_id, error.text)
            await self._switch_off(due)
        except Exception:
            await digests.put_off(due, tried, now=max(now, discord.utils.utcnow()))
            raise
        else:
            await digests.posted(due, message_id)

    def _channel(self, due: DueDigest) -> discord.abc.GuildChannel | None:
        guild = self._bot.get_guild(due.guild_id)
        return guild.get_channel(due.channel_id) if guild else None

    async def _switch_off(self, due: DueDigest) -> None:
        """Post no more digests there, and tell an admin why: once, and whenever they look."""
        await self._bot.services.digests.release(due)
        trouble = _trouble(self._channel(due), due.channel_id)
        log.warning("the digest of server %d is switched off: %s", due.guild_id, trouble)
        services, guild = self._bot.services, self._bot.get_guild(due.guild_id)
        if await services.guilds.digest_lost(due.guild_id, due.channel_id, trouble) and guild is not None:
            # Where it can't be said, /settings show says it.
            line = await digest_line(await services.guilds.get(due.guild_id), services.digests)
            await tell_admins(guild, line)

    async def _send(self, due: DueDigest) -> int | None:
        """Post it; nothing if it is a month's or a year's in which nothing happened."""
        channels = await audience_of(self._bot, due.guild_id, due.channel_id)
        content = await self._bot.services.digests.prepare(due, channels)
        if content.length is not PeriodLength.WEEK and not content.tracks:
            return None
        pictures = await pictures_of(self._bot, content) if self._may_attach(due) else {}
        channel = self._bot.get_partial_messageable(due.channel_id, guild_id=due.guild_id)
        nonce = hashlib.sha256(f"{due.guild_id} {due.period}".encode()).hexdigest()[:25]
        files = [picture.file for picture in pictures.values()]
        message = await channel.send(view=digest_layout(content, pictures), files=files, nonce=nonce)
        return message.id

    def _may_attach(self, due: DueDigest) -> bool:
        channel = self._channel(due)
        return channel is None or channel.permissions_for(channel.guild.me).attach_files

    async def _find(self, due: DueDigest) -> int | None:
        """The period's digest, if a run that was interrupted already posted it."""
        channel = self._bot.get_partial_messageable(due.channel_id, guild_id=due.guild_id)
        async for message in channel.history(limit=None, after=due.due_at - MAX_CLOCK_DIFFERENCE):
            if message.author == self._bot.user and is_of_period(message, due.period):
                return message.id
        return None


async def pictures_of(bot: Earworm, content: DigestContent) -> dict[str, Attached]:
    """Banner, map and covers; none if they can't be drawn, which doesn't hold up the digest."""
    guild = bot.get_guild(content.guild_id)
    drawings: dict[str, Drawing] = {"banner": banner_of(content)} if content.tracks else {}
    drawings |= {playlist.key: cover_of(playlist) for playlist in content.playlists[:COVERS]}
    if content.moved and content.music and guild is not None:
        drawings["map"] = await bot.services.music_maps.map_among(
            guild.id, guild.name, content.music, since=content.since
        )
    return await painted(bot.services.painter, **drawings)


async def digest_line(guild: Guild, digests: Digests) -> str:
    """When and where the digest comes, in one line."""
    if guild.digest_channel_id is None:
        why = f"⚠️ Weekly digest: off, because {guild.digest_trouble}." if guild.digest_trouble else ""
        return f"{why or 'Weekly digest: off.'} Switch it on with /digest set."
    due = await digests.next_due(guild, discord.utils.utcnow())
    when = f"{WEEKDAYS[guild.digest_weekday]}s at {guild.digest_hour}:00 ({guild.timezone})"
    if guild.digest_every != PeriodLength.WEEK:
        when = f"first of the {when} after each {guild.digest_every}"
    where = f"<#{guild.digest_channel_id}>"
    next_one = discord.utils.format_dt(due, "R")
    return f"{guild.digest_every.capitalize()}ly digest: {where}, {when}; the next one {next_one}."


def _trouble(channel: discord.abc.GuildChannel | None, channel_id: int) -> str:
    """Why nothing can be posted in a channel; to follow "because"."""
    if channel is None:
        return "its channel was deleted"
    missing = missing_permissions(channel, POSTING_ONCE)
    without = f" without {' and '.join(missing)}" if missing else ""
    return f"I can't post digests in <#{channel_id}>{without}"
