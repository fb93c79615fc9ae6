"""Generations of a server's vectors (blue/green): the database says which one is in use, and a swap is one transaction.

A generation is a row before its collection is made and until it is gone, so whatever a crash leaves behind is known.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np
from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.arrays import Vector
from bot.library.store import Store
from bot.vectors.calibration import Calibration
from bot.vectors.coverage import superseded
from models import GenerationCalibration, GenerationRecord


@dataclass(frozen=True)
class Generation:
    """One complete set of a server's vectors, with a calibration by vector name.

    `searched`: the names of the vectors that searches use; `collection`: the one of a Qdrant server that it shares with
    others, "" if it has a place of its own.
    """

    id: int
    guild_id: int
    current: bool
    searched: tuple[str, ...]
    calibrations: Mapping[str, Calibration]
    collection: str = ""


class LostRace(Exception):
    """Another process swapped first."""


class Generations:
    """The rows of `generations`. `alone`: no other process swaps them, so what was read once need not be again."""

    def __init__(self, store: Store, *, alone: bool = False) -> None:
        self._store = store
        self._alone = alone
        self._in_use: dict[int, Generation] = {}  # by server, as it was last read: none is ever modified
        self._swaps = 0

    async def current(self, guild_id: int) -> Generation | None:
        """The one in use; None before anything was stored."""
        known = self._in_use.get(guild_id)
        if known is not None and await self.is_current(known):
            return known
        swaps = self._swaps
        current = next((generation for generation in await self.of(guild_id) if generation.current), None)
        if current is not None and swaps == self._swaps:  # else it may be the one from before
            self._in_use[guild_id] = current
        return current

    async def of(self, guild_id: int) -> list[Generation]:
        """All of a server's, also those that are being built or were superseded."""
        query = (
            select(GenerationRecord)
            .where(GenerationRecord.guild_id == guild_id)
            .options(selectinload(GenerationRecord.calibrations))
        )
        async with self._store.session() as session:
            return [_from_row(row) for row in await session.scalars(query)]

    async def is_current(self, generation: Generation) -> bool:
        """Whether it is still in use."""
        if self._alone and (known := self._in_use.get(generation.guild_id)) is not None:
            return known.id == generation.id
        query = select(GenerationRecord.id).where(
            GenerationRecord.id == generation.id, GenerationRecord.current.is_(True)
        )
        async with self._store.session() as session:
            return await session.scalar(query) is not None

    async def exists(self, generation: Generation) -> bool:
        """Whether it has a row: it is in use, or nobody has removed it yet."""
        query = select(GenerationRecord.id).where(GenerationRecord.id == generation.id)
        async with self._store.session() as session:
            return await session.scalar(query) is not None

    async def places_of_their_own(self) -> int:
        """How many have a place of their own: on a Qdrant server, a collection each."""
        query = select(func.count()).where(GenerationRecord.collection.is_(None))
        async with self._store.session() as session:
            return await session.scalar(query) or 0

    async def guilds(self) -> set[int]:
        """The servers that have one in use."""
        async with self._store.session() as session:
            return set(
                await session.scalars(
                    select(GenerationRecord.guild_id).where(GenerationRecord.current.is_(True))
                )
            )

    async def unused(self, *, since: timedelta) -> list[Generation]:
        """Those not in use that were begun at least `since` ago: left by a crash, unless still being built."""
        old = GenerationRecord.begun_at <= datetime.now(UTC) - since
        query = (
            select(GenerationRecord)
            .where(GenerationRecord.current.is_(None), old)
            .options(selectinload(GenerationRecord.calibrations))
        )
        async with self._store.session() as session:
            return [_from_row(row) for row in await session.scalars(query)]

    async def known(self) -> set[tuple[int, int]]:
        """Every (server, generation)."""
        async with self._store.session() as session:
            rows = await session.execute(select(GenerationRecord.guild_id, GenerationRecord.id))
            return {(guild_id, generation_id) for guild_id, generation_id in rows}

    async def begin(
        self,
        guild_id: int,
        searched: Sequence[str],
        calibrations: Mapping[str, Calibration],
        collection: str = "",
    ) -> Generation:
        """Record one that is about to be built."""
        kept = MappingProxyType(dict(calibrations))
        generation = Generation(secrets.randbits(62), guild_id, False, tuple(searched), kept, collection)
        row = GenerationRecord(
            id=generation.id,
            guild_id=guild_id,
            current=None,
            searched=list(searched),
            begun_at=datetime.now(UTC),
            collection=collection or None,
        )
        row.calibrations = [_to_row(name, calibration) for name, calibration in calibrations.items()]
        async with self._store.begin() as session:
            session.add(row)
        return generation

    async def swap(
        self, generation: Generation, instead_of: Generation | None, *, purge: bool = False
    ) -> bool:
        """Put one in use instead of another; False if that isn't the one in use, or the new one is gone.

        `purge`: of the tracks that have every vector that the new one keeps, the database forgets all others.
        """
        try:
            async with self._store.begin() as session:
                if instead_of is not None:
                    await _set_current(session, instead_of, None)
                await _set_current(session, generation, True)
                if purge:
                    await session.execute(superseded(generation.guild_id, generation.calibrations.keys()))
        except (LostRace, IntegrityError):
            return False
        finally:
            self._changed(generation.guild_id)
        return True

    async def retire(self, guild_id: int) -> list[Generation]:
        """Take a server's out of use, and give them all, to be removed."""
        in_use = and_(GenerationRecord.guild_id == guild_id, GenerationRecord.current.is_(True))
        try:
            async with self._store.begin() as session:
                await session.execute(update(GenerationRecord).where(in_use).values(current=None))
        finally:
            self._changed(guild_id)
        return await self.of(guild_id)

    async def forget(self, generation: Generation) -> None:
        """Delete its row, after its collection."""
        async with self._store.begin() as session:
            await session.execute(
                delete(GenerationRecord).where(
                    GenerationRecord.id == generation.id, GenerationRecord.current.is_(None)
                )
            )

    def _changed(self, guild_id: int) -> None:
        """Forget which one is in use, also for whoever is reading it just now."""
        self._swaps += 1
        self._in_use.pop(guild_id, None)


async def _set_current(session: AsyncSession, generation: Generation, current: bool | None) -> None:
    as_it_was = GenerationRecord.current.is_(True) if current is None else GenerationRecord.current.is_(None)
    row = (
        update(GenerationRecord)
        .where(GenerationRecord.id == generation.id, as_it_was)
        .values(current=current)
    )
    if await session.scalar(row.returning(GenerationRecord.id)) is None:
        raise LostRace


def _from_row(row: GenerationRecord) -> Generation:
    calibrations = {calibration.name: _calibration(calibration) for calibration in row.calibrations}
    return Generation(
        row.id,
        row.guild_id,
        bool(row.current),
        tuple(row.searched),
        MappingProxyType(calibrations),
        row.collection or "",
    )


def _calibration(row: GenerationCalibration) -> Calibration:
    return Calibration(row.dimension, row.chance, row.tracks, _numbers(row.mean), _numbers(row.scale))


def _to_row(name: str, calibration: Calibration) -> GenerationCalibration:
    return GenerationCalibration(
        name=name,
        dimension=calibration.dimension,
        chance=calibration.chance,
        tracks=calibration.tracks,
        mean=_bytes(calibration.mean),
        scale=_bytes(calibration.scale),
    )


def _numbers(data: bytes) -> Vector | None:
    return np.frombuffer(data, dtype="<f4") if data else None


def _bytes(numbers: Vector | None) -> bytes:
    return b"" if numbers is None else numbers.astype("<f4").tobytes()
