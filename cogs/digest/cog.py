"""/digest sets up, previews and posts the weekly digest, or a monthly or yearly one."""

import asyncio
import hashlib
import logging
from datetime import datetime, timedelta
from zoneinfo import available_timezones

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.client import DISCORD_FAILS, Earworm
from bot.digest.banner import banner_of
from bot.digest.content import DigestContent
from bot.digest.posting import Digests, DueDigest
from bot.errors import NotAllowed, NotFound
from bot.periods import PeriodLength
from bot.pictures.values import Drawing
from bot.playlists.covers import cover_of
from cogs.digest.buttons import QuietButton, SongsButton
from cogs.digest.layout import COVERS, digest_layout, is_of_week
from cogs.shared.audience import audience_of, sight_of
from cogs.shared.permissions import POSTING, POSTING_ONCE, missing_permissions
from cogs.shared.pictures import Attached, painted
from cogs.shared.text import plain
from models import Guild

log = logging.getLogger(__name__)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERIOD_CHOICES = [app_commands.Choice(name=str(length), value=str(length)) for length in PeriodLength]
CHECK_SECONDS = 20
CLOCKS_DIFFER = timedelta(hours=1)  # this machine's and Discord's, at most
ZONES_OFFERED = 25


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


def notice_board(guild: discord.Guild) -> discord.TextChannel | None:
    """Where admins are likely to read a line: where Discord tells them what is new, or greets new members."""
    channels = (guild.public_updates_channel, guild.system_channel)
    return next((c for c in channels if c is not None and not missing_permissions(c, POSTING)), None)


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class DigestCog(commands.GroupCog, name="digest", description="The weekly digest (needs Manage Server)"):
    """Posts each server's digest on time, once."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.zones: list[str] = []

    async def cog_load(self) -> None:
        """Start looking for digests that are due; what a former life had claimed is free again."""
        self.zones = sorted(await asyncio.to_thread(available_timezones))  # reads hundreds of files
        self.bot.add_dynamic_items(SongsButton, QuietButton)
        await self.bot.services.digests.take_over()
        self.post_due.start()

    async def cog_unload(self) -> None:
        """Stop looking, and wait until that is so."""
        looking = self.post_due.get_task()
        self.post_due.cancel()
        if looking is not None:
            await asyncio.wait([looking])

    @app_commands.command(
        name="set", description="Post a digest of this server's music every week, month or year"
    )
    @app_commands.describe(
        channel="Where to post it",
        weekday="On which day",
        hour="At which hour, 0 to 23",
        timezone="In which time zone",
        every="How often; a year's digest comes in any case",
    )
    @app_commands.choices(weekday=[app_commands.Choice(name=day, value=i) for i, day in enumerate(WEEKDAYS)])
    @app_commands.choices(every=PERIOD_CHOICES)
    async def set_up(
        self,
        interaction: discord.Interaction[Earworm],
        channel: discord.TextChannel,
        weekday: int = 4,
        hour: app_commands.Range[int, 0, 23] = 18,
        timezone: str = "UTC",
        every: str = str(PeriodLength.WEEK),
    ) -> None:
        """Set channel, weekday, hour and time zone."""
        assert interaction.guild is not None
        await interaction.response.defer(ephemeral=True)
        if timezone not in self.zones:
            raise NotFound(
                f"I know no time zone “{plain(timezone)}”. Pick one like Europe/Berlin from the list."
            )
        if missing := missing_permissions(channel, POSTING_ONCE):
            raise NotAllowed(
                f"I can't post digests in {channel.mention}. Grant me {' and '.join(missing)} there."
            )
        guilds = self.bot.services.guilds
        await guilds.set_digest(interaction.guild.id, channel.id, weekday, hour, timezone, every=every)
        await interaction.edit_original_response(content=await self._line(interaction.guild.id))

    async def _line(self, guild_id: int) -> str:
        services = self.bot.services
        return await digest_line(await services.guilds.get(guild_id), services.digests)

    @set_up.autocomplete("timezone")
    async def _suggest_zones(
        self, _interaction: discord.Interaction[Earworm], typed: str
    ) -> list[app_commands.Choice[str]]:
        wanted = typed.strip().casefold().replace(" ", "_")
        fitting = [zone for zone in self.zones if wanted in zone.casefold()]
        return [app_commands.Choice(name=zone, value=zone) for zone in fitting[:ZONES_OFFERED]]

    @app_commands.command(name="off", description="Stop posting the weekly digest")
    async def off(self, interaction: discord.Interaction[Earworm]) -> None:
        """Switch the digest off."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        await self.bot.services.guilds.digest_off(interaction.guild_id)
        await interaction.edit_original_response(content="The weekly digest is off.")

    @app_commands.command(name="preview", description="See what the digest would say now; only you see it")
    @app_commands.describe(period="Of the last 7, 30 or 365 days")
    @app_commands.choices(period=PERIOD_CHOICES)
    async def preview(
        self, interaction: discord.Interaction[Earworm], period: str = str(PeriodLength.WEEK)
    ) -> None:
        """Show the digest as it would be posted now."""
        assert interaction.guild_id is not None and interaction.channel_id is not None
        await interaction.response.defer(ephemeral=True)
        guild = await self.bot.services.guilds.get(interaction.guild_id)
        channel_id = guild.digest_channel_id or interaction.channel_id
        # What will be read there, as far as the asker may see it too: Manage Server opens no channels.
        channels = await audience_of(self.bot, interaction.guild_id, channel_id) & await sight_of(interaction)
        content = await self.bot.services.digests.preview(
            interaction.guild_id, channels, length=PeriodLength(period)
        )
        pictures = await self._pictures(content)
        view = digest_layout(content, pictures)
        if guild.digest_trouble:
            view.add_item(ui.TextDisplay(await self._line(guild.id)))
        files = [picture.file for picture in pictures.values()]
        message = await interaction.edit_original_response(view=view, attachments=files)
        if content.pick is not None:
            track_id = content.pick.card.id
            await self.bot.services.feedback.shown(interaction.guild_id, message.id, track_id)

    @tasks.loop(seconds=CHECK_SECONDS)
    async def post_due(self) -> None:
        """Look at the clock."""
        try:
            await self.post_all(discord.utils.utcnow())
        except Exception:  # the edge of a loop, which would end for good
            log.exception("can't look for digests that are due")

    async def post_all(self, now: datetime) -> None:
        """Post every digest that is due by `now`; one that fails doesn't hold up the others."""
        for due in await self.bot.services.digests.due(now):
            if self.bot.get_guild(due.guild_id) is None:
                continue
            try:
                await self.post(due, now)
            except Exception:
                log.exception("the digest of server %d failed; trying again later", due.guild_id)

    @post_due.before_loop
    async def _wait(self) -> None:
        await self.bot.wait_until_ready()

    async def post(self, due: DueDigest, now: datetime) -> None:
        """Claim a digest, post it unless an interrupted run already did, and record it."""
        digests = self.bot.services.digests
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
        guild = self.bot.get_guild(due.guild_id)
        return guild.get_channel(due.channel_id) if guild else None

    async def _switch_off(self, due: DueDigest) -> None:
        """Post no more digests there, and tell an admin why: once, and whenever they look."""
        await self.bot.services.digests.release(due)
        trouble = _trouble(self._channel(due), due.channel_id)
        log.warning("the digest of server %d is switched off: %s", due.guild_id, trouble)
        guild = self.bot.get_guild(due.guild_id)
        if not await self.bot.services.guilds.digest_lost(due.guild_id, due.channel_id, trouble):
            return
        if guild is None or (board := notice_board(guild)) is None:
            log.warning("no channel to say so in server %d; /settings show says it", due.guild_id)
            return
        try:
            await board.send(await self._line(due.guild_id))
        except DISCORD_FAILS as failure:
            log.warning("can't say so in channel %d; /settings show says it: %s", board.id, failure)

    async def _send(self, due: DueDigest) -> int | None:
        """Post it; nothing if it is a month's or a year's in which nothing happened."""
        channels = await audience_of(self.bot, due.guild_id, due.channel_id)
        content = await self.bot.services.digests.prepare(due, channels)
        if content.length is not PeriodLength.WEEK and not content.tracks:
            return None
        pictures = await self._pictures(content) if self._may_attach(due) else {}
        channel = self.bot.get_partial_messageable(due.channel_id, guild_id=due.guild_id)
        nonce = hashlib.sha256(f"{due.guild_id} {due.week}".encode()).hexdigest()[:25]
        files = [picture.file for picture in pictures.values()]
        message = await channel.send(view=digest_layout(content, pictures), files=files, nonce=nonce)
        return message.id

    def _may_attach(self, due: DueDigest) -> bool:
        channel = self._channel(due)
        return channel is None or channel.permissions_for(channel.guild.me).attach_files

    async def _pictures(self, content: DigestContent) -> dict[str, Attached]:
        """Banner, map and covers; none if they can't be drawn, which doesn't hold up the digest."""
        guild = self.bot.get_guild(content.guild_id)
        drawings: dict[str, Drawing] = {"banner": banner_of(content)} if content.tracks else {}
        drawings |= {playlist.key: cover_of(playlist) for playlist in content.playlists[:COVERS]}
        if content.moved and content.music and guild is not None:
            drawings["map"] = await self.bot.services.music_maps.map_among(
                guild.id, guild.name, content.music, since=content.since
            )
        return await painted(self.bot.services.painter, **drawings)

    async def _find(self, due: DueDigest) -> int | None:
        """This week's digest, if a run that was interrupted already posted it."""
        channel = self.bot.get_partial_messageable(due.channel_id, guild_id=due.guild_id)
        async for message in channel.history(limit=None, after=due.due_at - CLOCKS_DIFFER):
            if message.author == self.bot.user and is_of_week(message, due.week):
                return message.id
        return None


def _trouble(channel: discord.abc.GuildChannel | None, channel_id: int) -> str:
    """Why nothing can be posted in a channel; to follow "because"."""
    if channel is None:
        return "its channel was deleted"
    missing = missing_permissions(channel, POSTING_ONCE)
    without = f" without {' and '.join(missing)}" if missing else ""
    return f"I can't post digests in <#{channel_id}>{without}"


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(DigestCog(bot))
