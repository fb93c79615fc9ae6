"""What backups are called, when one is due, and which are removed."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.backups.backup_folder import is_due, last_night, made_at, make_folder, name_of, newest, rotate
from bot.errors import SettingsError

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def on_sqlite() -> None:
    """These need no database."""


def put(folder: Path, *moments: datetime) -> list[Path]:
    made = [folder / name_of(moment) for moment in moments]
    for path in made:
        path.touch()
    return made


def nights_before(number: int) -> datetime:
    return NOON - timedelta(days=number)


def test_its_name_says_when_it_was_made() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert name_of(tokyo) == "earworm-20261129T120000Z.backup"
    assert made_at(name_of(tokyo)) == NOON


@pytest.mark.parametrize(
    "name",
    [
        "holiday.jpg",
        "earworm-20261129T120000Z.backup.x1.partial",
        "earworm-20269929T120000Z.backup",
        "earworm.db",
    ],
)
def test_what_is_called_otherwise_is_no_backup(name: str) -> None:
    assert made_at(name) is None


@pytest.mark.parametrize(
    ("hour", "night"), [(3, 28), (4, 29), (23, 29)], ids=["before four", "at four", "late"]
)
def test_a_night_begins_at_four_by_the_machines_own_clock(hour: int, night: int) -> None:
    here = timezone(timedelta(hours=-5))
    at = datetime(2026, 11, 29, hour, 0, tzinfo=here)
    assert last_night(at) == datetime(2026, 11, night, 4, 0, tzinfo=here)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, True),
        (NOON - timedelta(hours=7), False),  # at five
        (NOON - timedelta(hours=9), True),  # at three
        (NOON - timedelta(days=5), True),
        (NOON + timedelta(days=300), True),  # before the clock was put back
    ],
)
def test_one_is_due_if_none_was_made_since_the_last_night_began(
    tmp_path: Path, last: datetime | None, due: bool
) -> None:
    put(tmp_path, *([last] if last else []))
    assert is_due(tmp_path, NOON) is due


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert newest(tmp_path / "nowhere", NOON) is None


@pytest.mark.parametrize("keep", [1, 3, 7])
def test_the_newest_stay_and_what_is_no_backup_too(tmp_path: Path, keep: int) -> None:
    made = put(tmp_path, *map(nights_before, range(5)))
    (tmp_path / "holiday.jpg").touch()
    rotate(tmp_path, keep, made[0])
    assert sorted(tmp_path.iterdir()) == sorted([*made[:keep], tmp_path / "holiday.jpg"])


def test_the_one_just_made_stays_though_the_clock_was_put_back(tmp_path: Path) -> None:
    future = put(tmp_path, *(NOON + timedelta(days=number) for number in (1, 2, 3)))
    (just_made,) = put(tmp_path, NOON)
    rotate(tmp_path, 2, just_made)
    assert sorted(tmp_path.iterdir()) == [just_made, future[-1]]


def test_those_from_the_future_go_before_real_ones(tmp_path: Path) -> None:
    put(tmp_path, *(NOON + timedelta(days=number) for number in (1, 2, 3)))
    real = put(tmp_path, *map(nights_before, range(3)))
    rotate(tmp_path, 4, real[0])
    assert [path for path in sorted(tmp_path.iterdir()) if path.name <= real[0].name] == sorted(real)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_new_folder_nobody_else_may_read(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "backups")
    assert (tmp_path / "new" / "backups").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "new" / "backups").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"EARWORM_BACKUP_DIR=.*Name a folder"):
        make_folder(tmp_path / "file")
