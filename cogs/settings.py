"""/settings: which channels are music channels. Needs Manage Server."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from cogs._permissions import LISTENING, missing_permissions
from cogs.digest import digest_line


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
        """Show music channels and the digest's time."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        guilds = self.bot.services.guilds
        channels = await guilds.music_channels(interaction.guild_id)
        listening = (
            ", ".join(f"<#{channel}>" for channel in channels) or "none yet: /settings channel makes one"
        )
        guild = await guilds.get(interaction.guild_id)
        await interaction.edit_original_response(content=f"Music channels: {listening}\n{digest_line(guild)}")


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(SettingsCog(bot))
