"""/privacy: see and erase what Earworm knows about you."""

import io
import json

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from cogs._audience import sight_of
from cogs._sharing import delete_quietly, tell_again


@app_commands.guild_only()
class PrivacyCog(
    commands.GroupCog, name="privacy", description="What Earworm knows about you in this server"
):
    """Export and erasure, for everybody."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(
        name="export", description="Get everything that Earworm knows about you here, as a file"
    )
    async def export(self, interaction: discord.Interaction[Earworm]) -> None:
        """Send a JSON file that only the asker sees."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        known = await self.bot.services.people.export(
            interaction.guild_id, interaction.user.id, await sight_of(interaction)
        )
        data = json.dumps(known, indent=2, ensure_ascii=False).encode()
        file = discord.File(
            io.BytesIO(data), filename="earworm-my-data.json", description="Your data, as JSON"
        )
        await interaction.edit_original_response(
            content="Everything I know about you in this server. I keep no audio.", attachments=[file]
        )

    @app_commands.command(
        name="forget",
        description="Erase your shares, reactions and name in this server, at once and for good",
    )
    async def forget(self, interaction: discord.Interaction[Earworm]) -> None:
        """Erase it all, and the bot's replies that were about it."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        forgotten = await self.bot.services.people.forget(interaction.guild_id, interaction.user.id)
        await interaction.edit_original_response(content=forgotten.summary)
        await delete_quietly(self.bot, forgotten.replies)
        await tell_again(self.bot, interaction.guild_id, forgotten.still_shared)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(PrivacyCog(bot))
