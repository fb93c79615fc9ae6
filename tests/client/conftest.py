"""The bot as a process of its own, on a sandbox of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from discord_sandbox import Sandbox, Schema
from tests.support.http import site
from tests.support.process import BotProcess
from tests.support.running import Club
from tests.support.shared import SHARED


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
    async with BotProcess(club.discord, club.web, tmp_path) as it:
        await it.start()
        await club.listen()
        yield it
