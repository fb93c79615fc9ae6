"""A backup: one file with everything the database holds, vectors included, and a checksum at its end.

The file is an SQLite database that any SQLite opens; behind its last page stands a seal with the checksum of all that
is before it, which SQLite doesn't look at. It is made by VACUUM INTO: one consistent state, beside whoever writes
meanwhile; unlike SQLite's copying page by page it need not begin again when somebody writes, and it leaves out what
was deleted. Until it is complete it is called otherwise (`partial_file`), so that no part of one is taken for a backup.
"""

import contextlib
import errno
import fcntl
import glob
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.errors import BackupFailed

PARTIAL = ".partial"
JOURNALS = ("-journal", "-wal", "-shm")
SEAL = re.compile(rb"\nearworm backup 1 sha256 ([0-9a-f]{64})\n")
SEAL_LENGTH = len(b"\nearworm backup 1 sha256 \n") + 64  # less than a page, so that SQLite passes over it
CHUNK_BYTES = 1 << 20
STEPS_BETWEEN_LOOKS = 2000  # of SQLite's machine: some milliseconds
WAIT_SECONDS = 30.0  # for whoever holds the database for a moment

OnBytes = Callable[[int, int], None]
"""Called again and again with the bytes that are done and those there are; what it raises ends the work."""


@dataclass(frozen=True)
class BackupFacts:
    """What a backup holds: its schema (a migration's number), and how many servers and songs."""

    schema: str
    servers: int
    songs: int


def nothing(_done: int, _total: int) -> None:
    """Look on at nothing."""


def write_backup(
    database: Path, target: Path, watch: OnBytes = nothing, *, floor: int = 0, over: bool = False
) -> BackupFacts:
    """Make a backup of an SQLite database, which may be in use; `target` is complete or not there at all.

    `floor`: so many bytes stay free on the database's disk; `over`: it takes the place of what is called so. Raises
    BackupFailed.
    """
    if not database.is_file():
        raise BackupFailed(f"There is no database at {database}, so there is nothing to back up yet.")
    with _told(f"{target} can't be written"), partial_file(target) as partial:
        with closing(_connect(database)) as connection:
            size = _size(connection)
            check_room(target.parent, size + (floor if _share_disk(database, target.parent) else 0))
            _copy(connection, partial, size, watch)
        facts = facts_of(partial)
        _seal(partial, watch)
        publish(partial, target, over=over)
    return facts


def unpack(backup: Path, into: Path, watch: OnBytes = nothing) -> None:
    """Write the database that a backup holds into a file, checked on the way. Raises BackupFailed."""
    with _told(f"{backup} can't be read"), backup.open("rb") as file:
        size = os.fstat(file.fileno()).st_size - SEAL_LENGTH
        check_room(into.parent, size)
        with into.open("wb") as copy:
            found = _digest(file, size, lambda done: watch(done, size), copy)
            copy.flush()
            os.fsync(copy.fileno())
        sealed = SEAL.fullmatch(file.read())
    if sealed is None:
        raise BackupFailed(f"{backup} is no backup of Earworm's, or its end is missing. Take another one.")
    if found != sealed[1].decode():
        raise BackupFailed(f"{backup} was changed or damaged since it was made. Take another one.")


def facts_of(database: Path) -> BackupFacts:
    """What a database of Earworm's that nobody uses holds. Raises BackupFailed."""
    with closing(_connect(database)) as connection:
        try:
            (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            (servers,) = connection.execute("SELECT count(*) FROM guilds").fetchone()
            (songs,) = connection.execute("SELECT count(*) FROM tracks").fetchone()
        except (sqlite3.DatabaseError, TypeError):
            raise BackupFailed("That is a database, but none of Earworm's.") from None
    return BackupFacts(schema, servers, songs)


def has_rows(database: Path) -> bool:
    """Whether a database holds anything but its own shape. Raises sqlite3.Error if it can't be read."""
    with closing(_connect(database)) as connection:
        return finds_rows(connection)


def finds_rows(connection: sqlite3.Connection) -> bool:
    """The same of a database that is open."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    # The names are the database's own.
    return any(
        connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()  # noqa: S608
        for (name,) in tables
        if name not in {"alembic_version", "sqlite_sequence"}
    )


@contextmanager
def partial_file(target: Path) -> Iterator[Path]:
    """An empty file beside `target` for its content, which nobody else may read; it is removed unless published.

    What killed processes left of the same target is removed too: a live one holds the lock of its own.
    """
    sweep(target.parent, glob.escape(target.name))
    descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=PARTIAL, dir=target.parent)
    partial = Path(name)
    try:
        with contextlib.suppress(OSError):  # there are disks without locks, on which nothing is swept
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield partial
    finally:
        _remove(partial)
        os.close(descriptor)


def sweep(folder: Path, targets: str) -> None:
    """Remove what killed processes left of targets that are called like this (a pattern)."""
    for left in folder.glob(f"{targets}.*{PARTIAL}"):
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(left)


def publish(partial: Path, target: Path, *, over: bool = False) -> None:
    """Give a complete file its name, for good, also `over` what has it, or raise FileExistsError."""
    if over:
        partial.replace(target)
    else:
        _take_name(partial, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def journals(database: Path) -> list[Path]:
    """What SQLite keeps beside a database while it is used, and after a crash."""
    return [database.with_name(database.name + suffix) for suffix in JOURNALS]


def check_room(folder: Path, size: int) -> None:
    """Raise BackupFailed if a disk has less room than so many bytes."""
    if (free := shutil.disk_usage(folder).free) < size:
        raise BackupFailed(
            f"There is no room in {folder}: {megabytes(size)} are needed, {megabytes(free)} are free. Make room, or "
            "name another folder."
        )


def megabytes(size: int) -> str:
    """A size for a person."""
    return f"{max(size / 1e6, 0.1):,.0f} MB" if size >= 10_000_000 else f"{max(size / 1e6, 0.1):.1f} MB"


# -- underneath ------------------------------------------------------------------------------------------------


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{database.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=WAIT_SECONDS
    )


def _size(connection: sqlite3.Connection) -> int:
    """How many bytes a database takes without what was deleted."""
    numbers = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    ]
    return int((numbers[0] - numbers[1]) * numbers[2])


def _share_disk(database: Path, folder: Path) -> bool:
    return database.stat().st_dev == folder.stat().st_dev


def _copy(connection: sqlite3.Connection, partial: Path, size: int, watch: OnBytes) -> None:
    ended: list[BaseException] = []

    def look() -> int:
        try:
            watch(min(partial.stat().st_size, size), 2 * size)
        except BaseException as error:  # raised again below: SQLite would say only that it was interrupted
            ended.append(error)
            return 1
        return 0

    connection.set_progress_handler(look, STEPS_BETWEEN_LOOKS)
    try:
        connection.execute("VACUUM INTO ?", (str(partial),))
    except sqlite3.OperationalError:
        if ended:
            raise ended[0] from None
        raise


def _seal(partial: Path, watch: OnBytes) -> None:
    size = partial.stat().st_size
    with partial.open("r+b") as file:
        digest = _digest(file, size, lambda done: watch(size + done, 2 * size))
        file.write(f"\nearworm backup 1 sha256 {digest}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def _digest(file: IO[bytes], size: int, watch: Callable[[int], None], copy: IO[bytes] | None = None) -> str:
    """The checksum of the next bytes of a file, which are also written into another."""
    digest, done = hashlib.sha256(), 0
    while chunk := file.read(max(min(CHUNK_BYTES, size - done), 0)):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
        done += len(chunk)
        watch(done)
    return digest.hexdigest()


def _take_name(partial: Path, target: Path) -> None:
    try:
        os.link(partial, target)  # unlike a new name, a link takes no other file's place
    except FileExistsError:
        raise
    except OSError:  # there are disks without links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        partial.rename(target)
    else:
        partial.unlink()


def _remove(partial: Path) -> None:
    for path in (*journals(partial), partial):
        path.unlink(missing_ok=True)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say in a sentence what SQLite and the disk raise."""
    try:
        yield
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        raise BackupFailed(f"{what}: {'the disk is full' if full else error}.") from error
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or error
        raise BackupFailed(f"{what}: {reason}.") from error
