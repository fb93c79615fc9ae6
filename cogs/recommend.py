"""/recommend: what you, another member or the whole server may like."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from cogs._suggestions import answer, channels_for

ME, SERVER = "me", "server"


class Recommend(commands.Cog):
    """Recommendations from feedback."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="recommend", description="Songs from this server that you may like")
    @app_commands.describe(
        member="For this member instead of you",
        scope="For you, or for the whole server",
        private="Only you see the answer",
    )
    @app_commands.choices(
        scope=[
            app_commands.Choice(name="for me", value=ME),
            app_commands.Choice(name="for the whole server", value=SERVER),
        ]
    )
    @app_commands.guild_only()
    async def recommend(
        self,
        interaction: discord.Interaction[Earworm],
        member: discord.User | None = None,
        scope: str = ME,
        private: bool = False,
    ) -> None:
        """Recommend, and say what it went by where there is little feedback."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        someone = member or interaction.user
        user_id = None if scope == SERVER and member is None else someone.id
        channels = await channels_for(interaction, private=private)
        found = await self.bot.services.recommender.recommend(
            interaction.guild_id, user_id, channels, you=user_id == interaction.user.id
        )
        await answer(
            interaction, "recommend", found.picks, private=private, member_id=user_id, note=found.note
        )


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(Recommend(bot))
