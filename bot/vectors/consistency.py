"""Compares the vector storage with the database, which is the truth, and repairs it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from bot.library.cards import load_cards
from bot.library.store import Store
from bot.vectors import coverage
from bot.vectors.points import PointOutline, load_outlines
from bot.vectors.rebuilder import Rebuilder
from models import Guild, Relistening, Track

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

PAGE_TRACKS = 200  # between which whoever waits is answered


@dataclass(frozen=True)
class GuildAgreement:
    """How a server's tracks and points compare; lists are of track ids.

    missing: tracks with a vector in the database that their point lacks; extra: points without a track; stale:
    points that say something else than the database; leftovers: collections that belong to nothing. unheard: tracks
    that an embedder which is switched on has yet to listen to; lost: those that nothing leads to any more.
    """

    id: int
    tracks: int
    points: int
    agree: bool
    missing: tuple[int, ...] = ()
    extra: tuple[int, ...] = ()
    stale: tuple[int, ...] = ()
    leftovers: tuple[str, ...] = ()
    unheard: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


@dataclass(frozen=True)
class Repair:
    """What was done for a server: points stored anew and removed, and what has to be listened to again.

    queued: titles of tracks that the bot fetches again; lost: titles of those that somebody has to share again.
    """

    guild_id: int
    stored: int
    removed: int
    queued: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The same for a person to read."""
        again = [f"to be listened to again once the bot runs: {title}" for title in self.queued]
        lost = [f"can't be fetched again, share it once more: {title}" for title in self.lost]
        done = f"{self.stored} tracks stored anew from the database, {self.removed} without a track removed"
        return [f"server {self.guild_id}: {line}" for line in (done, *again, *lost)]


async def agreement(store: Store, vectors: "VectorStorage") -> list[GuildAgreement]:
    """Compare every server's tracks with its points."""
    strays = await vectors.strays()
    return [
        await _agreement(store, vectors, guild_id, [name for guild, name in strays if guild == guild_id])
        for guild_id in await guilds(store, vectors)
    ]


async def repair(store: Store, vectors: "VectorStorage") -> list[Repair]:
    """Make every server's points anew from the database, and have another try at what couldn't be listened to."""
    known = await guilds(store, vectors)
    await vectors.drop_abandoned()
    await vectors.remove_strays()
    async with store.begin() as session:
        await session.execute(delete(Relistening))
    return [await _repair(store, vectors, guild_id) for guild_id in known]


async def guilds(store: Store, vectors: "VectorStorage") -> list[int]:
    """Every server that the database or the vector storage knows."""
    async with store.session() as session:
        known = set(await session.scalars(select(Guild.id)))
    return sorted(known | await vectors.guilds())


async def differing(store: Store, vectors: "VectorStorage", guild_id: int) -> set[int]:
    """The tracks of a server whose points lack something, say something else or are one too many."""
    found = await _compared(store, vectors, guild_id)
    return {*found.missing, *found.extra, *found.stale}


async def _compared(store: Store, vectors: "VectorStorage", guild_id: int) -> GuildAgreement:
    """What a server's points alone say, without what belongs to nothing or has yet to be listened to."""
    contents = await vectors.contents(guild_id)
    payloads, having = contents.payloads, contents.having
    missing, stale, tracks, heard = [], [], 0, set()
    async for point in _outlines(store, guild_id):
        tracks += 1
        names = having.keys() & point.names
        if not names:  # a track without any of a generation's vectors has no point there
            continue
        heard.add(point.track_id)
        if any(point.track_id not in having[name] for name in names):
            missing.append(point.track_id)
        if payloads.get(point.track_id, point.payload) != point.payload:
            stale.append(point.track_id)
    extra = sorted(payloads.keys() - heard)
    return GuildAgreement(
        id=guild_id,
        tracks=tracks,
        points=len(payloads),
        agree=not (missing or extra or stale),
        missing=tuple(missing),
        extra=tuple(extra),
        stale=tuple(stale),
    )


async def _agreement(
    store: Store, vectors: "VectorStorage", guild_id: int, leftovers: Sequence[str]
) -> GuildAgreement:
    found = await _compared(store, vectors, guild_id)
    unheard = await coverage.unheard(store, guild_id, vectors.names)
    return replace(
        found,
        agree=found.agree and not leftovers,
        leftovers=tuple(leftovers),
        unheard=unheard.waiting,
        lost=unheard.lost,
    )


async def _outlines(store: Store, guild_id: int) -> AsyncIterator[PointOutline]:
    """What a server's tracks are to be stored as, few of them in memory at a time."""
    after, more = 0, True
    while more:
        async with store.session() as session:
            ids = select(Track.id).where(Track.guild_id == guild_id, Track.id > after).order_by(Track.id)
            batch = list(await session.scalars(ids.limit(PAGE_TRACKS)))
            outlines = await load_outlines(session, guild_id, Track.id.in_(batch)) if batch else []
        for outline in outlines:
            yield outline
        after, more = max(batch, default=0), len(batch) == PAGE_TRACKS


async def _repair(store: Store, vectors: "VectorStorage", guild_id: int) -> Repair:
    before = await vectors.ids(guild_id)
    await Rebuilder(store, vectors).rebuild(guild_id, anew=True)
    stored = await vectors.ids(guild_id)
    unheard = await coverage.unheard(store, guild_id, vectors.names)
    async with store.session() as session:
        tracks = set(await session.scalars(select(Track.id).where(Track.guild_id == guild_id)))
        queued = await load_cards(session, guild_id, unheard.waiting, None)
        lost = await load_cards(session, guild_id, unheard.lost, None)
    return Repair(
        guild_id,
        len(stored),
        len(before - tracks),
        tuple(card.label for card in queued),
        tuple(card.label for card in lost),
    )
