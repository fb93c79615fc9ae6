"""Command-line options that steer suggestions: tags, tempo, key, exclusions, …"""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.cli.arguments import discord_id
from bot.errors import NotFound

if TYPE_CHECKING:
    from bot.services import Services
    from bot.suggestions.steering import Steering


def add_steering(parser: argparse.ArgumentParser, *, adventure: str = "balanced") -> None:
    """Add the options; `adventure` is what nobody has to ask for."""
    group = parser.add_argument_group("wishes")
    several: dict[str, Any] = {"action": "extend", "nargs": "+", "default": []}
    group.add_argument("--tag", "--genre", metavar="TAG", help="with each of these tags or genres", **several)
    group.add_argument(
        "--tempo", type=tempo_range, metavar="LOW-HIGH", help="beats a minute, like 90-120 or 118"
    )
    group.add_argument("--key", default="", metavar="KEY", help='like "A minor", or minor for all of them')
    group.add_argument("--sharer", type=discord_id, metavar="ID", help="shared by this member")
    group.add_argument("--since", type=day, metavar="DATE", help="shared on or after a day, like 2026-05-01")
    group.add_argument("--not-artist", metavar="ARTIST", help="nothing by these artists", **several)
    group.add_argument("--exclude", metavar="T", help="none of these tracks", **several)
    group.add_argument(
        "--exclude-member",
        type=discord_id,
        metavar="ID",
        help="nothing that only these members shared",
        **several,
    )
    group.add_argument("--mixes", action="store_true", help="also mixes of 15 minutes and more")
    group.add_argument("--talk", action="store_true", help="also talk")
    group.add_argument(
        "--adventure",
        choices=["safe", "balanced", "bold"],
        default=adventure,
        help=f"from more of the same to more different things ({adventure})",
    )


async def steering_from(arguments: argparse.Namespace, services: "Services") -> "Steering":
    """The steering that a command line asks for. Raises NotFound for a track or key that there isn't."""
    from bot.suggestions.steering import Adventure, Steering, named_key

    excluded = [await services.catalog.resolve(arguments.guild, name, None) for name in arguments.exclude]
    return Steering(
        tags=tuple(arguments.tag),
        tempo=arguments.tempo,
        key=named_key(arguments.key) if arguments.key else "",
        sharer=arguments.sharer,
        since=arguments.since,
        without_tracks=frozenset(card.id for card in excluded),
        without_artists=tuple(arguments.not_artist),
        without_members=frozenset(arguments.exclude_member),
        long=arguments.mixes,
        talk=arguments.talk,
        adventure=Adventure(arguments.adventure),
    )


def tempo_range(text: str) -> tuple[float, float]:
    """Lowest and highest beats a minute: "90-120", or one tempo and what is near it. Raises ArgumentTypeError."""
    from bot.suggestions.steering import named_tempo

    try:
        return named_tempo(text)
    except NotFound as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r}: {error}") from None


def day(text: str) -> datetime:
    """The beginning of a day in UTC. Raises ArgumentTypeError."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"write a day like 2026-05-01 instead of {text[:40]!r}") from None
