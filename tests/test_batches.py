"""What arrives one by one is saved in batches, in its order."""

import asyncio
from collections.abc import Sequence

from bot.batches import Batches
from bot.errors import StorageFailed


class SlowStore:
    """Saves numbers when it is let; negative ones can't be saved, and nothing while it is `down`."""

    def __init__(self, most: int = 100) -> None:
        self.saved: list[list[int]] = []
        self.open = asyncio.Event()
        self.down = False
        self.told = 0  # of failures
        self.batches: Batches[int, int] = Batches(self._save, most, self._note_failure)

    async def _save(self, numbers: Sequence[int]) -> list[int]:
        await self.open.wait()
        if self.down:
            raise StorageFailed("down")
        if min(numbers) < 0:
            raise ValueError("negative")
        self.saved.append(list(numbers))
        return [10 * number for number in numbers]

    def _note_failure(self) -> None:
        self.told += 1

    async def add_one(self, number: int) -> int:
        """Add a number; before its failure is known, it was told."""
        try:
            return await self.batches.add(number)
        except StorageFailed:
            assert self.told
            raise

    def add(self, *numbers: int) -> "asyncio.Future[list[int | BaseException]]":
        return asyncio.gather(*map(self.add_one, numbers), return_exceptions=True)


async def test_what_comes_while_a_batch_is_saved_goes_into_the_next() -> None:
    store = SlowStore()
    first = store.add(1, 2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = store.add(3, 4, 5)
    await asyncio.sleep(0)
    store.open.set()
    assert [*await first, *await second] == [10, 20, 30, 40, 50]
    assert store.saved == [[1, 2], [3, 4, 5]]


async def test_a_batch_has_its_limit() -> None:
    store = SlowStore(most=2)
    store.open.set()
    assert await store.add(1, 2, 3, 4, 5) == [10, 20, 30, 40, 50]
    assert store.saved == [[1, 2], [3, 4], [5]]


async def test_one_that_cannot_be_saved_fails_alone() -> None:
    store = SlowStore()
    store.open.set()
    first, broken, last = await store.add(1, -2, 3)
    assert (first, last) == (10, 30)
    assert isinstance(broken, ValueError)


async def test_where_the_storage_fails_nothing_later_is_saved_before() -> None:
    store = SlowStore(most=2)
    added = store.add(1, 2, 3)
    store.down = True
    store.open.set()
    assert [type(outcome) for outcome in await added] == [StorageFailed] * 3
    assert store.told == 1
    store.down = False
    assert await store.add(1, 2, 3) == [10, 20, 30]
    assert store.saved == [[1, 2], [3]]


async def test_it_tells_when_all_that_was_added_is_settled() -> None:
    store = SlowStore()
    await store.batches.settled()
    added = store.add(1, 2)
    await asyncio.sleep(0)
    settled = asyncio.ensure_future(store.batches.settled())
    await asyncio.sleep(0)
    assert not settled.done()
    store.open.set()
    await settled
    assert store.saved == [[1, 2]]
    await added


async def test_whoever_waits_at_the_end_is_cancelled() -> None:
    store = SlowStore(most=1)
    added = store.add(1, 2)
    await asyncio.sleep(0)
    await store.batches.close()
    assert [type(outcome) for outcome in await added] == [asyncio.CancelledError] * 2
    assert store.saved == []
