"""Temporary directories for audio, of which none is left behind.

Every run has a directory of its own, locked as long as the process lives, and in it one for each job. What a
killed run left is swept by the next one: its lock went with it.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PREFIX = "earworm-audio-"


class Workspace:
    """The run's own directory, in TMPDIR where that is set, else in `home`/work."""

    def __init__(self, home: Path) -> None:
        temporary = os.environ.get("TMPDIR")
        self.root = Path(temporary) if temporary else home / "work"
        self._path: Path | None = None
        self._lock = -1

    async def open(self) -> None:
        """Sweep what dead runs left and make this run's directory. OSError if that can't be."""
        await asyncio.to_thread(self.sweep)
        await asyncio.to_thread(self._make)

    async def close(self) -> None:
        """Remove this run's directory with all that is in it."""
        path, self._path = self._path, None
        if path is not None:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
            os.close(self._lock)

    @asynccontextmanager
    async def directory(self, name: str) -> AsyncIterator[Path]:
        """A new directory that is gone afterwards, whatever happens. OSError if the disk is full."""
        made = await asyncio.to_thread(self._make_inside, name)
        try:
            yield made
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, made, ignore_errors=True))

    def sweep(self) -> None:
        """Remove the directories of runs that are no more."""
        for left in self.root.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                lock = _locked(left)
                try:
                    # Under its new name nothing can be written there any more by a worker that outlived its bot.
                    shutil.rmtree(left.rename(left.with_name(f"{left.name}~")), ignore_errors=True)
                finally:
                    os.close(lock)

    def _make(self) -> Path:
        self.root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=self.root.resolve()))
        if self._path is not None:
            os.close(self._lock)
        self._lock = _locked(made)
        # It gets the name that sweepers look for only once it is locked.
        self._path = made.rename(made.with_name(made.name.removeprefix(".")))
        return self._path

    def _make_inside(self, name: str) -> Path:
        # Something that tidies temporary directories may have taken ours.
        run = self._path if self._path is not None and self._path.is_dir() else self._make()
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=run))


def _locked(directory: Path) -> int:
    """An open, locked descriptor of a directory; BlockingIOError if another process holds it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
