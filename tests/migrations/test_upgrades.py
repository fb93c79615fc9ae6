"""A database of every released version, with rows in every table, is upgraded to the newest shape and still used.

`released/NUMBER.json` holds the rows of a database that the release with that migration left: moments as ISO 8601,
bytes in hexadecimal. It stays as it is, as the migration does. What later migrations add stands in `ADDED`.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import (
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    TypeDecorator,
    make_url,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

import migrations
from bot.cli import digest, doctor, playlists, recommend, similar
from bot.library.store import Store, engine_for
from bot.services import Services
from bot.settings import Settings
from models import Base, VibeRecord
from tests.migrations.test_released import RELEASED
from tests.support import database
from tests.support.commands import run

ROWS = Path(__file__).parent / "released"
ADDED: dict[str, object] = {
    "generations.collection": None,
    "guilds.bot_id": None,
    "guilds.left_at": None,
    "opt_outs": [],
}
"""What an upgrade gives old rows in a column that came later (table.column), or a table that came later (table: [])."""

GUILD, ANA, BEN, CLEO, PUBLIC = 1000, 3001, 3002, 3003, 2001

Rows = Mapping[str, list[dict[str, Any]]]

pytestmark = pytest.mark.postgres


def released_rows(number: str) -> Rows:
    """The rows of a release's database, as they are written in its file."""
    found: Rows = json.loads((ROWS / f"{number}.json").read_text())
    return found


def read(kind: TypeEngine[Any], written: Any) -> Any:
    """A value of a column of this type, from how it is written in the file."""
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(plain, DateTime) and written is not None:
        return datetime.fromisoformat(written)
    return bytes.fromhex(written) if isinstance(plain, LargeBinary) else written


def unexplained(rows: Rows, tables: Mapping[str, Collection[str]], added: Mapping[str, object]) -> list[str]:
    """What the newest tables (and their columns) have and neither the release nor `added` does."""
    return [
        name
        for table, columns in tables.items()
        for name in ([f"{table}.{column}" for column in columns] if table in rows else [table])
        if name not in added and not (table in rows and name.partition(".")[2] in rows[table][0])
    ]


async def work(settings: Settings, do: Any) -> Any:
    engine = engine_for(make_url(settings.database)).execution_options(writes=True)
    async with engine.begin() as connection:
        done = await connection.run_sync(do)
    await engine.dispose()
    return done


def fill(connection: Connection, number: str) -> MetaData:
    """Shape an empty database as the release did and put its rows in."""
    command.upgrade(migrations.config(connection), number)
    there = MetaData()
    there.reflect(connection)
    rows = released_rows(number)
    for table in there.sorted_tables:
        if table.name == "alembic_version":
            continue
        for row in rows[table.name]:
            values = {name: read(table.c[name].type, value) for name, value in row.items()}
            connection.execute(table.insert().values(values))
        if connection.dialect.name == "postgresql" and has_sequence(table):
            connection.execute(
                text(f"SELECT setval('{table.name}_id_seq', (SELECT max(id) FROM {table.name}))")
            )
    return there


def has_sequence(table: Table) -> bool:
    default = table.c.id.server_default if "id" in table.c else None
    return default is not None


@pytest.fixture(params=sorted(RELEASED))
def number(request: pytest.FixtureRequest) -> str:
    """The migration that a release ended with."""
    return str(request.param)


@pytest.fixture
async def empty(tmp_path: Path) -> Any:
    """A database without any table, whose bot listens with what the rows were made by."""
    made = await database.create(tmp_path / "home", database.EMPTY)
    yield made.model_copy(update={"embedders": ("mfcc",)})
    await database.drop(made)


@pytest.fixture
async def old(empty: Settings, number: str) -> Settings:
    """A database as the release left it."""
    await work(empty, lambda connection: fill(connection, number))
    return empty


async def test_the_rows_of_a_release_fill_every_column_of_every_table(empty: Settings, number: str) -> None:
    there: MetaData = await work(empty, lambda connection: fill(connection, number))
    rows = released_rows(number)
    empty_columns = [
        f"{table.name}.{column.name}"
        for table in there.sorted_tables
        if table.name != "alembic_version"
        for column in table.columns
        if all(row[column.name] in (None, "", [], {}) for row in rows[table.name])
    ]
    assert empty_columns == []


async def test_every_row_is_there_after_the_upgrade(old: Settings, number: str) -> None:
    store = await Store.open(old)
    rows = released_rows(number)
    tables = {table.name: [c.name for c in table.columns] for table in Base.metadata.sorted_tables}
    assert unexplained(rows, tables, ADDED) == [], "say in ADDED what rows from before have there"
    assert (
        set(rows) <= set(tables)
        and [
            f"{table}.{column}" for table in rows for column in rows[table][0] if column not in tables[table]
        ]
        == []
    )
    async with store.session() as session:
        for table in Base.metadata.sorted_tables:
            there = [dict(row) for row in (await session.execute(select(table))).mappings()]
            expected = [expected_row(table, row) for row in rows.get(table.name, [])]
            assert in_order(table, there) == in_order(table, expected), table.name
    await store.close()


def expected_row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column.name: read(column.type, row[column.name])
        if column.name in row
        else ADDED[f"{table.name}.{column.name}"]
        for column in table.columns
    }


def in_order(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = [column.name for column in table.primary_key]
    return sorted(rows, key=lambda row: [row[key] for key in keys])


async def test_it_goes_on_as_a_library(old: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command answers from it, also with what was kept of an answer, a vibe and a playlist."""
    assert await run(doctor, old, "--repair", "--json") == 1  # for want of a token
    (guild,) = [each for each in json.loads(capsys.readouterr().out)["guilds"] if each["id"] == GUILD]
    assert (guild["agree"], guild["tracks"]) == (True, 5)
    for asked, words, says in (
        (similar, ["Night Drive"], "Harbour Lights"),
        (recommend, ["--user", str(CLEO)], "Slow Rain"),
        (recommend, ["--user", str(BEN)], "2 closer to something"),
        (digest, ["--week", "2026-W45"], "Harbour Lights"),
        (playlists, [], "11 more songs until vibes"),
    ):
        assert await run(asked, old, *words, "--guild", GUILD, "--json") == 0
        assert says in capsys.readouterr().out, asked.__name__
    async with Services.open(old, reads=True) as services:
        page = await services.answers.page(1, 0, frozenset({PUBLIC}))
        assert [suggestion.card.title for suggestion in page.suggestions] == ["Harbour Lights", "Paper Moon"]
        assert await services.feedback.votes(GUILD, BEN) != {}
        assert (await services.guilds.names(GUILD, {ANA})) == {ANA: "Ana"}


async def test_new_songs_get_ids_of_their_own(old: Settings) -> None:
    store = await Store.open(old)
    new = VibeRecord(guild_id=GUILD, name="New", found_at=AT)
    async with store.begin() as session:
        session.add(new)
    assert new.id == 2
    await store.close()


AT = datetime.fromisoformat("2026-11-30T12:00:00+00:00")


def test_a_column_or_table_that_nobody_explains_is_found() -> None:
    rows: Rows = {"cats": [{"id": 1, "name": "Tom"}]}
    tables = {"cats": ["id", "name", "colour", "age"], "dogs": ["id"]}
    assert unexplained(rows, tables, {"cats.age": 0}) == ["cats.colour", "dogs"]
    assert unexplained(rows, tables, {"cats.age": 0, "cats.colour": "", "dogs": []}) == []


def test_every_release_has_rows() -> None:
    assert sorted(path.stem for path in ROWS.glob("*.json")) == sorted(RELEASED)
