"""`earworm similar`: what in a server's library sounds like a track, a file or a link."""

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from bot.cli.ingest import discord_id
from bot.cli.output import picks_text, whole_number, wording_for
from bot.errors import NotFound
from bot.library.listening import PATH
from bot.playlists.export import pick_json
from bot.services import Services
from bot.settings import Settings
from bot.taste.recommend import Pick


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("similar", help="what sounds like a track, a file or a link")
    parser.add_argument(
        "track",
        metavar="TRACK|PATH|URL",
        help="a track's id, link or part of its title; or a file or link to listen to",
    )
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose library")
    parser.add_argument("-k", type=whole_number, default=10, metavar="N", help="how many (10)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer from the library if it has the track; else listen to the file or link, and store nothing."""
    if path := await asyncio.to_thread(_file, arguments.track):
        return await _by_listening(arguments, settings, f"{PATH}{path}")
    try:
        return await _by_track(arguments, settings)
    except NotFound:
        if "://" not in arguments.track:
            raise
    return await _by_listening(arguments, settings, arguments.track.strip())


async def _by_track(arguments: argparse.Namespace, settings: Settings) -> int:
    async with Services.open(settings) as services:
        card = await services.catalog.resolve(arguments.guild, arguments.track, None)
        picks = await services.recommender.similar(
            arguments.guild, track_id=card.id, channels=None, limit=arguments.k
        )
        query = {"id": card.id, "title": card.title, "artist": card.artist}
        await _show(arguments, services, query, picks)
    return 0


async def _by_listening(arguments: argparse.Namespace, settings: Settings, source: str) -> int:
    async with Services.open(settings, listen=True) as services:
        await services.pipeline.start()
        heard = await services.pipeline.hear(source)
        picks = await services.recommender.similar(
            arguments.guild, vector=services.primary_vector(heard.analysis), channels=None, limit=arguments.k
        )
        query = {"id": None, "title": heard.title, "artist": heard.artist}
        await _show(arguments, services, query, picks)
    return 0


async def _show(
    arguments: argparse.Namespace, services: Services, query: Mapping[str, object], picks: list[Pick]
) -> None:
    wording = await wording_for(services, arguments.guild, [pick.card for pick in picks])
    if arguments.json:
        results = [pick_json(pick, wording) for pick in picks]
        print(json.dumps({"guild": arguments.guild, "query": query, "results": results}, indent=2))
    elif picks:
        label = " – ".join(str(query[part]) for part in ("artist", "title") if query[part])
        print(f"Like “{wording.text(label)}”:\n{picks_text(picks, wording)}")
    else:
        print("Nothing else is in this server's library.")


def _file(text: str) -> Path | None:
    """The file that is named, unless it is a track's number."""
    path = Path(text).expanduser()
    try:
        return path.resolve() if not text.isdecimal() and path.is_file() else None
    except (OSError, ValueError):  # no file has such a name
        return None
