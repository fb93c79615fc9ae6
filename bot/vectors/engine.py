"""What Earworm asks of a vector engine: Qdrant Edge inside this process, or a Qdrant server outside, with the same
answers from both (tests/vectors/test_storage.py). Nothing but bot.vectors.engines knows which it is.
"""

import functools
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bot.arrays import Vector
from bot.library.visible_shares import VisibleChannels, with_command_line
from bot.vectors.calibration import Calibration
from bot.vectors.generations import Generation
from bot.vectors.points import Point

POINT_ID_NAMESPACE = uuid.UUID("5d1bb3c5-6b5c-5c0e-9f6f-0e6b6f4a7a52")  # the namespace of Earworm's point ids
TENANT_KEY, GENERATION_KEY = "tenant", "generation"  # payload keys that tell servers and generations apart
POINT_IDS_REMEMBERED = 1 << 15  # 6 MB; a question may leave out 10,000, each of which takes 3 µs to make
UPSERT_BATCH_POINTS = 100
SCROLL_PAGE_POINTS = 1000
MIN_RANKING_DEPTH = 200  # of each ranking that is fused, at least
QUANTILE = 0.99  # of the numbers that are rounded to 8 bits; the outermost are cut off
OVERSAMPLING = 2.0  # times as many as are asked for are found by those, for the best to be among them


@dataclass(frozen=True)
class StoredPoint:
    """A track as an engine holds it: unit vectors by name, and what filters need."""

    track_id: int
    vectors: Mapping[str, Vector]
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Examples:
    """Unit vectors of one name: what the best score is near, and what it is far from."""

    positives: Sequence[Vector]
    negatives: Sequence[Vector] = ()


@dataclass(frozen=True)
class Where:
    """Which points are asked for; as it is, all of a generation.

    Those shared in one of `channels` (None: anywhere) or on the command line, `among` some and not in `exclude`, and
    of one `sharer`.
    """

    channels: VisibleChannels = None
    among: frozenset[int] | None = None
    exclude: frozenset[int] = field(default_factory=frozenset)
    sharer: int | None = None

    @property
    def shown(self) -> list[int] | None:
        """The channels to look for in payloads; None for any."""
        return None if self.channels is None else with_command_line(self.channels)


@dataclass(frozen=True)
class Contents:
    """What a generation holds: each track's payload, and by vector name the tracks that have that vector."""

    payloads: Mapping[int, Mapping[str, Any]]
    having: Mapping[str, Collection[int]]


Scores = list[tuple[int, float]]
"""Tracks and their scores, best first."""


class VectorEngine(Protocol):
    """Holds the points of generations. Every method raises StorageFailed when the engine can't do it right now.

    `embedded`: it is this process's alone. Reading a generation that isn't there finds nothing.
    """

    embedded: bool

    async def close(self) -> None:
        """Close it; what was stored stays."""

    async def reach(self) -> None:
        """See whether it answers at all."""

    async def ensure(self, generation: Generation) -> None:
        """Make a place for a generation's points, unless it has one."""

    async def has(self, generation: Generation) -> bool:
        """Whether there is a place for a generation's points."""

    async def put(self, generation: Generation, points: Sequence[StoredPoint]) -> bool:
        """Store points in place of what was stored of their tracks; False if the generation has no place."""

    async def remove(self, generation: Generation, track_ids: Collection[int]) -> None:
        """Remove tracks; nothing happens to those that aren't there."""

    async def drop(self, generation: Generation) -> None:
        """Remove a generation's points, and its place if it has it to itself."""

    async def flush(self, generation: Generation) -> None:
        """See that what was stored outlives a power cut."""

    async def vectors(
        self, generation: Generation, track_ids: Collection[int]
    ) -> dict[str, dict[int, Vector]]:
        """The unit vectors of these tracks, by name."""

    async def nearest(
        self, generation: Generation, queries: Mapping[str, Vector], where: Where, limit: int
    ) -> Scores:
        """The tracks nearest to one sound, which has a unit vector by each of these names (at least one).

        Scores are cosines; several names are fused by reciprocal rank.
        """

    async def recommend(
        self, generation: Generation, queries: Mapping[str, Examples], where: Where, limit: int
    ) -> Scores:
        """The tracks nearer to positives than to negatives, by Qdrant's `best_score`; several names are fused."""

    async def scroll(self, generation: Generation, where: Where) -> set[int]:
        """Every track that is asked for."""

    async def contents(self, generation: Generation) -> Contents:
        """All that is stored; an embedded engine reads every vector once. Raises StorageDamaged if it can't be read."""

    async def count(self, generation: Generation, where: Where) -> int:
        """How many points are asked for."""

    def shared_collection(self, calibrations: Mapping[str, Calibration]) -> str:
        """The collection that a new generation is to share with others; "" for a place of its own."""

    async def strays(self, known: Collection[tuple[int, int]]) -> list[tuple[int, str]]:
        """Servers and names of places that belong to none of these (server, generation)."""

    async def remove_stray(self, name: str) -> None:
        """Remove such a place."""


@functools.lru_cache(POINT_IDS_REMEMBERED)
def point_id(generation_id: int, track_id: int) -> str:
    """The point's id, the same whenever it is asked for: storing a track twice makes one point."""
    return str(uuid.uuid5(POINT_ID_NAMESPACE, f"{generation_id}/{track_id}"))


def point_ids(generation: Generation, track_ids: Collection[int]) -> list[Any]:
    """The ids of tracks' points, as a list of whatever an engine takes for one."""
    return [point_id(generation.id, track_id) for track_id in track_ids]


def track_of(record: Any) -> int:
    """The track whose point this is, as either engine gives it with its payload."""
    return int(record.payload["track_id"])


def vectors_by_name(generation: Generation, records: Iterable[Any]) -> dict[str, dict[int, Vector]]:
    """The vectors of points, as either engine gives them, by name and track."""
    found: dict[str, dict[int, Vector]] = {name: {} for name in generation.calibrations}
    for record in records:
        for name, vector in record.vector.items() if isinstance(record.vector, dict) else ():
            found[name][track_of(record)] = np.asarray(vector, dtype=np.float32)
    return found


def as_stored(generation: Generation, point: Point) -> StoredPoint | None:
    """The point, calibrated for this generation; None if it has none of its vectors. Raises EmbedderError."""
    placed = {
        name: calibration.apply(point.vectors[name])
        for name, calibration in generation.calibrations.items()
        if name in point.vectors
    }
    if not placed:
        return None
    ours = {
        "guild_id": generation.guild_id,
        "track_id": point.track_id,
        TENANT_KEY: str(generation.guild_id),  # only words can be told to be a tenant's
        GENERATION_KEY: generation.id,
    }
    return StoredPoint(point.track_id, placed, {**point.payload, **ours})


def known_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload without what `as_stored` put there for the engine's own use."""
    return {key: value for key, value in payload.items() if key not in {TENANT_KEY, GENERATION_KEY}}
