"""What tests of every subject build on: a home, a database and a vector storage of their own, fresh for each."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from bot.settings import Settings
from tests.support import folders, kinds, tally

if TYPE_CHECKING:  # a test pays for what it uses: what is heavy is imported by the fixture that needs it
    from bot.embedders.base import EmbedderInfo
    from bot.library.catalog import Catalog
    from bot.library.store import Store
    from bot.vectors.refresh import PointRefresher
    from bot.vectors.storage import VectorStorage
    from tests.support.scene import Scene

hypothesis.settings.register_profile("dev", max_examples=20, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("nightly", max_examples=500, deadline=None)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "dev")
)


def pytest_configure(config: pytest.Config) -> None:
    """Keep files in memory, and let proofs say what they tried."""
    folders.keep_in_memory(config)
    config.pluginmanager.register(tally, "earworm-tally")
    if tally.is_asked_for(config):
        config.pluginmanager.register(tally.TablePrinter(), "earworm-table")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: tests wait for processes, for the disk, and for time to pass."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Don't even import what `-m "not live and not slow"` leaves out."""
    if collection_path.suffix != ".py" or not collection_path.is_relative_to(kinds.TESTS):
        return None
    without_live, without_slow = ("not live" in config.option.markexpr, "not slow" in config.option.markexpr)
    is_live = kinds.kind_of_path(collection_path) == "live"
    return (without_live and is_live) or (without_slow and kinds.is_slow(collection_path)) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its kind, and proofs as such, and put those first that take longest."""
    for item in items:
        item.add_marker(kinds.kind_of(item))
        if "store" in getattr(item, "fixturenames", ()) and not kinds.is_on_a_vector_server(item):
            item.add_marker("postgres")
        tally.mark(item)
        if kinds.is_slow(item.path):
            item.add_marker("slow")
    items.sort(key=lambda item: kinds.place(item.path))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what every test shares: a sixth of a test's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Hold each test to its kind, fixtures included."""
    kinds.watch.kind = kinds.kind_of(item)
    try:
        return (yield)
    finally:
        kinds.watch.kind = "live"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that did more than its kind may, even if the code that it tests caught the error."""
    try:
        return (yield)
    finally:
        refused = kinds.watch.take_refused()
        assert not refused, f"a test that is marked as {kinds.kind_of(item)} did {', '.join(refused)}"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's own environment and `.env` are none of the tests' business."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(autouse=True)
def process_as_it_was() -> Iterator[None]:
    """Commands that a test runs set up logging and rights for the process that they expect to be alone in."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with every table and no rows, which the tests' databases are copies of."""
    from tests.support import database

    with database.shaped_database(tmp_path_factory.mktemp("shaped") / "home") as template:
        yield template


@pytest.fixture
async def settings(tmp_path: Path, shaped: str) -> AsyncIterator[Settings]:
    """Settings with a home and an empty database of their own."""
    from tests.support import database

    made = await database.create(tmp_path / "home", shaped)
    yield made
    await database.drop(made)


@pytest.fixture
async def store(settings: Settings) -> "AsyncIterator[Store]":
    """An open, empty database."""
    from bot.library.store import Store

    opened = await Store.open(settings)
    yield opened
    await opened.close()


@pytest.fixture
def infos() -> "tuple[EmbedderInfo, ...]":
    """Two embedders with few dimensions, so that a test can write vectors down."""
    from tests.support.library import INFOS

    return INFOS


@pytest.fixture
def catalog(store: "Store") -> "Catalog":
    """The tracks of that database."""
    from bot.library.catalog import Catalog

    return Catalog(store)


@pytest.fixture
def refresher(store: "Store", vectors: "VectorStorage") -> "PointRefresher":
    """What keeps that vector storage in step with that database."""
    from bot.vectors.refresh import PointRefresher

    return PointRefresher(store, vectors)


@pytest.fixture
async def vectors(
    settings: Settings, infos: "tuple[EmbedderInfo, ...]", store: "Store"
) -> "AsyncIterator[VectorStorage]":
    """An open, empty, embedded vector storage for `infos`."""
    from bot.vectors.storage import VectorStorage

    opened = await VectorStorage.open(settings, infos, store)
    yield opened
    await opened.close()


@pytest.fixture
def scene(store: "Store", vectors: "VectorStorage") -> "Scene":
    """An empty server and every service over it."""
    from tests.support.scene import Scene

    return Scene.of(store, vectors)
