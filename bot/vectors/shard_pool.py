"""Opens shards of Qdrant Edge when they are first asked for, and closes those that weren't asked for longest.

A shard's calls block, so they run in threads of the pool's own, several at once; the engine lets go of Python's lock
meanwhile. A call that nobody waits for any more goes on in its thread, and its shard stays open until it is through.
"""

import asyncio
import errno
import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeOptimizersConfig,
    EdgeShard,
    EdgeVectorParams,
    IntegerIndexParams,
    Memory,
    UpdateOperation,
)

from bot.errors import StorageDamaged, StorageFailed, VectorsFailed

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_OPEN = 24
"""Shards that stay open, because opening one takes 40 milliseconds.

Each takes 0.2 MB of memory, one open file, 23 memory maps, and 3.8 MB of pages of mapped files, which the kernel can
take back when it needs them, but which count as this process's until then: 90 MB in all. With twice as many, 500
servers of which each is asked would take more than the 250 MB that they may.
"""

THREADS = 4  # calls that run at once; each scans on one core
IDLE_SECONDS = 5.0  # after the last write, until it is flushed, which takes 10 to 50 milliseconds
SCAN_ALWAYS = 1 << 40  # kB below which nothing is indexed for searching: scanning is fast enough, and exact

# What says that this process or its disk has run out of something, and nothing of the shard.
OUTSIDE = (
    "Too many open files",
    "No space left",
    "Cannot allocate memory",
    "Permission denied",
    "WouldBlock",
)


class OpenShard:
    """A shard that is open, and how many calls use it."""

    def __init__(self, shard: EdgeShard, threads: ThreadPoolExecutor) -> None:
        self._shard = shard
        self._threads = threads
        self._users = 0
        self._left = asyncio.Event()
        self._writing = threading.Lock()
        self.flushing: asyncio.TimerHandle | None = None

    async def run(self, call: Callable[[EdgeShard], T]) -> T:
        """What a call makes of the shard, in a thread. Raises StorageFailed."""
        loop = asyncio.get_running_loop()
        running: Future[T] = self._threads.submit(call, self._shard)
        self._users += 1
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        with translated():
            return await asyncio.wrap_future(running)

    async def write(self, call: Callable[[EdgeShard], T]) -> T:
        """The same for a call that changes the shard, or during which nothing may change: one at a time."""

        def alone(shard: EdgeShard) -> T:
            with self._writing:
                return call(shard)

        return await self.run(alone)

    async def close(self) -> None:
        """Flush and close it once nothing uses it any more."""
        self.flush_no_more()
        while self._users:
            self._left.clear()
            await self._left.wait()
        await self.run(_flush_and_close)

    def flush_no_more(self) -> None:
        """Forget that it is to be flushed when it is idle."""
        if self.flushing is not None:
            self.flushing.cancel()

    @property
    def idle(self) -> bool:
        """Whether nothing uses it now."""
        return not self._users

    def _leave(self) -> None:
        self._users -= 1
        self._left.set()


class ShardPool:
    """The shards in a folder, by name."""

    def __init__(self, folder: Path, floor: int) -> None:
        self._folder = folder
        self._floor = floor
        self._open: OrderedDict[str, OpenShard] = OrderedDict()
        self._gates: dict[str, asyncio.Lock] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="vectors")
        self._tasks: set[asyncio.Task[None]] = set()  # flushes and closings, which nobody may cut off
        self._closing = False

    async def close(self) -> None:
        """Close everything; nothing is opened any more."""
        self._closing = True
        for shard in self._open.values():
            shard.flush_no_more()
        await asyncio.gather(*self._tasks)
        for name in list(self._gates):  # also what is being opened
            await self._close(name)
        await asyncio.to_thread(self._threads.shutdown)

    @asynccontextmanager
    async def use(self, name: str) -> AsyncIterator[OpenShard | None]:
        """A shard, opened if need be; None if there is none, or it was damaged and is gone now."""
        shard = await self._opened(name, lambda: self._load(name))
        yield shard
        await self._close_the_oldest()

    async def make(self, name: str, sizes: Mapping[str, int]) -> None:
        """Make a shard for vectors with these names and sizes, unless it is there."""
        if await self._opened(name, lambda: self._load(name) or self._create(name, sizes)):
            await self._close_the_oldest()

    async def write(self, name: str, operations: Sequence[UpdateOperation]) -> bool:
        """Change a shard; False if there is none."""

        def write(shard: EdgeShard) -> None:
            self._marker(name).unlink(missing_ok=True)
            for operation in operations:
                self._check_space()
                shard.update(operation)

        async with self.use(name) as shard:
            if shard is None:
                return False
            await shard.write(write)
            self._flush_later(name, shard)
            return True

    async def flush(self, name: str) -> None:
        """See that what was written is on the disk, and what was deleted makes room."""
        async with self.use(name) as shard:
            if shard is not None:
                await shard.write(self._optimise_and_flush)

    async def remove(self, name: str) -> None:
        """Remove a shard; nothing happens if there is none."""
        async with self._gate(name):
            if shard := self._open.pop(name, None):
                with suppress(StorageFailed):
                    await shard.close()
            await self._in_thread(lambda: shutil.rmtree(self._folder / name, ignore_errors=True))

    # -- opening and closing -------------------------------------------------------------------------------

    async def _opened(self, name: str, load: Callable[[], EdgeShard | None]) -> OpenShard | None:
        async with self._gate(name):
            if name not in self._open:
                if self._closing:
                    raise VectorsFailed("The vectors are being closed.")
                loaded = await self._in_thread(load)
                if loaded is None:
                    return None
                self._open[name] = OpenShard(loaded, self._threads)
            self._open.move_to_end(name)
            return self._open[name]

    async def _close(self, name: str) -> None:
        """Close a shard, also if whoever made room stops waiting: until then nobody else could open it."""
        await asyncio.shield(self._task(self._close_at_its_gate(name)))

    async def _close_at_its_gate(self, name: str) -> None:
        async with self._gate(name):
            if shard := self._open.pop(name, None):
                with suppress(
                    StorageFailed, OSError
                ):  # it is in the log, and what wasn't flushed in the shard's own
                    await shard.close()
                    self._marker(name).touch()

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _close_the_oldest(self) -> None:
        while len(self._open) > MAX_OPEN:
            name = next((name for name, shard in self._open.items() if shard.idle), None)
            if name is None:
                return
            await self._close(name)

    def _gate(self, name: str) -> asyncio.Lock:
        return self._gates.setdefault(name, asyncio.Lock())

    def _flush_later(self, name: str, shard: OpenShard) -> None:
        shard.flush_no_more()
        shard.flushing = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._flush_now, name)

    def _flush_now(self, name: str) -> None:
        self._task(self._try_flush(name))

    async def _try_flush(self, name: str) -> None:
        try:
            await self.flush(name)
        except StorageFailed:
            log.warning("the vectors of %s aren't flushed yet; the write-ahead log has them", name)

    # -- in a thread ---------------------------------------------------------------------------------------

    async def _in_thread(self, call: Callable[[], T]) -> T:
        with translated():
            return await asyncio.wrap_future(self._threads.submit(call))

    def _load(self, name: str) -> EdgeShard | None:
        path = self._folder / name
        if not path.exists():
            return None
        if not self._marker(name).exists():
            self._check_space()  # what stands in its write-ahead log alone is written to its files now
        try:
            return self._indexed(EdgeShard.load(str(path)))
        except BaseException as error:
            if not _is_engines(error) or _is_outside(error):
                raise
            log.warning("the vectors in %s are damaged and are made anew from the database: %s", path, error)
            shutil.rmtree(path)
            return None

    def _create(self, name: str, sizes: Mapping[str, int]) -> EdgeShard:
        self._check_space()
        path = self._folder / name
        path.mkdir()
        return self._indexed(EdgeShard.create(str(path), _config(sizes)))

    def _indexed(self, shard: EdgeShard) -> EdgeShard:
        """Which channels a track was shared in is asked with every question, and nothing else is worth an index."""
        if "channels" not in shard.info().payload_schema:
            self._check_space()
            index = IntegerIndexParams(lookup=True, range=False)
            shard.update(UpdateOperation.create_field_index("channels", index))
        return shard

    def _optimise_and_flush(self, shard: EdgeShard) -> None:
        with suppress(OSError):  # without room for it, what was deleted stays a little longer
            self._check_space()
            shard.optimize()
        shard.flush()

    def _marker(self, name: str) -> Path:
        """A file in the folder of a shard that was closed properly and not written to since."""
        return self._folder / name / "flushed"

    def _check_space(self) -> None:
        """Refuse to write on a disk that is nearly full.

        The engine writes to files that are mapped into memory: where the disk has no room for a page of those, the
        kernel ends the whole process (SIGBUS). The server guards itself against that; Edge doesn't.
        """
        if shutil.disk_usage(self._folder).free < self._floor:
            raise OSError(errno.ENOSPC, "too little space is left on the disk")


@contextmanager
def translated() -> Iterator[None]:
    """Raises VectorsFailed for whatever the engine or the disk say; StorageDamaged if it is about the shard itself."""
    try:
        yield
    except OSError as error:
        log.warning("the vectors can't be kept: %s", error)
        raise VectorsFailed(
            "The vectors can't be kept right now; the disk may be full. The bot's log says more."
        ) from error
    except BaseException as error:
        if not _is_engines(error):
            raise
        log.warning("the vector storage failed: %s", error)
        kind = VectorsFailed if _is_outside(error) else StorageDamaged
        raise kind("The vectors can't be read or kept right now. The bot's log says more.") from error


def _is_engines(error: BaseException) -> bool:
    """Whether the engine raised it: it knows no class of its own, and panics beside Python's exceptions."""
    return type(error) is Exception or type(error).__name__ == "PanicException"


def _is_outside(error: BaseException) -> bool:
    return any(sign in str(error) for sign in OUTSIDE)


def _config(sizes: Mapping[str, int]) -> EdgeConfig:
    """How shards are kept: on the disk, or else loading one would read all of it into memory, holes included."""
    return EdgeConfig(
        vectors={
            name: EdgeVectorParams(size, Distance.Cosine, memory=Memory.Cold) for name, size in sizes.items()
        },
        payload_memory=Memory.Cold,
        max_search_threads=1,  # else eight for each shard
        optimizers=EdgeOptimizersConfig(indexing_threshold=SCAN_ALWAYS),
        wal_enabled=True,
    )


def _flush_and_close(shard: EdgeShard) -> None:
    try:
        shard.flush()
    finally:
        shard.close()
