"""Worker processes that speak JSON lines over standard input and output, and end when the bot does.

The parent starts `python -I -m MODULE` in a session of its own and keeps the child's standard input open as a
lifeline: when the bot is gone, however it went, the pipe closes. A guard, forked by the child and in its process
group, waits for just that and ends the group, so that a child which is busy, frozen or waiting goes too.

A worker's module imports what is heavy only after the first request: the guard shares its memory until then.
"""

import asyncio
import contextlib
import json
import logging
import os
import resource
import select
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Self

from bot.errors import WorkerDied

log = logging.getLogger(__name__)

WorkerMessage = dict[str, Any]

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
NICENESS = 10  # the bot itself, which must answer Discord in time, goes first


# -- the parent's side -------------------------------------------------------------------------------------


class Worker:
    """A running worker process; use as an async context manager, which kills it at the end."""

    def __init__(self, module: str, *, environment: Mapping[str, str] | None = None) -> None:
        self.module = module
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None
        self._stderr = b""
        self._draining: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment | dict(self._environment),
            start_new_session=True,
            limit=LINE_LIMIT,
        )
        self._draining = asyncio.create_task(self._drain())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.kill()

    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-I", "-m", self.module)

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process's id, which is its process group's id too."""
        assert self._process is not None, "the worker is not started"
        return self._process.pid

    async def send(self, request: WorkerMessage) -> None:
        """Hand the worker one request. Raises WorkerDied if it has ended."""
        assert self._process is not None and self._process.stdin is not None, "the worker is not started"
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise await self._died() from None

    async def receive(self, timeout: float | None = None) -> WorkerMessage:
        """The worker's next line; cancelling loses nothing. Raises TimeoutError after `timeout` seconds.

        Raises WorkerDied if it ended, or said what is no line of JSON of at most LINE_LIMIT bytes.
        """
        assert self._process is not None and self._process.stdout is not None, "the worker is not started"
        if timeout is not None and timeout <= 0:
            raise TimeoutError
        try:
            async with asyncio.timeout(timeout):
                line = await self._process.stdout.readline()
            message: WorkerMessage = json.loads(line)
        except ValueError:
            raise await self._died() from None
        return message

    async def messages(self, timeout: float) -> AsyncIterator[WorkerMessage]:
        """Every line until `timeout` seconds from now. Raises TimeoutError or WorkerDied."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            yield await self.receive(deadline - asyncio.get_running_loop().time())

    async def kill(self) -> None:
        """End the process and everything it started, and wait until it is gone."""
        draining, self._draining = self._draining, None
        if self._process is None or draining is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # asyncio takes a process for ended only when its pipes are closed too, and unread output keeps them open.
        for pipe in (0, 1, 2):
            self._process._transport.get_pipe_transport(pipe).close()  # type: ignore[attr-defined]
        draining.cancel()
        await asyncio.shield(self._process.wait())
        await asyncio.to_thread(_collect, self._process.pid)

    async def _drain(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        while chunk := await self._process.stderr.read(4096):
            self._stderr = (self._stderr + chunk)[-MAX_STDERR_BYTES:]

    async def _died(self) -> WorkerDied:
        if self._draining is not None:
            await asyncio.wait({self._draining}, timeout=LAST_WORDS_SECONDS)
        log.warning("worker %s ended early: %s", self.module, self._stderr.decode(errors="replace").strip())
        return WorkerDied(f"The worker {self.module} ended without an answer.")


def _collect(group: int) -> None:
    """Wait for what the worker left behind, which falls to us when we are process 1 of a container."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-group, 0)


# -- the child's side --------------------------------------------------------------------------------------


def requests() -> Iterator[WorkerMessage]:
    """The parent's requests, one at a time; this process and its children end once the parent is gone."""
    _post_guard()
    os.nice(NICENESS)
    sys.stdout = sys.stderr  # what a library prints is no reply
    for line in sys.stdin.buffer:
        yield json.loads(line)


def reply(message: WorkerMessage) -> None:
    """Hand the parent one line."""
    assert sys.__stdout__ is not None
    sys.__stdout__.write(json.dumps(message) + "\n")
    sys.__stdout__.flush()


def limit_resources(*, cpu_seconds: int, file_bytes: int, data_bytes: int, open_files: int = 256) -> None:
    """Bound what this process may use; the data segment, since a small address space aborts V8 and torch."""
    limits = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_DATA: data_bytes,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_CORE: 0,
    }
    for which, wanted in limits.items():
        _, hard = resource.getrlimit(which)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (value, value))


def _post_guard() -> None:
    """Fork the process that ends this process group once the parent has let go of our standard input."""
    if os.fork():
        return
    os.close(1)  # else the parent would wait for more output after the worker's own end
    os.close(2)
    lifeline = select.poll()
    lifeline.register(0, 0)  # no events asked for: only the hang-up is reported, not waiting input
    lifeline.poll()
    os.killpg(0, signal.SIGKILL)
