"""Logging to standard error; standard output is for results."""

import logging
import sys

CHATTY = ("discord.gateway", "httpx", "alembic", "numba")


def configure(level: str) -> None:
    """Send records of `level` and above to standard error, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At the start discord.client warns that voice isn't supported, which nobody asked for.
    chatty = {"discord.client": logging.ERROR} | dict.fromkeys(CHATTY, logging.WARNING)
    for name, least in chatty.items():
        logging.getLogger(name).setLevel(max(root.level, least))
