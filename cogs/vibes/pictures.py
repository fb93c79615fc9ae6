"""/map and /taste: a server's music and a member's taste as pictures."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import EarwormError
from bot.pictures.values import Drawing, MusicMap
from bot.suggestions.wording import count
from cogs.shared.audience import channels_for
from cogs.shared.pictures import painted
from cogs.shared.text import plain

NO_PICTURE = "I can't draw at the moment. It is in my log; please try again in a while."


class PicturesCog(commands.Cog):
    """Pictures on request."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="map", description="This server's music on a map: what sounds alike is near")
    @app_commands.describe(private="Only you see the answer")
    @app_commands.guild_only()
    async def map(self, interaction: discord.Interaction[Earworm], private: bool = False) -> None:
        """Draw the map, with the asker's songs ringed."""
        assert interaction.guild is not None
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        guild, member = interaction.guild, interaction.user
        drawing = await self.bot.services.music_maps.map_of(guild.id, guild.name, channels, user_id=member.id)
        await self._show(interaction, _about(drawing, member.mention), drawing, "music_map")

    @app_commands.command(name="taste", description="A member's taste at a glance")
    @app_commands.describe(member="Whose taste; yours if left out", private="Only you see the answer")
    @app_commands.guild_only()
    async def taste(
        self,
        interaction: discord.Interaction[Earworm],
        member: discord.User | None = None,
        private: bool = False,
    ) -> None:
        """Draw a taste card."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        someone = member or interaction.user
        drawing = await self.bot.services.taste_cards.of(
            interaction.guild_id, someone.id, someone.display_name, channels
        )
        await self._show(interaction, f"The taste of {someone.mention}", drawing, "taste")

    async def _show(
        self, interaction: discord.Interaction[Earworm], text: str, drawing: Drawing, name: str
    ) -> None:
        """Answer with a picture. Raises EarwormError if it can't be drawn."""
        drawn = await painted(self.bot.services.painter, **{name: drawing})
        if not drawn:
            raise EarwormError(NO_PICTURE)
        await interaction.edit_original_response(content=text, attachments=[drawn[name].file])


def _about(drawing: MusicMap, mention: str) -> str:
    songs, vibes = count(len(drawing.dots), "song"), count(len(drawing.vibes), "vibe")
    many = f"**{songs}** in **{vibes}**" if drawing.vibes else f"**{songs}**"
    ringed = sum(dot.mine for dot in drawing.dots)
    parts = [f"The music of {plain(drawing.server)}: {many}"]
    parts += [f"ringed: {ringed} by {mention}"] if ringed else []
    return " · ".join(parts)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(PicturesCog(bot))
