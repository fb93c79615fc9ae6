"""How much memory the bot and its worker processes use, as Linux tells it."""

import contextlib
import os
import re
from pathlib import Path

PROC = Path("/proc")
SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def memory_in_use() -> dict[str, int]:
    """Bytes of the bot's own process and of all that it started; what several share is divided among them.

    Empty where the system doesn't tell.
    """
    own = _share(os.getpid())
    return {"bot": own, "workers": sum(map(_share, _descendants()))} if own else {}


def _share(process: int) -> int:
    with contextlib.suppress(OSError):  # it may have ended
        if found := SHARE.search((PROC / str(process) / "smaps_rollup").read_text()):
            return int(found[1]) * 1024
    return 0


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)):
            children.setdefault(parent, []).append(int(entry.name))
    found, asked = [], [os.getpid()]
    while asked:
        below = children.get(asked.pop(), [])
        found += below
        asked += below
    return found


def _parent(entry: Path) -> int:
    with contextlib.suppress(OSError):
        # The name of a program stands in brackets and may hold anything, brackets too.
        return int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return 0
