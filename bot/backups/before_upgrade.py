"""Keeps the database as it was before an upgrade changes its tables, for as long as somebody may want to go back."""

import asyncio
import glob
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.backups.backup_file import write_backup
from bot.backups.backup_folder import make_folder

log = logging.getLogger(__name__)

KEPT = 2  # of the newest upgrades
KEPT_FOR = timedelta(days=30)  # what members erase is still in there
LOOK_SECONDS = 3600.0


def keep_before_upgrade(database: Path, schema: str, folder: Path | None, *, floor: int) -> Path:
    """Make a backup in `folder`, or beside the database, and remove those of old upgrades.

    Raises BackupFailed, SettingsError.
    """
    if folder is not None:
        make_folder(folder)
    place = folder or database.parent
    target = place / f"{database.name}.schema-{schema}.backup"
    log.info("an upgrade is going to change the database; before that it is kept as it is in %s", target)
    write_backup(database, target, floor=floor, over=True)
    others = [path for path in _kept(database, place) if path != target]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: -(KEPT - 1)]:
        old.unlink(missing_ok=True)
    return target


@asynccontextmanager
async def removing_old_upgrades(database: Path, folder: Path | None) -> AsyncIterator[None]:
    """Meanwhile, what was kept in `folder` or beside the database is removed once it is KEPT_FOR old."""
    removing = asyncio.create_task(_remove_on_and_on(database, folder))
    try:
        yield
    finally:
        removing.cancel()
        await asyncio.wait({removing})


async def _remove_on_and_on(database: Path, folder: Path | None) -> None:
    while True:
        try:
            await asyncio.to_thread(_remove_old, database, folder)
        except OSError as error:
            log.error("what was kept before an upgrade can't be removed: %s. I try again in an hour.", error)
        await asyncio.sleep(LOOK_SECONDS)


def _remove_old(database: Path, folder: Path | None) -> None:
    oldest = time.time() - KEPT_FOR.total_seconds()
    for place in {database.parent, folder or database.parent}:
        for kept in _kept(database, place):
            if kept.stat().st_mtime < oldest:
                kept.unlink(missing_ok=True)
                log.info("removed %s, kept before an upgrade %d days ago or more", kept, KEPT_FOR.days)


def _kept(database: Path, place: Path) -> list[Path]:
    return list(place.glob(f"{glob.escape(database.name)}.schema-*.backup"))
