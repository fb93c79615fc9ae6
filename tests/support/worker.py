"""Worker processes and templates with programs of the tests' own."""

import os
import subprocess
import sys
import time
from pathlib import Path

from bot.workers.template import Template
from bot.workers.worker import Worker
from tests.support.workers import alive

FROM_FOLDER = """
import sys
sys.path.insert(0, {folder!r})
from bot.workers.template_process import main
main()
"""


class ScriptWorker(Worker):
    """A worker whose program is a file of its own instead of a module of the bot."""

    def __init__(self, script: Path, environment: dict[str, str] | None = None) -> None:
        super().__init__(script.stem, environment=environment)
        self._script = script

    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", str(self._script))


class ScriptTemplate(Template):
    """A template of workers whose program is a file, with `prepare` and `main`."""

    def __init__(self, script: Path) -> None:
        super().__init__(script.stem)
        self._folder = script.parent

    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", "-c", FROM_FOLDER.format(folder=os.fspath(self._folder)), self.module)


def assert_killed_with(parent: Path) -> None:
    """Run a program that prints ids of processes, kill it with −9, and see them go too."""
    with subprocess.Popen([sys.executable, str(parent)], stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        pids = list(map(int, bot.stdout.readline().split()))
        assert pids and alive(pids) == pids
        bot.kill()
    wait_until_gone(*pids)


def wait_until_gone(*pids: int) -> None:
    """Until none of the processes is more than something to be collected."""
    deadline = time.monotonic() + 20
    while alive(list(pids)):
        assert time.monotonic() < deadline, "a process outlived its parent"
        time.sleep(0.02)
