"""The endpoint by itself, before there is a bot."""

import socket

import aiohttp
import pytest

from bot.errors import SettingsError
from bot.monitoring.endpoint import MonitoringEndpoint


def bound(caplog: pytest.LogCaptureFixture) -> str:
    """Where it said that it serves."""
    [line] = [r.getMessage() for r in caplog.records if "metrics on http" in r.getMessage()]
    return line.split(" on ")[1].split("/metrics")[0]


async def test_a_bot_that_starts_lives_and_is_not_ready(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with MonitoringEndpoint.open(("127.0.0.1", 0)), aiohttp.ClientSession(bound(caplog)) as session:
        async with session.get("/healthz") as alive:
            assert (alive.status, await alive.text()) == (200, "ok\n")
        async with session.get("/readyz") as ready:
            assert ready.status == 503
            assert await ready.json() == {"ready": False, "degraded": {"bot": "it starts, or stops"}}
        async with session.get("/metrics") as metrics:
            assert metrics.content_type == "text/plain"
            assert 'earworm_ready{part="bot"} 0.0' in await metrics.text()


async def test_an_address_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as refused:
            async with MonitoringEndpoint.open(("127.0.0.1", port)):
                pass
    said = str(refused.value)
    assert said.startswith(f"EARWORM_METRICS=127.0.0.1:{port}: nothing can be served there (Address already")
    assert "Name another host and port" in said


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "Cannot assign requested address|Can't assign"),
        ("no such host", "not known|nodename nor servname"),  # no name server is asked for a name with spaces
        ("no..host", "that is no host's name"),
    ],
)
async def test_an_address_of_another_machine_is_refused(host: str, reason: str) -> None:
    with pytest.raises(
        SettingsError, match=f"EARWORM_METRICS={host}:9464: nothing can be served there .*({reason})"
    ):
        async with MonitoringEndpoint.open((host, 9464)):
            pass
