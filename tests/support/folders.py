"""Where tests keep their files: in memory if there is room, as waiting for a disk takes a third of their time."""

import os
import shutil
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")
ROOM = 2 << 30  # bytes; all tests together keep less than a quarter of that at once


def keep_in_memory(config: pytest.Config) -> None:
    """Make pytest's folders in memory, unless there is little of it or somebody has named another place."""
    if config.option.basetemp is None and _has_room(IN_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def _has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < ROOM:
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC  # some tests start programs that they wrote
