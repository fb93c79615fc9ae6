"""A backup becomes the database where there is none, and nothing else does."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL

import migrations
from bot.backups.backup_file import BackupFacts, facts_of, has_rows, unpack, write_backup
from bot.errors import BackupFailed
from bot.library.restoring import restore
from bot.library.store import Store, upgrading
from bot.settings import Settings
from tests.backups.conftest import NEWEST, SONGS, add_songs
from tests.backups.test_backup_file import rows

PAGE = 4096


@pytest.fixture
def backup(database: Path, tmp_path: Path) -> Path:
    """A backup of that database, by itself in a folder."""
    (tmp_path / "kept").mkdir()
    write_backup(database, tmp_path / "kept" / "one.backup")
    return tmp_path / "kept" / "one.backup"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """The settings on another machine, which has no home yet."""
    return Settings.load(home=tmp_path / "elsewhere")


def held(settings: Settings) -> list[str]:
    """What a home holds."""
    return sorted(path.name for path in settings.home.glob("*"))


async def test_everything_is_there_again(database: Path, backup: Path, elsewhere: Settings) -> None:
    assert restore(backup, elsewhere) == BackupFacts(NEWEST, servers=1, songs=SONGS)
    assert held(elsewhere) == ["earworm.db"]
    store = await Store.open(elsewhere)
    await store.close()
    assert rows(elsewhere.home / "earworm.db") == rows(database)


def test_nobody_else_may_read_it(backup: Path, elsewhere: Settings) -> None:
    restore(backup, elsewhere)
    assert elsewhere.home.stat().st_mode & 0o777 == 0o700
    assert (elsewhere.home / "earworm.db").stat().st_mode & 0o777 == 0o600


def cut(backup: Path, size: int) -> None:
    with backup.open("r+b") as file:
        file.truncate(size)


def change(backup: Path, place: int) -> None:
    content = bytearray(backup.read_bytes())
    content[place] ^= 1
    backup.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda backup: cut(backup, 0), "no backup of Earworm's, or its end is missing"),
        (lambda backup: cut(backup, 50), "no backup of Earworm's, or its end is missing"),
        (lambda backup: cut(backup, 10 * PAGE), "no backup of Earworm's, or its end is missing"),
        (
            lambda backup: cut(backup, backup.stat().st_size - 1),
            "no backup of Earworm's, or its end is missing",
        ),
        (lambda backup: change(backup, 30), "changed or damaged"),
        (lambda backup: change(backup, 10 * PAGE + 7), "changed or damaged"),
        (lambda backup: change(backup, -10), "changed or damaged|its end is missing"),
        (lambda backup: change(backup, -80), "no backup of Earworm's, or its end is missing"),
        (lambda backup: backup.write_text("a shopping list" * 1000), "no backup of Earworm's"),
        (Path.unlink, "There is no file"),
        (lambda backup: [backup.unlink(), backup.mkdir()], "There is no file"),
    ],
    ids=[
        "empty",
        "beginning",
        "half",
        "a byte short",
        "header",
        "page",
        "checksum",
        "seal",
        "text",
        "gone",
        "folder",
    ],
)
def test_what_is_not_a_whole_backup_is_refused(
    backup: Path, elsewhere: Settings, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(backup)
    with pytest.raises(BackupFailed, match=says):
        restore(backup, elsewhere)
    assert held(elsewhere) == []


def test_a_database_with_anything_in_it_is_not_overwritten(
    settings: Settings,
    database: Path,
    backup: Path,
) -> None:
    before = rows(database)
    with pytest.raises(BackupFailed, match=r"There is a database already, .*, and it isn't empty"):
        restore(backup, settings)
    assert rows(database) == before


async def test_an_empty_database_gives_way(backup: Path, elsewhere: Settings) -> None:
    empty = await Store.open(elsewhere)  # as `earworm doctor` leaves one
    await empty.close()
    assert not has_rows(elsewhere.home / "earworm.db")
    restore(backup, elsewhere)
    assert has_rows(elsewhere.home / "earworm.db")


async def test_but_not_once_something_is_in_it(backup: Path, elsewhere: Settings) -> None:
    empty = await Store.open(elsewhere)
    await empty.close()
    database = elsewhere.home / "earworm.db"
    with pytest.raises(BackupFailed, match=r"There is a database already, .*, and it isn't empty"):
        restore(backup, elsewhere, lambda *_: unpack(backup, database))
    assert facts_of(database).songs == SONGS
    assert held(elsewhere) == ["earworm.db"]


async def test_but_not_while_the_bot_has_it_open(backup: Path, elsewhere: Settings) -> None:
    bot = await Store.open(elsewhere)
    async with bot.session():
        with pytest.raises(BackupFailed, match=r"The bot is running, or another command uses"):
            restore(backup, elsewhere)
    assert not has_rows(elsewhere.home / "earworm.db")
    await bot.close()


def test_what_a_database_that_was_moved_away_left_is_not_mixed_into_it(
    backup: Path, elsewhere: Settings
) -> None:
    elsewhere.home.mkdir()
    (elsewhere.home / "earworm.db-wal").write_bytes(b"of another database")
    with pytest.raises(
        BackupFailed, match=r"earworm\.db-wal belongs to a database that isn't there any more"
    ):
        restore(backup, elsewhere)
    assert held(elsewhere) == ["earworm.db-wal"]


def test_a_file_that_cannot_be_read_stays(backup: Path, elsewhere: Settings) -> None:
    elsewhere.home.mkdir()
    (elsewhere.home / "earworm.db").write_text("a shopping list" * 1000)
    with pytest.raises(BackupFailed, match=r"There is a file already, .*not a database"):
        restore(backup, elsewhere)
    assert (elsewhere.home / "earworm.db").read_text().startswith("a shopping list")


async def test_a_backup_of_a_newer_earworm_is_refused(
    store: Store,
    database: Path,
    tmp_path: Path,
    elsewhere: Settings,
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    write_backup(database, tmp_path / "newer.backup")
    with pytest.raises(BackupFailed, match=r"made by a newer Earworm .*9999.* Update this one first"):
        restore(tmp_path / "newer.backup", elsewhere)
    assert held(elsewhere) == []


async def test_a_backup_of_an_older_one_is_brought_up_to_date(
    store: Store,
    database: Path,
    tmp_path: Path,
    elsewhere: Settings,
) -> None:
    now = rows(database)
    await store.close()
    with upgrading(URL.create("sqlite", database=str(database))) as connection:
        command.downgrade(migrations.config(connection), "0001")
    write_backup(database, tmp_path / "older.backup")
    assert restore(tmp_path / "older.backup", elsewhere).schema == "0001"
    assert held(elsewhere) == ["earworm.db"]  # the backup itself is what is kept of how it was
    assert rows(elsewhere.home / "earworm.db") == now


def test_on_postgres_its_own_tools_are_named(backup: Path, tmp_path: Path) -> None:
    there = Settings.load(home=tmp_path / "new", database_url="postgresql://a:secret@127.0.0.1:1/b")
    with pytest.raises(BackupFailed, match="pg_restore") as refused:
        restore(backup, there)
    assert "secret" not in str(refused.value)
    assert not (tmp_path / "new").exists()


async def test_a_version_that_knows_no_backups_can_use_a_copy_of_one(
    backup: Path, elsewhere: Settings
) -> None:
    elsewhere.home.mkdir()
    shutil.copy(backup, elsewhere.home / "earworm.db")
    store = await Store.open(elsewhere)
    await add_songs(store, *(f"More {number}" for number in range(SONGS)), first_message=5000)
    await store.close()
    with sqlite3.connect(elsewhere.home / "earworm.db") as connection:
        assert connection.execute("SELECT count(*) FROM tracks").fetchone() == (2 * SONGS,)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
