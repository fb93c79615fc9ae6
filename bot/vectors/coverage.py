"""SQL conditions for tracks that lack a vector."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Delete, and_, delete, func, or_, select, true
from sqlalchemy.orm import aliased

from bot.intake.links import PATH
from bot.library.opt_outs import shared_by_opted_out_alone
from bot.library.store import Store
from models import Relistening, Source, Track, TrackVector


@dataclass(frozen=True)
class Unheard:
    """A server's tracks that lack the vector of an enabled embedder, by id.

    waiting: the bot fetches them again; lost: nothing leads to them any more, so somebody has to share them again.
    """

    waiting: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


async def unheard(store: Store, guild_id: int, names: Collection[str]) -> Unheard:
    """What a server's library still lacks of the vectors with these names."""
    query = select(Track.id, lost(names)).where(Track.guild_id == guild_id, lacks(names)).order_by(Track.id)
    async with store.session() as session:
        rows = (await session.execute(query)).all()
    return Unheard(
        tuple(track_id for track_id, gone in rows if not gone),
        tuple(track_id for track_id, gone in rows if gone),
    )


async def counts(store: Store, guild_id: int) -> dict[str, int]:
    """How many of a server's tracks have each vector."""
    query = (
        select(TrackVector.name, func.count())
        .join(Track, Track.id == TrackVector.track_id)
        .where(Track.guild_id == guild_id)
        .group_by(TrackVector.name)
    )
    async with store.session() as session:
        rows = (await session.execute(query)).all()
        return {row[0]: row[1] for row in rows}


async def is_waiting(store: Store, guild_id: int, names: Collection[str]) -> bool:
    """Whether any track of a server lacks something that the bot may still fetch."""
    query = select(Track.id).where(Track.guild_id == guild_id, lacks(names), ~lost(names)).limit(1)
    async with store.session() as session:
        return await session.scalar(query) is not None


def signature(names: Collection[str]) -> str:
    """The wanted names as one string: with other embedders a track that was given up gets another try."""
    return ",".join(sorted(names))


def lacks(names: Collection[str]) -> ColumnElement[bool]:
    """The track has no vector of one of these names, and not all who shared it want to be left alone."""
    return ~_has_all(names) & ~shared_by_opted_out_alone()


def lost(names: Collection[str]) -> ColumnElement[bool]:
    """Nothing leads to the track: no link or file that may last, or all of them were tried in vain."""
    leads = select(Source.id).where(Source.track_id == Track.id, fetchable()).exists()
    tried = and_(Relistening.names == signature(names), Relistening.given_up)
    return or_(~leads, select(Relistening.track_id).where(Relistening.track_id == Track.id, tried).exists())


def fetchable() -> ColumnElement[bool]:
    """The source may still be there: a link, or a file on the command line; of attachments, no address is kept."""
    return or_(Source.url.startswith("http"), Source.url.startswith(PATH))


def superseded(guild_id: int, names: Collection[str]) -> Delete:
    """Deletes the other vectors of the tracks that have all of these.

    What cannot be fetched again keeps its old ones: they can't be had back, should somebody change their mind.
    """
    heard = select(Track.id).where(Track.guild_id == guild_id, _has_all(names))
    return delete(TrackVector).where(TrackVector.name.not_in(names), TrackVector.track_id.in_(heard))


def _has_all(names: Collection[str]) -> ColumnElement[bool]:
    vector = aliased(TrackVector)
    having = select(vector.track_id).where(vector.track_id == Track.id)
    return and_(true(), *(having.where(vector.name == name).exists() for name in names))
