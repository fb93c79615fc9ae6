"""The database's shape: up from nothing, down to nothing, and the same as the models' on the way."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, make_url, text

import migrations
from bot.errors import SettingsError
from bot.library.store import Store, engine_for
from models import Base
from tests.support import database

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.postgres


@pytest.fixture
async def settings(tmp_path):
    """A database without any table."""
    made = await database.create(tmp_path / "home", database.EMPTY)
    yield made
    await database.drop(made)


@pytest.fixture
async def engine(settings):
    """Connections to the empty database, which wait to be the only writer."""
    engine = engine_for(make_url(settings.database)).execution_options(writes=True)
    yield engine
    await engine.dispose()


async def run(engine, work):
    async with engine.begin() as connection:
        return await connection.run_sync(work)


def tables(connection):
    return set(inspect(connection).get_table_names())


async def test_an_empty_database_gets_every_table(engine):
    await run(engine, migrations.upgrade)
    assert await run(engine, tables) == {*Base.metadata.tables, "alembic_version"}


async def test_upgrading_twice_changes_nothing(engine):
    await run(engine, migrations.upgrade)
    await run(engine, migrations.upgrade)
    assert await run(engine, tables) == {*Base.metadata.tables, "alembic_version"}


async def test_models_and_migrations_agree(engine):
    await run(engine, migrations.upgrade)
    options = {"compare_type": True, "compare_server_default": True}
    differences = await run(
        engine,
        lambda connection: compare_metadata(
            MigrationContext.configure(connection, opts=options), Base.metadata
        ),
    )
    assert differences == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE guilds DROP COLUMN arms",
        "ALTER TABLE guilds ADD COLUMN mood VARCHAR",
        "DROP TABLE reactions",
    ],
)
async def test_tables_of_an_unreleased_state_are_told_what_to_do(engine, settings, change):
    await run(engine, migrations.upgrade)
    await run(engine, lambda connection: connection.execute(text(change)))
    with pytest.raises(SettingsError, match=r"before its first release.*start with a new one.*DATABASE_URL"):
        await Store.open(settings)


async def test_downgrading_leaves_nothing(engine):
    await run(engine, migrations.upgrade)
    await run(engine, lambda connection: command.downgrade(migrations.config(connection), "base"))
    assert await run(engine, tables) == {"alembic_version"}


async def test_there_is_one_newest_shape(engine):
    heads = await run(engine, lambda connection: migrations.scripts(connection).get_heads())
    assert heads == migrations.known()[-1:]


async def test_the_names_of_files_say_which_migrations_there_are(engine):
    written = await run(engine, lambda connection: [*migrations.scripts(connection).walk_revisions()])
    assert [script.revision for script in reversed(written)] == migrations.known()


async def test_a_killed_upgrade_leaves_the_shape_it_found(engine):
    class Killed(Exception):
        pass

    def upgrade_and_die(connection):
        migrations.upgrade(connection)
        raise Killed

    with pytest.raises(Killed):
        await run(engine, upgrade_and_die)
    assert await run(engine, tables) == set()


async def test_the_database_of_a_newer_earworm_is_left_alone(settings, engine):
    await run(engine, migrations.upgrade)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer Earworm"):
        await Store.open(settings)


async def test_several_that_start_at_once_upgrade_once(settings):
    opened = await asyncio.gather(*(Store.open(settings) for _ in range(6)))
    for store in opened:
        async with store.session() as session:
            assert await session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
        await store.close()


async def test_the_next_migration_is_written_from_the_models(tmp_path):
    for package in ("migrations", "models"):
        shutil.copytree(ROOT / package, tmp_path / package)
    guild = tmp_path / "models" / "guild.py"
    changed = guild.read_text().replace("    timezone:", "    motto: Mapped[str | None]\n    timezone:")
    guild.write_text(changed)
    command_line = [sys.executable, "-P", "-m", "migrations", "Give servers a motto"]
    written = await asyncio.to_thread(
        subprocess.run, command_line, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True
    )
    assert written.returncode == 0, written.stderr
    (new,) = (tmp_path / "migrations" / "versions").glob("*_give_servers_a_motto.py")
    newest = max(path.name for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    assert int(new.name[:4]) == int(newest[:4]) + 1
    assert 'sa.Column("motto"' in new.read_text().replace("'", '"')
    assert "tracks" not in new.read_text()
