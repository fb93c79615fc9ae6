"""`earworm backup`: everything the database holds in one file, while the bot runs or not."""

import argparse
import asyncio
import json
from pathlib import Path

from bot.backups.backup_file import BackupFacts, megabytes, write_backup
from bot.cli.progress import byte_bar
from bot.errors import BackupFailed
from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Everything the database holds, vectors included, in one file with a checksum; also while the bot runs. "
        "EARWORM_BACKUP_DIR has the bot make one each night."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup, which must not be there yet")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make it. Raises BackupFailed."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.library.store import sqlite_file

    file: Path = arguments.file
    database = sqlite_file(settings)
    _check_free(file)
    facts = await asyncio.to_thread(_write, database, file, settings)
    size = file.stat().st_size  # noqa: ASYNC240 -- nothing else runs
    if arguments.json:
        document = {"file": str(file), "bytes": size, "schema": facts.schema}
        print(json.dumps(document | {"servers": facts.servers, "songs": facts.songs}, indent=2))
    else:
        print(f"Backed up to {file}: servers {facts.servers:,}, songs {facts.songs:,}, {megabytes(size)}.")
        print(f"To put it back, where there is no database yet: earworm restore {file}")
    return 0


def _check_free(file: Path) -> None:
    if file.is_dir():
        raise BackupFailed(f"{file} is a folder. Name a file in it.")
    if file.exists():
        raise BackupFailed(f"{file} is there already. Name a file that isn't.")
    if not file.parent.is_dir():
        raise BackupFailed(f"There is no folder {file.parent}. Make it first.")


def _write(database: Path, file: Path, settings: Settings) -> BackupFacts:
    with byte_bar(file.name) as show:
        return write_backup(database, file, show, floor=settings.disk_floor)
