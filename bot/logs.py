"""Logs go to standard error; standard output belongs to results."""

import logging
import sys


def configure(level: str) -> None:
    """Send records of `level` and above to standard error, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At the start it warns that voice isn't supported, which nobody asked for.
    logging.getLogger("discord.client").setLevel(logging.ERROR)
    for chatty in ("discord.gateway", "httpx", "alembic", "numba"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
