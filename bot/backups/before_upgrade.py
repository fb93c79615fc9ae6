"""Keeps the database as it was before an upgrade changes its tables."""

import logging
from pathlib import Path

from bot.backups.backup_file import write_backup
from bot.backups.backup_folder import make_folder

log = logging.getLogger(__name__)

KEPT = 2  # of the newest upgrades


def keep_before_upgrade(database: Path, schema: str, folder: Path | None, *, floor: int) -> Path:
    """Make a backup in `folder`, or beside the database, and remove those of old upgrades.

    Raises BackupFailed, SettingsError.
    """
    if folder is not None:
        make_folder(folder)
    place = folder or database.parent
    target = place / f"{database.name}.schema-{schema}.backup"
    log.info("an upgrade is going to change the database; before that it is kept as it is in %s", target)
    write_backup(database, target, floor=floor)
    others = [path for path in place.glob(f"{database.name}.schema-*.backup") if path != target]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: -(KEPT - 1)]:
        old.unlink(missing_ok=True)
    return target
