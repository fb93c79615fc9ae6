"""/digest sets up, previews and posts the weekly digest, or a monthly or yearly one."""

import asyncio
import logging
from datetime import datetime
from zoneinfo import available_timezones

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.client import Earworm
from bot.errors import NotAllowed, NotFound
from bot.periods import PeriodLength
from cogs.digest.buttons import QuietButton, SongsButton
from cogs.digest.layout import digest_layout
from cogs.digest.poster import WEEKDAYS, DigestPoster, digest_line, pictures_of
from cogs.shared.audience import audience_in, channels_of_member
from cogs.shared.permissions import POSTING_ONCE, missing_permissions

log = logging.getLogger(__name__)

PERIOD_CHOICES = [app_commands.Choice(name=str(length), value=str(length)) for length in PeriodLength]
CHECK_SECONDS = 20
MAX_ZONES_OFFERED = 25


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class DigestCog(commands.GroupCog, name="digest", description="The weekly digest (needs Manage Server)"):
    """Posts each server's digest on time, once."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.poster = DigestPoster(bot)
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
                "I know no time zone “{zone}”. Pick one like Europe/Berlin from the list.", zone=timezone
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
        return [app_commands.Choice(name=zone, value=zone) for zone in fitting[:MAX_ZONES_OFFERED]]

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
        channels = await audience_in(interaction, channel_id) & await channels_of_member(interaction)
        content = await self.bot.services.digests.preview(
            interaction.guild_id, channels, length=PeriodLength(period)
        )
        pictures = await pictures_of(self.bot, content)
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
        """Post every digest that is due by `now`."""
        await self.poster.post_all(now)

    @post_due.before_loop
    async def _wait(self) -> None:
        await self.bot.wait_until_ready()


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(DigestCog(bot))
