"""Which collection of vectors a server uses, by the database's word: a swap is one transaction.

An epoch is a row before its collection is made and until it is gone, so whatever a crash leaves behind is known.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.library.store import Store
from bot.vectors.calibration import Frame, Vector
from bot.vectors.coverage import superseded
from models import GenerationFrame
from models import GenerationRecord as EpochRow


@dataclass(frozen=True)
class Generation:
    """A collection of a server's vectors: which names it has, in which frames, and which of them questions go by."""

    id: int
    guild_id: int
    current: bool
    searched: tuple[str, ...]
    frames: Mapping[str, Frame]


class LostRace(Exception):
    """Another process swapped first."""


class Epochs:
    """The rows of `epochs`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def current(self, guild_id: int) -> Generation | None:
        """The one in use; None before anything was stored."""
        return next((epoch for epoch in await self.of(guild_id) if epoch.current), None)

    async def of(self, guild_id: int) -> list[Generation]:
        """All of a server's, also those that are being made or given up."""
        query = select(EpochRow).where(EpochRow.guild_id == guild_id).options(selectinload(EpochRow.frames))
        async with self._store.session() as session:
            return [_from_row(row) for row in await session.scalars(query)]

    async def is_current(self, epoch: Generation) -> bool:
        """Whether it is still in use."""
        query = select(EpochRow.id).where(EpochRow.id == epoch.id, EpochRow.current.is_(True))
        async with self._store.session() as session:
            return await session.scalar(query) is not None

    async def guilds(self) -> set[int]:
        """The servers that have one in use."""
        async with self._store.session() as session:
            return set(await session.scalars(select(EpochRow.guild_id).where(EpochRow.current.is_(True))))

    async def unused(self, *, since: timedelta) -> list[Generation]:
        """What was begun so long ago or longer and no server uses: a crash left it, unless it is still being made."""
        old = EpochRow.begun_at <= datetime.now(UTC) - since
        query = select(EpochRow).where(EpochRow.current.is_(None), old).options(selectinload(EpochRow.frames))
        async with self._store.session() as session:
            return [_from_row(row) for row in await session.scalars(query)]

    async def known(self) -> set[tuple[int, int]]:
        """Every (server, epoch)."""
        async with self._store.session() as session:
            rows = await session.execute(select(EpochRow.guild_id, EpochRow.id))
            return {(guild_id, epoch_id) for guild_id, epoch_id in rows}

    async def begin(self, guild_id: int, searched: Sequence[str], frames: Mapping[str, Frame]) -> Generation:
        """Announce one that is going to be made."""
        epoch = Generation(
            secrets.randbits(62), guild_id, False, tuple(searched), MappingProxyType(dict(frames))
        )
        row = EpochRow(id=epoch.id, guild_id=guild_id, current=None, searched=list(searched))
        row.begun_at = datetime.now(UTC)
        row.frames = [_to_row(name, frame) for name, frame in frames.items()]
        async with self._store.begin() as session:
            session.add(row)
        return epoch

    async def swap(self, epoch: Generation, instead_of: Generation | None, *, purge: bool = False) -> bool:
        """Put one in use instead of another; False if that isn't the one in use, or the new one was given up.

        `purge`: of the tracks that have every vector that the new one keeps, the database forgets all others.
        """
        try:
            async with self._store.begin() as session:
                if instead_of is not None:
                    await _set_current(session, instead_of, None)
                await _set_current(session, epoch, True)
                if purge:
                    await session.execute(superseded(epoch.guild_id, epoch.frames.keys()))
                return True
        except (LostRace, IntegrityError):
            return False

    async def forget(self, epoch: Generation) -> None:
        """Its collection is gone."""
        async with self._store.begin() as session:
            await session.execute(delete(EpochRow).where(EpochRow.id == epoch.id, EpochRow.current.is_(None)))


async def _set_current(session: AsyncSession, epoch: Generation, current: bool | None) -> None:
    as_it_was = EpochRow.current.is_(True) if current is None else EpochRow.current.is_(None)
    row = update(EpochRow).where(EpochRow.id == epoch.id, as_it_was).values(current=current)
    if await session.scalar(row.returning(EpochRow.id)) is None:
        raise LostRace


def _from_row(row: EpochRow) -> Generation:
    frames = {frame.name: _frame(frame) for frame in row.frames}
    return Generation(row.id, row.guild_id, bool(row.current), tuple(row.searched), MappingProxyType(frames))


def _frame(row: GenerationFrame) -> Frame:
    return Frame(row.dimension, row.chance, row.tracks, _numbers(row.mean), _numbers(row.scale))


def _to_row(name: str, frame: Frame) -> GenerationFrame:
    return GenerationFrame(
        name=name,
        dimension=frame.dimension,
        chance=frame.chance,
        tracks=frame.tracks,
        mean=_bytes(frame.mean),
        scale=_bytes(frame.scale),
    )


def _numbers(data: bytes) -> Vector | None:
    return np.frombuffer(data, dtype="<f4") if data else None


def _bytes(numbers: Vector | None) -> bytes:
    return b"" if numbers is None else numbers.astype("<f4").tobytes()
