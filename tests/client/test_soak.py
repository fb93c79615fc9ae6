"""Half an hour at a share a second, with commands in between: nothing but the library grows, no heartbeat is late."""

import asyncio
import os
import signal
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from discord_sandbox import Sandbox, Schema
from tests.support.http import site
from tests.support.process import BotProcess, until
from tests.support.running import Club
from tests.support.songs import clip
from tests.support.tally import ProofTally

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
pytestmark = [
    pytest.mark.skipif("NIGHTLY" not in os.environ, reason="takes SOAK_MINUTES (30): NIGHTLY=1"),
    pytest.mark.timeout(180 * MINUTES + 900),
]
BEAT = 10.0
SAMPLE_SECONDS = 5.0
SECONDS_A_SHARE = 1.0
COMMANDS = ("recommend", "library", "stats show", "vibes list", "settings show")
QUOTA = "1000000"
# What may be more in the last quarter than in the second; the first is a warm-up.
MAX_GROWTH = {"memory": 100.0, "descriptors": 10.0, "threads": 4.0, "tasks": 10.0}


@dataclass(frozen=True)
class Sample:
    """What the bot's own process had at one time; memory in megabytes."""

    memory: float
    descriptors: int
    threads: int
    tasks: int


async def sample(process: BotProcess, tasks: Path) -> Sample:
    """Look at it once."""
    tasks.write_text("")  # noqa: ASYNC240 -- a few bytes
    os.kill(process.pid, signal.SIGUSR1)
    await until(tasks.read_text)
    return read_sample(Path(f"/proc/{process.pid}"), int(tasks.read_text()))  # noqa: ASYNC240


def read_sample(entry: Path, tasks: int) -> Sample:
    status = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines())
    descriptors = sum(1 for _ in (entry / "fd").iterdir())
    return Sample(int(status["VmRSS"].split()[0]) / 1024, descriptors, int(status["Threads"]), tasks)


def growth(samples: list[Sample], name: str) -> float:
    """From the middle of the second quarter to that of the last."""
    quarter, values = len(samples) // 4, [float(getattr(each, name)) for each in samples]
    return statistics.median(values[-quarter:]) - statistics.median(values[quarter : 2 * quarter])


async def share_for_ever(club: Club, posted: list[int]) -> None:
    """A share a second, each of another song."""

    async def song(request: web.Request) -> web.Response:
        number = int(request.path.rpartition("-")[2].partition(".")[0])
        return web.Response(body=clip(number, 2.0), content_type="audio/wav")

    while True:
        began = time.monotonic()
        posted.append(len(posted))
        await club.ann.post(club.music, club.web.on(f"/soak-{len(posted)}.wav", song))
        await asyncio.sleep(max(0.0, began + SECONDS_A_SHARE - time.monotonic()))


async def ask_for_ever(club: Club, asked: list[str]) -> None:
    """One command after the other, each acknowledged in time."""
    while True:
        for name in COMMANDS:
            member = club.mod if name.startswith("settings") else club.bo
            answer = await member.command(club.hall, name)
            assert answer.error is None, name
            await answer.message(60)
            asked.append(name)
            await asyncio.sleep(2)


async def test_nothing_grows_but_the_library(
    schema: Schema | None, tmp_path: Path, tally: ProofTally
) -> None:
    tasks, samples = tmp_path / "tasks", list[Sample]()
    quotas = {"EARWORM_MEMBER_DAILY": QUOTA, "EARWORM_SERVER_DAILY": QUOTA}
    async with (
        Sandbox(schema=schema, heartbeat_seconds=BEAT) as discord,
        site() as songs,
        BotProcess(discord, songs, tmp_path, TASKS=str(tasks), **quotas) as process,
    ):
        discord.grant(message_content=True)
        club = Club(discord, songs, "Soak")
        process.program = ("-m", "tests.support.soaked")
        await process.start()
        await club.listen()
        posted, asked = list[int](), list[str]()
        end = time.monotonic() + 60 * MINUTES
        busy = [
            asyncio.create_task(share_for_ever(club, posted)),
            asyncio.create_task(ask_for_ever(club, asked)),
        ]
        while time.monotonic() < end:
            samples.append(await sample(process, tasks))
            for task in busy:
                if task.done():
                    task.result()
            await asyncio.sleep(SAMPLE_SECONDS)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        await until(lambda: process.states().keys() == {"announced"}, 60 * MINUTES + 300)
        assert process.states() == {"announced": len(posted)}
        late = max(beat.late for beat in discord.heartbeats)
        grown = {name: growth(samples, name) for name in MAX_GROWTH}
        print(f"{len(posted)} shares, {len(asked)} commands, {late:.2f} s late at most, grown: {grown}")
        assert {name: more for name, more in grown.items() if more > MAX_GROWTH[name]} == {}
        assert late < BEAT / 2
        assert await process.stop() == 0
        assert discord.violations == []
        tally.tried("shares of a soak, a second each", times=len(posted), lost=0)
        tally.tried("commands in a soak", times=len(asked), lost=0)
