"""Makes a backup each night in the background of a running bot, and at the start if a night was missed."""

import asyncio
import logging
import threading
import time
from datetime import datetime
from pathlib import Path

from bot.backups.backup_file import BackupFacts, megabytes, sweep, write_backup
from bot.backups.backup_folder import is_due, make_folder, name_of, rotate
from bot.errors import BackupFailed

log = logging.getLogger(__name__)

POLL_SECONDS = 60.0  # often, as the clock may jump and the machine may sleep
RETRY_SECONDS = 3600.0
LEAST_REST_SECONDS, MOST_REST_SECONDS = 0.0, 0.2


class Stopped(Exception):
    """The bot ends, so the backup does."""


class NightlyBackups:
    """Looks every minute whether a backup is due, while it is open (`async with`)."""

    def __init__(self, database: Path, folder: Path, *, keep: int, floor: int) -> None:
        """Make the folder. Raises SettingsError if it can't be written to."""
        make_folder(folder)
        self._database = database
        self._folder = folder
        self._keep = keep
        self._floor = floor
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def __aexit__(self, *_: object) -> None:
        """Stop at once; of a backup that was begun nothing stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def make(self) -> Path:
        """Make a backup now, and remove those that are too many. Raises BackupFailed."""
        stop = threading.Event()
        try:
            return await asyncio.to_thread(self._make, stop)
        finally:
            stop.set()

    async def _run(self) -> None:
        while True:
            seconds = POLL_SECONDS
            try:
                if await asyncio.to_thread(is_due, self._folder, now()):
                    await self.make()
            except (BackupFailed, OSError) as error:
                log.error("no backup could be made: %s I try again in an hour.", error)
                seconds = RETRY_SECONDS
            except Exception:
                log.exception("making a backup broke; I try again in an hour")
                seconds = RETRY_SECONDS
            await asyncio.sleep(seconds)

    def _make(self, stop: threading.Event) -> Path:
        began = time.monotonic()
        sweep(self._folder, "earworm-*")
        target = self._folder / name_of(now())
        facts = write_backup(self._database, target, _Unhurried(stop).watch, floor=self._floor)
        rotate(self._folder, self._keep, target)
        log.info("made the backup %s (%s) in %.0f s", target, _about(target, facts), time.monotonic() - began)
        return target


class _Unhurried:
    """Rests for as long as it worked: those who use the disk and the processor meanwhile come first."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._since = time.monotonic()

    def watch(self, _done: int, _total: int) -> None:
        """Rest; Stopped if the bot ends."""
        worked = time.monotonic() - self._since
        if self._stop.wait(min(max(worked, LEAST_REST_SECONDS), MOST_REST_SECONDS)):
            raise Stopped
        self._since = time.monotonic()


def now() -> datetime:
    """This moment by the machine's own clock."""
    return datetime.now().astimezone()


def _about(target: Path, facts: BackupFacts) -> str:
    return f"{facts.songs} songs, {megabytes(target.stat().st_size)}"
