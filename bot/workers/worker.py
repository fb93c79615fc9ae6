"""The bot's side of a worker process: starts it, talks to it in lines of JSON, ends it.

It starts as `python -I -m MODULE` in a session and process group of its own. `serving` is the worker's side.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.errors import WorkerDied
from bot.workers.serving import WorkerMessage

log = logging.getLogger(__name__)

KEPT_ENVIRONMENT = (
    "PATH",
    "TMPDIR",
    "HOME",
    "LANG",
    "LC_ALL",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "NUMBA_CACHE_DIR",
)
MAX_STDERR_BYTES = 4000
LINE_LIMIT = 1 << 20
LAST_WORDS_SECONDS = 1.0
COLLECTING_SECONDS = 10.0


def kept_environment() -> dict[str, str]:
    """What a worker learns of the bot's environment."""
    return {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}


@dataclass(frozen=True)
class Stream:
    """A pair of connected sockets: our end, and the one that a worker gets."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    theirs: socket.socket

    @classmethod
    async def open(cls) -> Self:
        """Connect two sockets."""
        ours, theirs = socket.socketpair()
        return cls(*await asyncio.open_unix_connection(sock=ours, limit=LINE_LIMIT), theirs)

    def close(self) -> None:
        """Let go of both ends."""
        self.theirs.close()
        self.writer.transport.abort()


@dataclass(frozen=True)
class Started:
    """A process that was started: its id, which is its process group's too, and its end."""

    pid: int
    gone: asyncio.Task[object]


class Worker:
    """A running worker process; use as an async context manager, which kills it at the end."""

    def __init__(self, module: str, *, environment: Mapping[str, str] | None = None) -> None:
        self.module = module
        self._environment = environment or {}
        self._streams: list[Stream] = []
        self._started: Started | None = None
        self._stderr = b""
        self._draining: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            for _ in range(3):
                self._streams.append(await Stream.open())
            self._draining = asyncio.create_task(self._drain())
            self._started = await self._start(
                [stream.theirs for stream in self._streams], kept_environment() | dict(self._environment)
            )
        except BaseException:
            self._hang_up()
            raise
        for stream in self._streams:
            stream.theirs.close()
        # Its guard outlives it and still holds its standard input: whoever is sending would wait for ever.
        self._started.gone.add_done_callback(lambda _: self._streams[0].close())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.kill()

    async def _start(self, ends: Sequence[socket.socket], environment: Mapping[str, str]) -> Started:
        """Start the process on its ends of the standard streams."""
        stdin, stdout, stderr = (end.fileno() for end in ends)
        process = await asyncio.create_subprocess_exec(
            *self._command(),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            start_new_session=True,
        )
        return Started(process.pid, asyncio.create_task(process.wait()))

    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", "-m", self.module)

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._started is not None and not self._started.gone.done()

    @property
    def pid(self) -> int:
        """The process's id, which is its process group's id too."""
        assert self._started is not None, "the worker is not started"
        return self._started.pid

    async def send(self, request: WorkerMessage) -> None:
        """Hand the worker one request. Raises WorkerDied if it has ended."""
        assert self._streams, "the worker is not started"
        stdin = self._streams[0].writer
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise await self._died() from None

    async def receive(self, timeout: float | None = None) -> WorkerMessage:
        """The worker's next line; cancelling loses nothing. Raises TimeoutError after `timeout` seconds.

        Raises WorkerDied if it ended, or said what is no line of JSON of at most LINE_LIMIT bytes.
        """
        assert self._streams, "the worker is not started"
        if timeout is not None and timeout <= 0:
            raise TimeoutError
        try:
            async with asyncio.timeout(timeout):
                line = await self._streams[1].reader.readline()
            message: WorkerMessage = json.loads(line)
        except (ValueError, ConnectionResetError):
            raise await self._died() from None
        return message

    async def messages(self, timeout: float) -> AsyncIterator[WorkerMessage]:
        """Every line until `timeout` seconds from now. Raises TimeoutError or WorkerDied."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            yield await self.receive(deadline - asyncio.get_running_loop().time())

    async def kill(self) -> None:
        """End the process and everything it started, and wait until it is gone."""
        started = self._started
        if started is None or self._draining is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        self._hang_up()
        await asyncio.wait({started.gone}, timeout=COLLECTING_SECONDS)
        await asyncio.to_thread(collect, started.pid)

    def _hang_up(self) -> None:
        for stream in self._streams:
            stream.close()
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None

    async def _drain(self) -> None:
        stderr = self._streams[2].reader
        with contextlib.suppress(ConnectionResetError):
            while chunk := await stderr.read(4096):
                self._stderr = (self._stderr + chunk)[-MAX_STDERR_BYTES:]

    async def _died(self) -> WorkerDied:
        if self._draining is not None:
            await asyncio.wait({self._draining}, timeout=LAST_WORDS_SECONDS)
        log.warning("worker %s ended early: %s", self.module, self._stderr.decode(errors="replace").strip())
        return WorkerDied(f"The worker {self.module} ended without an answer.")


def collect(group: int) -> None:
    """Wait for what a process left behind, which falls to us when we are process 1 of a container."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-group, 0)
