"""Servers that removed the bot: when that was noted, and after 30 days the end of everything that was kept of them."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.library.store import Store
from models import Base, GenerationRecord, Guild, Job, MusicChannel

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=30)
BATCH_ROWS = 500  # between which whoever wants to write may


class Departures:
    """Notes which servers the bot is in, and erases those that it left long ago."""

    def __init__(self, store: Store, vectors: "VectorStorage") -> None:
        self._store = store
        self._vectors = vectors

    async def present(self, bot_id: int, guild_ids: Collection[int]) -> None:
        """The bot is in these servers: nothing of them is to be erased."""
        news = or_(Guild.left_at.is_not(None), Guild.bot_id.is_distinct_from(bot_id))
        async with self._store.begin() as session:
            await session.execute(
                update(Guild).where(Guild.id.in_(guild_ids), news).values(bot_id=bot_id, left_at=None)
            )

    async def left(self, guild_id: int, at: datetime) -> datetime | None:
        """The bot was removed from a server; when what is kept of it goes, None if there is nothing."""
        async with self._store.begin() as session:
            noted = await session.scalars(
                update(Guild)
                .where(Guild.id == guild_id, Guild.left_at.is_(None))
                .values(left_at=at)
                .returning(Guild.id)
            )
            return at + KEPT_FOR if noted.all() else None

    async def missing(self, bot_id: int, guild_ids: Collection[int], at: datetime) -> list[int]:
        """The bot is in these servers and no other: gives those that removed it unseen, which is noted now."""
        async with self._store.begin() as session:
            gone = await session.scalars(
                update(Guild)
                .where(Guild.id.not_in(guild_ids), Guild.left_at.is_(None), _was_there(bot_id))
                .values(left_at=at)
                .returning(Guild.id)
            )
            return sorted(gone)

    async def purge(self, at: datetime) -> list[int]:
        """Erase every server that the bot left 30 days before; gives those that are gone. Any number of times."""
        async with self._store.session() as session:
            due = await session.scalars(select(Guild.id).where(_is_due(at)).order_by(Guild.id))
            guild_ids = list(due)
        return [guild_id for guild_id in guild_ids if await self._purge(guild_id, at)]

    async def _purge(self, guild_id: int, at: datetime) -> bool:
        """Its rows, then its vectors, then what says that it is due: a crash in between leaves it due."""
        for table in _tables():
            while await self._delete_some(table, guild_id, at):
                pass
        if not await self._is_still_due(guild_id, at):
            return False
        await self._vectors.drop_guild(guild_id)
        async with self._store.begin() as session:
            gone = delete(Guild).where(Guild.id == guild_id, _is_due(at)).returning(Guild.id)
            return await session.scalar(gone) is not None

    async def _delete_some(self, table: Table, guild_id: int, at: datetime) -> bool:
        """Delete some of a server's rows of a table; whether there may be more. Nothing if the bot is back there."""
        key = list(table.primary_key.columns)
        some = select(*key).where(table.c.guild_id == guild_id).limit(BATCH_ROWS)
        async with self._store.begin() as session:
            if not await _is_due_now(session, guild_id, at):
                return False
            rows = await session.execute(delete(table).where(tuple_(*key).in_(some)).returning(*key))
            return len(rows.all()) == BATCH_ROWS

    async def _is_still_due(self, guild_id: int, at: datetime) -> bool:
        async with self._store.session() as session:
            return await _is_due_now(session, guild_id, at)


def _tables() -> list[Table]:
    """Every table with rows of servers, those first that refer to others; what has no server goes with what it is of.

    Not the generations, whose rows say what has to be removed of the vectors.
    """
    kept = {GenerationRecord.__tablename__}
    return [
        table
        for table in reversed(Base.metadata.sorted_tables)
        if "guild_id" in table.columns and table.name not in kept
    ]


async def _is_due_now(session: AsyncSession, guild_id: int, at: datetime) -> bool:
    return bool(await session.scalar(select(exists().where(Guild.id == guild_id, _is_due(at)))))


def _is_due(at: datetime) -> ColumnElement[bool]:
    return Guild.left_at <= at - KEPT_FOR


def _was_there(bot_id: int) -> ColumnElement[bool]:
    """This bot was in the server; where none is noted yet, some bot was: not all came from the command line."""
    from_discord = or_(
        exists().where(MusicChannel.guild_id == Guild.id),
        exists().where(Job.guild_id == Guild.id, ~Job.on_command_line),
    )
    return or_(Guild.bot_id == bot_id, and_(Guild.bot_id.is_(None), from_discord))
