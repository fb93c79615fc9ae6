"""kill −9 at every moment of a share's way, of one bot and of two on one database: nothing is lost or left over."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web as http
from sqlalchemy import select

from bot.embedders import EMBEDDERS
from bot.library.store import Store
from bot.vectors import consistency
from bot.vectors.storage import VectorStorage
from models import Job, Share, Track
from tests.support import database
from tests.support.http import Site, site
from tests.support.listening import FIRST, GUILD
from tests.support.mortal import MOMENTS, Bots, Life
from tests.support.qdrant_server import qdrant_server
from tests.support.songs import clip
from tests.support.tally import ProofTally
from tests.support.workers import with_variable

NIGHTLY = "NIGHTLY" in os.environ
KILLS = 20  # at each moment, by night
# By day; the others are those of test_crashes.py.
ALWAYS = (
    "before its row is saved",
    "after it is filed, before its point is",
    "after its reply is written, before that is recorded",
)
RESTARTS = 3
PATIENCE = 310.0
SECONDS = 2.0  # of a clip


class Mortals:
    """Bots that live again and again on one database, and the songs that were shared so far."""

    def __init__(self, bots: Bots, temporary: Path, web: Site, process: asyncio.subprocess.Process) -> None:
        self.bots = bots
        self.messages: list[tuple[int, str]] = []
        self._temporary = temporary
        self._web = web
        self._process = process

    def post(self, count: int) -> None:
        """Let members share a few more songs, one of which isn't there at first."""
        for number in range(len(self.messages), len(self.messages) + count):
            self.messages.append((FIRST + number, self._song(number, stumbles=number % 2 == 0)))

    def _song(self, number: int, *, stumbles: bool) -> str:
        body, asked = clip(number, SECONDS), iter([stumbles])

        async def answer(_request: http.Request) -> http.Response:
            if next(asked, False):
                return http.Response(status=503)
            return http.Response(body=body, content_type="audio/wav")

        return self._web.on(f"/song-{number}.wav", answer)

    async def live(self, moment: str = "", **life: object) -> list[int]:
        """One life of each; how they ended."""
        line = json.dumps(asdict(Life(self.messages, moment, **life)))  # type: ignore[arg-type]
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line.encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            said = await self._process.stdout.readline()
        ended: list[int] = json.loads(said)
        return ended

    async def at_work(self) -> None:
        """Wait until a song is asked for."""
        await asyncio.wait_for(self._web.visited.wait(), PATIENCE)

    async def end(self) -> None:
        """No more lives."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def check(self) -> None:
        """Every share is announced once, SQL and vectors agree, and no file and no process is left."""
        settings = self.bots.settings(self.bots.homes[0])
        store = await Store.open(settings)
        vectors = await VectorStorage.open(settings, [EMBEDDERS["mfcc"]], store)
        try:
            async with store.session() as session:
                found = list(await session.scalars(select(Job)))
                shared = Counter(await session.scalars(select(Share.message_id)))
                tracks = set(await session.scalars(select(Track.id)))
            assert Counter(job.message_id for job in found) == Counter(
                message for message, _ in self.messages
            )
            assert {(str(job.state), job.done, job.failure or "") for job in found} == {
                ("announced", True, "")
            }
            assert shared == Counter(message for message, _ in self.messages)
            assert {job.track_id for job in found} == tracks == await vectors.ids(GUILD)
            assert len(tracks) == len(self.messages)
            assert all(guild.agree for guild in await consistency.agreement(store, vectors))
        finally:
            await vectors.close()
            await store.close()
        told = {int(reply.name) for reply in Path(self.bots.channel).iterdir()}  # noqa: ASYNC240
        assert told == {message for message, _ in self.messages}
        await self._check_nothing_is_left()

    async def _check_nothing_is_left(self) -> None:
        async with asyncio.timeout(20):
            while with_variable("TMPDIR", str(self._temporary)) != [self._process.pid]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        audio = [path for path in self._temporary.rglob("*") if path.is_file() and "earworm-" in str(path)]
        assert audio == []


@pytest_asyncio.fixture(params=[1, 2], ids=["one bot", "two bots"])
async def mortals(request: pytest.FixtureRequest, tmp_path: Path, shaped: str) -> AsyncIterator[Mortals]:
    """The bots; two of them have a Qdrant server in common."""
    made = await database.create(tmp_path / "home", shaped)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(site())
        url = made.database_url
        homes, server = [str(made.home)], ""
        if request.param == 2:
            server = (await stack.enter_async_context(qdrant_server(tmp_path / "server"))).url
            homes.append(str(tmp_path / "other"))
            url = url or f"sqlite:///{made.home / 'earworm.db'}"
        bots = Bots(homes, str(tmp_path / "channel"), "{}:{}".format(*web.origin), url, server)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.mortal", json.dumps(asdict(bots))),
            env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "HOME": str(tmp_path)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        it = Mortals(bots, temporary, web, process)
        yield it
        if process.returncode is None:
            await it.end()
    await database.drop(made)


@pytest.mark.timeout(6 * 3600 if NIGHTLY else 900)
async def test_killed_at_every_moment(mortals: Mortals, tally: ProofTally) -> None:
    dice = random.Random(11)
    many = len(mortals.bots.homes)
    kills: Counter[str] = Counter()
    for moment in [*MOMENTS] * KILLS if NIGHTLY else ALWAYS[2 * (many - 1) :]:
        mortals.post(2 * many)
        delay = dice.choice((0.0, dice.uniform(0, 0.3)))
        ended = await mortals.live(moment, delay=delay, days=dice.choice((0, 0, 3, -3)))
        # Of two the other may have done everything before its moment came.
        assert ended == [-9] * many or (many == 2 and ended == [0, -9]), (moment, ended)
        kills[moment] += ended.count(-9)
    assert await mortals.live() == [0] * many
    await mortals.check()
    for moment, times in kills.items():
        tally.tried(f"kill −9 of a bot {moment}", times=times, lost=0)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mortals", [2], indirect=True, ids=["two bots"])
async def test_a_bot_that_was_frozen_past_its_lease(mortals: Mortals, tally: ProofTally) -> None:
    mortals.post(2)
    assert await mortals.live("before it is filed", freezes=True) == [0, 0]
    await mortals.check()
    tally.tried("a bot frozen past its lease, whose job the other took over", lost=0)


@pytest.mark.skipif(not NIGHTLY or "TEST_DATABASE_URL" not in os.environ, reason=".ci/postgres make torture")
@pytest.mark.timeout(900)
async def test_a_database_server_that_is_restarted(mortals: Mortals, tally: ProofTally) -> None:
    mortals.post(20)
    living = asyncio.create_task(mortals.live())
    await mortals.at_work()
    for _ in range(RESTARTS):
        await asyncio.sleep(3)
        await database.cut_off(mortals.bots.settings(mortals.bots.homes[0]))
        await asyncio.sleep(2)
        await database.let_in_again(mortals.bots.settings(mortals.bots.homes[0]))
    assert await living == [0] * len(mortals.bots.homes)
    await mortals.check()
    tally.tried("a database server that is restarted while songs are at work", times=RESTARTS, lost=0)
