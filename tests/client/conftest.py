"""The bot as a process of its own, on a sandbox of its own."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from discord_sandbox import Sandbox, Schema
from tests.support.http import site
from tests.support.process import BotProcess
from tests.support.running import Club
from tests.support.shared import SHARED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long runs after everything else."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def schema() -> Schema | None:
    document = SHARED / "discord" / "openapi.json"
    return Schema(document) if document.exists() else None


@pytest.fixture
async def club(schema: Schema | None) -> AsyncIterator[Club]:
    async with Sandbox(schema=schema) as discord, site() as web:
        discord.grant(message_content=True)
        yield Club(discord, web, "Club")


@pytest.fixture
async def process(club: Club, tmp_path: Path) -> AsyncIterator[BotProcess]:
    it = BotProcess(club.discord, club.web, tmp_path)
    await it.start()
    await club.listen()
    yield it
    await it.stop(signal.SIGKILL)
