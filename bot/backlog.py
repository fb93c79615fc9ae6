"""Events of the gateway wait here, in order, while the database can't be used: Discord tells each of them once."""

import asyncio
import functools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import islice, takewhile
from typing import Any, NamedTuple

from bot.backoff import backoff
from bot.errors import StorageFailed

log = logging.getLogger(__name__)

MAX_EVENTS = 20_000  # a busy day's; each is a message or a reaction, with its author
MAX_TOGETHER = 100  # posts that are saved at once after they waited
TELL_AFTER = timedelta(minutes=1)  # shorter failures mend themselves before anybody could look
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=1), timedelta(seconds=30)


class KeptEvent(NamedTuple):
    """What handles an event, and of which server it is; whether it is a post, which is saved together with others."""

    handle: Callable[[], Awaitable[None]]
    guild_id: int | None
    is_post: bool


class Backlog:
    """Handles events at once, or when the storage is back.

    `posts_settled` waits for posts that are being saved: what happens to a message comes after it. `dispatch` is told
    "storage_lost", with the ids of servers whose events have waited for long, once for each of them, and
    "storage_back" after the last event that had to wait.
    """

    def __init__(self, posts_settled: Callable[[], Awaitable[None]], dispatch: Callable[..., object]) -> None:
        self._posts_settled = posts_settled
        self._dispatch = dispatch
        self._waiting: deque[KeptEvent] = deque(maxlen=MAX_EVENTS)
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._waiting)

    async def handle(self, event: KeptEvent) -> None:
        """Handle an event, after all that wait already."""
        if not self._waiting and not event.is_post:
            await self._posts_settled()
        if self._waiting:
            self._add(event)
            return
        try:
            await event.handle()
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
        told: set[int] = set()
        began = time.monotonic()
        while self._waiting:
            await asyncio.sleep(backoff(failed, first=FIRST_RETRY, longest=LONGEST_RETRY).total_seconds())
            failed += 1
            if time.monotonic() - began > TELL_AFTER.total_seconds():
                told |= self._tell_others_than(told)
            while self._waiting:
                done = await self._handle_first()
                if not done:
                    break
                handled, failed = handled + done, 1
        log.warning("the database can be used again: %d events that waited are saved", handled)
        self._dispatch("storage_back")

    def _tell_others_than(self, told: set[int]) -> set[int]:
        """Tell the servers in which something waits and that don't know yet."""
        waiting = {event.guild_id for event in self._waiting if event.guild_id is not None} - told
        if waiting:
            self._dispatch("storage_lost", sorted(waiting))
        return waiting

    async def _handle_first(self) -> int:
        """Handle the first event, or the first posts together; how many of them that was possible for."""
        posts = takewhile(lambda event: event.is_post, islice(self._waiting, MAX_TOGETHER))
        events = [*posts] or [self._waiting[0]]
        outcomes = await asyncio.gather(*(event.handle() for event in events), return_exceptions=True)
        done = list(takewhile(lambda outcome: not isinstance(outcome, StorageFailed), outcomes))
        for event, outcome in zip(events, done, strict=False):
            if isinstance(outcome, BaseException):
                log.error("an event that had to wait broke", exc_info=outcome)
            if self._waiting[0] is event:  # else it was given up meanwhile
                self._waiting.popleft()
        return len(done)


def kept(listener: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
    """Have a cog's listener keep what it can't save for later, instead of losing it."""
    return _kept(listener, is_post=False)


def kept_post(listener: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
    """Do so for posts, many of which are saved together."""
    return _kept(listener, is_post=True)


def _kept(listener: Callable[..., Awaitable[None]], *, is_post: bool) -> Callable[..., Any]:
    @functools.wraps(listener)
    async def handle(cog: Any, *event: object) -> None:
        guild_id = next((found for part in event if (found := _guild_id(part)) is not None), None)
        await cog.bot.backlog.handle(KeptEvent(lambda: listener(cog, *event), guild_id, is_post))

    return handle


def _guild_id(event: object) -> int | None:
    """The server of something that discord.py tells of: a message, a reaction, a thread, …"""
    guild_id: int | None = getattr(event, "guild_id", None)
    return guild_id or getattr(getattr(event, "guild", None), "id", None)
