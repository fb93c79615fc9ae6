"""/blend and /tastebuddies: compares and blends members' tastes."""

from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.suggestions.answers import Subject
from cogs.shared.audience import channels_for
from cogs.suggestions.page import answer
from models import AnswerKind

TOO_FEW = "One of you has too few 👍 for me to compare your tastes."


class TogetherCog(commands.Cog):
    """What members have in common."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="blend", description="How alike are two tastes, and what would both like?")
    @app_commands.describe(
        member="Whose taste", other="With whose; yours if left out", private="Only you see the answer"
    )
    @app_commands.guild_only()
    async def blend(
        self,
        interaction: discord.Interaction[Earworm],
        member: discord.User,
        other: discord.User | None = None,
        private: bool = False,
    ) -> None:
        """Compare two tastes by what was liked, also where no song is in common."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        one, two = member, other or interaction.user
        channels = await channels_for(interaction, private=private)
        found = await self.bot.services.together.blend(interaction.guild_id, one.id, two.id, channels)
        match = TOO_FEW if found.match is None else f"Your tastes match by **{found.match}%**."
        blended = replace(found.recommendation, note=f"{match} {found.recommendation.note}".rstrip())
        about = Subject(blend_name=f"A blend of <@{one.id}> and <@{two.id}>")
        await answer(interaction, AnswerKind.TOGETHER, blended, channels, about=about, private=private)

    @app_commands.command(name="tastebuddies", description="Who here likes what you like?")
    @app_commands.describe(member="Whose buddies; yours if left out")
    @app_commands.guild_only()
    async def tastebuddies(
        self, interaction: discord.Interaction[Earworm], member: discord.User | None = None
    ) -> None:
        """List the members whose taste is closest; only the asker sees it."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        someone = member or interaction.user
        channels = await channels_for(interaction, private=True)
        buddies = await self.bot.services.together.buddies(interaction.guild_id, someone.id, channels)
        lines = [f"{buddy.match}% · <@{buddy.user_id}>" for buddy in buddies]
        nobody = "Nobody's taste is more like that than chance would have it. More 👍 from others would help."
        text = f"### Closest to the taste of <@{someone.id}>\n" + ("\n".join(lines) or nobody)
        await interaction.edit_original_response(content=text)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(TogetherCog(bot))
