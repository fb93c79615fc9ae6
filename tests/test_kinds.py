"""Every test is of one kind and is held to it, and what a pure test doesn't use it doesn't load."""

import socket
import sqlite3
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace
from typing import cast

import pytest

from tests import conftest
from tests.support import kinds

HEAVY = ("av", "discord", "librosa", "qdrant_client", "sklearn", "torch")
PURE = (
    "intake/test_links.py",
    "playlists/test_sequence.py",
    "suggestions/test_song_names.py",
    "taste/test_evidence.py",
    "test_periods.py",
)
RUN = """
import sys
import pytest
status = pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]])
print(*(name for name in {heavy} if name in sys.modules), sep=",")
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("where", "fixtures", "marks", "kind"),
    [
        ("client/test_new.py", (), (), "live"),
        ("cogs/shared/test_text.py", ("store",), (), "pure"),
        ("library/test_store.py", (), (), "database"),
        ("taste/test_new.py", ("catalog", "store"), (), "database"),
        ("taste/test_new.py", ("tmp_path",), (), "pure"),
        ("client/test_new.py", (), ("pure", "slow"), "pure"),
    ],
)
def test_a_kind_is_marked_or_said_by_the_path_or_by_the_fixtures(
    where: str, fixtures: tuple[str, ...], marks: tuple[str, ...], kind: str
) -> None:
    assert kinds.kind_of(planted(where, fixtures, marks)) == kind


def test_the_kind_of_one_test_goes_before_that_of_its_file() -> None:
    where, _, test = "library/test_store.py::test_what_was_committed_survives_kill_9".partition("::")
    assert kinds.kind_of(planted(where, name=test)) == "live"


def test_a_test_of_two_kinds_is_refused() -> None:
    with pytest.raises(ValueError, match="several kinds: live, pure"):
        kinds.kind_of(planted("taste/test_new.py", marks=("pure", "live")))


def planted(
    where: str, fixtures: tuple[str, ...] = (), marks: tuple[str, ...] = (), *, name: str = "test_new"
) -> pytest.Item:
    """A collected test that isn't there."""
    planted = SimpleNamespace(
        path=kinds.TESTS / where,
        name=name,
        nodeid=f"{where}::{name}",
        fixturenames=fixtures,
        iter_markers=lambda: [getattr(pytest.mark, mark).mark for mark in marks],
    )
    return cast(pytest.Item, planted)


@pytest.mark.parametrize("named", sorted(kinds.BY_PATH.keys() | set(kinds.SLOW)))
def test_what_is_named_is_there(named: str) -> None:
    where, _, test = named.partition("::")
    path = kinds.TESTS / where
    assert path.exists()
    assert not test or f"def {test}(" in path.read_text()


def test_a_pure_test_opens_no_database() -> None:
    with pytest.raises(AssertionError, match="pure"):
        sqlite3.connect(":memory:")
    assert kinds.watch.take_refused() == ["sqlite3.connect"]


@pytest.mark.parametrize("kind", ["pure", "database"])
def test_nothing_but_a_live_test_starts_a_process_or_a_server(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds.watch, "kind", kind)
    with pytest.raises(AssertionError, match=kind):
        subprocess.run([sys.executable, "--version"], check=True)
    with socket.socket() as server, pytest.raises(AssertionError, match=kind):
        server.bind(("127.0.0.1", 0))
    assert kinds.watch.take_refused() == ["subprocess.Popen", "socket.bind"]


def test_what_is_refused_fails_a_test_that_catches_the_error(request: pytest.FixtureRequest) -> None:
    with suppress(AssertionError):
        sqlite3.connect(":memory:")
    teardown = conftest.pytest_runtest_teardown(request.node)
    next(teardown)
    with pytest.raises(AssertionError, match=r"marked as pure did sqlite3\.connect"):
        teardown.send(None)


@pytest.mark.live
def test_a_pure_test_loads_nothing_heavy() -> None:
    files = [str(kinds.TESTS / name) for name in PURE]
    ran = subprocess.run(
        [sys.executable, "-c", RUN.format(heavy=HEAVY), *files], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1] == ""
