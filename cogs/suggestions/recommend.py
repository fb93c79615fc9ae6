"""/recommend: what you, another member or the whole server may like."""

from datetime import timedelta
from enum import StrEnum

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import OptedOut
from bot.suggestions.answers import Subject
from bot.suggestions.steering import Steering
from cogs.shared.audience import channels_for
from cogs.suggestions.options import SteeringOptions, with_steering, without
from cogs.suggestions.page import answer
from models import AnswerKind

ACTIVE_WITHIN = timedelta(days=90)  # whoever shared something in a channel since then is one of its members
MAX_GROUP_SIZE = 10


class Scope(StrEnum):
    """Whom a recommendation is for."""

    ME = "me"
    SERVER = "server"
    HERE = "here"  # everybody in this channel


class RecommendCog(commands.Cog):
    """Recommendations from feedback."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="recommend", description="Songs from this server that you may like")
    @app_commands.describe(
        member="For this member instead of you",
        scope="For you, for the whole server, or for those who are in this channel",
    )
    @app_commands.choices(
        scope=[
            app_commands.Choice(name="for me", value=Scope.ME),
            app_commands.Choice(name="for the whole server", value=Scope.SERVER),
            app_commands.Choice(name="for everybody in this channel", value=Scope.HERE),
        ]
    )
    @app_commands.guild_only()
    @with_steering
    async def recommend(
        self,
        interaction: discord.Interaction[Earworm],
        options: SteeringOptions,
        member: discord.User | None = None,
        scope: str = Scope.ME,
    ) -> None:
        """Recommend, and say what it went by where there is little feedback."""
        assert interaction.guild_id is not None and interaction.channel_id is not None
        steering = options.steering(interaction.created_at)
        private = options.private
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        steering = await without(interaction, options, steering, channels)
        if scope == Scope.HERE and member is None:
            await self._for_channel(interaction, channels, steering, private=private)
            return
        someone = member or interaction.user
        user_id = None if scope == Scope.SERVER and member is None else someone.id
        found = await self.bot.services.recommender.recommend(
            interaction.guild_id,
            user_id,
            channels,
            you=user_id == interaction.user.id,
            asker=interaction.user.id,
            steering=steering,
        )
        about = Subject(member_id=user_id)
        await answer(interaction, AnswerKind.RECOMMEND, found, channels, about=about, private=private)

    async def _for_channel(
        self,
        interaction: discord.Interaction[Earworm],
        channels: frozenset[int],
        steering: Steering,
        *,
        private: bool,
    ) -> None:
        """For the asker and whoever listens in this voice channel, or else shared something here lately."""
        assert interaction.guild_id is not None and interaction.channel_id is not None
        services, since = self.bot.services, interaction.created_at - ACTIVE_WITHIN
        here = _listeners(interaction)
        if not here:
            here = await services.catalog.sharers(
                interaction.guild_id, interaction.channel_id, since, MAX_GROUP_SIZE
            )
        left_alone = await services.opt_outs.members(interaction.guild_id)
        asked = dict.fromkeys([interaction.user.id, *here])
        members = [member for member in asked if member not in left_alone][:MAX_GROUP_SIZE]
        if not members:
            raise OptedOut
        found = await services.together.group(interaction.guild_id, members, channels, steering=steering)
        about = Subject(blend_name=f"For everybody here ({len(members)})")
        await answer(interaction, AnswerKind.TOGETHER, found, channels, about=about, private=private)


def _listeners(interaction: discord.Interaction[Earworm]) -> list[int]:
    """Who is connected to the voice channel that this was asked in."""
    channel = interaction.guild.get_channel(interaction.channel_id or 0) if interaction.guild else None
    if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        return []
    me = interaction.application_id
    return [user_id for user_id in channel.voice_states if user_id != me]


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(RecommendCog(bot))
