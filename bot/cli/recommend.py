"""`earworm recommend`: what a member, or a whole server, may like."""

import argparse
import json
from typing import TYPE_CHECKING

from bot.cli.arguments import count_argument, discord_id
from bot.cli.steering import add_steering, steering_from
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.services import Services


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose library")
    parser.add_argument("--user", type=discord_id, metavar="ID", help="for this member (the whole server)")
    parser.add_argument(
        "--like",
        action="extend",
        nargs="+",
        default=[],
        metavar="T",
        help="tracks that count as liked this once",
    )
    parser.add_argument(
        "--dislike",
        action="extend",
        nargs="+",
        default=[],
        metavar="T",
        help="tracks that count as disliked this once",
    )
    parser.add_argument("-k", type=count_argument, default=10, metavar="N", help="how many (10)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_steering(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Recommend, with a reason for each."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli.library import check_server
    from bot.cli.output import picks_text, wording_for
    from bot.digest.export import pick_json
    from bot.services import Services
    from bot.taste.evidence import ExtraEvidence

    guild_id = arguments.guild
    async with Services.open(settings, reads=True) as services:
        await check_server(services, guild_id, or_empty=True)
        extra = ExtraEvidence(
            likes=await _tracks(services, guild_id, arguments.like),
            dislikes=await _tracks(services, guild_id, arguments.dislike),
        )
        answer = await services.recommender.recommend(
            guild_id,
            arguments.user,
            None,
            arguments.k,
            you=arguments.user is None,
            extra=extra,
            steering=await steering_from(arguments, services),
        )
        wording = await wording_for(services, guild_id, [pick.card for pick in answer.picks])
    if arguments.json:
        results = [pick_json(pick, wording) for pick in answer.picks]
        found = {"guild": guild_id, "user": arguments.user, "note": answer.note, "results": results}
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(part for part in (answer.note, picks_text(answer.picks, wording)) if part))
    return 0


async def _tracks(services: "Services", guild_id: int, names: list[str]) -> tuple[int, ...]:
    return tuple([(await services.catalog.resolve(guild_id, name, None)).id for name in names])
