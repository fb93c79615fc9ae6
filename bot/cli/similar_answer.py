"""`earworm similar` with the library open; imported only once the arguments are known to be valid."""

import argparse
import json
from collections.abc import Mapping

from bot.cli.library import check_server
from bot.cli.output import picks_text, wording_for
from bot.cli.steering import steering_from
from bot.digest.export import pick_json
from bot.services import Services
from bot.settings import Settings
from bot.suggestions.pick import Recommendation


async def similar_to_track(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer by a track of the library. Raises NotFound."""
    async with Services.open(settings, reads=True) as services:
        await check_server(services, arguments.guild)
        card = await services.catalog.resolve(arguments.guild, arguments.track, None)
        steering = await steering_from(arguments, services)
        found = await services.recommender.similar(
            arguments.guild,
            track_id=card.id,
            channels=None,
            limit=arguments.k,
            steering=steering,
        )
        query = {"id": card.id, "title": card.title, "artist": card.artist}
        await _show(arguments, services, query, found)
    return 0


async def similar_to_source(arguments: argparse.Namespace, settings: Settings, source: str) -> int:
    """Answer by a link or a "path:…", and store nothing. Raises Refused."""
    async with Services.open(settings, listen=True, reads=True) as services:
        await check_server(services, arguments.guild, or_empty=True)
        await services.pipeline.start()
        heard = await services.pipeline.hear(source)
        steering = await steering_from(arguments, services)
        found = await services.recommender.similar(
            arguments.guild,
            vectors=heard.analysis.vectors,
            channels=None,
            limit=arguments.k,
            steering=steering,
        )
        query = {"id": None, "title": heard.title, "artist": heard.artist}
        await _show(arguments, services, query, found)
    return 0


async def _show(
    arguments: argparse.Namespace, services: Services, query: Mapping[str, object], found: Recommendation
) -> None:
    wording = await wording_for(services, arguments.guild, [pick.card for pick in found.picks])
    if arguments.json:
        results = [pick_json(pick, wording) for pick in found.picks]
        answer = {"guild": arguments.guild, "query": query, "note": found.note, "results": results}
        print(json.dumps(answer, indent=2))
        return
    label = " – ".join(str(query[part]) for part in ("artist", "title") if query[part])
    heading = f"Like “{wording.text(label)}”:" if found.picks else ""
    print("\n".join(part for part in (heading, picks_text(found.picks, wording), found.note) if part))
