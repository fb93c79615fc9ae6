"""The options of /recommend and its like that say what suggestions must be like."""

from dataclasses import replace
from datetime import datetime, timedelta

import discord
from discord import app_commands

from bot.client import Earworm
from bot.suggestions.wishes import Adventure, Steering, named_key, named_tempo
from cogs.shared.audience import sight_of
from models.track import searchable

CHOICES, CHOICE_LENGTH = 25, 100

ADVENTURES = [
    app_commands.Choice(name="safe: all of one kind", value="safe"),
    app_commands.Choice(name="balanced", value="balanced"),
    app_commands.Choice(name="bold: many kinds", value="bold"),
]

DESCRIBED = {
    "tag": "Only what is tagged so, for example jazz",
    "tempo": "Only at this tempo, for example 120 or 90-110",
    "key": "Only in this key, for example A minor, or minor",
    "sharer": "Only what this member shared",
    "days": "Only what was shared in the last so many days",
    "without_track": "Not this song",
    "without_artist": "Nothing by this artist",
    "without_member": "Nothing that only this member shared",
    "mixes": "Also long mixes and talk",
    "adventure": "Rather all of one kind, or many kinds",
    "private": "Only you see the answer",
}


def wishes(
    now: datetime,
    *,
    tag: str | None = None,
    tempo: str | None = None,
    key: str | None = None,
    sharer: discord.abc.Snowflake | None = None,
    days: int | None = None,
    without_artist: str | None = None,
    without_member: discord.abc.Snowflake | None = None,
    mixes: bool = False,
    adventure: str | None = None,
) -> Steering:
    """What the options ask for. Raises NotFound for a tempo or a key that can't be read."""
    return Steering(
        tags=tuple(part.strip() for part in (tag or "").split(",") if part.strip()),
        tempo=named_tempo(tempo) if tempo else None,
        key=named_key(key) if key else "",
        sharer=sharer.id if sharer else None,
        since=now - timedelta(days=days) if days else None,
        without_artists=(without_artist,) if without_artist else (),
        without_members=frozenset({without_member.id}) if without_member else frozenset(),
        long=mixes,
        talk=mixes,
        adventure=Adventure(adventure) if adventure else Adventure.BALANCED,
    )


async def without(
    interaction: discord.Interaction[Earworm], track: str | None, steering: Steering
) -> Steering:
    """The same, and without a song that this member can see. Raises NotFound."""
    if not track:
        return steering
    assert interaction.guild_id is not None
    catalog, sight = interaction.client.services.catalog, await sight_of(interaction)
    card = await catalog.resolve(interaction.guild_id, track, sight)
    return replace(steering, without_tracks=steering.without_tracks | {card.id})


async def suggest_tags(
    interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over the tags of what this member can see."""
    assert interaction.guild_id is not None
    tags = await interaction.client.services.catalog.tags(interaction.guild_id, await sight_of(interaction))
    fitting = [tag for tag in tags if searchable(typed) in tag and len(tag) <= CHOICE_LENGTH]
    return [app_commands.Choice(name=tag, value=tag) for tag in fitting[:CHOICES]]
