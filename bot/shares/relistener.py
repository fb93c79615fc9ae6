"""Backfill: in the background, fetches and embeds tracks that were stored before an embedder was enabled.

A track waits as long as it lacks a vector, so nothing is queued and nothing can be lost; a row says only what could
not be had. One track at a time, in turn by server, and only while nothing that a member shared waits.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from bot.audio.fingerprint import MIN_AGREEING_WORDS, SKETCH, Fingerprint, from_bytes, same_recording
from bot.backoff import backoff
from bot.errors import EmbedderError, Failure, Refused, StorageFailed, WeightsError, WorkerDied
from bot.library.store import Store
from bot.listening.listener import AnalysedSong, Listener
from bot.listening.workspace import Workspace
from bot.shares.jobs import now
from bot.shares.leases import Leases
from bot.vectors.coverage import fetchable, lacks, lost, signature
from bot.vectors.refresh import PointRefresher
from models import Relistening, Source, Track, TrackVector

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
FIRST_DELAY = timedelta(minutes=10)
BACKOFF_FACTOR = 4.0  # so that an outage of half a day makes no track be given up
LONGEST_DELAY = FIRST_DELAY * BACKOFF_FACTOR**MAX_ATTEMPTS
POLL_SECONDS = 60.0
GIVE_WAY_SECONDS = 1.0


@dataclass(frozen=True)
class UnheardTrack:
    """A track that lacks a vector, and where it can be had."""

    track_id: int
    guild_id: int
    fingerprint: bytes
    urls: tuple[str, ...]


class Relistener:
    """Works through the tracks that lack a vector of an enabled embedder, once it was started."""

    def __init__(
        self,
        store: Store,
        refresher: PointRefresher,
        leases: Leases,
        listener: Listener,
        workspace: Workspace,
    ) -> None:
        self._store = store
        self._refresher = refresher
        self._leases = leases
        self._listener = listener
        self._workspace = workspace
        self._last_guild = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop at once; what was begun is begun again next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def step(self) -> float:
        """Listen to one track if nobody's share waits; how many seconds to wait until there may be another."""
        if await self._leases.somebody_waits():
            return GIVE_WAY_SECONDS
        waiting = await self._next()
        if waiting is None:
            return POLL_SECONDS
        self._last_guild = waiting.guild_id
        try:
            heard = await self._hear(waiting)
        except WeightsError as error:
            log.warning("nothing can be listened to again: %s", error)
            return POLL_SECONDS
        except Refused as refused:
            log.info("track %d can't be listened to again: %s %s", waiting.track_id, refused, refused.detail)
            await self._put_off(waiting, refused)
        else:
            await self._keep(waiting, heard)
        # Also of what was given up: a collection may have waited for it.
        await self._refresher.refresh_point(waiting.guild_id, waiting.track_id)
        return 0.0

    async def _run(self) -> None:
        while True:
            seconds = POLL_SECONDS
            try:
                seconds = await self.step()
            except StorageFailed as error:
                log.warning("listening again waits for its storage: %s", error)
            except Exception:
                log.exception("listening again broke")
            await asyncio.sleep(seconds)

    async def _next(self) -> UnheardTrack | None:
        names, at = self._listener.vector_names, now()
        later = select(Relistening.track_id).where(
            Relistening.track_id == Track.id,
            Relistening.names == signature(names),
            Relistening.run_after.between(
                at, at + LONGEST_DELAY
            ),  # beyond: written before the clock jumped back
        )
        query = (
            select(Track.id, Track.guild_id, Track.fingerprint)
            .where(lacks(names), ~lost(names), ~later.exists())
            .order_by(Track.guild_id <= self._last_guild, Track.guild_id, Track.id)
            .limit(1)
        )
        async with self._store.session() as session:
            row = (await session.execute(query)).first()
            if row is None:
                return None
            urls = select(Source.url).where(Source.track_id == row[0], fetchable()).order_by(Source.id)
            return UnheardTrack(*row, tuple(await session.scalars(urls)))

    async def _hear(self, waiting: UnheardTrack) -> AnalysedSong:
        """The track from the first of its sources that still has it. Raises Refused, WeightsError, StorageFailed."""
        refusals: list[Refused] = []
        for url in waiting.urls:
            try:
                heard = await self._fetch_and_listen(waiting, url)
                if await asyncio.to_thread(_is_another, waiting.fingerprint, heard.analysis.fingerprint):
                    raise Refused(Failure.GONE, detail="another recording is there now")
                return heard
            except Refused as refused:
                refusals.append(refused)
        raise next((each for each in refusals if each.kind.transient), refusals[-1])

    async def _fetch_and_listen(self, waiting: UnheardTrack, url: str) -> AnalysedSong:
        try:
            async with self._workspace.directory(f"again-{waiting.track_id}") as directory:
                got = await self._listener.fetch(url, "", directory)
                return await self._listener.listen(got, directory)
        except (Refused, WeightsError, StorageFailed):
            raise
        except EmbedderError as error:
            raise Refused(Failure.NOT_AUDIO, str(error)) from error
        except (WorkerDied, OSError) as error:
            raise Refused(Failure.CRASHED, detail=str(error)) from error

    async def _keep(self, waiting: UnheardTrack, heard: AnalysedSong) -> None:
        """Add what the track lacks, if it is still there."""
        async with self._store.begin() as session:
            track = await session.get(Track, waiting.track_id, with_for_update=True)
            if track is None:
                return
            for name, vector in heard.analysis.vectors.items():
                row = {"track_id": track.id, "name": name, "data": vector.astype("<f4").tobytes()}
                await session.execute(self._store.insert(TrackVector).values(**row).on_conflict_do_nothing())
            track.tags = heard.analysis.tags or track.tags
            await session.execute(delete(Relistening).where(Relistening.track_id == track.id))

    async def _put_off(self, waiting: UnheardTrack, refused: Refused) -> None:
        """Try again later, or give up."""
        names = signature(self._listener.vector_names)
        async with self._store.begin() as session:
            if await session.get(Track, waiting.track_id, with_for_update=True) is None:
                return
            before = await session.get(Relistening, waiting.track_id)
            attempts = 1 + (before.attempts if before is not None and before.names == names else 0)
            delay = backoff(attempts, first=FIRST_DELAY, longest=LONGEST_DELAY, factor=BACKOFF_FACTOR)
            row = Relistening(
                track_id=waiting.track_id,
                names=names,
                attempts=attempts,
                given_up=not refused.kind.transient or attempts >= MAX_ATTEMPTS,
                reason=str(refused),
                run_after=now() + delay,
            )
            await session.merge(row)


def _is_another(stored: bytes, heard: Fingerprint) -> bool:
    """Whether what was heard is another recording than what was stored, as far as that can be told."""
    known = from_bytes(stored)
    return len(known) >= SKETCH + MIN_AGREEING_WORDS and not same_recording(known, heard)
