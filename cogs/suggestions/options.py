"""The options of /recommend and /similar that say what suggestions must be like, declared once for both."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

import discord
from discord import app_commands

from bot.client import Earworm
from bot.foreign_text import readable
from bot.suggestions.steering import Adventure, Steering, named_key, named_tempo
from cogs.shared.audience import channels_of_member
from cogs.shared.tracks import CHOICE_LENGTH, CHOICES, suggest_tracks
from models.track import searchable

Callback = TypeVar("Callback", bound=Callable[..., Coroutine[Any, Any, None]])

ADVENTURES = [
    app_commands.Choice(name="safe: all of one kind", value=Adventure.SAFE.value),
    app_commands.Choice(name="balanced", value=Adventure.BALANCED.value),
    app_commands.Choice(name="bold: many kinds", value=Adventure.BOLD.value),
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


@dataclass(frozen=True)
class SteeringOptions:
    """The options as Discord hands them over: their names, types and defaults are those of the commands."""

    tag: str | None = None
    tempo: str | None = None
    key: str | None = None
    sharer: discord.User | None = None
    days: app_commands.Range[int, 1, 3650] | None = None
    without_track: str | None = None
    without_artist: str | None = None
    without_member: discord.User | None = None
    mixes: bool = False
    adventure: str | None = None
    private: bool = False

    def steering(self, now: datetime, adventure: Adventure = Adventure.BALANCED) -> Steering:
        """What they ask for, but for `without_track`, which the library has to be asked for.

        `adventure`: unless one is chosen. Raises NotFound for a tempo or a key that can't be read.
        """
        return Steering(
            tags=tuple(part.strip() for part in (self.tag or "").split(",") if part.strip()),
            tempo=named_tempo(self.tempo) if self.tempo else None,
            key=named_key(self.key) if self.key else "",
            sharer=self.sharer.id if self.sharer else None,
            since=now - timedelta(days=self.days) if self.days else None,
            without_artists=(self.without_artist,) if self.without_artist else (),
            without_members=frozenset({self.without_member.id}) if self.without_member else frozenset(),
            long=self.mixes,
            talk=self.mixes,
            adventure=Adventure(self.adventure) if self.adventure else adventure,
        )


def with_steering(callback: Callback) -> Callback:
    """Give a command the options of SteeringOptions after its own; its callback gets them as one value, `options`.

    To stand closest to the callback. discord.py reads a command's options from its signature.
    """
    shared = inspect.signature(SteeringOptions).parameters
    own = [each for name, each in inspect.signature(callback).parameters.items() if name != "options"]

    @wraps(callback)
    async def command(cog: Any, interaction: discord.Interaction[Earworm], **given: Any) -> None:
        options = SteeringOptions(**{name: given.pop(name) for name in shared if name in given})
        await callback(cog, interaction, options=options, **given)

    command.__signature__ = inspect.Signature([*own, *shared.values()])  # type: ignore[attr-defined]
    app_commands.describe(**DESCRIBED)(command)
    app_commands.choices(adventure=ADVENTURES)(command)
    app_commands.autocomplete(tag=suggest_tags, without_track=suggest_tracks)(command)
    return cast(Callback, command)


async def without(
    interaction: discord.Interaction[Earworm],
    options: SteeringOptions,
    steering: Steering,
    channels: frozenset[int],
) -> Steering:
    """The same, and without the song that was named, if this member can see it. Raises NotFound.

    `channels`: whose shares the answer may show.
    """
    if not options.without_track:
        return steering
    assert interaction.guild_id is not None
    own = channels if options.private else await channels_of_member(interaction)
    card = await interaction.client.services.catalog.resolve(interaction.guild_id, options.without_track, own)
    return replace(steering, without_tracks=steering.without_tracks | {card.id})


async def suggest_tags(
    interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over the tags of what this member can see."""
    assert interaction.guild_id is not None
    tags = await interaction.client.services.catalog.tags(
        interaction.guild_id, await channels_of_member(interaction)
    )
    fitting = [tag for tag in tags if searchable(typed) in tag and len(tag) <= CHOICE_LENGTH]
    return [
        app_commands.Choice(name=readable(tag, CHOICE_LENGTH) or "?", value=tag) for tag in fitting[:CHOICES]
    ]
