"""kill −9 at every point of a song's way: the next run brings each share to its end, once, and leaves no audio."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web as http

from bot.embedders import EMBEDDERS
from bot.library.store import Store
from bot.settings import Settings
from bot.vectors import consistency
from bot.vectors.storage import VectorStorage
from bot.workers.worker import Stream
from tests.support.http import Site, site
from tests.support.listening import GUILD
from tests.support.preloaded import ForkedProgram
from tests.support.songs import clip, plain_tone
from tests.support.workers import alive, templates, workers

PATIENCE = 60.0


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Site]:
    async with site() as it:
        yield it


class KillablePipeline:
    """The program in tests/support/listening.py, run again and again on one home."""

    def __init__(self, folder: Path, web: Site) -> None:
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.web = web
        self._process: ForkedProgram | None = None
        self._output: Stream | None = None

    async def start(self, *links: str, **environment: str) -> None:
        """Start it and wait until it has taken the links in."""
        allowed = "{}:{}".format(*self.web.origin)
        self._hang_up()
        self._output = await Stream.open()
        self._process = await ForkedProgram.start(
            *("tests.support.listening", str(self.home), allowed, *links),
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.temporary), **environment},
            output=self._output.theirs.fileno(),
        )
        self._output.theirs.close()
        await self.says("submitted")

    async def says(self, text: str) -> None:
        """Wait until it says this."""
        assert self._output is not None
        said = b""
        async with asyncio.timeout(PATIENCE):
            while text.encode() not in said:
                line = await self._output.reader.readline()
                assert line, said.decode()
                said += line

    async def kill(self) -> None:
        """kill −9, and its workers are gone within seconds."""
        assert self._process is not None
        children = workers(of=self._process.pid) + templates(of=self._process.pid)
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await until(lambda: not alive(children), 5.0)

    def fill_the_disk(self) -> None:
        """From now on it can write to no file."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)

    async def end(self) -> None:
        """Let it end, or end it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._output is not None:
            self._output.close()

    async def finish(self) -> None:
        """Run it until nothing is left to do."""
        await self.start()
        await self.says("done")
        assert self._process is not None
        assert await self._process.wait() == 0

    def state(self) -> str:
        """How the only job stands."""
        return str(self.rows("jobs")[0]["state"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What is in the database."""
        with closing(sqlite3.connect(f"file:{self.home / 'earworm.db'}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]

    def replies(self) -> list[dict[str, Any]]:
        """What it said of each link."""
        return [job for reply in (self.home / "channel").iterdir() for job in json.loads(reply.read_text())]

    def audio(self) -> list[Path]:
        """What lies about where audio is worked on, but for caches of compiled code."""
        return [path for path in self.temporary.rglob("*") if path.is_file() and "earworm-" in str(path)]


@pytest_asyncio.fixture
async def bot(tmp_path: Path, web: Site) -> AsyncIterator[KillablePipeline]:
    (tmp_path / "tmp").mkdir()
    it = KillablePipeline(tmp_path, web)
    yield it
    await it.end()


async def until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 -- another process tells us nothing
            await asyncio.sleep(0.01)


async def check_one_track(bot: KillablePipeline) -> None:
    """One share of one track with one point, announced; the vectors agree, and no audio is left."""
    (job,) = bot.rows("jobs")
    (track,) = bot.rows("tracks")
    (share,) = bot.rows("shares")
    (reply,) = bot.replies()
    assert (job["state"], job["done"], job["attempts"], job["deaths"]) == ("announced", 1, 0, 0)
    assert job["track_id"] == share["track_id"] == reply["track_id"] == track["id"]
    assert bot.audio() == []
    settings = Settings.load(home=bot.home)
    store = await Store.open(settings)
    vectors = await VectorStorage.open(settings, [EMBEDDERS["mfcc"]], store)
    try:
        assert await vectors.ids(GUILD) == {track["id"]}
        assert all(guild.agree for guild in await consistency.agreement(store, vectors))
    finally:
        await vectors.close()
        await store.close()


async def test_killed_while_fetching(bot: KillablePipeline, web: Site) -> None:
    go_on = asyncio.Event()
    song = clip(1, 5.0)

    async def half(request: http.Request) -> http.StreamResponse:
        response = http.StreamResponse(headers={"Content-Type": "audio/wav"})
        response.content_length = len(song)
        await response.prepare(request)
        await response.write(song[: len(song) // 2])
        await go_on.wait()
        await response.write(song[len(song) // 2 :])
        return response

    await bot.start(web.on("/half.wav", half))
    await until(lambda: web.hits["/half.wav"])
    await until(bot.audio)
    await bot.kill()
    assert bot.state() == "fetching"
    go_on.set()
    await bot.finish()
    await check_one_track(bot)


async def test_killed_while_analysing(bot: KillablePipeline, web: Site) -> None:
    await bot.start(web.serve("/long.wav", plain_tone(300)))
    await until(lambda: bot.state() == "analysing")
    await bot.kill()
    assert bot.state() == "analysing"
    assert bot.audio()
    await bot.finish()
    await check_one_track(bot)


async def test_killed_before_it_could_tell_and_while_waiting_to_try_again(
    bot: KillablePipeline, web: Site
) -> None:
    song = web.serve("/song.wav", clip(2, 5.0))
    later = web.serve("/later.wav", "", status=503)
    await bot.start(song, web.url("/nothing.wav"), later, STALL="telling")
    await until(lambda: [job["state"] for job in bot.rows("jobs")] == ["stored", "failed", "queued"])
    await until(lambda: bot.rows("jobs")[2]["attempts"])
    await bot.kill()
    assert bot.replies() == []

    fetched = web.hits["/song.wav"]
    web.serve("/later.wav", clip(3, 5.0))
    await bot.finish()
    jobs = bot.rows("jobs")
    assert [(job["state"], job["done"]) for job in jobs] == [
        ("announced", 1),
        ("failed", 1),
        ("announced", 1),
    ]
    assert sorted(reply["id"] for reply in bot.replies()) == [job["id"] for job in jobs]
    assert {reply["reason"] for reply in bot.replies()} == {"", jobs[1]["reason"]} != {""}
    assert len(bot.rows("tracks")) == len(bot.rows("shares")) == 2
    assert web.hits["/song.wav"] == fetched
    assert bot.audio() == []


async def test_killed_while_the_disk_was_full(bot: KillablePipeline, web: Site) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    song = clip(4, 5.0)

    async def wait(request: http.Request) -> http.Response:
        asked.set()
        await go_on.wait()
        return http.Response(body=song, content_type="audio/wav")

    await bot.start(web.on("/song.wav", wait))
    await asked.wait()
    bot.fill_the_disk()
    go_on.set()
    await bot.says("waits for its storage")
    await bot.kill()
    assert bot.rows("tracks") == []
    await bot.finish()
    await check_one_track(bot)


async def test_a_disk_that_is_full_while_a_song_is_fetched(bot: KillablePipeline, web: Site) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "earworm-test", str(bot.temporary)]
    mounted = await asyncio.to_thread(subprocess.run, mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        await bot.start(web.serve("/song.wav", clip(5, 15.0)))
        await until(lambda: bot.rows("jobs")[0]["attempts"])
        assert bot.state() == "queued"
        more = ["mount", "-o", "remount,size=256m", str(bot.temporary)]
        await asyncio.to_thread(subprocess.run, more, check=True)
        await bot.says("done")
        await check_one_track(bot)
    finally:
        await bot.end()
        await asyncio.to_thread(subprocess.run, ["umount", "--lazy", str(bot.temporary)], check=True)
