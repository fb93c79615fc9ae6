"""The worker processes that somebody started, so that a test can kill them."""

import os
import signal
from pathlib import Path

TEMPLATE = "-m\0bot.workers.template_process\0"


def workers(module: str = "", *, of: int | None = None) -> list[int]:
    """The living worker processes that run `module`, or any: started by process `of` (this one) or by its templates."""
    parent = of or os.getpid()
    started = [pid for pid in _children(parent) if f"-m\0bot.{module}" in _command(pid)]
    forked = [pid for template in templates(module, of=parent) for pid in _children(template)]
    return [pid for pid in started + forked if _leads_its_group(pid) and pid not in templates(of=parent)]


def templates(module: str = "", *, of: int | None = None) -> list[int]:
    """The living templates of workers that run `module`, or of any, of process `of` (this one)."""
    return [pid for pid in _children(of or os.getpid()) if f"{TEMPLATE}bot.{module}" in _command(pid)]


def kill(module: str) -> int:
    """End this process's workers that run `module`; gives their number."""
    found = workers(module)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return len(found)


def with_variable(name: str, value: str) -> list[int]:
    """The living processes that were started with this variable, which whatever they start inherits."""
    return sorted(pid for pid in _processes() if f"{name}={value}" in _read(pid, "environ").split("\0"))


def alive(pids: list[int]) -> list[int]:
    """Those of the processes that have not ended."""
    return [pid for pid in pids if _state(pid) not in {"", "Z"}]


def _children(parent: int) -> list[int]:
    return [pid for pid in _processes() if _parent(pid) == parent]


def _leads_its_group(pid: int) -> bool:
    """What doesn't is its guard, or was started by it."""
    return _status(pid)[2:3] == [str(pid)]


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
