"""Do the database and the vector storage say the same? The database is the truth; the vectors are made from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.library.cards import batches, load_cards
from bot.library.jobs import QUEUED
from bot.library.leases import FREE
from bot.library.points import load_points
from bot.library.store import Store
from bot.library.vectors import Point, Vectors
from models import Guild, Job

BATCH = 1000
ANEW = MappingProxyType(
    {"state": QUEUED, "done": False, "attempts": 0, "deaths": 0, "failure": "", "reason": ""}
)


@dataclass(frozen=True)
class GuildAgreement:
    """How a server's tracks and points compare; lists are of track ids.

    missing: tracks with a vector in the database that their point lacks; extra: points without a track; stale:
    points that say something else than the database; unheard: tracks that an embedder which is switched on has not
    listened to.
    """

    id: int
    tracks: int
    points: int
    agree: bool
    missing: tuple[int, ...]
    extra: tuple[int, ...]
    stale: tuple[int, ...]
    unheard: tuple[int, ...]


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


async def agreement(store: Store, vectors: Vectors) -> list[GuildAgreement]:
    """Compare every server's tracks with its points."""
    found = []
    for guild_id in await _guilds(store, vectors):
        payloads = await vectors.payloads(guild_id)
        having = {name: await vectors.ids(guild_id, name) for name in vectors.names}
        async with store.session() as session:
            points = await load_points(session, guild_id, vectors.names)
        found.append(_compare(guild_id, points, payloads, having))
    return found


async def repair(store: Store, vectors: Vectors) -> list[Repair]:
    """Make every server's points anew from the database, and queue what has to be listened to again."""
    return [await _repair(store, vectors, guild_id) for guild_id in await _guilds(store, vectors)]


async def _guilds(store: Store, vectors: Vectors) -> list[int]:
    async with store.session() as session:
        known = set(await session.scalars(select(Guild.id)))
    return sorted(known | await vectors.guilds())


def _compare(
    guild_id: int,
    points: Sequence[Point],
    payloads: Mapping[int, Mapping[str, Any]],
    having: Mapping[str, set[int]],
) -> GuildAgreement:
    tracks = {point.track_id for point in points}
    missing = [
        point.track_id
        for point in points
        if any(point.track_id not in having[name] for name in point.vectors)
    ]
    stale = [
        point.track_id for point in points if payloads.get(point.track_id, point.payload) != point.payload
    ]
    unheard = [point.track_id for point in points if having.keys() - point.vectors.keys()]
    extra = sorted(payloads.keys() - tracks)
    return GuildAgreement(
        id=guild_id,
        tracks=len(tracks),
        points=len(payloads),
        agree=tracks == payloads.keys() and not missing and not stale,
        missing=tuple(missing),
        extra=tuple(extra),
        stale=tuple(stale),
        unheard=tuple(unheard),
    )


async def _repair(store: Store, vectors: Vectors, guild_id: int) -> Repair:
    # First what is stored, then what should be: a track that comes in meanwhile is not taken for a leftover.
    stored = await vectors.ids(guild_id)
    async with store.session() as session:
        points = await load_points(session, guild_id, vectors.names)
    heard = [point for point in points if point.vectors]
    if heard:
        await vectors.put_all(guild_id, heard)
    leftovers = stored - {point.track_id for point in heard}
    await vectors.remove(guild_id, leftovers)
    unheard = [point.track_id for point in points if set(vectors.names) - point.vectors.keys()]
    queued, lost = await _listen_again(store, guild_id, unheard)
    return Repair(guild_id, len(heard), len(leftovers), queued, lost)


async def _listen_again(
    store: Store, guild_id: int, track_ids: Sequence[int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Start the jobs of these tracks anew where a link leads to them; the labels of both kinds of tracks."""
    queued: list[str] = []
    lost: list[str] = []
    for batch in batches(track_ids, BATCH):
        async with store.begin() as session:
            cards = await load_cards(session, guild_id, sorted(batch), None)
            jobs = await _fetchable_jobs(session, guild_id, batch)
            await session.execute(
                update(Job)
                .where(Job.id.in_(jobs.values()), Job.done)
                .values(**ANEW, **FREE, run_after=datetime.now(UTC))
            )
        for card in cards:
            (queued if card.id in jobs else lost).append(card.label)
    return tuple(queued), tuple(lost)


async def _fetchable_jobs(session: AsyncSession, guild_id: int, track_ids: Sequence[int]) -> dict[int, int]:
    """The newest job of each of the tracks that the bot could fetch again: track -> job."""
    newest = (
        select(Job.track_id, func.max(Job.id))
        .where(Job.guild_id == guild_id, Job.track_id.in_(track_ids))
        # An attachment's address lasts a day, and what the command line took in the bot cannot reach.
        .where(Job.message_id > 0, Job.url.startswith("http"), ~Job.key.startswith("discord:"))
        .group_by(Job.track_id)
    )
    rows = await session.execute(newest)
    return {track_id: job_id for track_id, job_id in rows if track_id is not None}
