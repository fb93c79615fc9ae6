"""What Alembic runs for each of its commands; `migrations.config` gives it the connection."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from models import Base
from models.base import UTCDateTime


def render_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column type as what it is underneath: a migration outlives the models."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    """Run the command in the connection's transaction, so that a killed upgrade leaves the shape it found."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_type,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
