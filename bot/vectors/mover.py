"""Moves servers on a Qdrant server between a collection of each's own and one that they share (QDRANT_LAYOUT).

A server moves as it is rebuilt: a new generation is filled from the database beside the one in use, in the place that
the layout of the storage says, and one transaction swaps them. So the bot may run meanwhile, and what was cut off is
begun again.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import SettingsError
from bot.library.store import Store
from bot.vectors.rebuilder import Rebuilder
from bot.vectors.upkeep import Upkeep

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

TRIES = 3  # where the running bot swaps too


class MoveOutcome(StrEnum):
    """What became of a server: it was moved, was there before, or the running bot was faster each time."""

    MOVED = "moved"
    THERE = "there"
    LEFT = "left"


@dataclass(frozen=True)
class Move:
    """A server's move, its place among all that are looked at, from 1, and how many those are."""

    guild_id: int
    outcome: MoveOutcome
    songs: int
    place: int
    of: int


async def move_all(store: Store, vectors: "VectorStorage") -> AsyncIterator[Move]:
    """Move every server that isn't where the storage's layout has it; each once that is done.

    Raises SettingsError where vectors are in a folder, StorageFailed.
    """
    if vectors.embedded:
        raise SettingsError(
            "There is nothing to move in a folder, where every server's vectors are a folder of their own. "
            "Layouts are a Qdrant server's: name it in QDRANT_URL."
        )
    guilds = sorted(await vectors.generations.guilds())
    for place, guild_id in enumerate(guilds, 1):
        outcome = await _move(store, vectors, guild_id)
        yield Move(guild_id, outcome, len(await vectors.ids(guild_id)), place, len(guilds))


async def _move(store: Store, vectors: "VectorStorage", guild_id: int) -> MoveOutcome:
    if await _is_there(vectors, guild_id):
        return MoveOutcome.THERE
    for _ in range(TRIES):
        await Rebuilder(store, vectors).rebuild(guild_id, anew=True)
        if await _is_there(vectors, guild_id):
            # What the bot stored just when the same song was read here may have been overwritten.
            await Upkeep(store, vectors).restore(guild_id)
            return MoveOutcome.MOVED
    return MoveOutcome.LEFT


async def _is_there(vectors: "VectorStorage", guild_id: int) -> bool:
    generation = await vectors.generations.current(guild_id)
    if generation is None:  # gone meanwhile
        return True
    return generation.collection == vectors.engine.shared_collection(generation.calibrations)
