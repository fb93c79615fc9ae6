"""Answers what sounds like a song: the part of `earworm similar` that needs a library."""

import argparse
import json
from collections.abc import Mapping

from bot.cli.library import check_server
from bot.cli.output import picks_text, wording_for
from bot.cli.wishes import steering_from
from bot.playlists.export import pick_json
from bot.services import Services
from bot.settings import Settings
from bot.taste.recommend import Pick


async def by_track(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer by a track of the library. Raises NotFound."""
    async with Services.open(settings) as services:
        await check_server(services, arguments.guild)
        card = await services.catalog.resolve(arguments.guild, arguments.track, None)
        picks = await services.recommender.similar(
            arguments.guild,
            track_id=card.id,
            channels=None,
            limit=arguments.k,
            steering=await steering_from(arguments, services),
        )
        query = {"id": card.id, "title": card.title, "artist": card.artist}
        await _show(arguments, services, query, picks)
    return 0


async def by_listening(arguments: argparse.Namespace, settings: Settings, source: str) -> int:
    """Answer by a link or a "path:…", and store nothing. Raises Refused."""
    async with Services.open(settings, listen=True) as services:
        await check_server(services, arguments.guild, or_empty=True)
        await services.pipeline.start()
        heard = await services.pipeline.hear(source)
        picks = await services.recommender.similar(
            arguments.guild,
            vectors=heard.analysis.vectors,
            channels=None,
            limit=arguments.k,
            steering=await steering_from(arguments, services),
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
