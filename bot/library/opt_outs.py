"""Standing opt-outs: members of whom nothing is kept or taken in, and whom nothing names.

Whatever writes a member's id down asks here, in the transaction in which it writes.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import OptedOut
from bot.library.store import Store
from models import Guild, OptOut, Share, Track

SOMEBODY_OPTED_OUT = "That member opted out: I take in nothing of theirs, and name them nowhere."
POSTED_MEANWHILE = "That was posted while its author had opted out, so I leave it alone. Share it anew."

STANDS = OptOut.until.is_(None)


class Posted(NamedTuple):
    """Who posted something in which server, and when."""

    guild_id: int
    user_id: int
    at: datetime


class OptOuts:
    """Keeps who opted out of being kept, in each server for itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def opt_out(self, guild_id: int, user_id: int, *, at: datetime | None = None) -> None:
        """From now on nothing of this member is kept here; what is kept already stays."""
        async with self._store.begin() as session:
            await session.execute(self._store.insert(Guild).values(id=guild_id).on_conflict_do_nothing())
            if not await opted_out(session, guild_id, user_id):
                session.add(OptOut(guild_id=guild_id, user_id=user_id, since=at or datetime.now(UTC)))

    async def opt_in(self, guild_id: int, user_id: int, *, at: datetime | None = None) -> bool:
        """From now on they are kept again; what they posted meanwhile never is. Whether they had opted out."""
        theirs = and_(_of(guild_id, user_id), STANDS)
        ended = update(OptOut).where(theirs).values(until=at or datetime.now(UTC)).returning(OptOut.user_id)
        async with self._store.begin() as session:
            return await session.scalar(ended) is not None

    async def is_out(self, guild_id: int, user_id: int) -> bool:
        """Whether a member opted out."""
        async with self._store.session() as session:
            return await opted_out(session, guild_id, user_id)

    async def members(self, guild_id: int) -> frozenset[int]:
        """Who opted out."""
        async with self._store.session() as session:
            return await opted_out_members(session, guild_id)

    async def ever(self, guild_id: int) -> frozenset[int]:
        """Who opted out, or once had."""
        query = select(OptOut.user_id).where(OptOut.guild_id == guild_id)
        async with self._store.session() as session:
            return frozenset(await session.scalars(query))


async def opted_out(session: AsyncSession, guild_id: int, user_id: int) -> bool:
    """Whether a member opted out."""
    return bool(await session.scalar(select(exists().where(_of(guild_id, user_id), STANDS))))


async def left_alone(session: AsyncSession, posted: Collection[Posted]) -> set[Posted]:
    """Those of posted things whose author opted out, or had when they posted them."""
    if not posted:
        return set()
    guilds, members = {each.guild_id for each in posted}, {each.user_id for each in posted}
    query = select(OptOut).where(OptOut.guild_id.in_(guilds), OptOut.user_id.in_(members))
    outs = (await session.scalars(query)).all()
    return {each for each in posted if any(_covers(out, each) for out in outs)}


async def opted_out_members(session: AsyncSession, guild_id: int) -> frozenset[int]:
    """Who opted out."""
    query = select(OptOut.user_id).where(OptOut.guild_id == guild_id, STANDS)
    return frozenset(await session.scalars(query))


async def check_not_opted_out(session: AsyncSession, guild_id: int, user_id: int) -> None:
    """Raise OptedOut if a member opted out."""
    if await opted_out(session, guild_id, user_id):
        raise OptedOut


def has_opted_out() -> ColumnElement[bool]:
    """The condition on a share that its sharer opted out."""
    return exists().where(OptOut.guild_id == Share.guild_id, OptOut.user_id == Share.user_id, STANDS)


def shared_by_opted_out_alone() -> ColumnElement[bool]:
    """The condition on a track that all who shared it opted out."""
    shared = Share.track_id == Track.id
    return exists().where(shared) & ~exists().where(shared, ~has_opted_out())


def _of(guild_id: int, user_id: int) -> ColumnElement[bool]:
    return and_(OptOut.guild_id == guild_id, OptOut.user_id == user_id)


def _covers(out: OptOut, posted: Posted) -> bool:
    theirs = (out.guild_id, out.user_id) == (posted.guild_id, posted.user_id)
    return theirs and (out.until is None or out.since <= posted.at < out.until)
