"""Keeps the vector storage as the database, which is the truth, wants it; in the background of a running bot.

At each start, and whenever points turn out to be gone or couldn't be stored, a server's points are compared with its
tracks, and those that differ are stored anew: after kill −9, a power cut, a full disk, a damaged shard, or a change of
the engine. Then its generation is built anew if that is due (bot.vectors.rebuilder).
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StorageDamaged, StorageFailed
from bot.library.cards import batches
from bot.library.store import Store
from bot.vectors.consistency import differing, guilds
from bot.vectors.rebuilder import Rebuilder
from bot.vectors.refresh import PointRefresher

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

log = logging.getLogger(__name__)

BATCH_TRACKS = 100  # whoever stores something meanwhile waits for so many at most
PROGRESS_TRACKS = 500  # between two lines in the log; whole batches
RETRY_SECONDS = 60.0
SETTLE_SECONDS = 1.0  # after news: songs come one after another, and one look after the last is enough


class Upkeep:
    """Looks after every server once it was started, and then after those with news."""

    def __init__(self, store: Store, vectors: "VectorStorage") -> None:
        self._store = store
        self._vectors = vectors
        self._refresher = PointRefresher(store, vectors)
        self._rebuilder = Rebuilder(store, vectors)
        self._task: asyncio.Task[None] | None = None
        self._outdated: set[int] = set()
        self._touched: set[int] = set()
        self._due: set[int] = set()  # those with news that are looked after right now
        self._restoring: set[int] = set()
        self._failed: set[int] = set()
        self._retry_at = 0.0
        self._news = asyncio.Event()

    def start(self, after: Callable[[], object] = lambda: None) -> None:
        """Look after every server now, call `after` once all are as they should be; and after each with news."""
        self._vectors.subscribe(self._note_change)
        self._vectors.when_outdated(self._note_outdated)
        self._task = asyncio.create_task(self._run(after))

    async def stop(self, grace: float = 0.0) -> None:
        """Stop; what news there was may still be followed by what it makes due, within so many seconds."""
        if self._task is None:
            return
        if grace:
            with contextlib.suppress(TimeoutError, StorageFailed):
                async with asyncio.timeout(grace):
                    for guild_id in sorted(self._touched | self._due):
                        await self._rebuilder.rebuild(guild_id)
        self._task.cancel()
        await asyncio.wait([self._task])

    async def restore(self, guild_id: int) -> None:
        """Make a server's points say what its tracks do. Raises StorageFailed."""
        if guild_id in self._restoring:  # it was restoring that found out
            return
        self._restoring.add(guild_id)
        try:
            try:
                await self._make_agree(guild_id)
            except StorageDamaged:
                generation = await self._vectors.generations.current(guild_id)
                if generation is None:
                    raise
                log.warning(
                    "server %d: its vectors are damaged and are made anew from the database", guild_id
                )
                await self._vectors.engine.drop(generation)
                await self._make_agree(guild_id)
        finally:
            self._restoring.discard(guild_id)

    async def _make_agree(self, guild_id: int) -> None:
        generations, engine = self._vectors.generations, self._vectors.engine
        while True:
            generation = await generations.current(guild_id)
            if generation is not None:
                await engine.ensure(generation)
            await self._store_anew(guild_id, sorted(await differing(self._store, self._vectors, guild_id)))
            if generation is None or await generations.is_current(generation):
                return

    async def _store_anew(self, guild_id: int, tracks: Sequence[int]) -> None:
        done = 0
        for batch in batches(tracks, BATCH_TRACKS):
            await self._refresher.refresh_points(guild_id, batch)
            done += len(batch)
            if done % PROGRESS_TRACKS == 0 or done == len(tracks):
                log.info(
                    "server %d: %d of %d songs stored anew from the database", guild_id, done, len(tracks)
                )

    async def _run(self, after: Callable[[], object]) -> None:
        self._outdated |= await self._guilds()
        is_first = True
        while True:
            await self._look_after_them()
            if is_first and not self._failed:
                is_first = False
                await asyncio.to_thread(after)
            try:
                async with asyncio.timeout_at(self._retry_at if self._failed else None):
                    await self._news.wait()
                if not self._outdated:
                    await asyncio.sleep(SETTLE_SECONDS)
            except TimeoutError:
                self._outdated |= self._failed
                self._failed = set()

    async def _look_after_them(self) -> None:
        """Compare and rebuild where there is news; servers where that fails are tried again after a minute."""
        self._news.clear()
        outdated, self._outdated = self._outdated, set()
        failed = {guild for guild in sorted(outdated) if not await self._tried(self.restore, guild)}
        self._due, self._touched = (self._touched | outdated) - failed, set()
        for guild in sorted(self._due):
            if not await self._tried(self._rebuilder.rebuild, guild):
                failed.add(guild)
            self._due.discard(guild)
        if failed:
            self._failed |= failed
            self._retry_at = asyncio.get_running_loop().time() + RETRY_SECONDS

    def _note_change(self, guild_id: int, _tracks: Collection[int]) -> None:
        self._touched.add(guild_id)
        self._news.set()

    def _note_outdated(self, guild_id: int) -> None:
        if guild_id in self._restoring:  # it says itself that it failed
            return
        self._outdated.add(guild_id)
        self._news.set()

    async def _guilds(self) -> set[int]:
        while True:
            try:
                return set(await guilds(self._store, self._vectors))
            except StorageFailed as error:
                log.warning("the servers' vectors can't be looked through: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _tried(self, work: Callable[[int], Awaitable[object]], guild_id: int) -> bool:
        try:
            await work(guild_id)
            return True
        except StorageFailed as error:
            log.warning("the vectors of server %d can't be made anew now: %s", guild_id, error)
        except Exception:
            log.exception("making the vectors of server %d anew broke", guild_id)
        return False


def remove_local_mode(home: Path) -> None:
    """Remove the folder in which earlier versions kept pickled vectors, unless that was done."""
    old, going = home / "qdrant", home / "qdrant.old"
    try:
        if (old / "meta.json").exists():
            old.rename(going)  # so that what a kill leaves of it is known for what it is
        if going.exists():
            shutil.rmtree(going)
            log.info("removed %s, in which an earlier version kept vectors", old)
    except OSError as error:
        log.warning("%s, in which an earlier version kept vectors, can't be removed: %s", old, error)
