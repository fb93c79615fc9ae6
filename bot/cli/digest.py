"""`earworm digest`: what a server's weekly digest says."""

import argparse
import json

from bot.cli.arguments import discord_id
from bot.cli.output import wording_for
from bot.playlists.content import DigestContent
from bot.playlists.export import digest_json, sections
from bot.services import Services
from bot.settings import Settings
from bot.taste.explain import ForTerminal


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("digest", help="what the weekly digest would say")
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose digest")
    parser.add_argument("--week", metavar="YYYY-Www", help="an ISO week (the seven days until now)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Compose the digest from all channels, and print it."""
    async with Services.open(settings) as services:
        if arguments.week:
            content = await services.digests.compose(arguments.guild, arguments.week, None)
        else:
            content = await services.digests.preview(arguments.guild, None)
        cards = [*content.tracks, *content.loved, *([content.pick.card] if content.pick else [])]
        wording = await wording_for(services, arguments.guild, cards)
    if arguments.json:
        print(json.dumps(digest_json(content, wording), indent=2))
    else:
        print(_text(content, wording))
    return 0


def _text(content: DigestContent, wording: ForTerminal) -> str:
    lines = [f"The week in music, {content.week}", content.headline]
    for heading, items in sections(content, wording).items():
        lines += ["", heading, *(f"  {item}" for item in items)]
    return "\n".join(lines)
