"""The real bot as a process of its own, which can be killed."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from discord_sandbox import Sandbox
from tests.support.http import Site
from tests.support.preloaded import ForkedProgram

START_SECONDS = 90.0


class BotProcess:
    """`earworm run` with a home and a TMPDIR below `folder`, again and again; killed at the end of its context."""

    def __init__(self, discord: Sandbox, web: Site, folder: Path, **environment: str) -> None:
        self.discord = discord
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.log = folder / "log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_BASE": discord.api_base,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "EARWORM_HOME": str(self.home),
            "EARWORM_EMBEDDERS": "mfcc",
            "EARWORM_EGRESS_ALLOW": f"127.0.0.1:{discord.port},127.0.0.1:{web.port}",
            **environment,
        }
        self.program: tuple[str, ...] = ("-m", "bot", "run")  # as after `python`
        self._process: ForkedProgram | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._process is not None:
            await self.stop(signal.SIGKILL)

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        begun = self.text.count("ready as")
        with self.log.open("ab") as log:
            _, *words = self.program
            self._process = await ForkedProgram.start(*words, env=self.environment, output=log.fileno())
        await until(lambda: self.text.count("ready as") > begun or self._process.returncode is not None)
        assert self._process.returncode is None, self.text

    async def stop(self, signum: int = signal.SIGTERM, *, within: float = 20.0) -> int:
        """Send it a signal and wait for its end; gives its exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signum)
        async with asyncio.timeout(within):
            return await self._process.wait()

    @property
    def text(self) -> str:
        """What it logged."""
        return self.log.read_text() if self.log.exists() else ""

    def workers(self, module: str = "") -> list[int]:
        """The processes that it started and that still live, or those that run this module."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_worker(entry) and module in _read(entry / "cmdline")
        ]

    def _is_worker(self, entry: Path) -> bool:
        running = self._process.pid if self._process else 0
        is_other = int(entry.name) not in {os.getpid(), running}
        return is_other and f"TMPDIR={self.temporary}" in _read(entry / "environ")

    def files(self) -> list[str]:
        """What lies in its TMPDIR, but for the analysis worker's caches of code."""
        return sorted(
            str(path.relative_to(self.temporary)) for path in self.temporary.rglob("*") if path.is_file()
        )

    def jobs(self) -> list[dict[str, Any]]:
        """The rows of its ledger."""
        database = sqlite3.connect(f"file:{self.home / 'earworm.db'}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in database.execute("SELECT * FROM jobs ORDER BY id")]
        finally:
            database.close()

    def states(self) -> Counter[str]:
        """How many jobs are in which state."""
        return Counter(job["state"] for job in self.jobs())


async def until(is_so: Callable[[], Any], timeout: float = START_SECONDS) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(timeout):
        while not is_so():  # noqa: ASYNC110 -- another process tells us nothing
            await asyncio.sleep(0.02)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
