"""Logging to standard error; standard output is for results."""

import json
import logging
import sys
from collections.abc import Collection
from datetime import UTC, datetime

from bot.concealing import conceal

CHATTY = ("discord.gateway", "httpx", "alembic", "numba")
JOB_FIELDS = ("job", "guild", "stage", "outcome", "seconds")
"""What a line about a job says as values too (bot.shares.job_run)."""


class Concealing(logging.Formatter):
    """Writes a record, its traceback included, without the secrets that may stand in it."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and its traceback."""
        return conceal(super().format(record), self._secrets)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: time, level, logger, message, what is known of a job, and its traceback."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in JOB_FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # Before it is encoded: a secret would be written otherwise in JSON.
        hidden = {
            name: conceal(value, self._secrets) if isinstance(value, str) else value
            for name, value in line.items()
        }
        return json.dumps(hidden, ensure_ascii=False)


FORMATTERS = {"text": Concealing, "json": JsonLines}


def configure(level: str, secrets: Collection[str] = (), form: str = "text") -> None:
    """Send records of `level` and above to standard error, one a line, without these secrets; as text or as json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATTERS[form](secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At the start discord.client warns that voice isn't supported, which nobody asked for.
    chatty = {"discord.client": logging.ERROR} | dict.fromkeys(CHATTY, logging.WARNING)
    for name, least in chatty.items():
        logging.getLogger(name).setLevel(max(root.level, least))
