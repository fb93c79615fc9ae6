"""/digest sets up, previews and posts the weekly digest."""

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.client import Earworm
from bot.errors import EarwormError, NotAllowed, NotFound
from bot.library.cards import TrackCard
from bot.playlists.content import DigestContent
from bot.playlists.digest import DueDigest, next_due
from cogs._audience import audience_of
from cogs._suggestions import ACCENT, VoteButton
from cogs._text import duration, plain, shared_line, votes
from models import Guild

log = logging.getLogger(__name__)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CHECK_SECONDS = 20
HISTORY = 50  # messages in which a digest of an interrupted run is looked for

# Characters a section may take; together they stay below the 4,000 that Discord allows.
WEEK_BUDGET, LOVED_BUDGET, PLAYLIST_BUDGET = 1300, 900, 1000


def digest_line(guild: Guild) -> str:
    """When and where the digest comes, in one line."""
    if guild.digest_channel_id is None:
        return "Weekly digest: off. Switch it on with /digest set."
    due = next_due(guild, discord.utils.utcnow())
    when = f"{WEEKDAYS[guild.digest_weekday]}s at {guild.digest_hour}:00 ({guild.timezone})"
    return f"Weekly digest: <#{guild.digest_channel_id}>, {when}; the next one {discord.utils.format_dt(due, 'R')}."


async def suggest_zones(
    _interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over the time zones of the tz database."""
    wanted = typed.casefold().replace(" ", "_")
    zones = sorted(zone for zone in available_timezones() if wanted in zone.casefold())
    return [app_commands.Choice(name=zone, value=zone) for zone in zones[:25]]


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class DigestCog(commands.GroupCog, name="digest", description="The weekly digest (needs Manage Server)"):
    """Posts each server's digest on time, once."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Start looking for digests that are due; what a former life had claimed is free again."""
        await self.bot.services.digests.take_over()
        self.post_due.start()

    async def cog_unload(self) -> None:
        """Stop looking."""
        self.post_due.cancel()

    @app_commands.command(name="set", description="Post a digest of this server's music every week")
    @app_commands.describe(
        channel="Where to post it",
        weekday="On which day",
        hour="At which hour, 0 to 23",
        timezone="In which time zone",
    )
    @app_commands.choices(weekday=[app_commands.Choice(name=day, value=i) for i, day in enumerate(WEEKDAYS)])
    @app_commands.autocomplete(timezone=suggest_zones)
    async def set(
        self,
        interaction: discord.Interaction[Earworm],
        channel: discord.TextChannel,
        weekday: int = 4,
        hour: app_commands.Range[int, 0, 23] = 18,
        timezone: str = "UTC",
    ) -> None:
        """Set channel, weekday, hour and time zone."""
        assert interaction.guild is not None
        await interaction.response.defer(ephemeral=True)
        if timezone not in available_timezones():
            raise NotFound(
                f"I know no time zone “{plain(timezone)}”. Pick one like Europe/Berlin from the list."
            )
        allowed = channel.permissions_for(interaction.guild.me)
        if not (allowed.view_channel and allowed.send_messages):
            raise NotAllowed(
                f"I can't post in {channel.mention}. Grant me View Channel and Send Messages there."
            )
        guilds = self.bot.services.guilds
        await guilds.set_digest(interaction.guild.id, channel.id, weekday, hour, timezone)
        await interaction.edit_original_response(content=digest_line(await guilds.get(interaction.guild.id)))

    @app_commands.command(name="off", description="Stop posting the weekly digest")
    async def off(self, interaction: discord.Interaction[Earworm]) -> None:
        """Switch the digest off."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        await self.bot.services.guilds.digest_off(interaction.guild_id)
        await interaction.edit_original_response(content="The weekly digest is off.")

    @app_commands.command(name="preview", description="See what the digest would say now; only you see it")
    async def preview(self, interaction: discord.Interaction[Earworm]) -> None:
        """Show the digest as it would be posted now."""
        assert interaction.guild_id is not None and interaction.channel_id is not None
        await interaction.response.defer(ephemeral=True)
        guild = await self.bot.services.guilds.get(interaction.guild_id)
        channel_id = guild.digest_channel_id or interaction.channel_id
        channels = await audience_of(self.bot, interaction.guild_id, channel_id)
        content = await self.bot.services.digests.preview(interaction.guild_id, channels)
        await interaction.edit_original_response(view=digest_layout(content))

    @tasks.loop(seconds=CHECK_SECONDS)
    async def post_due(self) -> None:
        """Look at the clock."""
        try:
            await self.post_all(discord.utils.utcnow())
        except EarwormError:
            log.exception("can't look for digests that are due")

    async def post_all(self, now: datetime) -> None:
        """Post every digest that is due by `now`; one that fails doesn't hold up the others."""
        for due in await self.bot.services.digests.due(now):
            if self.bot.get_guild(due.guild_id) is None:
                continue
            try:
                await self.post(due)
            except (discord.HTTPException, OSError):
                log.exception("the digest of server %d failed; trying again", due.guild_id)

    @post_due.before_loop
    async def _wait(self) -> None:
        await self.bot.wait_until_ready()

    async def post(self, due: DueDigest) -> None:
        """Claim a digest, post it unless an interrupted run already did, and record it."""
        digests = self.bot.services.digests
        if not await digests.claim(due):
            return
        try:
            message_id = await self._find(due) or await self._send(due)
        except (discord.Forbidden, discord.NotFound) as error:
            log.warning("the digest of server %d is switched off: %s", due.guild_id, error.text)
            await self.bot.services.guilds.digest_off(due.guild_id)
            await digests.release(due)
        except BaseException:
            await digests.release(due)
            raise
        else:
            await digests.posted(due, message_id)

    async def _send(self, due: DueDigest) -> int:
        channels = await audience_of(self.bot, due.guild_id, due.channel_id)
        content = await self.bot.services.digests.prepare(due, channels)
        channel = self.bot.get_partial_messageable(due.channel_id, guild_id=due.guild_id)
        nonce = hashlib.sha256(f"{due.guild_id} {due.week}".encode()).hexdigest()[:25]
        message = await channel.send(view=digest_layout(content), nonce=nonce)
        return message.id

    async def _find(self, due: DueDigest) -> int | None:
        """This week's digest, if a run that was interrupted already posted it."""
        channel = self.bot.get_partial_messageable(due.channel_id, guild_id=due.guild_id)
        async for message in channel.history(after=due.due_at, limit=HISTORY, oldest_first=True):
            if message.author == self.bot.user and _mentions_week(message, due.week):
                return message.id
        return None


def _mentions_week(message: discord.Message, week: str) -> bool:
    view = ui.LayoutView.from_message(message, timeout=None) if message.flags.components_v2 else None
    return view is not None and any(
        isinstance(item, ui.TextDisplay) and week in item.content for item in view.walk_children()
    )


def digest_layout(content: DigestContent) -> ui.LayoutView:
    """The digest as Components V2; sections without news are left out."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    box.add_item(ui.TextDisplay(f"## 🎧 The week in music\n-# {content.week} · {content.headline}"))
    week = [f"• {_linked(card)}{_by(card)}" for card in content.tracks]
    _section(box, f"🎵 Shared this week ({len(content.tracks)})", week, WEEK_BUDGET)
    loved = [f"{votes(card)} {_linked(card)}{_by(card)}" for card in content.loved]
    _section(box, "💛 Most loved", loved, LOVED_BUDGET)
    if (pick := content.pick) is not None:
        lines = [f"{_linked(pick.card)} · {duration(pick.card.seconds)}", pick.why, shared_line(pick.card)]
        _section(box, "✨ Recommendation of the week", [line for line in lines if line], LOVED_BUDGET)
        row: ui.ActionRow[Any] = ui.ActionRow()
        row.add_item(VoteButton(pick.card.id, +1, pick.card.likes))
        row.add_item(VoteButton(pick.card.id, -1, pick.card.dislikes))
        box.add_item(row)
    if content.playlist is not None:
        songs = [f"{i}. {_linked(card)}" for i, card in enumerate(content.playlist.cards, 1)]
        _section(box, f"🌀 Vibe playlist: {plain(content.playlist.name)}", songs, PLAYLIST_BUDGET)
    view.add_item(box)
    return view


def _section(box: "ui.Container[Any]", title: str, lines: list[str], budget: int) -> None:
    if lines:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(f"### {title}\n" + "\n".join(_fit(lines, budget))))


def _fit(lines: Iterable[str], budget: int) -> list[str]:
    """As many lines as fit into `budget` characters, then how many were left out."""
    kept: list[str] = []
    rest = list(lines)
    while rest and len(rest[0]) + 1 <= budget:
        budget -= len(rest[0]) + 1
        kept.append(rest.pop(0))
    return kept + ([f"… and {len(rest)} more"] if rest else [])


def _linked(card: TrackCard) -> str:
    name = plain(card.label, 80)
    jump = card.first.jump(card.guild_id) if card.first else None
    return f"[{name}]({jump})" if jump else name


def _by(card: TrackCard) -> str:
    return f" · <@{card.first.user_id}>" if card.first else ""


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(DigestCog(bot))
