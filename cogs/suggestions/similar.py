"""/similar: what else in this server sounds like a song, a link or a file."""

from dataclasses import asdict, replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotFound
from bot.intake.links import PostedMedia
from bot.shares.query_queue import Requester
from bot.suggestions.answers import Subject
from bot.suggestions.steering import Adventure, Steering
from cogs.shared.audience import channels_for, read_channels_again
from cogs.shared.text import duration, plain
from cogs.shared.tracks import find_track, suggest_tracks
from cogs.shares.sharing import sources_from_options
from cogs.suggestions.options import SteeringOptions, with_steering, without
from cogs.suggestions.page import BUTTONS, answer, answer_similar
from models import AnswerKind


class SimilarCog(commands.Cog):
    """Nearest neighbours by sound."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Let the buttons of old answers work too."""
        self.bot.add_dynamic_items(*BUTTONS)

    @app_commands.command(name="similar", description="What else here sounds like this song?")
    @app_commands.describe(
        track="A song of the library: start typing",
        link="A link to any song",
        file="Any audio or video file",
    )
    @app_commands.autocomplete(track=suggest_tracks)
    @app_commands.guild_only()
    @with_steering
    async def similar(
        self,
        interaction: discord.Interaction[Earworm],
        options: SteeringOptions,
        track: str | None = None,
        link: str | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        """Answer by a song of the library, or listen to a link or file for this question only."""
        assert interaction.guild_id is not None
        if sum(option is not None for option in (track, link, file)) != 1:
            raise NotFound("Name one thing to go by: a track of the library, a link, or a file.")
        steering = options.steering(interaction.created_at, Adventure.SAFE)
        sources = sources_from_options(link, file) if track is None else []
        private = options.private
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        steering = await without(interaction, options, steering, channels)
        if track is not None:
            card = await find_track(interaction, track, channels)
            await answer_similar(interaction, card.id, channels, steering, private=private)
            return
        known = await self._known(interaction, link, channels) if link else None
        if known is not None:
            await answer_similar(interaction, known, channels, steering, private=private)
        else:
            await self.by_listening(interaction, sources[0], steering, private=private)

    async def _known(
        self, interaction: discord.Interaction[Earworm], link: str, channels: frozenset[int]
    ) -> int | None:
        """The track of the library that a link leads to, if it may be shown here."""
        assert interaction.guild_id is not None
        try:
            url = sources_from_options(link, None)[0].url
            card = await self.bot.services.catalog.resolve(interaction.guild_id, url, channels)
        except NotFound:
            return None
        return card.id

    async def by_listening(
        self,
        interaction: discord.Interaction[Earworm],
        source: PostedMedia,
        steering: Steering,
        *,
        private: bool,
    ) -> None:
        """Listen to something that isn't in the library; nothing of it is stored."""
        assert interaction.guild_id is not None
        services = self.bot.services
        requester = Requester(interaction.guild_id, interaction.user.id)
        heard = await services.pipeline.hear(source.url, source.name, requester=requester)
        read_channels_again(interaction)
        channels = await channels_for(interaction, private=private)
        found = await services.recommender.similar(
            interaction.guild_id,
            vectors=heard.analysis.vectors,
            channels=channels,
            steering=steering,
            user_id=interaction.user.id,
        )
        artist = f" by {plain(heard.artist)}" if heard.artist else ""
        title = f"**{plain(heard.title)}**{artist} · {duration(heard.seconds)}"
        about = Subject(asked_title=title, source=asdict(source))
        found = replace(found, note=f"That song isn't in the library. {found.note}".strip())
        await answer(interaction, AnswerKind.SIMILAR, found, channels, about=about, private=private)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(SimilarCog(bot))
