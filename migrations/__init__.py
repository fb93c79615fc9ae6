"""The database's shape over time (Alembic); `python -m migrations "what changes"` writes the next step."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from models import Base


class UnknownRevision(Exception):
    """The database was shaped by a newer Earworm than this one."""


class UnknownShape(Exception):
    """Tables differ from what their revision says: a state from before it was released."""


def config(connection: Connection) -> Config:
    """What Alembic's commands need to work on `connection`, inside its transaction."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made


def scripts(connection: Connection) -> ScriptDirectory:
    """Every migration there is."""
    return ScriptDirectory.from_config(config(connection))


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest shape; nothing happens if it has it. Raises UnknownRevision."""
    known = {script.revision for script in scripts(connection).walk_revisions()}
    if unknown := set(MigrationContext.configure(connection).get_current_heads()) - known:
        raise UnknownRevision(", ".join(sorted(unknown)))
    command.upgrade(config(connection), "head")


def check(connection: Connection) -> None:
    """Compare the tables with what the newest shape has. Raises UnknownShape."""
    if differences := _differences(connection):
        raise UnknownShape(", ".join(differences))


def _differences(connection: Connection) -> list[str]:
    """The tables that lack a column, or have one that nobody knows."""
    inspector = inspect(connection)
    there = {
        key[1]: {column["name"] for column in columns}
        for key, columns in inspector.get_multi_columns().items()
    }
    return [
        name
        for name, table in Base.metadata.tables.items()
        if there.get(name) != {column.name for column in table.columns}
    ]
