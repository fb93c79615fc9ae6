"""Worker processes with programs of the tests' own."""

import sys
from pathlib import Path

from bot.workers import Worker


class ScriptWorker(Worker):
    """A worker whose program is a file of its own instead of a module of the bot."""

    def __init__(self, script: Path, environment: dict[str, str] | None = None) -> None:
        super().__init__(script.stem, environment=environment)
        self._script = script

    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", str(self._script))
