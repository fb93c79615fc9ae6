"""The backups in a folder: what they are called, when the next is due, and which are removed.

A name says when a backup was made, so that nothing else has to remember it.
"""

import errno
import os
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.errors import SettingsError

NIGHT_HOUR = 4  # by the machine's own clock
NAME = re.compile(r"earworm-(\d{8}T\d{6}Z)\.backup")
STAMP = "%Y%m%dT%H%M%SZ"


def name_of(at: datetime) -> str:
    """What a backup that was made then is called."""
    return f"earworm-{at.astimezone(UTC).strftime(STAMP)}.backup"


def made_at(name: str) -> datetime | None:
    """When the backup of this name was made; None for what isn't called like one."""
    found = NAME.fullmatch(name)
    try:
        return datetime.strptime(found[1], STAMP).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def newest(folder: Path, at: datetime) -> datetime | None:
    """When the newest backup was made; one from the future, before the clock was put back, doesn't count."""
    moments = [made_at(path.name) for path in folder.iterdir()] if folder.is_dir() else []
    return max((moment for moment in moments if moment is not None and moment <= at), default=None)


def is_due(folder: Path, at: datetime) -> bool:
    """Whether no backup was made since the last night began."""
    last = newest(folder, at)
    return last is None or last < last_night(at)


def last_night(at: datetime) -> datetime:
    """The last moment at which a backup should have been made; `at` is a moment by the machine's own clock."""
    night = at.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return night if night <= at else night - timedelta(days=1)


def rotate(folder: Path, keep: int, just_made: Path) -> None:
    """Remove all but the newest backups; the one that was just made stays, whatever the clock said before.

    Those that are called as if they were made later, while the clock was wrong, go first.
    """
    others = sorted(
        (path for path in folder.iterdir() if made_at(path.name) and path != just_made),
        key=lambda path: (path.name < just_made.name, path.name),
    )
    for old in others[: max(0, len(others) - keep + 1)]:
        old.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make the folder for backups, which nobody else may read. Raises SettingsError if it can't be written to."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None


def check_folder(folder: Path) -> None:
    """Make nothing. Raises SettingsError if backups can't be written to this folder, which need not be there yet."""
    there = folder.absolute()
    while not _is_there(there):
        there = there.parent
    if not there.is_dir():
        raise _unusable(folder, os.strerror(errno.ENOTDIR))
    if not os.access(there, os.W_OK | os.X_OK):
        raise _unusable(folder, os.strerror(errno.EACCES))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # of the folder it is in
        return False


def _unusable(folder: Path, reason: str) -> SettingsError:
    return SettingsError(
        f"EARWORM_BACKUP_DIR={folder} can't be used: {reason}. Name a folder that can be written to."
    )
