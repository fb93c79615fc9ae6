"""The worker processes that somebody started, so that a test can kill them."""

import os
import signal
from pathlib import Path


def workers(module: str = "", *, of: int | None = None) -> list[int]:
    """The living worker processes that run `module`, or any, started by process `of` (this one)."""
    parent = of or os.getpid()
    return [pid for pid in _processes() if _parent(pid) == parent and f"-m\0bot.{module}" in _command(pid)]


def kill(module: str) -> int:
    """End this process's workers that run `module`; gives their number."""
    found = workers(module)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return len(found)


def alive(pids: list[int]) -> list[int]:
    """Those of the processes that have not ended."""
    return [pid for pid in pids if _state(pid) not in {"", "Z"}]


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: int) -> str:
    return _read(pid, "cmdline")


def _parent(pid: int) -> int:
    fields = _status(pid)
    return int(fields[1]) if fields else 0


def _state(pid: int) -> str:
    fields = _status(pid)
    return fields[0] if fields else ""


def _status(pid: int) -> list[str]:
    """State, parent and so on; the name before them may hold anything."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
