"""`earworm digest`: what a server's weekly digest says, or that of a month or a year."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.arguments import discord_id
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.digest.content import DigestContent
    from bot.pictures.values import Drawing
    from bot.services import Services
    from bot.suggestions.wording import ForTerminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose digest")
    parser.add_argument(
        "--week", metavar="YYYY-Www", help="an ISO week; or 2026-11, or 2026 (the seven days until now)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write it, its playlists and pictures here")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Compose the digest from all channels, and print it."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli.library import check_server
    from bot.cli.output import wording_for
    from bot.digest.export import digest_json, write_digest
    from bot.services import Services

    async with Services.open(settings, reads=True) as services:
        await check_server(services, arguments.guild)
        if arguments.week:
            content = await services.digests.compose(arguments.guild, arguments.week, None)
        else:
            content = await services.digests.preview(arguments.guild, None)
        wording = await wording_for(services, arguments.guild, content.cards)
        if arguments.out:
            await asyncio.to_thread(write_digest, content, arguments.out, wording.names)
            await _draw(services, content, arguments.out)
    if arguments.json:
        print(json.dumps(digest_json(content, wording), indent=2))
    else:
        print(_text(content, wording))
    return 0


async def _draw(services: "Services", content: "DigestContent", folder: Path) -> None:
    """Write the banner and the covers, each beside what it belongs to. Raises WorkerDied."""
    from bot.digest.banner import banner_of
    from bot.playlists.covers import cover_of
    from bot.playlists.formats import stem

    drawings: dict[str, Drawing] = {"banner": banner_of(content)}
    drawings |= {stem(playlist): cover_of(playlist) for playlist in content.playlists}
    pictures = await services.painter.paint(*drawings.values())
    for name, picture in zip(drawings, pictures, strict=True):
        (folder / f"{name}.png").write_bytes(picture.png)


def _text(content: "DigestContent", wording: "ForTerminal") -> str:
    from bot.digest.export import sections

    lines = [f"{content.title}, {content.period}", content.headline]
    for heading, items in sections(content, wording).items():
        lines += ["", heading, *(f"  {item}" for item in items)]
    return "\n".join(lines)
