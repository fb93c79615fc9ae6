"""Processes that do what must not run in the bot: one line of JSON in, lines of JSON out.

The parent starts `python -I -m MODULE` in a session of its own and keeps the child's standard input open as a
lifeline: when the bot is gone, however it went, the pipe closes and the child ends itself with all it started.
"""

import asyncio
import contextlib
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Self

from bot.errors import WorkerDied

log = logging.getLogger(__name__)

Message = dict[str, Any]

KEPT_ENVIRONMENT = ("PATH", "TMPDIR", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SYSTEMROOT")
STDERR_KEPT = 4000
LINE_LIMIT = 1 << 20


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
            sys.executable,
            "-I",
            "-m",
            self.module,
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

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process's id, which is its process group's id too."""
        assert self._process is not None, "the worker is not started"
        return self._process.pid

    async def send(self, request: Message) -> None:
        """Hand the worker one request. Raises WorkerDied if it has ended."""
        assert self._process is not None and self._process.stdin is not None, "the worker is not started"
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise self._died() from None

    async def receive(self, timeout: float | None = None) -> Message:
        """The worker's next line. Raises TimeoutError after `timeout` seconds, WorkerDied if it ended."""
        assert self._process is not None and self._process.stdout is not None, "the worker is not started"
        async with asyncio.timeout(timeout):
            line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._died()
        message: Message = json.loads(line)
        return message

    async def messages(self, timeout: float) -> AsyncIterator[Message]:
        """Every line until `timeout` seconds from now. Raises TimeoutError or WorkerDied."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            yield await self.receive(deadline - asyncio.get_running_loop().time())

    async def kill(self) -> None:
        """End the process and everything it started, and wait until it is gone."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.shield(self._process.wait())
        if self._draining is not None:
            self._draining.cancel()

    async def _drain(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        while chunk := await self._process.stderr.read(4096):
            self._stderr = (self._stderr + chunk)[-STDERR_KEPT:]

    def _died(self) -> WorkerDied:
        log.warning("worker %s ended early: %s", self.module, self._stderr.decode(errors="replace").strip())
        return WorkerDied(f"The worker {self.module} ended without an answer.")


# -- the child's side --------------------------------------------------------------------------------------


def requests() -> Iterator[Message]:
    """The parent's requests, one at a time; ends this process and its children once the parent is gone."""
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_watch_lifeline, args=(inbox,), daemon=True).start()
    while True:
        yield json.loads(inbox.get())


def reply(message: Message) -> None:
    """Hand the parent one line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


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


def _watch_lifeline(inbox: "queue.SimpleQueue[bytes]") -> None:
    # Not sys.stdin: its lock may be held when the interpreter shuts down.
    with os.fdopen(os.dup(0), "rb") as lifeline:
        for line in lifeline:
            inbox.put(line)
    os.killpg(0, signal.SIGKILL)
