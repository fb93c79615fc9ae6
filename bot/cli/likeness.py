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
from bot.taste.steering import Steering, obstacles


async def by_track(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer by a track of the library. Raises NotFound."""
    async with Services.open(settings) as services:
        await check_server(services, arguments.guild)
        card = await services.catalog.resolve(arguments.guild, arguments.track, None)
        steering = await steering_from(arguments, services)
        picks = await services.recommender.similar(
            arguments.guild,
            track_id=card.id,
            channels=None,
            limit=arguments.k,
            steering=steering,
        )
        query = {"id": card.id, "title": card.title, "artist": card.artist}
        nothing = "" if picks else await _nothing(services, arguments.guild, steering, card.id)
        await _show(arguments, services, query, picks, nothing)
    return 0


async def by_listening(arguments: argparse.Namespace, settings: Settings, source: str) -> int:
    """Answer by a link or a "path:…", and store nothing. Raises Refused."""
    async with Services.open(settings, listen=True) as services:
        await check_server(services, arguments.guild, or_empty=True)
        await services.pipeline.start()
        heard = await services.pipeline.hear(source)
        steering = await steering_from(arguments, services)
        picks = await services.recommender.similar(
            arguments.guild,
            vectors=heard.analysis.vectors,
            channels=None,
            limit=arguments.k,
            steering=steering,
        )
        query = {"id": None, "title": heard.title, "artist": heard.artist}
        nothing = "" if picks else await _nothing(services, arguments.guild, steering)
        await _show(arguments, services, query, picks, nothing)
    return 0


async def _show(
    arguments: argparse.Namespace,
    services: Services,
    query: Mapping[str, object],
    picks: list[Pick],
    nothing: str,
) -> None:
    wording = await wording_for(services, arguments.guild, [pick.card for pick in picks])
    if arguments.json:
        results = [pick_json(pick, wording) for pick in picks]
        print(json.dumps({"guild": arguments.guild, "query": query, "results": results}, indent=2))
    elif picks:
        label = " – ".join(str(query[part]) for part in ("artist", "title") if query[part])
        print(f"Like “{wording.text(label)}”:\n{picks_text(picks, wording)}")
    else:
        print(nothing)


async def _nothing(services: Services, guild_id: int, steering: Steering, *asked: int) -> str:
    """Why there is no answer: which wishes left out how much."""
    candidates = await services.engine.chooser.candidates(guild_id, None, steering, asked)
    if left_out := obstacles(candidates.failures):
        return f"Nothing meets your wishes: {left_out}."
    if candidates.tracks or candidates.failures or steering.without_artists:
        return "Nothing else in this server's library can be suggested for that."
    return "Nothing else is in this server's library."
