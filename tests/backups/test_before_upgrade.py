"""Before an upgrade changes the database, it is kept as it is."""

import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, text

import migrations
from bot.backups.backup_file import JOURNALS, BackupFacts, facts_of
from bot.backups.before_upgrade import keep_before_upgrade, removing_old_upgrades
from bot.errors import SettingsError
from bot.library.restoring import restore
from bot.library.store import Store, upgrading
from bot.settings import Settings
from tests.backups.conftest import NEWEST, SONGS
from tests.backups.test_backup_file import rows


@pytest.fixture
async def older(store: Store, database: Path, settings: Settings) -> Settings:
    """A home whose database has the tables of 0.1.0."""
    await store.close()
    with upgrading(URL.create("sqlite", database=str(database))) as connection:
        command.downgrade(migrations.config(connection), "0001")
    return settings


async def upgrade(settings: Settings) -> None:
    store = await Store.open(settings)
    await store.close()


def kept(folder: Path) -> list[str]:
    """The database and its backups there."""
    return sorted(path.name for path in folder.glob("earworm*") if not path.name.endswith(JOURNALS))


async def test_it_is_kept_beside_the_database(
    older: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.backups")
    before = rows(older.home / "earworm.db")
    await upgrade(older)
    backup = older.home / "earworm.db.schema-0001.backup"
    assert f"it is kept as it is in {backup}" in caplog.text
    assert kept(older.home) == ["earworm.db", backup.name]
    assert rows(backup) == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert restore(backup, Settings.load(home=tmp_path / "elsewhere")) == BackupFacts("0001", 1, SONGS)


async def test_or_in_the_folder_for_backups(older: Settings, tmp_path: Path) -> None:
    await upgrade(older.model_copy(update={"backup_dir": tmp_path / "backups"}))
    assert kept(tmp_path / "backups") == ["earworm.db.schema-0001.backup"]
    assert kept(older.home) == ["earworm.db"]


async def test_nothing_is_kept_where_nothing_changes(older: Settings, tmp_path: Path) -> None:
    await upgrade(older)
    (older.home / "earworm.db.schema-0001.backup").unlink()
    await upgrade(older)
    assert kept(older.home) == ["earworm.db"]
    new = Settings.load(home=tmp_path / "new")
    await upgrade(new)
    assert kept(new.home) == ["earworm.db"]


def test_the_last_two_upgrades_are_kept(database: Path, tmp_path: Path) -> None:
    for age, schema in enumerate(("0003", "0002", "0001")):
        made = keep_before_upgrade(database, schema, tmp_path / "kept", floor=0)
        os.utime(made, (10_000 + age, 10_000 + age))
    assert kept(tmp_path / "kept") == ["earworm.db.schema-0001.backup", "earworm.db.schema-0002.backup"]


async def test_what_was_kept_goes_after_a_month_while_the_bot_runs(
    database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.backups")
    days = {"0001": 31, "0002": 29}
    for schema, age in days.items():
        made = keep_before_upgrade(database, schema, tmp_path / "kept", floor=0)
        os.utime(made, (time.time() - age * 86_400,) * 2)
    async with asyncio.timeout(60), removing_old_upgrades(database, tmp_path / "kept"):
        while "removed" not in caplog.text:  # noqa: ASYNC110 -- of files nothing tells
            await asyncio.sleep(0.01)
    assert kept(tmp_path / "kept") == ["earworm.db.schema-0002.backup"]
    assert kept(database.parent) == ["earworm.db"]


async def test_without_room_for_it_the_database_stays_as_it_is(
    older: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(older.home)._replace(free=1000)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: full)
        with pytest.raises(
            SettingsError,
            match=r"stays as it is: before .* a backup is made.*There is no room .* MB are needed",
        ):
            await upgrade(older)
    assert facts_of(older.home / "earworm.db") == BackupFacts("0001", 1, SONGS)
    assert kept(older.home) == ["earworm.db"]
    await upgrade(older)
    assert facts_of(older.home / "earworm.db").schema == NEWEST


async def test_the_bots_of_one_home_that_start_at_once_keep_the_old_tables(older: Settings) -> None:
    await asyncio.gather(*(upgrade(older) for _ in range(4)))
    assert facts_of(older.home / "earworm.db.schema-0001.backup").schema == "0001"
    store = await Store.open(older)
    async with store.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM tracks")) == SONGS
    await store.close()
