"""/settings: which channels are music channels. Needs Manage Server."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.suggestions.wording import count
from bot.vectors.coverage import unheard
from cogs.digest.poster import digest_line
from cogs.shared.audience import channels_of_member
from cogs.shared.permissions import LISTENING, missing_permissions
from cogs.shared.text import song

NAMED, NAME_LENGTH = 10, 60  # songs that can't be fetched again


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class SettingsCog(
    commands.GroupCog, name="settings", description="How Earworm works in this server (needs Manage Server)"
):
    """What an admin sets."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(
        name="channel", description="Listen to every link and file posted in a channel, or stop to"
    )
    @app_commands.describe(
        channel="The channel; this one if left out", listen="False to stop listening there"
    )
    async def channel(
        self,
        interaction: discord.Interaction[Earworm],
        channel: discord.TextChannel | discord.VoiceChannel | None = None,
        listen: bool = True,
    ) -> None:
        """Make a channel a music channel."""
        assert interaction.guild is not None
        await interaction.response.defer(ephemeral=True)
        chosen = channel or interaction.channel
        chosen = interaction.guild.get_channel(getattr(chosen, "parent_id", None) or chosen.id)  # type: ignore[union-attr]
        if chosen is None:
            await interaction.edit_original_response(
                content="I can't see that channel. Grant me View Channel there."
            )
            return
        since = interaction.id if listen else 0
        await self.bot.services.guilds.set_music_channel(interaction.guild.id, chosen.id, listen, since=since)
        self.bot.dispatch("music_channels_set", interaction.guild)
        await interaction.edit_original_response(content=self._outcome(chosen, listen))

    def _outcome(self, channel: discord.abc.GuildChannel, listen: bool) -> str:
        if not listen:
            return (
                f"{channel.mention} is no longer a music channel. What was shared there stays in the library."
            )
        lines = [f"{channel.mention} is a music channel now: post a link or a file, and I listen to it."]
        if missing := missing_permissions(channel, LISTENING):
            lines.append(f"⚠️ There I still need: {', '.join(missing)}.")
        if not self.bot.intents.message_content:
            lines.append(
                "⚠️ My Message Content Intent is off, so I see no bare links; /share works meanwhile."
            )
        return "\n".join(lines)

    @app_commands.command(name="show", description="Show this server's settings")
    async def show(self, interaction: discord.Interaction[Earworm]) -> None:
        """Show music channels, the digest's time, and which songs an embedder has not heard."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        guilds = self.bot.services.guilds
        channels = await guilds.music_channels(interaction.guild_id)
        listening = (
            ", ".join(f"<#{channel}>" for channel in channels) or "none yet: /settings channel makes one"
        )
        guild = await guilds.get(interaction.guild_id)
        digest = await digest_line(guild, self.bot.services.digests)
        lines = [f"Music channels: {listening}", digest, *await self._unheard(interaction)]
        await interaction.edit_original_response(content="\n".join(lines))

    async def _unheard(self, interaction: discord.Interaction[Earworm]) -> list[str]:
        """What was heard before the bot's host switched an embedder on; only what the asker may see is named."""
        assert interaction.guild_id is not None
        services = self.bot.services
        found = await unheard(services.store, interaction.guild_id, services.vectors.names)
        lines = []
        if found.waiting:
            lines.append(f"Still to be listened to again: {count(len(found.waiting), 'song')}.")
        if found.lost:
            channels = await channels_of_member(interaction)
            cards = await services.catalog.cards(interaction.guild_id, found.lost, channels)
            named = ", ".join(song(card, NAME_LENGTH) for card in cards[:NAMED])
            more = " …" if len(found.lost) > NAMED else ""
            lost = count(len(found.lost), "song")
            lines.append(f"Can't be fetched again: {lost}. Share them once more: {named}{more}")
        return lines


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(SettingsCog(bot))
