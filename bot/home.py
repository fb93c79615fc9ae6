"""The folder that everything is kept in (EARWORM_HOME), which nobody but the bot's own user may read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
OTHERS = 0o077  # every right of those who aren't the owner
# Everything that we ever put there, also earlier versions (`qdrant`), the container's cache (`numba`), and what
# EARWORM_BACKUP_DIR is often called.
NAMES = frozenset({"installation", "vectors", "weights", "work", "qdrant", "numba", "backups"})
DATABASE = "earworm.db"  # SQLite's journals, and what is kept before an upgrade, are called like it


def make_private(home: Path) -> None:
    """Make the home, or tighten what is ours in one that is there; OSError if it can't be made.

    A folder that also holds what isn't ours keeps its rights: somebody may have named their own home. What is in a
    folder that nobody else may enter is hidden by that, and isn't looked through: of 500 servers it is 22,000 files.
    """
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=FOLDER, exist_ok=True)
    entries = list(home.iterdir())
    ours = [entry for entry in entries if _is_ours(entry.name)]
    if len(ours) == len(entries):
        _tighten(home)
    for path in filter(_is_open_to_others, ours):
        for found in _below(path):
            _tighten(found)


def make_private_file(path: Path) -> None:
    """Make an empty file that nobody else may read, unless it is there; OSError if that can't be."""
    path.touch(mode=FILE, exist_ok=True)


def _is_ours(name: str) -> bool:
    return name in NAMES or name.startswith((DATABASE, "installation-"))


def _is_open_to_others(path: Path) -> bool:
    try:
        return bool(path.lstat().st_mode & OTHERS)
    except OSError:  # gone, as SQLite's journals may be
        return False


def _below(path: Path) -> Iterator[Path]:
    """This path and everything in it, without following links."""
    yield path
    if path.is_symlink() or not path.is_dir():
        return
    for folder, folders, files in os.walk(path):
        yield from (Path(folder, name) for name in (*folders, *files))


def _tighten(path: Path) -> None:
    """Take from everybody else what rights they have; what is a link, somebody else's or gone stays as it is."""
    try:
        found = path.lstat()
        mine = found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode)
        if mine and found.st_mode & OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
    except OSError:
        return
