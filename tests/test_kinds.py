"""Every test is of one kind and is held to it, and what a pure test doesn't use it doesn't load."""

import socket
import sqlite3
import subprocess
import sys

import pytest

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


def test_every_test_is_of_one_kind(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        marked = {marker.name for marker in item.iter_markers()} & set(kinds.KINDS)
        assert len(marked) == 1, item.nodeid


@pytest.mark.parametrize("named", sorted(kinds.BY_PATH.keys() | set(kinds.SLOW)))
def test_what_is_named_is_there(named: str) -> None:
    where, _, test = named.partition("::")
    path = kinds.TESTS / where
    assert path.exists()
    assert not test or f"def {test}(" in path.read_text()


def test_a_pure_test_opens_no_database() -> None:
    with pytest.raises(AssertionError, match="pure"):
        sqlite3.connect(":memory:")


@pytest.mark.parametrize("kind", ["pure", "database"])
def test_nothing_but_a_live_test_starts_a_process_or_a_server(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds.watch, "kind", kind)
    with pytest.raises(AssertionError, match=kind):
        subprocess.run([sys.executable, "--version"], check=True)
    with socket.socket() as server, pytest.raises(AssertionError, match=kind):
        server.bind(("127.0.0.1", 0))


@pytest.mark.live
def test_a_pure_test_loads_nothing_heavy() -> None:
    files = [str(kinds.TESTS / name) for name in PURE]
    ran = subprocess.run(
        [sys.executable, "-c", RUN.format(heavy=HEAVY), *files], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1] == ""
