"""Rebuilds a server's vectors when the embedders change or its calibration is outdated.

A generation is never modified in place (blue/green): a new one is built beside it from the database, a few tracks at
a time, and then takes its place in one transaction. What is stored or removed meanwhile goes into both. Whatever is
cut off leaves the old one or the new one in use, and a row that says what to clear away.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from bot.arrays import Vector
from bot.library.store import Store
from bot.vectors import coverage
from bot.vectors.calibration import Calibration, Calibrator, remeasuring_is_due
from bot.vectors.generations import Generation
from bot.vectors.points import load_points
from models import Track, TrackVector

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

log = logging.getLogger(__name__)

BATCH_TRACKS = 20  # whoever searches meanwhile waits for so many at most
PAGE_VECTORS = 500  # in memory at a time
MIN_TAKEOVER_COVERAGE = 0.5  # of the tracks that the old embedders cover, a new one must cover to take over


@dataclass(frozen=True)
class Plan:
    """What a server's next generation should be: the vector names that searches use, and all that it has."""

    searched: tuple[str, ...]
    names: tuple[str, ...]


def plan(current: Generation, counts: Mapping[str, int], wanted: Sequence[str], *, waiting: bool) -> Plan:
    """Search by what is wanted once that covers what can be covered; until then by what covers the library.

    `counts`: how many tracks have each vector; `waiting`: tracks lack some that can still be had.
    """
    old, new = (
        max((counts.get(name, 0) for name in names), default=0) for names in (current.searched, wanted)
    )
    if set(current.searched) == set(wanted) or (not waiting and new >= MIN_TAKEOVER_COVERAGE * old):
        return Plan(tuple(wanted), tuple(wanted))
    return Plan(current.searched, tuple(dict.fromkeys([*current.searched, *wanted])))


class Rebuilder:
    """Builds a new generation where one is due."""

    def __init__(self, store: Store, vectors: "VectorStorage") -> None:
        self._store = store
        self._vectors = vectors
        self._building = asyncio.Lock()

    async def rebuild(self, guild_id: int, *, anew: bool = False) -> bool:
        """Build a new generation for a server if one is due, or in any case (`anew`); whether that was done."""
        async with self._building:
            current = await self._vectors.generations.current(guild_id)
            counts = await coverage.counts(self._store, guild_id)
            if current is None and not (anew and counts):
                return False
            names = self._vectors.names
            wish = Plan(names, names)
            if current is not None:
                waiting = await coverage.is_waiting(self._store, guild_id, names)
                wish = plan(current, counts, names, waiting=waiting)
                if not anew and not self._is_due(current, wish, counts):
                    return False
            return await self._build(guild_id, wish, current, counts)

    def _is_due(self, current: Generation, wish: Plan, counts: Mapping[str, int]) -> bool:
        if set(wish.searched) != set(current.searched) or set(wish.names) != current.calibrations.keys():
            return True
        return any(
            self._vectors.info_of(name) and remeasuring_is_due(calibration.tracks, counts.get(name, 0))
            for name, calibration in current.calibrations.items()
        )

    async def _build(
        self, guild_id: int, wish: Plan, current: Generation | None, counts: Mapping[str, int]
    ) -> bool:
        calibrations = {
            name: await self._calibration(guild_id, name, counts.get(name, 0), current) for name in wish.names
        }
        made = await self._vectors.begin(guild_id, wish.searched, calibrations)
        unused: Generation | None = made
        try:
            await self._fill(made)
            await self._vectors.engine.flush(made)
            is_final = set(wish.names) == set(self._vectors.names)
            if await self._vectors.generations.swap(made, current, purge=is_final):
                unused = current
                log.info("server %d: searched by %s now", guild_id, ", ".join(wish.searched))
            return unused is not made
        finally:
            if unused is not None:
                await asyncio.shield(self._vectors.drop(unused))

    async def _calibration(
        self, guild_id: int, name: str, total: int, current: Generation | None
    ) -> Calibration:
        """Measure the calibration of a server's vectors of one name."""
        info = self._vectors.info_of(name)
        if info is None:  # of an embedder that is no more: as it was
            assert current is not None
            return current.calibrations[name]
        calibrator = Calibrator(info, total)
        after = 0
        while total:
            async with self._store.session() as session:
                query = (
                    select(TrackVector.track_id, TrackVector.data)
                    .join(Track, Track.id == TrackVector.track_id)
                    .where(Track.guild_id == guild_id, TrackVector.name == name, Track.id > after)
                    .order_by(Track.id)
                    .limit(PAGE_VECTORS)
                )
                rows = (await session.execute(query)).all()
            if not rows:
                break
            after = rows[-1][0]
            calibrator.add(_matrix([data for _, data in rows]))
        return await asyncio.to_thread(calibrator.build)

    async def _fill(self, generation: Generation) -> None:
        after = 0
        while True:
            # Nobody may change a track between our reading it and our storing it.
            async with self._vectors.refreshing:
                async with self._store.session() as session:
                    ids = select(Track.id).where(Track.guild_id == generation.guild_id, Track.id > after)
                    batch = list(await session.scalars(ids.order_by(Track.id).limit(BATCH_TRACKS)))
                    points = await load_points(session, generation.guild_id, Track.id.in_(batch))
                if not batch:
                    return
                await self._vectors.fill(generation, points)
            after = batch[-1]


def _matrix(data: Sequence[bytes]) -> Vector:
    return np.stack([np.frombuffer(each, dtype="<f4") for each in data])
