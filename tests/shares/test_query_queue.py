"""Members who ask by songs that aren't in the library: fair turns, and an answer or a sentence in bounded time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.errors import Busy
from bot.services import Services
from bot.shares.query_queue import (
    MAX_RUNNING,
    MAX_RUNNING_PER_SERVER,
    MAX_WAITING_PER_SERVER,
    QueryQueue,
    Requester,
)
from tests.support.http import Site
from tests.support.songs import clip
from tests.support.workers import workers

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Line:
    """Members who ask, in the order of `began`, until they are let go."""

    def __init__(self, queries: QueryQueue) -> None:
        self.began: list[Requester] = []
        self.queries = queries
        self._let_go: dict[Requester, asyncio.Event] = {}
        self._tasks: dict[Requester, asyncio.Task[None]] = {}

    async def ask(self, *askers: tuple[int, int]) -> None:
        for requester in (Requester(*pair) for pair in askers):
            self._let_go[requester] = asyncio.Event()
            self._tasks[requester] = asyncio.create_task(self.have_turn(requester))
            await asyncio.sleep(0)

    async def have_turn(self, requester: Requester) -> None:
        async with self.queries.turn(requester):
            self.began.append(requester)
            await self._let_go[requester].wait()

    async def answer(self, *pair: int) -> None:
        requester = Requester(*pair)
        self._let_go[requester].set()
        await self._tasks[requester]
        await asyncio.sleep(0)

    async def give_up(self, *pair: int) -> None:
        task = self._tasks[Requester(*pair)]
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)

    async def end(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    it = Line(QueryQueue())
    yield it
    await it.end()


# -- turns -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="function")
async def test_one_server_leaves_room_for_others(line: Line) -> None:
    crowd = [(1, user) for user in range(5)]
    await line.ask(*crowd, (2, 100), (3, 200))
    assert line.began == [Requester(1, 0), Requester(1, 1), Requester(2, 100), Requester(3, 200)]
    assert (MAX_RUNNING_PER_SERVER, MAX_RUNNING) == (2, 4)
    assert (line.queries.lane.length, line.queries.lane.oldest_seconds > 0) == (3, True)
    await line.answer(2, 100)
    assert len(line.began) == 4
    await line.answer(1, 1)
    assert line.began[4:] == [Requester(1, 2)]


@pytest.mark.asyncio(loop_scope="function")
async def test_who_had_no_turn_for_the_longest_time_is_next(line: Line) -> None:
    await line.ask((1, 1), (1, 2), (2, 3), (2, 4))  # all slots
    await line.ask((1, 7), (1, 6), (5, 5))
    await line.answer(1, 1)
    await line.ask((1, 1))
    await line.answer(1, 2)
    await line.answer(2, 3)
    await line.answer(2, 4)
    assert line.began[4:] == [Requester(5, 5), Requester(1, 7), Requester(1, 6)]
    await line.answer(1, 7)
    assert line.began[-1] == Requester(1, 1)


@pytest.mark.asyncio(loop_scope="function")
async def test_who_gives_up_leaves_their_place(line: Line) -> None:
    await line.ask((1, 1), (1, 2), (1, 3), (1, 4))
    await line.give_up(1, 3)
    await line.give_up(1, 1)
    assert line.began == [Requester(1, 1), Requester(1, 2), Requester(1, 4)]
    await line.ask((1, 3), (1, 1))
    await line.answer(1, 2)
    assert line.began[-1] == Requester(1, 3)


@pytest.mark.asyncio(loop_scope="function")
async def test_one_question_a_member_wherever_they_ask(line: Line) -> None:
    await line.ask((1, 1), (1, 2), (1, 3))
    for asks_again in (Requester(1, 1), Requester(2, 1), Requester(1, 3)):
        with pytest.raises(Busy, match="still listening to what you asked about before"):
            await line.have_turn(asks_again)
    await line.answer(1, 1)
    await line.ask((2, 1))
    assert line.began[-1] == Requester(2, 1)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_long_line_is_refused_at_once_and_another_servers_is_not(line: Line) -> None:
    await line.ask(*((1, user) for user in range(MAX_RUNNING_PER_SERVER + MAX_WAITING_PER_SERVER)))
    with pytest.raises(Busy, match="Too many members of this server wait"):
        await line.have_turn(Requester(1, 99))
    await line.ask((2, 99))
    assert line.began[-1] == Requester(2, 99)


@pytest.mark.asyncio(loop_scope="function")
async def test_whose_turn_does_not_come_in_time(line: Line) -> None:
    await line.ask((1, 1), (1, 2))
    line.queries._seconds = 0.05
    with pytest.raises(Busy, match="your turn didn't come within a minute"):
        await line.have_turn(Requester(1, 3))
    line.queries._seconds = 60
    await line.ask((1, 3))
    await line.answer(1, 1)
    assert line.began[-1] == Requester(1, 3)


@pytest.mark.asyncio(loop_scope="function")
async def test_somebody_elses_time_out_is_passed_on() -> None:
    with pytest.raises(TimeoutError):
        async with QueryQueue().turn(Requester(1, 1)):
            raise TimeoutError


# -- real songs from slow servers --------------------------------------------------------------------------


@asynccontextmanager
async def patience(services: Services, seconds: float) -> AsyncIterator[None]:
    """Let no question take longer than this."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(services.pipeline, "_queries", QueryQueue(seconds=seconds))
        yield


async def test_a_song_that_takes_too_long_is_given_up(
    services: Services, web: Site, guild: int, leftovers: Callable[[], list[Path]]
) -> None:
    await services.pipeline.start()
    slow = web.serve_slowly(f"/drops-{guild}.wav", clip(900), "audio/wav")
    async with patience(services, 2.5):
        with pytest.raises(Busy, match="took more than a minute, so I stopped"):
            await services.pipeline.hear(slow, requester=Requester(guild, 1))
    assert workers("intake.fetch_worker") == []
    assert leftovers() == []


async def test_slow_songs_of_one_server_do_not_hold_up_another(
    services: Services, web: Site, guild: int
) -> None:
    await services.pipeline.start()
    slow = [web.serve_slowly(f"/drops-{guild}-{n}.wav", clip(901), "audio/wav") for n in range(3)]
    crowd = [
        asyncio.create_task(services.pipeline.hear(link, requester=Requester(guild, user)))
        for user, link in enumerate(slow)
    ]
    await asyncio.sleep(0)
    link = web.serve(f"/quick-{guild}.wav", clip(902))
    heard = await services.pipeline.hear(link, requester=Requester(guild + 500_000, 99))
    assert heard.title
    assert not any(task.done() for task in crowd)
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
