"""The bot's side of a template: a process that has imported what a kind of worker needs, and forks each of them.

To import yt-dlp, or numpy and PyAV, takes longer than most jobs. Still every job has a process of its own, which ends
with it: a worker is forked from a template that no job has touched, and is confined like one that was started.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.errors import WorkerDied
from bot.workers.worker import Started, Stream, Worker, collect, kept_environment

START_SECONDS = 60.0  # on a busy machine
IDLE_SECONDS = 60.0  # after which its memory is worth more than the next job's half second
MAX_FORKS = 100


@dataclass(frozen=True)
class _Process:
    """A template's process, and the socket on which it takes orders."""

    popen: "subprocess.Popen[bytes]"
    orders: socket.socket

    @classmethod
    def start(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            popen = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                (*command, str(theirs.fileno())),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        return cls(popen, ours)

    def retire(self) -> None:
        """Let it end once it has forked what was ordered."""
        self.orders.close()
        threading.Thread(target=self._collect, daemon=True).start()

    def kill(self) -> None:
        """End it, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self._collect()

    def _collect(self) -> None:
        assert self.popen.stdin is not None
        self.popen.wait()
        self.popen.stdin.close()  # and so its guard ends too
        self.orders.close()
        collect(self.popen.pid)


class Template:
    """Runs from its first worker on until it is idle, and again with the next; to be closed in the end.

    Workers of one process have their memory laid out alike, which helps whoever attacks one to attack the next. So it
    is replaced after a worker that died early, and after MAX_FORKS.
    """

    def __init__(self, module: str, *, environment: Mapping[str, str] | None = None) -> None:
        self.module = module
        self.environment = environment or {}
        self._running: _Process | None = None
        self._forks = 0
        self._idle: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The process that the next worker would be forked from, if it runs."""
        return self._running.popen.pid if self._running is not None else None

    def fork(self, ends: Sequence[socket.socket], environment: Mapping[str, str]) -> None:
        """Order a worker, which gets these ends: of the standard streams, and of its pulse. Raises OSError."""
        if self._running is None or self._running.popen.poll() is not None or self._forks >= MAX_FORKS:
            self.retire()
            self._running = _Process.start(self._command(), kept_environment() | dict(self.environment))
        self._forks += 1
        self._retire_when_idle()
        order = json.dumps(dict(environment)).encode()
        socket.send_fds(self._running.orders, [order], [end.fileno() for end in ends])

    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", "-m", "bot.workers.template_process", self.module)

    def retire(self) -> None:
        """Fork no more from the process that runs; its workers go on, and the next one comes from another."""
        if (retired := self._release()) is not None:
            retired.retire()

    async def close(self) -> None:
        """End the process at once; its workers go on."""
        if (closed := self._release()) is not None:
            await asyncio.shield(asyncio.to_thread(closed.kill))

    def _release(self) -> _Process | None:
        if self._idle is not None:
            self._idle.cancel()
        running, self._running = self._running, None
        self._forks = 0
        return running

    def _retire_when_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.retire)


class ForkedWorker(Worker):
    """A worker that is forked from a template instead of started."""

    def __init__(self, template: Template, *, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(template.module, environment={**template.environment, **(environment or {})})
        self._template = template

    async def _start(self, ends: Sequence[socket.socket], environment: Mapping[str, str]) -> Started:
        pulse = await Stream.open()
        try:
            self._template.fork([*ends, pulse.theirs], environment)
            pulse.theirs.close()
            async with asyncio.timeout(START_SECONDS):
                pid = int(await pulse.reader.readline())
        except (OSError, ValueError):  # of which TimeoutError is one
            pulse.close()
            await self._template.close()
            raise await self._died() from None
        except BaseException:
            pulse.close()
            raise
        return Started(pid, asyncio.create_task(_end_of(pulse)))

    async def _died(self) -> WorkerDied:
        self._template.retire()
        return await super()._died()


async def _end_of(pulse: Stream) -> None:
    try:
        with contextlib.suppress(ConnectionResetError):
            while await pulse.reader.read(4096):
                pass
    finally:
        pulse.close()
