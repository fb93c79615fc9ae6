"""What an operator sees of a bot that runs, whose parts fail one after another."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import yarl
from prometheus_client.parser import text_string_to_metric_families

from bot.client import Earworm
from bot.library import store
from bot.monitoring import readiness
from bot.monitoring.memory import memory_in_use
from tests.client.test_outage import outage
from tests.monitoring.test_endpoint import bound
from tests.support.running import Club, eventually, running, settings_for
from tests.support.songs import file


@dataclass(frozen=True)
class Operator:
    """Who looks at the bot's endpoint."""

    session: aiohttp.ClientSession
    bot: Earworm

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """Every sample by its name and the values of its labels, which stand in the order of their names."""
        async with self.session.get("/metrics") as answer:
            text = await answer.text()
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def degraded(self) -> dict[str, str]:
        """What isn't ready, and why."""
        async with self.session.get("/readyz") as answer:
            said = await answer.json()
        assert answer.status == (200 if said["ready"] else 503)
        assert said["ready"] == (not said["degraded"])
        found: dict[str, str] = said["degraded"]
        return found

    def until(self, parts: set[str]) -> Callable[[], Awaitable[bool]]:
        """Whether just these parts aren't ready."""

        async def are() -> bool:
            return (await self.degraded()).keys() == parts

        return are


@pytest.fixture
async def operator(
    club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Operator]:
    caplog.set_level("INFO")
    monkeypatch.setattr(store, "BUSY_SECONDS", 1.0)
    monkeypatch.setattr(
        readiness, "PATIENCE_SECONDS", 60.0
    )  # a machine that is busy is not a database that hangs
    settings = settings_for(club.discord, club.web, tmp_path / "home", metrics="127.0.0.1:0")
    async with running(settings) as bot, aiohttp.ClientSession(bound(caplog)) as session:
        await club.listen()
        yield Operator(session, bot)


@pytest.mark.timeout(300)
async def test_a_bot_is_measured_and_says_what_is_wrong_with_it(
    club: Club, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await club.share(club.ann, files=[file(160, title="Heard")])
    await club.share(club.ann, "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC")
    await eventually(lambda: announced(operator))
    seen = await operator.metrics()
    assert seen["earworm_songs_total", "stored", "storing"] == 1
    for stage in ("fetching", "analysing", "storing"):
        assert seen["earworm_stage_seconds_count", stage] == 1
    assert seen["earworm_queue_songs", "listening"] == seen["earworm_queue_songs", "announcing"] == 0
    assert seen["earworm_rest_requests_total", "PATCH", "200"] > 0
    if memory_in_use():  # not every system tells
        assert seen["earworm_memory_bytes", "workers"] > seen["earworm_memory_bytes", "bot"] * 0.1
    assert seen["earworm_event_loop_lag_seconds_count",] > 0
    assert 0 < seen["earworm_gateway_heartbeat_age_seconds",] < 120
    assert [seen["earworm_ready", part] for part in PARTS] == [1.0] * len(PARTS)
    assert await operator.degraded() == {}

    async with outage(operator.bot.services.settings):
        await club.ann.post(club.music, files=[file(161)])
        await eventually(operator.until({"database"}))
        await eventually(lambda: waits(operator))
        assert (await operator.metrics())["earworm_events_waiting",] > 0
    await eventually(operator.until(set()))

    worker = operator.bot.services.analyst.pid
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    await eventually(operator.until({"workers"}))
    await club.share(club.ann, files=[file(162)])
    assert await operator.degraded() == {}

    with monkeypatch.context() as patch:
        patch.setattr("bot.monitoring.readiness.shutil.disk_usage", lambda _: Usage(free=1))
        assert list(await operator.degraded()) == ["disk"]

    there, operator.bot.ws.gateway = operator.bot.ws.gateway, NOWHERE
    club.discord.drop_gateway()
    await eventually(operator.until({"gateway"}))
    assert (await operator.metrics())["earworm_ready", "gateway"] == 0
    async with operator.session.get("/healthz") as alive:
        assert alive.status == 200
    operator.bot.ws.gateway = there
    await eventually(operator.until(set()))


NOWHERE = yarl.URL("ws://127.0.0.1:1")
PARTS = ("gateway", "database", "vectors", "workers", "disk")


@dataclass(frozen=True)
class Usage:
    free: int


async def announced(operator: Operator) -> bool:
    """Whether it was counted that one song was announced, and one refusal."""
    seen = await operator.metrics()
    return all(seen.get(("earworm_songs_total", what, "announcing")) == 1 for what in ("announced", "drm"))


async def waits(operator: Operator) -> bool:
    return "that wait for it: " in (await operator.degraded())["database"]
