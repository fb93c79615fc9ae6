"""Events of the gateway wait here, in order, while the database can't be used: Discord tells each of them once."""

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bot.backoff import backoff
from bot.errors import StorageFailed

log = logging.getLogger(__name__)

MAX_EVENTS = 20_000  # a busy day's; each is a message or a reaction, with its author
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=1), timedelta(seconds=30)

KeptEvent = Callable[[], Awaitable[None]]


class Backlog:
    """Handles events at once, or when the storage is back; `caught_up` is called after the last that had to wait."""

    def __init__(self, caught_up: Callable[[], object]) -> None:
        self._caught_up = caught_up
        self._waiting: deque[KeptEvent] = deque(maxlen=MAX_EVENTS)
        self._task: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        """Whether events wait."""
        return bool(self._waiting)

    async def handle(self, event: KeptEvent) -> None:
        """Handle an event, after all that wait already."""
        if self._waiting:
            self._add(event)
            return
        try:
            await event()
        except StorageFailed as error:
            if not self._waiting:
                log.error("what happens in Discord can't be saved and waits until it can: %s", error)
            self._add(event)

    async def close(self) -> None:
        """Let go of what waits; messages among it are found again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._waiting:
            log.error("%d events in Discord could not be saved before the end", len(self._waiting))

    def _add(self, event: KeptEvent) -> None:
        if len(self._waiting) == MAX_EVENTS:
            log.error("more than %d events wait to be saved: the oldest is given up", MAX_EVENTS)
        self._waiting.append(event)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        handled, failed = 0, 1
        while self._waiting:
            await asyncio.sleep(backoff(failed, first=FIRST_RETRY, longest=LONGEST_RETRY).total_seconds())
            while self._waiting:
                try:
                    await self._waiting[0]()
                except StorageFailed:
                    failed += 1
                    break
                except Exception:
                    log.exception("an event that had to wait broke")
                self._waiting.popleft()
                handled, failed = handled + 1, 1
        log.warning("the database can be used again: %d events that waited are saved", handled)
        self._caught_up()


def kept(listener: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
    """Have a cog's listener keep what it can't save for later, instead of losing it."""

    @functools.wraps(listener)
    async def handle(cog: Any, *event: object) -> None:
        await cog.bot.backlog.handle(lambda: listener(cog, *event))

    return handle
