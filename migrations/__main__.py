"""Write the next migration from what the models have and the migrations don't."""

import sys

from alembic import command
from sqlalchemy import create_engine

from migrations import config, scripts, upgrade


def main() -> None:
    """Compare the models with a database that has every migration so far."""
    if len(sys.argv) != 2:
        sys.exit('Say what changes: python -m migrations "Add a column for …"')
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection)
        number = len(list(scripts(connection).walk_revisions())) + 1
        command.revision(config(connection), sys.argv[1], autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    main()
