"""What tests of every subject build on: a home, a database and a vector storage of their own, fresh for each."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.embedders.base import EmbedderInfo
from bot.library.catalog import Catalog
from bot.library.store import Store
from bot.settings import Settings
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from tests.support import database
from tests.support.library import INFOS
from tests.support.scene import Scene


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


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands that a test runs set up logging for the process that they expect to be alone in."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with every table and no rows, which the tests' databases are copies of."""
    with database.shaped_database(tmp_path_factory.mktemp("shaped") / "home") as template:
        yield template


@pytest.fixture
async def settings(tmp_path: Path, shaped: str) -> AsyncIterator[Settings]:
    """Settings with a home and an empty database of their own."""
    made = await database.create(tmp_path / "home", shaped)
    yield made
    await database.drop(made)


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
def catalog(store: Store) -> Catalog:
    """The tracks of that database."""
    return Catalog(store)


@pytest.fixture
def refresher(store: Store, vectors: VectorStorage) -> PointRefresher:
    """What keeps that vector storage in step with that database."""
    return PointRefresher(store, vectors)


@pytest.fixture
async def vectors(
    settings: Settings, infos: tuple[EmbedderInfo, ...], store: Store
) -> AsyncIterator[VectorStorage]:
    """An open, empty, embedded vector storage for `infos`."""
    opened = await VectorStorage.open(settings, infos, store)
    yield opened
    await opened.close()


@pytest.fixture
def scene(store: Store, vectors: VectorStorage) -> Scene:
    """An empty server and every service over it."""
    return Scene.of(store, vectors)
