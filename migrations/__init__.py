"""The database's shape over time (Alembic); `python -m migrations "what changes"` writes the next step.

Alembic is imported only where there is something to upgrade: it takes a third of a second, at every start.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from models import Base

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


class UnknownRevision(Exception):
    """The database was shaped by a newer Earworm than this one."""


class UnknownShape(Exception):
    """Tables differ from what their revision says: a state from before it was released."""


def config(connection: Connection) -> "Config":
    """What Alembic's commands need to work on `connection`, inside its transaction."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made


def scripts(connection: Connection) -> "ScriptDirectory":
    """Every migration there is."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(config(connection))


def known() -> list[str]:
    """The revisions that this Earworm knows, oldest first: their files' names begin with them."""
    files = (Path(__file__).parent / "versions").glob("[0-9]*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest shape; nothing happens if it has it. Raises UnknownRevision."""
    has, knows = _revisions(connection), known()
    if unknown := has - set(knows):
        raise UnknownRevision(", ".join(sorted(unknown)))
    if has != {knows[-1]}:
        from alembic import command

        command.upgrade(config(connection), "head")


def outdated(connection: Connection) -> str:
    """The revision that the database has, if an upgrade would change its tables; "" for a new one."""
    has, knows = _revisions(connection), known()
    return ", ".join(sorted(has)) if has <= set(knows) and has != {knows[-1]} else ""


def _revisions(connection: Connection) -> set[str]:
    """Where Alembic notes down which shape a database has; nowhere in an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


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
