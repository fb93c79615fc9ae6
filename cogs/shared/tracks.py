"""The command option `track`: autocomplete and lookup."""

import discord
from discord import app_commands

from bot.client import Earworm
from bot.errors import NotFound
from bot.foreign_text import readable
from bot.library.cards import TrackCard
from cogs.shared.audience import channels_of_member

CHOICES, CHOICE_LENGTH = 25, 100
HIDDEN = "That song was only shared where not everybody here can look, so I don't speak of it here."


async def suggest_tracks(
    interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over the titles and artists that this member can see."""
    assert interaction.guild_id is not None
    channels = await channels_of_member(interaction)
    cards = await interaction.client.services.catalog.suggest(interaction.guild_id, typed, channels, CHOICES)
    return [
        app_commands.Choice(name=readable(card.label, CHOICE_LENGTH) or "?", value=str(card.id))
        for card in cards
    ]


async def find_track(
    interaction: discord.Interaction[Earworm], text: str, channels: frozenset[int]
) -> TrackCard:
    """The track that an id, a link or a part of a title names.

    Raises NotFound if it may not be shown in an answer that shows shares of these channels.
    """
    assert interaction.guild_id is not None
    catalog = interaction.client.services.catalog
    try:
        return await catalog.resolve(interaction.guild_id, text, channels)
    except NotFound:
        # The asker alone reads this, and knows the song if they can see it.
        if channels >= (own := await channels_of_member(interaction)):
            raise
        await catalog.resolve(interaction.guild_id, text, own)
        raise NotFound(HIDDEN) from None
