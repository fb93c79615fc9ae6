"""The database keeps what was committed, lets one writer in at a time, and says plainly what is wrong."""

import asyncio
import sqlite3
import subprocess
import sys
from textwrap import dedent

import pytest
from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    ConnectionFailureError,
    TooManyConnectionsError,
)
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.errors import SettingsError, StorageFailed
from bot.library.store import Store, engine_for
from bot.settings import Settings
from models import Guild, MusicChannel
from tests.support import database

NOWHERE = "postgresql://earworm:secret@127.0.0.1:1/earworm"


async def count(store, table=Guild):
    async with store.session() as session:
        return await session.scalar(select(func.count()).select_from(table))


@pytest.fixture
async def on_sqlite(store):
    """The store, where it is SQLite."""
    if not store.on_sqlite:
        pytest.skip("SQLite's own business")
    return store


async def test_what_is_committed_is_there_after_a_reopen(store, settings):
    async with store.begin() as session:
        session.add(Guild(id=1, timezone="Asia/Tokyo"))
    again = await Store.open(settings)
    async with again.session() as session:
        assert (await session.get_one(Guild, 1)).timezone == "Asia/Tokyo"
    await again.close()


async def test_an_exception_undoes_the_transaction(store):
    with pytest.raises(LookupError):
        async with store.begin() as session:
            session.add(Guild(id=1))
            await session.flush()
            raise LookupError
    assert await count(store) == 0


async def test_writers_that_read_first_wait_for_each_other(store, settings):
    other = await Store.open(settings)  # as another process would
    async with store.begin() as session:
        session.add(Guild(id=1))

    async def add(channel):
        async with (store, other)[channel % 2].begin() as session:
            await session.scalar(select(func.count()).select_from(MusicChannel))
            await asyncio.sleep(0)
            session.add(MusicChannel(guild_id=1, channel_id=channel))

    await asyncio.gather(*(add(channel) for channel in range(40)))
    assert await count(store, MusicChannel) == 40
    await other.close()


async def test_two_processes_write_to_one_database(store, settings):
    program = dedent(f"""
        import asyncio
        from bot.library.store import Store
        from bot.settings import Settings
        from models import Guild

        async def main():
            store = await Store.open(Settings.load(home={str(settings.home)!r}, database_url={settings.database_url!r}))
            for number in range(100, 140):
                async with store.begin() as session:
                    session.add(Guild(id=number))
            await store.close()

        asyncio.run(main())
    """)
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    for number in range(40):
        async with store.begin() as session:
            session.add(Guild(id=number))
    assert await other.wait() == 0
    assert await count(store) == 80


async def test_a_row_without_its_guild_is_refused(store):
    with pytest.raises(IntegrityError):
        async with store.begin() as session:
            session.add(MusicChannel(guild_id=7, channel_id=1))


async def test_an_insert_may_find_its_row_there_already(store):
    for values in ({"timezone": "UTC"}, {"timezone": "Asia/Tokyo"}):
        async with store.begin() as session:
            row = store.insert(Guild).values(id=1, **values)
            await session.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
    async with store.session() as session:
        assert (await session.get_one(Guild, 1)).timezone == "Asia/Tokyo"


async def test_sqlite_syncs_every_commit_to_its_log(on_sqlite):
    async with on_sqlite.session() as session:
        pragmas = {
            name: await session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


async def test_a_full_disk_is_said(on_sqlite):
    with pytest.raises(StorageFailed, match="disk is full"):
        async with on_sqlite.begin() as session:
            size = await session.scalar(text("PRAGMA page_count"))
            await session.execute(text(f"PRAGMA max_page_count = {size}"))
            session.add(Guild(id=1, timezone="x" * 100_000))
    assert await count(on_sqlite) == 0


async def test_a_writer_that_never_gets_its_turn_is_told(on_sqlite, settings, monkeypatch):
    monkeypatch.setattr("bot.library.store.BUSY_SECONDS", 0.05)
    hasty = await Store.open(settings)
    other = sqlite3.connect(settings.home / "earworm.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match="busy"):
        async with hasty.begin() as session:
            session.add(Guild(id=1))
    other.close()
    await hasty.close()


async def test_a_transaction_inside_another_is_told_instead_of_waiting_for_ever(on_sqlite, monkeypatch):
    monkeypatch.setattr("bot.library.store.BUSY_SECONDS", 0.05)
    async with on_sqlite.begin():
        with pytest.raises(StorageFailed, match="busy"):
            async with on_sqlite.begin():
                pass


async def test_a_writer_that_is_cut_off_holds_up_nobody(on_sqlite):
    cursors = []

    async def write():
        async with on_sqlite.begin() as session:
            session.add(Guild(id=1))
            await session.flush()
            pooled = await (await session.connection()).get_raw_connection()
            cursors.append(await pooled.driver_connection.execute("SELECT 1"))  # as garbage does
            pooled.invalidate()  # as what is cancelled while the database is at work does
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await write()
    async with asyncio.timeout(10), on_sqlite.begin() as session:
        session.add(Guild(id=2))
    assert await count(on_sqlite) == 1


async def test_a_server_that_went_away_is_told():
    store = Store(engine_for(make_url("postgresql+asyncpg://earworm@127.0.0.1:1/earworm")))
    for opened in (store.session(), store.begin()):
        with pytest.raises(StorageFailed, match="just now"):
            async with opened:
                pass
    await store.close()


async def test_a_connection_that_was_cut_is_told_and_made_anew(store):
    if store.on_sqlite:
        pytest.skip("Postgres's own business")
    with pytest.raises(StorageFailed, match="just now"):
        async with store.session() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            await session.execute(text("SELECT 1"))
    assert await count(store) == 0


@pytest.mark.parametrize(
    "said",
    [AdminShutdownError, CannotConnectNowError, ConnectionFailureError, TooManyConnectionsError],
)
async def test_what_a_server_says_that_stops_starts_or_is_full_is_told(store, said):
    with pytest.raises(StorageFailed, match="just now"):
        async with store.session():
            raise DBAPIError("SELECT 1", None, said("no"))


async def test_a_server_that_lets_nobody_in_is_told(store, settings):
    if store.on_sqlite:
        pytest.skip("Postgres's own business")
    await database.cut_off(settings)
    try:
        with pytest.raises(StorageFailed, match="just now"):
            await count(store)
        with pytest.raises(StorageFailed, match="just now"):
            async with store.begin():
                pass
    finally:
        await database.let_in_again(settings)
    assert await count(store) == 0


async def test_the_home_is_made(tmp_path):
    settings = Settings.load(home=tmp_path / "new" / "home")
    store = await Store.open(settings)
    await store.close()
    assert (settings.home / "earworm.db").is_file()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"database_url": NOWHERE}, "can't be opened"),
        ({"database_url": "mysql://host/name"}, "mysql"),
        ({"database_url": "sqlite:////nowhere/at/all.db"}, "unable to open"),
        ({"database_url": "postgresql://127.0.0.1:x/y"}, "not a database's address"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_a_wrong_setting(tmp_path, changes, says):
    with pytest.raises(SettingsError, match=says) as raised:
        await Store.open(Settings.load(home=tmp_path, **changes))
    assert "DATABASE_URL" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert len(str(raised.value)) < 300


async def test_a_database_that_the_server_does_not_have_is_a_wrong_setting(store, settings, tmp_path):
    if store.on_sqlite:
        pytest.skip("Postgres's own business")
    url = settings.database_url.replace("/earworm_", "/nothing_")
    with pytest.raises(SettingsError, match="does not exist"):
        await Store.open(Settings.load(home=tmp_path, database_url=url))


async def test_a_file_that_is_no_database_is_a_wrong_setting(tmp_path):
    (tmp_path / "earworm.db").write_bytes(b"a shopping list" * 100)
    with pytest.raises(SettingsError, match="not a database"):
        await Store.open(Settings.load(home=tmp_path))


async def test_a_home_that_is_a_file_is_a_wrong_setting(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(SettingsError, match="EARWORM_HOME"):
        await Store.open(Settings.load(home=tmp_path / "home"))


async def test_what_was_committed_survives_kill_9(settings, on_sqlite):
    program = dedent(f"""
        import asyncio, os, signal
        from bot.library.store import Store
        from bot.settings import Settings
        from models import Guild

        async def main():
            store = await Store.open(Settings.load(home={str(settings.home)!r}))
            async with store.begin() as session:
                session.add(Guild(id=1))
            async with store.begin() as session:
                session.add(Guild(id=2))
                await session.flush()
                os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """)
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program])
    assert killed.returncode == -9
    async with on_sqlite.session() as session:
        assert list(await session.scalars(select(Guild.id))) == [1]
