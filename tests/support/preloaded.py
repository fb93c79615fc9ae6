"""Programs that start as forks of a process which has imported the bot: its imports are most of what a start costs.

`python -m tests.support.preloaded FD` is that process. On its socket it takes orders: a module to run, its arguments,
an environment, and two ends that the program gets: of its output, and of a socket on which its id and its end are told.
"""

import asyncio
import atexit
import contextlib
import functools
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from bot.workers.template_process import signalled_deaths

ORDER_BYTES = 1 << 16
ENDS = 2
START_SECONDS = 60.0


class ForkedProgram:
    """A program that runs: what the tests need of an `asyncio.subprocess.Process`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = reader, writer
        self._ended = asyncio.create_task(self._hear())

    @classmethod
    async def start(cls, *words: str, env: Mapping[str, str], output: int) -> Self:
        """Run a module with arguments; both its outputs go to one file descriptor."""
        ours, theirs = socket.socketpair()
        with theirs:
            order = json.dumps({"words": words, "env": dict(env)}).encode()
            socket.send_fds(_server(), [order], [output, theirs.fileno()])
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        async with asyncio.timeout(START_SECONDS):
            return cls(reader, writer, int(await reader.readline()))

    def send_signal(self, signum: int) -> None:
        """As of a subprocess; nothing happens once it has ended."""
        if self.returncode is None:
            os.kill(self.pid, signum)

    async def wait(self) -> int:
        """Its exit status, or minus the signal that ended it."""
        return await asyncio.shield(self._ended)

    async def _hear(self) -> int:
        reader, writer = self._told
        self.returncode = int(await reader.readline())
        writer.close()
        return self.returncode


@functools.cache
def _server() -> socket.socket:
    """The socket of the process that forks, which lives as long as this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        started = subprocess.Popen(
            (sys.executable, "-m", __name__, str(theirs.fileno())),
            env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},  # a process with threads must not fork
            cwd=Path(__file__).parents[2],
            pass_fds=[theirs.fileno()],
        )
    atexit.register(started.wait)
    atexit.register(ours.close)
    return ours


# -- that process ------------------------------------------------------------------------------------------


def main() -> None:
    """Import, fork on orders, and end when nobody can give any more."""
    from bot.client import COGS

    for module in ("bot.cli.run", "aiosqlite", *(f"cogs.{cog}" for cog in COGS)):
        import_module(module)
    gc.collect()
    gc.freeze()
    if (words := _fork_on_orders(socket.socket(fileno=int(sys.argv[1])))) is not None:
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def _fork_on_orders(orders: socket.socket) -> list[str] | None:
    """What to run, in a program; None in this process in the end."""
    deaths = signalled_deaths()
    ends: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([orders.fileno(), deaths], [], [])
        if deaths in ready:
            os.read(deaths, 512)
            _tell_ends(ends)
        if orders.fileno() in ready:
            order, (output, told), _, _ = _received(orders)
            if not order:
                for program in ends:
                    os.kill(program, signal.SIGKILL)
                return None
            program = os.fork()
            if not program:
                for descriptor in (deaths, orders.detach(), told, *ends.values()):
                    os.close(descriptor)
                return _become(json.loads(order), output)
            ends[program] = told
            os.write(told, b"%d\n" % program)
            os.close(output)


def _received(orders: socket.socket) -> tuple[bytes, tuple[int, int], int, Any]:
    order, ends, flags, address = socket.recv_fds(orders, ORDER_BYTES, ENDS)
    return order, (ends[0], ends[1]) if ends else (-1, -1), flags, address


def _tell_ends(ends: dict[int, int]) -> None:
    for program in list(ends):
        ended, status = os.waitpid(program, os.WNOHANG)
        if ended:
            told = ends.pop(program)
            with contextlib.suppress(BrokenPipeError):  # its test is over
                os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(told)


def _become(order: dict[str, Any], output: int) -> list[str]:
    """Leave behind what is the other process's, as if this one had been started."""
    os.close(signal.set_wakeup_fd(-1))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.environ.clear()
    os.environ.update(order["env"])
    tempfile.tempdir = None
    gc.unfreeze()
    return list(order["words"])


if __name__ == "__main__":
    main()
