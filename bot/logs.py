"""Logging to standard error; standard output is for results."""

import logging
import sys
from collections.abc import Collection

from bot.concealing import conceal

CHATTY = ("discord.gateway", "httpx", "alembic", "numba")


class Concealing(logging.Formatter):
    """Writes a record, its traceback included, without the secrets that may stand in it."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and its traceback."""
        return conceal(super().format(record), self._secrets)


def configure(level: str, secrets: Collection[str] = ()) -> None:
    """Send records of `level` and above to standard error, one line each, without these secrets."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Concealing(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At the start discord.client warns that voice isn't supported, which nobody asked for.
    chatty = {"discord.client": logging.ERROR} | dict.fromkeys(CHATTY, logging.WARNING)
    for name, least in chatty.items():
        logging.getLogger(name).setLevel(max(root.level, least))
