"""/alchemy mixes sounds, /path walks from one to another."""

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.client import Earworm
from bot.foreign_text import readable
from bot.library.cards import TrackCard
from bot.suggestions.answers import Subject
from bot.suggestions.mixing import Ingredient, Path
from cogs.shared.audience import channels_for
from cogs.shared.text import fitted, shared_by, song
from cogs.shared.tracks import CHOICE_LENGTH, CHOICES, find_track, suggest_tracks
from cogs.suggestions.options import suggest_tags
from cogs.suggestions.page import ACCENT, TEXT_LIMIT, answer
from models import AnswerKind

TAG_PREFIX = "tag:"
MAX_TAG_CHOICES = 10  # offered beside titles


async def suggest_ingredients(
    interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over songs and tags."""
    tags = await suggest_tags(interaction, typed.removeprefix(TAG_PREFIX).strip())
    named = [
        app_commands.Choice(
            name=readable(f"{TAG_PREFIX} {tag.name}", CHOICE_LENGTH), value=f"{TAG_PREFIX}{tag.value}"[:100]
        )
        for tag in tags[:MAX_TAG_CHOICES]
    ]
    songs = [] if typed.startswith(TAG_PREFIX) else await suggest_tracks(interaction, typed)
    return [*songs[: CHOICES - len(named)], *named]


class MixingCog(commands.Cog):
    """Sounds as ingredients."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="alchemy", description="Mix sounds: add some, take others away")
    @app_commands.describe(
        add="A song or a tag: start typing",
        add_too="Another one",
        add_member="The taste of a member",
        subtract="A song or a tag that it shall not sound like",
        subtract_too="Another one",
        subtract_member="The taste of a member, taken away",
        private="Only you see the answer",
    )
    @app_commands.autocomplete(
        add=suggest_ingredients,
        add_too=suggest_ingredients,
        subtract=suggest_ingredients,
        subtract_too=suggest_ingredients,
    )
    @app_commands.guild_only()
    async def alchemy(
        self,
        interaction: discord.Interaction[Earworm],
        add: str | None = None,
        add_too: str | None = None,
        add_member: discord.User | None = None,
        subtract: str | None = None,
        subtract_too: str | None = None,
        subtract_member: discord.User | None = None,
        private: bool = False,
    ) -> None:
        """Answer with what has something of everything added and nothing of what is taken away."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        added = await self._ingredients(interaction, [add, add_too], add_member, channels)
        taken = await self._ingredients(interaction, [subtract, subtract_too], subtract_member, channels)
        mixed = await self.bot.services.mixing.alchemy(
            interaction.guild_id, added, taken, channels, user_id=interaction.user.id
        )
        about = Subject(blend_name="Your mixture")
        await answer(interaction, AnswerKind.ALCHEMY, mixed, channels, about=about, private=private)

    @app_commands.command(name="path", description="A walk of songs from one sound to another")
    @app_commands.describe(
        start="The song to start from: start typing",
        end="The song to arrive at",
        length="How many songs, both ends included",
        private="Only you see the answer",
    )
    @app_commands.rename(start="from", end="to")
    @app_commands.autocomplete(start=suggest_tracks, end=suggest_tracks)
    @app_commands.guild_only()
    async def path(
        self,
        interaction: discord.Interaction[Earworm],
        start: str,
        end: str,
        length: app_commands.Range[int, 3, 20] = 8,
        private: bool = False,
    ) -> None:
        """List the songs on the way."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        ends = [await find_track(interaction, text, channels) for text in (start, end)]
        path = await self.bot.services.mixing.path(
            interaction.guild_id, ends[0].id, ends[1].id, channels, length, user_id=interaction.user.id
        )
        view = fitted(lambda width: _path_layout(path, width), ui.LayoutView.content_length, TEXT_LIMIT)
        await interaction.edit_original_response(view=view)

    async def _ingredients(
        self,
        interaction: discord.Interaction[Earworm],
        named: list[str | None],
        member: discord.User | None,
        channels: frozenset[int],
    ) -> list[Ingredient]:
        found = [Ingredient(user_id=member.id)] if member else []
        for text in filter(None, named):
            if text.startswith(TAG_PREFIX):
                found.append(Ingredient(tag=text.removeprefix(TAG_PREFIX).strip()))
            else:
                card = await find_track(interaction, text, channels)
                found.append(Ingredient(track_id=card.id))
        return found


def _path_layout(path: Path, width: int) -> ui.LayoutView:
    heading = f"### From {song(path.cards[0], width)} to {song(path.cards[-1], width)}"
    if path.note:
        heading += f"\n-# {path.note}"
    lines = "\n".join(_step(number, card, width) for number, card in enumerate(path.cards, 1))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(heading), ui.TextDisplay(lines), accent_colour=ACCENT))
    return view


def _step(number: int, card: TrackCard, width: int) -> str:
    shared = f"\n-# {shared_by(card, card.first)}" if card.first and card.first.by_member else ""
    return f"**{number}.** {song(card, width)}{shared}"


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(MixingCog(bot))
