"""Work is claimed as long as there are slots, and goes on whatever one piece of it does."""

import asyncio
import logging

import pytest

from bot.errors import StorageFailed
from bot.shares.work_loop import WorkLoop


class Work:
    """Numbers to be done, and how many were done at once."""

    def __init__(self, *numbers: int) -> None:
        self.waiting = list(numbers)
        self.done: list[int] = []
        self.at_once = self.most = 0
        self.started = asyncio.Semaphore(0)
        self.may_go_on = asyncio.Event()
        self.finished = asyncio.Event()

    async def claim(self) -> int | None:
        return self.waiting.pop(0) if self.waiting else None

    async def do(self, number: int) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.started.release()
        try:
            await self.may_go_on.wait()
            if number < 0:
                raise ValueError("broken")
            self.done.append(number)
        finally:
            self.at_once -= 1
            if not self.waiting and not self.at_once:
                self.finished.set()


async def test_no_more_is_done_at_once_than_there_are_slots() -> None:
    work = Work(1, 2, 3, 4, 5)
    lane = WorkLoop(work.claim, work.do, 2)
    lane.start()
    for _ in range(2):
        await work.started.acquire()
    work.may_go_on.set()
    await work.finished.wait()
    await lane.stop()
    assert sorted(work.done) == [1, 2, 3, 4, 5]
    assert work.most == 2


async def test_a_broken_piece_of_work_is_logged_and_frees_its_slot(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(-1, 2)
    work.may_go_on.set()
    lane = WorkLoop(work.claim, work.do, 1)
    with caplog.at_level(logging.ERROR):
        lane.start()
        await work.finished.wait()
        await lane.stop()
    assert work.done == [2]
    assert "broken" in caplog.text


async def test_a_storage_that_fails_is_asked_again() -> None:
    work = Work(1)
    work.may_go_on.set()
    failures = [StorageFailed("full"), StorageFailed("full")]

    async def claim() -> int | None:
        if failures:
            raise failures.pop()
        return await work.claim()

    lane = WorkLoop(claim, work.do, 1)
    lane.start()
    for _ in range(2):
        await asyncio.sleep(0)
        lane.wake()
    await work.finished.wait()
    await lane.stop()
    assert work.done == [1]


async def test_stopping_lets_what_runs_end_in_time_and_cancels_the_rest() -> None:
    work = Work(1, 2)
    lane = WorkLoop(work.claim, work.do, 1)
    lane.start()
    await work.started.acquire()
    asyncio.get_running_loop().call_later(0.05, work.may_go_on.set)
    await lane.stop(grace=30)
    assert work.done == [1]
    assert work.waiting == [2]

    stuck = Work(3)
    lane = WorkLoop(stuck.claim, stuck.do, 1)
    lane.start()
    await stuck.started.acquire()
    await lane.stop(grace=0.05)
    assert stuck.done == []
    assert stuck.at_once == 0


async def test_a_lane_that_was_stopped_starts_again_with_all_its_slots() -> None:
    idle = Work()
    lane = WorkLoop(idle.claim, idle.do, 1)
    for _ in range(2):
        lane.start()
        await asyncio.sleep(0)
        await lane.stop()
    idle.waiting.append(1)
    idle.may_go_on.set()
    lane.start()
    async with asyncio.timeout(10):
        await idle.finished.wait()
    await lane.stop()
    assert idle.done == [1]


@pytest.mark.parametrize("moments", range(6))
async def test_news_in_the_moment_of_stopping_does_not_keep_it_running(moments: int) -> None:
    work = Work()
    lane = WorkLoop(work.claim, work.do, 1)
    lane.start()
    await asyncio.sleep(0.01)
    lane.wake()
    for _ in range(moments):
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await lane.stop()
