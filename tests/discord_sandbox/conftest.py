from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from discord_sandbox import Sandbox, Schema
from tests.discord_sandbox.client import Client, Raw, connected

DOCUMENT = Path(__file__).parents[2].parent / "shared" / "discord" / "openapi.json"


@pytest.fixture(scope="session")
def schema() -> Schema | None:
    return Schema(DOCUMENT) if DOCUMENT.exists() else None


@pytest.fixture
async def sandbox(schema: Schema | None) -> AsyncIterator[Sandbox]:
    async with Sandbox(schema=schema, answer_within=1.0) as started:
        yield started


@pytest.fixture
async def raw(sandbox: Sandbox) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        yield Raw(sandbox, session)


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with connected(sandbox, Client()) as ready:
        yield ready
