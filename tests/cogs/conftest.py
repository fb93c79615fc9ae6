"""One running bot for all tests that can share it, each in a server of its own."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from bot.client import Earworm
from discord_sandbox import Sandbox, Schema
from tests.support.http import Site, site
from tests.support.running import Club, running, settings_for
from tests.support.shared import SHARED

# Small, so that what is too long or too big is made in no time.
LIMITS = {"max_seconds": 30, "max_bytes": 2_000_000}


@pytest.fixture(scope="session")
def schema() -> Schema | None:
    document = SHARED / "discord" / "openapi.json"
    return Schema(document) if document.exists() else None


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def web() -> AsyncIterator[Site]:
    async with site() as it:
        yield it


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def discord(schema: Schema | None) -> AsyncIterator[Sandbox]:
    async with Sandbox(schema=schema) as it:
        it.grant(message_content=True)
        yield it


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def bot(
    discord: Sandbox, web: Site, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Earworm]:
    async with running(settings_for(discord, web, tmp_path_factory.mktemp("bot") / "home", **LIMITS)) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="package")
async def club(
    bot: Earworm, discord: Sandbox, web: Site, request: pytest.FixtureRequest
) -> AsyncIterator[Club]:
    """A server in which the music channel is listened to; in the end nothing was refused as malformed."""
    before = len(discord.violations)
    await discord.ready(30)  # the last test may have broken the connection
    it = Club(discord, web, request.node.name)
    await it.listen()
    yield it
    await discord.quiet(0.1)
    # To answer a message that was deleted a moment ago is no mistake; only this refusal tells.
    assert [v for v in discord.violations[before:] if "REPLIES_UNKNOWN_MESSAGE" not in v] == []


@pytest.fixture(autouse=True)
def nothing_went_wrong(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged as an error, except in tests marked with `errors`."""
    with caplog.at_level(logging.INFO):
        yield
    if request.node.get_closest_marker("errors") is None:
        found = [r for when in ("setup", "call") for r in caplog.get_records(when)]
        assert [r.getMessage() for r in found if r.levelno >= logging.ERROR] == []
