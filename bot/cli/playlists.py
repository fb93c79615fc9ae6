"""`earworm playlists`: a server's vibes and this week's playlists, also as files."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.arguments import discord_id
from bot.errors import NotFound
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.playlists.playlist import Playlist
    from bot.playlists.service import PastPlaylist, Playlists


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose library")
    parser.add_argument("--user", type=discord_id, metavar="ID", help="also one for this member")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write M3U8, XSPF, JSPF and CSV files here")
    parser.add_argument(
        "--keep", action="store_true", help="note them as posted: they stay out of the next weeks"
    )
    parser.add_argument("--history", action="store_true", help="what was posted instead")
    parser.add_argument("--pin", type=discord_id, metavar="N", help="keep playlist N of the history")
    parser.add_argument("--rename", nargs=2, metavar=("N", "NAME"), help="call vibe N something else")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do what is asked to vibes and history, then make the playlists from all channels, write and print them."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli import playlists_report as report
    from bot.cli.library import check_server
    from bot.cli.output import wording_for
    from bot.services import Services

    guild_id = arguments.guild
    async with Services.open(settings, reads=True) as services:
        await check_server(services, guild_id)
        await _change(services.playlists, arguments)
        found = await services.playlists.vibes(guild_id, None)
        past = await _past(services.playlists, arguments) if arguments.history else []
        playlists = [each.playlist for each in past] or await _made(services.playlists, arguments)
        if arguments.keep and not arguments.history:
            await services.playlists.keep(guild_id, playlists)
        near = [entry.near for playlist in playlists for entry in playlist.entries if entry.near]
        cards = [*(card for playlist in playlists for card in playlist.cards), *near]
        wording = await wording_for(services, guild_id, cards)
    files = report.write(playlists, arguments.out) if arguments.out else []
    if arguments.json:
        print(json.dumps(report.document(guild_id, found, playlists, past, files, wording), indent=2))
    else:
        print(report.text(found, playlists, past, files, wording))
    return 0


async def _change(playlists: "Playlists", arguments: argparse.Namespace) -> None:
    if arguments.rename:
        number, name = arguments.rename
        if not number.isdecimal():
            raise NotFound(
                f"Name a vibe by its number, like --rename 3 “{name}”; the list of vibes shows it."
            )
        await playlists.rename(arguments.guild, int(number), name)
    if arguments.pin:
        await playlists.pin(arguments.guild, arguments.pin)


async def _past(playlists: "Playlists", arguments: argparse.Namespace) -> "list[PastPlaylist]":
    return await playlists.history(arguments.guild, None, user_id=arguments.user or 0)


async def _made(playlists: "Playlists", arguments: argparse.Namespace) -> "list[Playlist]":
    if arguments.history:
        return []
    made = await playlists.weekly(arguments.guild, None)
    if arguments.user:
        mine = await playlists.for_member(arguments.guild, arguments.user, None)
        made += [mine] if mine else []
    return made
