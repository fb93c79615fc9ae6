"""`earworm similar`: what in a server's library sounds like a track, a file or a link."""

import argparse
import asyncio
import re
from pathlib import Path

from bot.cli.arguments import count_argument, discord_id
from bot.cli.sources import check_decodable
from bot.cli.steering import add_steering
from bot.errors import NotFound
from bot.intake.identity import identify
from bot.settings import Settings

LINK = re.compile(r"(https?://|data:|file:|ftp:)\S+", re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "track",
        metavar="TRACK|PATH|URL",
        help="a track's id, link or part of its title; or a file or link to listen to",
    )
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose library")
    parser.add_argument("-k", type=count_argument, default=10, metavar="N", help="how many (10)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_steering(parser, adventure="safe")  # the nearest, unless asked for something else
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer from the library if it has the track; else listen to the file or link, and store nothing."""
    named: str = arguments.track.strip()
    path = await asyncio.to_thread(_file, arguments.track)
    if path:
        await check_decodable(path, settings)
    elif LINK.fullmatch(named):
        identify(named)
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli import similar_answer
    from bot.intake.links import PATH

    if path:
        return await similar_answer.similar_to_source(arguments, settings, f"{PATH}{path}")
    try:
        return await similar_answer.similar_to_track(arguments, settings)
    except NotFound:
        if "://" not in named:
            raise
    return await similar_answer.similar_to_source(arguments, settings, named)


def _file(text: str) -> Path | None:
    """The file that is named, unless it is a track's number."""
    path = Path(text).expanduser()
    try:
        return path.resolve() if not text.isdecimal() and path.is_file() else None
    except (OSError, ValueError):  # no file has such a name
        return None
