"""A backup is one complete, consistent file, or it isn't there."""

import asyncio
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import delete, func, select

from bot.backups.backup_file import BackupFacts, facts_of, partial_file, unpack, write_backup
from bot.errors import BackupFailed
from bot.library.store import Store
from bot.settings import Settings
from models import Share, Source, Track
from tests.backups.conftest import NEWEST, SONGS, add_songs


def rows(database: Path) -> list[str]:
    """Every row of every table, as SQL."""
    with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as connection:
        return [line for line in connection.iterdump() if line.startswith("INSERT")]


def test_it_is_a_database_with_everything_in_it(database: Path, tmp_path: Path) -> None:
    backup = tmp_path / "one.backup"
    assert write_backup(database, backup) == BackupFacts(NEWEST, servers=1, songs=SONGS)
    assert rows(backup) == rows(database) and len(rows(backup)) > 4 * SONGS
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["one.backup"]


def test_nobody_else_may_read_it(database: Path, tmp_path: Path) -> None:
    write_backup(database, tmp_path / "one.backup")
    assert (tmp_path / "one.backup").stat().st_mode & 0o777 == 0o600


async def test_what_was_deleted_is_not_in_it(store: Store, database: Path, tmp_path: Path) -> None:
    await add_songs(store, "Regret and shame", first_message=900)
    write_backup(database, tmp_path / "before.backup")
    async with store.begin() as session:
        regretted = select(Source.track_id).where(Source.title == "Regret and shame")
        await session.execute(delete(Share).where(Share.message_id == 900))
        await session.execute(delete(Track).where(Track.id.in_(regretted)))
    write_backup(database, tmp_path / "after.backup")
    assert b"Regret and shame" in (tmp_path / "before.backup").read_bytes()
    assert b"Regret and shame" not in (tmp_path / "after.backup").read_bytes()


async def test_while_somebody_writes_all_the_time_it_is_one_consistent_state(
    store: Store, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction adds a song with its source, share and vote: a backup has all of it or nothing."""
    monkeypatch.setattr("bot.backups.backup_file.STEPS_BETWEEN_LOOKS", 20)
    copying, written_meanwhile = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch(_done: int, _total: int) -> None:
        loop.call_soon_threadsafe(copying.set)
        asyncio.run_coroutine_threadsafe(written_meanwhile.wait(), loop).result(60)

    async def write_on() -> None:
        written = 0
        while True:
            await add_songs(store, "More", first_message=1000 + written)
            written += 1
            if copying.is_set() and written > 50:
                written_meanwhile.set()

    writing = asyncio.create_task(write_on())
    facts = await asyncio.to_thread(write_backup, database, tmp_path / "busy.backup", watch)
    writing.cancel()
    await asyncio.wait([writing])
    unpack(tmp_path / "busy.backup", tmp_path / "busy.db")
    with sqlite3.connect(tmp_path / "busy.db") as connection:
        tracks, sources, shares, votes = (
            {key for (key,) in connection.execute(question)}
            for question in (
                "SELECT id FROM tracks",
                "SELECT track_id FROM sources",
                "SELECT track_id FROM shares",
                "SELECT m.track_id FROM message_tracks m JOIN reactions r USING (message_id)",
            )
        )
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert tracks == sources == shares == votes == set(range(1, facts.songs + 1))
    async with store.session() as session:
        assert (await session.scalar(select(func.count(Track.id))) or 0) > facts.songs >= SONGS


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from bot.backups import backup_file

    backup_file.STEPS_BETWEEN_LOOKS = 20
    moment = sys.argv[3]

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(done, total):
        if moment == "while it is copied" and done or moment == "while it is sealed" and done > total / 2:
            die()

    if moment == "before it has its name":
        backup_file.publish = die
    backup_file.write_backup(Path(sys.argv[1]), Path(sys.argv[2]), watch)
"""


@pytest.mark.parametrize("moment", ["while it is copied", "while it is sealed", "before it has its name"])
def test_killed_in_the_middle_it_leaves_nothing_that_looks_like_one(
    database: Path, tmp_path: Path, moment: str
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    program = [sys.executable, "-c", dedent(KILLED), str(database), str(folder / "one.backup"), moment]
    killed = subprocess.run(program)
    assert killed.returncode == -signal.SIGKILL
    left = list(folder.iterdir())
    assert left and not (folder / "one.backup").exists()
    assert all(".partial" in path.name for path in left)
    write_backup(database, folder / "one.backup")
    assert [path.name for path in folder.iterdir()] == ["one.backup"]
    unpack(folder / "one.backup", tmp_path / "again.db")


def test_what_another_process_is_writing_is_left_alone(database: Path, tmp_path: Path) -> None:
    with partial_file(tmp_path / "one.backup") as others:
        write_backup(database, tmp_path / "one.backup")
        assert others.exists()
    assert not others.exists()


@pytest.mark.parametrize("links", [True, False])
def test_what_got_its_name_meanwhile_stays(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "a disk without links")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "one.backup"

    def take_the_name(_done: int, _total: int) -> None:
        target.write_text("a beach")

    with pytest.raises(BackupFailed, match="can't be written: File exists"):
        write_backup(database, target, take_the_name)
    assert target.read_text() == "a beach"
    assert write_backup(database, tmp_path / "two.backup").songs == SONGS
    write_backup(database, target, over=True)
    assert facts_of(target).songs == SONGS


def test_one_that_is_stopped_leaves_nothing(database: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def watch(_done: int, _total: int) -> None:
        raise Enough

    before = set(tmp_path.iterdir())
    with pytest.raises(Enough):
        write_backup(database, tmp_path / "one.backup", watch)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("floor", [0, 500_000])
def test_room_is_asked_for_before(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, floor: int
) -> None:
    size = database.stat().st_size
    little = shutil.disk_usage(tmp_path)._replace(free=floor + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    with pytest.raises(BackupFailed, match=r"no room in .* are needed, .* are free"):
        write_backup(database, tmp_path / "one.backup", floor=floor)
    plenty = little._replace(free=floor + 10 * size + 10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: plenty)
    assert write_backup(database, tmp_path / "one.backup", floor=floor).songs == SONGS


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no database at"):
        write_backup(tmp_path / "earworm.db", tmp_path / "one.backup")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_somebody_else_is_refused(settings: Settings, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE cats (name)")
    with pytest.raises(BackupFailed, match="none of Earworm's"):
        facts_of(tmp_path / "other.db")


async def test_a_damaged_database_gives_no_backup(
    settings: Settings, store: Store, database: Path, tmp_path: Path
) -> None:
    await store.close()  # so that everything is in the file
    with database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 20))
    with pytest.raises(BackupFailed, match=r"one\.backup can't be written: .*malformed"):
        write_backup(database, tmp_path / "one.backup")
    assert not (tmp_path / "one.backup").exists()
