"""`earworm restore`: a backup becomes the database."""

import argparse
import asyncio
from pathlib import Path

from bot.cli.progress import byte_bar
from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Makes the database from a backup, here or on another machine. The backup is checked first, and no database "
        "that holds anything is overwritten."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what earworm backup, or the bot, made")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Restore it. Raises BackupFailed."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.library.restoring import restore
    from bot.library.store import sqlite_file

    def work() -> None:
        with byte_bar(arguments.file.name) as show:
            facts = restore(arguments.file, settings, show)
        print(f"Restored servers {facts.servers:,}, songs {facts.songs:,} into {sqlite_file(settings)}.")

    await asyncio.to_thread(work)
    print("Vectors are made from it when the bot starts: earworm run")
    return 0
