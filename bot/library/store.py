"""Opens, migrates and closes the database; read and write transactions.

SQLite runs in WAL mode with foreign keys on. `synchronous` is FULL: with NORMAL a power cut may undo the last
commits, and the bot says "got it" only because a row is kept.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from bot.backups.before_upgrade import keep_before_upgrade
from bot.concealing import conceal, shown
from bot.errors import BackupFailed, SettingsError, StorageFailed
from bot.home import DATABASE, make_private, make_private_file
from bot.settings import Settings
from models import Base

log = logging.getLogger(__name__)

BUSY_SECONDS = 30  # how long a writer waits for another one, in this process or not
CONNECT_SECONDS = 10
UPGRADE_LOCK = 0x656172776F726D  # "earworm", the name of Postgres's advisory lock
DISK_FULL, ROLLED_BACK = "53100", "40"  # Postgres's code, and how those of lost races begin
# Those of no connection, of no room for one, of a server that stops or starts, and of its own trouble.
AWAY = ("08", "53", "57P", "58")
UNUSABLE = "I can't use my database just now. Try again in a minute; my log says more."
BUSY = "I can't use my database just now: it is busy. Try again in a minute."

Insert = sqlite.Insert | postgresql.Insert


class Store:
    """The open database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = async_sessionmaker(engine, expire_on_commit=False)
        self._writing = async_sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)
        self.on_sqlite = engine.dialect.name == "sqlite"
        # SQLite lets one writer in; waiting here is fair and first come, first served, its own waiting is neither.
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Open the database of `settings`, made or upgraded as needed.

        Raises SettingsError if it cannot be reached or was made by a newer Earworm.
        """
        url = _parse(settings.database)
        await asyncio.to_thread(_prepare, settings, url)
        return cls(engine_for(url))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session that reads one consistent state. Raises StorageFailed."""
        with _translated():
            async with self._reading() as session:
                await _connect(session)
                yield session

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A session that writes: committed at the end, undone by an exception. Never open one in another.

        Raises StorageFailed.
        """
        with _translated():
            async with self._writers_turn(), self._writing.begin() as session:
                await _connect(session)
                yield session

    def insert(self, table: type[Base]) -> Insert:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`, for either database."""
        return sqlite.insert(table) if self.on_sqlite else postgresql.insert(table)

    @asynccontextmanager
    async def _writers_turn(self) -> AsyncIterator[None]:
        if not self.on_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StorageFailed(BUSY) from error
        try:
            yield
        finally:
            self._turn.release()


async def _connect(session: AsyncSession) -> None:
    try:
        await session.connection()
    except OSError as error:
        raise StorageFailed(UNUSABLE) from error
    except DBAPIError as error:  # nothing was asked yet that could be wrong
        log.warning("the database failed: %s", error.orig)
        raise StorageFailed(_outage(error) or UNUSABLE) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise StorageFailed(BUSY) from error
    except DBAPIError as error:
        if sentence := _outage(error):
            log.warning("the database failed: %s", error.orig)
            raise StorageFailed(sentence) from error
        raise


def _outage(error: DBAPIError) -> str:
    """What to say of an error that is the database's own and not of what was asked; "" if it isn't."""
    sqlite_code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    if sqlite_code == sqlite3.SQLITE_FULL or sqlstate == DISK_FULL:
        return "The bot's disk is full, so nothing new can be kept. Its host must make room first."
    if sqlite_code == sqlite3.SQLITE_BUSY or sqlstate.startswith(ROLLED_BACK):
        return BUSY
    is_gone = isinstance(error, OperationalError) or error.connection_invalidated
    return UNUSABLE if is_gone or sqlstate.startswith(AWAY) else ""


# -- opening -----------------------------------------------------------------------------------------------


def _parse(database: str) -> URL:
    try:
        url = make_url(database)
        url.get_dialect()
    except (ArgumentError, ValueError):
        raise SettingsError(
            "DATABASE_URL is not a database's address. Write postgresql://user:password@host:5432/name."
        ) from None
    if url.drivername not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
        raise SettingsError(
            f"DATABASE_URL names {url.drivername}, which Earworm can't use. "
            "Write sqlite:///file.db or postgresql://user:password@host/name."
        )
    return url


def _prepare(settings: Settings, url: URL) -> None:
    home, named = settings.home, shown(settings.database)
    try:
        make_private(home)
        if not settings.database_url:
            make_private_file(home / DATABASE)  # its journals take over its rights
    except OSError as error:
        raise SettingsError(
            f"EARWORM_HOME={home} can't be used: {error.strerror}. Name a folder that can be written to."
        ) from None
    try:
        _upgrade(url, settings)
    except BackupFailed as error:
        raise SettingsError(
            f"The database {named} has the tables of an earlier Earworm, and stays as it is: before they are changed a "
            f"backup is made, and that failed. {error}"
        ) from None
    except migrations.UnknownRevision:
        raise SettingsError(
            f"The database {named} was made by a newer Earworm. Update this one, "
            "or name another database in DATABASE_URL."
        ) from None
    except migrations.UnknownShape as error:
        raise SettingsError(
            f"The database {named} was made by an Earworm from before its first release, or changed by hand "
            f"({error}), and can't be read any more. Keep it elsewhere and start with a new one: move it away, "
            "or name another in DATABASE_URL."
        ) from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: run pip install 'earworm[postgres]'.") from None
    except (SQLAlchemyError, OSError, TypeError) as error:
        raise SettingsError(
            f"The database {named} can't be opened: {conceal(_first_line(error), settings.secrets)}. "
            "Check DATABASE_URL and EARWORM_HOME."
        ) from error


def sqlite_file(settings: Settings) -> Path:
    """The file that the database is in. Raises BackupFailed where it is in Postgres."""
    url = _parse(settings.database)
    if url.get_backend_name() != "sqlite":
        raise BackupFailed(
            "The database is in PostgreSQL, whose own tools back it up while it is used: "
            'pg_dump --format=custom --file=earworm.dump "$DATABASE_URL", and pg_restore to put it back.'
        )
    return Path(url.database or ":memory:")


def upgrade_file(database: Path) -> None:
    """Bring an SQLite database that nobody uses to the newest shape. Raises UnknownRevision, UnknownShape."""
    with upgrading(URL.create("sqlite", database=str(database))) as connection:
        _shape(connection)


def _upgrade(url: URL, settings: Settings) -> None:
    if url.get_backend_name() == "postgresql":
        asyncio.run(_upgrade_postgres(url))
        return
    with upgrading(url.set(drivername="sqlite")) as connection:
        if old := migrations.outdated(connection):
            # Others may read meanwhile, and nobody writes: what is kept is what is changed.
            keep_before_upgrade(sqlite_file(settings), old, settings.backup_dir, floor=settings.disk_floor)
        _shape(connection)


@contextmanager
def upgrading(url: URL) -> Iterator[Connection]:
    """A connection to an SQLite database whose tables may be changed, as their only writer, in one transaction."""
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, poolclass=NullPool)
    _listen_on_sqlite(engine, upgrading=True)
    with engine.execution_options(writes=True).begin() as connection:
        yield connection


def _shape(connection: Connection) -> None:
    migrations.upgrade(connection)
    migrations.check(connection)


async def _upgrade_postgres(url: URL) -> None:
    engine = engine_for(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": UPGRADE_LOCK})
            await connection.run_sync(_shape)
    finally:
        await engine.dispose()


class _Connection(sqlite3.Connection):
    """Undoes what is open before it closes.

    SQLite keeps a closed connection, its transaction and its lock for as long as somebody holds one of its cursors;
    a task that was cancelled does so until it is collected as garbage.
    """

    def close(self) -> None:
        """Undo and close; nothing happens to one that is closed."""
        with suppress(sqlite3.ProgrammingError):
            self.rollback()
        super().close()


def engine_for(url: URL) -> AsyncEngine:
    """Connections to this database; on SQLite those with the execution option `writes` wait to be the only writer."""
    if url.get_backend_name() == "postgresql":
        return create_async_engine(url, pool_pre_ping=True, connect_args={"timeout": CONNECT_SECONDS})
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS, "factory": _Connection})
    _listen_on_sqlite(engine.sync_engine)
    return engine


def _listen_on_sqlite(engine: Engine, *, upgrading: bool = False) -> None:
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # nothing but `begin` below begins a transaction
        # An upgrade may rebuild tables, which with foreign keys on would empty those that refer to them.
        connection.execute(f"PRAGMA foreign_keys = {'OFF' if upgrading else 'ON'}")
        connection.execute("PRAGMA synchronous = FULL")
        if upgrading:
            _enter_wal_mode(connection)

    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails if another wrote in between; this one waits.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)


def _enter_wal_mode(connection: Any) -> None:
    """Set the mode, which the file keeps; needs the file alone for a moment, and SQLite doesn't wait for that."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0][:100] if str(cause).strip() else type(cause).__name__
