"""What tests of every subject build on: a home, a database and a vector storage of their own, fresh for each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.embedders.base import EmbedderInfo
from bot.library.store import Store
from bot.library.vectors import Vectors
from bot.settings import Settings
from tests.support.database import fresh_database
from tests.support.library import INFOS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what has to hold on Postgres too: every test that uses `store`."""
    for item in items:
        if "store" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's own environment and `.env` are none of the tests' business."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture
async def database_url() -> AsyncIterator[str]:
    """The address of a new, empty database: "" for SQLite's file, or one on the server at TEST_DATABASE_URL."""
    async with fresh_database() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings with a home of their own."""
    return Settings.load(home=tmp_path / "home", database_url=database_url)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """An open, empty database."""
    opened = await Store.open(settings)
    yield opened
    await opened.close()


@pytest.fixture
def infos() -> tuple[EmbedderInfo, ...]:
    """Two embedders with few dimensions, so that a test can write vectors down."""
    return INFOS


@pytest.fixture
async def vectors(settings: Settings, infos: tuple[EmbedderInfo, ...]) -> AsyncIterator[Vectors]:
    """An open, empty, embedded vector storage for `infos`."""
    opened = await Vectors.open(settings, infos)
    yield opened
    await opened.close()
