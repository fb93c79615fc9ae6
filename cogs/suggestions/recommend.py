"""/recommend: what you, another member or the whole server may like."""

from datetime import timedelta

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.suggestions.wishes import Steering
from cogs.shared.tracks import suggest_tracks
from cogs.suggestions.options import ADVENTURES, DESCRIBED, suggest_tags, wishes, without
from cogs.suggestions.page import answer, channels_for

ME, SERVER, HERE = "me", "server", "here"
LATELY = timedelta(days=90)  # who shared something in a channel since then is there
MOST = 10  # members of a group


class RecommendCog(commands.Cog):
    """Recommendations from feedback."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="recommend", description="Songs from this server that you may like")
    @app_commands.describe(
        member="For this member instead of you",
        scope="For you, for the whole server, or for those who are in this channel",
        **DESCRIBED,
    )
    @app_commands.choices(
        scope=[
            app_commands.Choice(name="for me", value=ME),
            app_commands.Choice(name="for the whole server", value=SERVER),
            app_commands.Choice(name="for everybody in this channel", value=HERE),
        ],
        adventure=ADVENTURES,
    )
    @app_commands.autocomplete(tag=suggest_tags, without_track=suggest_tracks)
    @app_commands.guild_only()
    async def recommend(
        self,
        interaction: discord.Interaction[Earworm],
        member: discord.User | None = None,
        scope: str = ME,
        tag: str | None = None,
        tempo: str | None = None,
        key: str | None = None,
        sharer: discord.User | None = None,
        days: app_commands.Range[int, 1, 3650] | None = None,
        without_track: str | None = None,
        without_artist: str | None = None,
        without_member: discord.User | None = None,
        mixes: bool = False,
        adventure: str | None = None,
        private: bool = False,
    ) -> None:
        """Recommend, and say what it went by where there is little feedback."""
        assert interaction.guild_id is not None and interaction.channel_id is not None
        steering = wishes(
            interaction.created_at,
            tag=tag,
            tempo=tempo,
            key=key,
            sharer=sharer,
            days=days,
            without_artist=without_artist,
            without_member=without_member,
            mixes=mixes,
            adventure=adventure,
        )
        await interaction.response.defer(ephemeral=private)
        steering = await without(interaction, without_track, steering)
        channels = await channels_for(interaction, private=private)
        if scope == HERE and member is None:
            await self._for_channel(interaction, channels, steering, private=private)
            return
        someone = member or interaction.user
        user_id = None if scope == SERVER and member is None else someone.id
        found = await self.bot.services.recommender.recommend(
            interaction.guild_id,
            user_id,
            channels,
            you=user_id == interaction.user.id,
            asker=interaction.user.id,
            steering=steering,
        )
        await answer(
            interaction, "recommend", found.picks, private=private, member_id=user_id, note=found.note
        )

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
        services, since = self.bot.services, interaction.created_at - LATELY
        here = _listeners(interaction)
        if not here:
            here = await services.catalog.sharers(interaction.guild_id, interaction.channel_id, since, MOST)
        members = list(dict.fromkeys([interaction.user.id, *here]))[:MOST]
        found = await services.together.group(interaction.guild_id, members, channels, steering=steering)
        heading = f"For everybody here ({len(members)})"
        await answer(interaction, "together", found.picks, private=private, heading=heading, note=found.note)


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
