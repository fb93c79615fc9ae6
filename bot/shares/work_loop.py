"""A polling worker loop with bounded concurrency."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import StorageFailed

log = logging.getLogger(__name__)

Work = TypeVar("Work")

POLL_SECONDS = 1.0  # until retries that have come due are looked for


class WorkLoop(Generic[Work]):
    """Claims work as long as a slot is free; `wake` only makes it look sooner."""

    def __init__(
        self,
        claim: Callable[[], Awaitable[Work | None]],
        do: Callable[[Work], Awaitable[None]],
        slots: int,
    ) -> None:
        self._claim = claim
        self._do = do
        self._slots = asyncio.Semaphore(slots)
        self._woken = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to claim."""
        self._loop = asyncio.create_task(self._claim_for_ever())

    def wake(self) -> None:
        """There may be something to claim."""
        self._woken.set()

    async def stop(self, grace: float = 0.0) -> None:
        """Claim nothing more, let what runs end within `grace` seconds, and cancel the rest."""
        if self._loop is None:
            return
        self._loop.cancel()
        await asyncio.wait([self._loop])
        if self._running and grace:
            await asyncio.wait(self._running, timeout=grace)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _claim_for_ever(self) -> None:
        while True:
            await self._slots.acquire()
            try:
                work = await self._next()
            except BaseException:
                self._slots.release()
                raise
            task = asyncio.create_task(self._guarded(work))
            self._running.add(task)
            task.add_done_callback(self._end)

    async def _next(self) -> Work:
        while True:
            self._woken.clear()
            try:
                work = await self._claim()
            except StorageFailed as error:
                log.warning("nothing can be claimed: %s", error)
                work = None
            if work:
                return work
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    POLL_SECONDS
                ):  # wait_for of Python 3.11 may swallow that we are to stop
                    await self._woken.wait()

    async def _guarded(self, work: Work) -> None:
        try:
            await self._do(work)
        except StorageFailed as error:
            # Its lease runs out, and then somebody tries again.
            log.warning("a job waits for its storage: %s", error)
        except Exception:
            log.exception("a job ended unexpectedly")

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()
        self.wake()
