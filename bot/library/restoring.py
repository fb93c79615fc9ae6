"""Puts a backup back in the database's place, where there is none."""

import sqlite3
from contextlib import closing
from pathlib import Path

import migrations
from bot.backups.backup_file import (
    BackupFacts,
    OnBytes,
    facts_of,
    finds_rows,
    has_rows,
    journals,
    nothing,
    partial_file,
    publish,
    unpack,
)
from bot.errors import BackupFailed
from bot.home import make_private
from bot.library.store import sqlite_file, upgrade_file
from bot.settings import Settings


def restore(backup: Path, settings: Settings, watch: OnBytes = nothing) -> BackupFacts:
    """Make the database of `settings` from a backup, in the newest shape; it is complete or not there at all.

    Raises BackupFailed, also if there is a database already that holds anything.
    """
    database = sqlite_file(settings)
    if not backup.is_file():
        raise BackupFailed(f"There is no file {backup}.")
    _check_vacant(database)
    make_private(settings.home)
    database.parent.mkdir(parents=True, exist_ok=True)
    with partial_file(database) as partial:
        unpack(backup, partial, watch)
        facts = facts_of(partial)
        try:
            upgrade_file(partial)
        except migrations.UnknownRevision:
            raise BackupFailed(
                f"{backup} was made by a newer Earworm (its tables are those of {facts.schema}). Update this one first."
            ) from None
        except migrations.UnknownShape as error:
            raise BackupFailed(f"{backup} holds tables that no release had ({error}).") from None
        _clear(database)
        try:
            publish(partial, database)
        except FileExistsError:
            raise BackupFailed(f"Somebody made {database} meanwhile. Stop the bot first.") from None
    return facts


def _check_vacant(database: Path) -> None:
    """Refuse where there is a database with anything in it, or what is left of one."""
    try:
        if database.exists() and has_rows(database):
            raise _not_empty(database)
    except sqlite3.Error as error:
        raise BackupFailed(
            f"There is a file already, {database}, that can't be read: {error}. Move it away first."
        ) from None
    if not database.exists() and (left := [path for path in journals(database) if path.exists()]):
        # SQLite would take it for the restored database's own.
        raise BackupFailed(f"{left[0]} belongs to a database that isn't there any more. Move it away first.")


def _not_empty(database: Path) -> BackupFailed:
    return BackupFailed(
        f"There is a database already, {database}, and it isn't empty. Move it away first, together with what "
        f"is called {database.name}-…, or name another EARWORM_HOME."
    )


def _clear(database: Path) -> None:
    """Remove an empty database with its journals.

    Raises BackupFailed if somebody uses it, or has put something in since it was found empty.
    """
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # needs the file alone
            connection.execute("BEGIN EXCLUSIVE")
            if finds_rows(connection):
                raise _not_empty(database)
            database.unlink()
    except sqlite3.Error as error:
        raise BackupFailed(
            f"The bot is running, or another command uses {database}: {error}. Stop it first."
        ) from None
