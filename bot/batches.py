"""Saves in batches what arrives one by one: whatever comes in while one batch is saved goes into the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from bot.errors import StorageFailed

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Batches(Generic[Item, Outcome]):
    """Calls `save` with at most `most` items at a time, in the order in which they came; it gives one outcome each.

    `failed` is called when the storage fails, before anything else is added.
    """

    def __init__(
        self,
        save: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]],
        most: int,
        failed: Callable[[], object],
    ) -> None:
        self._save = save
        self._most = most
        self._failed = failed
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._last: asyncio.Future[Outcome] | None = None
        self._saving: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Outcome:
        """Save an item with others that wait. Raises what saving it raises.

        Where the storage fails, all that wait by then fail with it.
        """
        self._last = asyncio.get_running_loop().create_future()
        self._waiting.append((item, self._last))
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_waiting())
        return await self._last

    async def settled(self) -> None:
        """Wait until all that was added so far is saved, or is not."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])

    async def close(self) -> None:
        """Stop saving, and let go of what waits."""
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.wait([self._saving])
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    async def _save_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            try:
                await self._save_together(batch)
            except StorageFailed as error:
                self._failed()
                _fail((*batch, *self._waiting), error)
                self._waiting.clear()
            except asyncio.CancelledError:
                self._waiting.extendleft(reversed(batch))
                raise

    async def _save_together(self, batch: Sequence[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._save([item for item, _ in batch])
        except StorageFailed:
            raise
        except Exception as error:  # the edge of whatever was added: it raises there
            if len(batch) == 1:
                _fail(batch, error)
                return
            for each in batch:  # one that can't be saved must not take the others along
                await self._save_together([each])
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)


def _fail(batch: Iterable[tuple[Item, asyncio.Future[Outcome]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
