"""The running bot makes a backup each night."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.backups import nightly
from bot.backups.backup_file import BackupFacts, facts_of, write_backup
from bot.backups.backup_folder import name_of
from bot.backups.nightly import NightlyBackups
from bot.errors import SettingsError
from bot.services import nightly_backups
from bot.settings import Settings
from tests.backups.conftest import NEWEST, SONGS

PATIENCE = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the backups go; it is made when it is needed."""
    return tmp_path / "backups"


@pytest.fixture
def backups(database: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> NightlyBackups:
    """Backups of that database, looked after all the time."""
    monkeypatch.setattr(nightly, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(nightly, "RETRY_SECONDS", 0.01)
    return NightlyBackups(database, folder, keep=2, floor=0)


def held(folder: Path) -> list[str]:
    """What everything in the folder is called."""
    return sorted(path.name for path in folder.iterdir())


async def until(check: Callable[[], object]) -> None:
    """Wait until that is so; of files nothing tells."""
    async with asyncio.timeout(PATIENCE):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def complete(folder: Path) -> list[Path]:
    """The backups, oldest first."""
    return sorted(folder.glob("*.backup"))


async def test_one_is_made_at_the_start_if_a_night_was_missed_and_then_none(
    backups: NightlyBackups, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with backups:
        await until(lambda: "made the backup" in caplog.text)
        await asyncio.sleep(0.1)
    (made,) = complete(folder)
    assert held(folder) == [made.name]
    assert facts_of(made) == BackupFacts(NEWEST, servers=1, songs=SONGS)
    assert f"made the backup {made} ({SONGS} songs, " in caplog.text


async def test_one_is_made_each_night_and_the_newest_are_kept(
    backups: NightlyBackups, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = [datetime(2026, 11, day, 5, 0, tzinfo=UTC) for day in (1, 2, 3)]
    clock = [nights[0]]
    monkeypatch.setattr(nightly, "now", lambda: clock[-1])
    async with backups:
        for night in nights:
            clock.append(night)
            await until(lambda: name_of(clock[-1]) in held(folder))
        await until(lambda: name_of(nights[0]) not in held(folder))
    assert held(folder) == [name_of(night) for night in nights[1:]]


@pytest.mark.errors
async def test_a_failure_is_logged_and_tried_again(
    backups: NightlyBackups, database: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = database.with_name("away")
    await asyncio.to_thread(database.rename, away)
    async with backups:
        await until(lambda: "no backup could be made: There is no database" in caplog.text)
        assert held(folder) == []
        await asyncio.to_thread(away.rename, database)
        await until(lambda: complete(folder))


async def test_a_bot_that_ends_meanwhile_leaves_nothing(
    backups: NightlyBackups, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.backups.backup_file.STEPS_BETWEEN_LOOKS", 20)
    monkeypatch.setattr(nightly, "MOST_REST_SECONDS", PATIENCE)
    monkeypatch.setattr(nightly, "LEAST_REST_SECONDS", PATIENCE)
    async with backups:
        await until(lambda: held(folder))
        assert complete(folder) == []
    await until(lambda: not held(folder))


async def test_what_a_killed_bot_left_goes(backups: NightlyBackups, folder: Path) -> None:
    left = folder / f"{name_of(datetime.now(UTC) - timedelta(days=2))}.abc.partial"
    for path in (left, left.with_name(left.name + "-journal")):
        path.touch()
    await backups.make()
    (made,) = complete(folder)
    assert held(folder) == [made.name]
    assert facts_of(made).songs == SONGS


async def test_a_backup_by_hand_counts_for_the_night_if_it_is_called_like_one(
    backups: NightlyBackups, database: Path, folder: Path
) -> None:
    made = folder / name_of(datetime.now(UTC))
    write_backup(database, made)
    async with backups:
        await asyncio.sleep(0.1)
    assert held(folder) == [made.name]


async def test_without_a_folder_none_are_made(settings: Settings) -> None:
    async with nightly_backups(settings) as backups:
        assert backups is None


def test_on_postgres_the_setting_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    settings = Settings.load(
        home=tmp_path / "home", database_url="postgresql://a:secret@127.0.0.1/b", backup_dir=tmp_path / "new"
    )
    with pytest.raises(SettingsError, match=r"EARWORM_BACKUP_DIR has no use here\..*pg_dump"):
        nightly_backups(settings)
    assert list(tmp_path.iterdir()) == []
