"""`earworm ingest`: files and links into a server's library, without Discord."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bot.cli.arguments import discord_id
from bot.cli.sources import IngestResult, SourceItem, check_decodable, find
from bot.errors import EarwormError, Refused
from bot.settings import Settings

MAX_NAME_LENGTH = 60  # characters

CONCURRENT_SONGS = 4  # songs that are heard at a time: nobody looks on while a backlog is taken in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = "Takes in what it can; the exit status is 1 if anything could not be taken in."
    parser.add_argument(
        "sources", nargs="+", metavar="PATH|URL", help="a file, a folder, or a link to a song"
    )
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose library")
    parser.add_argument("--user", type=discord_id, default=0, metavar="ID", help="who shares it")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Take everything in. Raises EarwormError, when all is done, if something of it could not be."""
    items = await asyncio.to_thread(find, arguments.sources)
    results = [IngestResult(item.source, "failed", item.reason) for item in items]
    if not all(item.reason for item in items):
        results = await _take_in(items, arguments, settings)
    if arguments.json:
        print(json.dumps({"results": [asdict(result) for result in results]}, indent=2))
    if any(result.id is None for result in results):
        raise EarwormError(_summary(results))
    return 0


async def _take_in(
    items: Sequence[SourceItem], arguments: argparse.Namespace, settings: Settings
) -> list[IngestResult]:
    if len(items) == 1 and items[0].path is not None:
        try:
            await check_decodable(items[0].path, settings)
        except Refused as refused:
            return [IngestResult(items[0].source, "failed", str(refused))]
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli.ingester import Ingester
    from bot.services import Services

    async with Services.open(settings, listen=True, together=CONCURRENT_SONGS) as services:
        await services.pipeline.start()
        command = Ingester(services, arguments.guild, arguments.user)
        return await command.take_in(items, aloud=not arguments.json)


def _summary(results: Sequence[IngestResult]) -> str:
    reasons = [result.reason for result in results if result.id is None]
    if len(results) == 1:
        return reasons[0]
    # Of a link this is its host; the rest may be private.
    first = next(Path(result.source).name for result in results if result.id is None)[:MAX_NAME_LENGTH]
    said = f"The first one, {first}: {reasons[0]}"
    if len(reasons) == len(results):
        return f"None of these {len(results)} is in the library now. {said}"
    return f"{len(reasons)} of these {len(results)} could not be taken in. {said}"
