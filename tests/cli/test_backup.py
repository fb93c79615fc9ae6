"""earworm backup and earworm restore: a library goes to another machine."""

import asyncio
import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from bot.backups.backup_folder import name_of
from bot.backups.nightly import now
from bot.cli import backup, doctor, recommend, restore
from bot.errors import BackupFailed
from bot.services import Services
from bot.settings import Settings
from bot.vectors.upkeep import Upkeep
from tests.backups.conftest import NEWEST
from tests.support.commands import add_song, like, run
from tests.support.library import BEN, GUILD

Output = pytest.CaptureFixture[str]
SONGS = 4


@pytest.fixture(autouse=True)
def on_sqlite() -> None:
    """Postgres has its own tools for this."""
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("SQLite's own business")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """The settings on another machine, which has no home yet."""
    return Settings.load(home=tmp_path / "elsewhere")


async def fill(services: Services) -> None:
    songs = [await add_song(services, f"Song {i}", [1, i]) for i in range(SONGS)]
    await like(services, BEN, songs[0])


async def start_bot(settings: Settings) -> None:
    """Do what a bot that starts does for vectors, until that is done."""
    async with Services.open(settings) as bot:
        upkeep, done = Upkeep(bot.store, bot.vectors), threading.Event()
        upkeep.start(done.set)
        assert await asyncio.to_thread(done.wait, 60)
        await upkeep.stop()


async def test_a_backup_made_beside_the_bot_is_the_library_on_another_machine(
    settings: Settings, elsewhere: Settings, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "one.backup"
    async with Services.open(settings) as bot:
        await fill(bot)
        assert await run(backup, settings, file) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Backed up to {file}: servers 1, songs {SONGS}, ")
    assert await run(restore, elsewhere, file) == 0
    database = elsewhere.home / "earworm.db"
    assert f"Restored servers 1, songs {SONGS} into {database.resolve()}." in capsys.readouterr().out
    await start_bot(elsewhere)
    answers = []
    for each in (settings, elsewhere):
        await run(doctor, each, "--json")
        agreement = json.loads(capsys.readouterr().out)["guilds"]
        assert await run(recommend, each, "--guild", GUILD, "--user", BEN, "--json") == 0
        answers.append((agreement, json.loads(capsys.readouterr().out)["results"]))
    assert answers[0] == answers[1]
    assert [guild["agree"] for guild in answers[1][0]] == [True] and len(answers[1][1]) > 1


async def test_json_says_what_is_in_it(settings: Settings, tmp_path: Path, capsys: Output) -> None:
    async with Services.open(settings):
        assert await run(backup, settings, tmp_path / "one.backup", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "file": str(tmp_path / "one.backup"),
        "bytes": (tmp_path / "one.backup").stat().st_size,
        "schema": NEWEST,
        "servers": 0,
        "songs": 0,
    }


async def test_a_file_that_is_there_is_not_overwritten(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("a beach")
    with pytest.raises(BackupFailed, match="is there already"):
        await run(backup, settings, tmp_path / "holiday.jpg")
    assert (tmp_path / "holiday.jpg").read_text() == "a beach"
    with pytest.raises(BackupFailed, match="is a folder"):
        await run(backup, settings, tmp_path)
    with pytest.raises(BackupFailed, match="no folder"):
        await run(backup, settings, tmp_path / "nowhere" / "one.backup")


async def test_on_postgres_its_own_tools_are_named(tmp_path: Path) -> None:
    there = Settings.load(home=tmp_path / "new", database_url="postgresql://a:secret@127.0.0.1:1/b")
    with pytest.raises(BackupFailed, match="pg_dump") as refused:
        await run(backup, there, tmp_path / "one.backup")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("days", "sign", "says"),
    [
        (None, "✓", "none yet; the bot makes the first when it starts"),
        (1, "✓", "the last one is 24 hours old"),
        (5, "✗", "the last one is 120 hours old, .*its log says what failed"),
    ],
)
def test_doctor_says_how_old_the_last_one_is(
    settings: Settings, tmp_path: Path, days: int | None, sign: str, says: str
) -> None:
    kept = settings.model_copy(update={"backup_dir": tmp_path / "backups"})
    if days is not None:
        (tmp_path / "backups").mkdir()
        (tmp_path / "backups" / name_of(now() - timedelta(days=days))).touch()
    check = doctor._backups(kept)
    assert (check.ok, says.split(",")[0] in check.says) == (sign == "✓", True)
    assert (tmp_path / "backups").exists() == (days is not None)  # it only looks


def test_doctor_says_that_a_folder_is_needed(settings: Settings, tmp_path: Path) -> None:
    check = doctor._backups(settings)
    assert check.ok and "EARWORM_BACKUP_DIR" in check.says
    (tmp_path / "file").touch()
    wrong = doctor._backups(settings.model_copy(update={"backup_dir": tmp_path / "file"}))
    assert not wrong.ok and "can't be used" in wrong.says
