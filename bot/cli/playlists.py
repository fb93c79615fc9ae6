"""`earworm playlists`: a server's vibes and this week's playlists, also as files."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.cli.arguments import discord_id
from bot.cli.output import wording_for
from bot.errors import NotFound
from bot.playlists import formats
from bot.playlists.export import playlist_json
from bot.playlists.playlist import Playlist
from bot.playlists.service import Past, Playlists, Vibes
from bot.services import Services
from bot.settings import Settings
from bot.taste.explain import ForTerminal, standing

NOTHING = "No playlist yet: share more songs, and react to them with 👍 and 👎."


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("playlists", help="vibes and playlists, as text and as files")
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
    guild_id = arguments.guild
    async with Services.open(settings) as services:
        await _change(services.playlists, arguments)
        found = await services.playlists.vibes(guild_id, None)
        past = await _past(services.playlists, arguments) if arguments.history else []
        playlists = [each.playlist for each in past] or await _made(services.playlists, arguments)
        if arguments.keep and not arguments.history:
            await services.playlists.keep(guild_id, playlists)
        near = [entry.near for playlist in playlists for entry in playlist.entries if entry.near]
        cards = [*(card for playlist in playlists for card in playlist.cards), *near]
        wording = await wording_for(services, guild_id, cards)
    files = _write(playlists, arguments.out) if arguments.out else []
    if arguments.json:
        print(json.dumps(_document(guild_id, found, playlists, past, files, wording), indent=2))
    else:
        print(_text(found, playlists, past, files, wording))
    return 0


async def _change(playlists: Playlists, arguments: argparse.Namespace) -> None:
    if arguments.rename:
        number, name = arguments.rename
        if not number.isdecimal():
            raise NotFound(
                f"Name a vibe by its number, like --rename 3 “{name}”; the list of vibes shows it."
            )
        await playlists.rename(arguments.guild, int(number), name)
    if arguments.pin:
        await playlists.pin(arguments.guild, arguments.pin)


async def _past(playlists: Playlists, arguments: argparse.Namespace) -> list[Past]:
    return await playlists.history(arguments.guild, None, user_id=arguments.user or 0)


async def _made(playlists: Playlists, arguments: argparse.Namespace) -> list[Playlist]:
    if arguments.history:
        return []
    made = await playlists.weekly(arguments.guild, None)
    if arguments.user:
        mine = await playlists.for_member(arguments.guild, arguments.user, None)
        made += [mine] if mine else []
    return made


def _write(playlists: Sequence[Playlist], folder: Path) -> list[Path]:
    written: list[Path] = []
    for playlist in playlists:
        written += formats.write(playlist, folder, frozenset(path.stem for path in written))
    return written


def _document(
    guild_id: int,
    found: Vibes,
    playlists: Sequence[Playlist],
    past: Sequence[Past],
    files: Sequence[Path],
    wording: ForTerminal,
) -> dict[str, Any]:
    results = [playlist_json(playlist, wording) for playlist in playlists]
    for result, each in zip(results, past, strict=False):
        result |= {"number": each.id, "week": each.week, "pinned": each.pinned}
    return {
        "guild": guild_id,
        "note": found.note,
        "missing": found.missing,
        "vibes": [
            {"id": vibe.id, "name": vibe.name, "named": vibe.named, "tracks": sorted(vibe.track_ids)}
            for vibe in found.vibes
        ],
        "results": results,
        "files": [str(path) for path in files],
    }


def _text(
    found: Vibes,
    playlists: Sequence[Playlist],
    past: Sequence[Past],
    files: Sequence[Path],
    wording: ForTerminal,
) -> str:
    lines = [found.note] if found.note else []
    lines += [f"vibe {vibe.id}: {vibe.name} ({len(vibe.track_ids)} songs)" for vibe in found.vibes]
    for number, playlist in enumerate(playlists):
        when = f"{past[number].id}. {past[number].week} " if past else ""
        pinned = " (pinned)" if past and past[number].pinned else ""
        lines += ["", f"{when}{wording.text(playlist.name)}{pinned}", *_songs(playlist, wording)]
    if not playlists:
        lines += ["", NOTHING]
    if files:
        lines += ["", f"{len(files)} files are in {files[0].parent}"]
    return "\n".join(lines)


def _songs(playlist: Playlist, wording: ForTerminal) -> list[str]:
    lines = [f"   ({playlist.note})"] if playlist.note else []
    for place, entry in enumerate(playlist.entries, 1):
        minutes, seconds = divmod(round(entry.card.seconds), 60)
        why = entry.explain(wording) or standing(entry.card, wording)
        lines.append(
            f"{place:3}. {wording.text(entry.card.label)} ({minutes}:{seconds:02}), track {entry.card.id}"
        )
        lines += [f"       {why}"] if why else []
    if link := formats.queue_link(playlist):
        lines.append(f"     {link}")
    return lines
