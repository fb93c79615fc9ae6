"""What the Dockerfile and compose.yaml say, as far as it can be tried without an engine."""

import asyncio
import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ruamel.yaml import YAML

from tests.support.http import site

HERE = Path(__file__).parents[1]


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    services: dict[str, Any] = YAML(typ="safe").load(HERE / "compose.yaml")["services"]
    return services


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
async def test_the_bot_waits_until_qdrant_says_that_it_is_ready(
    services: dict[str, Any], status: int, healthy: bool
) -> None:
    assert services["bot"]["depends_on"]["qdrant"]["condition"] == "service_healthy"
    async with site() as qdrant:
        qdrant.on("/readyz", lambda _: _answer(status))
        assert await _is_healthy(services["qdrant"]["healthcheck"]["test"], qdrant.port) is healthy
    assert not await _is_healthy(services["qdrant"]["healthcheck"]["test"], qdrant.port)


@pytest.mark.parametrize(
    ("bound", "named"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("::1", "[::1]"),
        ("::1", "[::]"),
    ],
)
async def test_the_container_is_healthy_while_the_bot_answers(bound: str, named: str) -> None:
    if bound == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    command = (HERE / "Dockerfile").read_text().partition("HEALTHCHECK ")[2].partition(" CMD ")[2]
    check = [sys.executable, *json.loads(command.partition("\nCMD")[0].replace("\\\n", ""))[1:]]
    async with site(bound) as bot:
        bot.on("/healthz", lambda _: _answer(200))
        assert await _passes(check, EARWORM_METRICS=f"{named}:{bot.port}")
    assert not await _passes(check, EARWORM_METRICS=f"{named}:{bot.port}")
    assert await _passes(check, EARWORM_METRICS="")


def test_what_the_bot_writes_is_in_its_volume(services: dict[str, Any]) -> None:
    lines = (HERE / "Dockerfile").read_text()
    (volumes,) = re.findall(r"^VOLUME (.*)$", lines, re.MULTILINE)
    volume, backups = volumes.split()
    assert services["bot"]["volumes"] == [f"earworm:{volume}", f"backups:{backups}"]
    assert f"--owner earworm --group earworm {volumes}" in lines  # a new volume takes over whose it is
    written = re.findall(r"\b(?:EARWORM_HOME|NUMBA_CACHE_DIR)=(\S+)", lines)
    assert len(written) == 2 and all(Path(folder).is_relative_to(volume) for folder in written)


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def _answer(status: int) -> web.Response:
    return web.Response(status=status)


async def _is_healthy(test: list[str], port: int) -> bool:
    assert test[0] == "CMD"
    return await _passes([word.replace("6333", str(port)) for word in test[1:]])


async def _passes(words: list[str], **environment: str) -> bool:
    quiet, known = asyncio.subprocess.DEVNULL, {**os.environ, **environment}
    process = await asyncio.create_subprocess_exec(*words, stdout=quiet, stderr=quiet, env=known)
    return await asyncio.wait_for(process.wait(), 30) == 0
