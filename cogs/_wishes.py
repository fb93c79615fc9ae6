"""The options of /recommend and its like that say what suggestions must be like."""

import re
from datetime import datetime, timedelta

import discord
from discord import app_commands

from bot.client import Earworm
from bot.errors import NotFound
from bot.taste.steering import Adventure, Steering, named_key
from cogs._audience import sight_of
from models.track import searchable

TEMPO = re.compile(r"\s*(\d{2,3})(?:\s*(?:-|–|to|…)\s*(\d{2,3}))?\s*(?:bpm)?\s*", re.IGNORECASE)
AROUND = 0.06  # of a tempo that is given as one number: what people take for the same
CHOICES, CHOICE_LENGTH = 25, 100

ADVENTURES = [
    app_commands.Choice(name="safe: all of one kind", value="safe"),
    app_commands.Choice(name="balanced", value="balanced"),
    app_commands.Choice(name="bold: many kinds", value="bold"),
]


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
    adventure: str | None = None,
) -> Steering:
    """What the options ask for. Raises NotFound for a tempo or a key that can't be read."""
    return Steering(
        tags=tuple(part.strip() for part in (tag or "").split(",") if part.strip()),
        tempo=_tempo(tempo) if tempo else None,
        key=named_key(key) if key else "",
        sharer=sharer.id if sharer else None,
        since=now - timedelta(days=days) if days else None,
        without_artists=(without_artist,) if without_artist else (),
        without_members=frozenset({without_member.id}) if without_member else frozenset(),
        adventure=Adventure(adventure) if adventure else Adventure.BALANCED,
    )


async def suggest_tags(
    interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over the tags of what this member can see."""
    assert interaction.guild_id is not None
    tags = await interaction.client.services.catalog.tags(interaction.guild_id, await sight_of(interaction))
    fitting = [tag for tag in tags if searchable(typed) in tag and len(tag) <= CHOICE_LENGTH]
    return [app_commands.Choice(name=tag, value=tag) for tag in fitting[:CHOICES]]


def _tempo(text: str) -> tuple[float, float]:
    match = TEMPO.fullmatch(text)
    if match is None:
        raise NotFound("I can't read that tempo. Write it like 120, or 90-110.")
    low = float(match[1])
    return (low, float(match[2])) if match[2] else (low * (1 - AROUND), low * (1 + AROUND))
