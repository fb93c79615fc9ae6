"""`earworm vectors`: where a Qdrant server keeps each server's vectors."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.settings import Settings

if TYPE_CHECKING:
    from bot.vectors.mover import Move


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="move")
    move = actions.add_parser("move", help="to a collection of each server's own, or to one for all")
    move.add_argument("--to", choices=("collections", "tenants"), required=True, help="as QDRANT_LAYOUT says")
    move.add_argument("--json", action="store_true", help="one JSON document on standard output")
    move.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Move every server, while the bot runs; 1 if some have to be tried again."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.services import Services
    from bot.vectors.mover import MoveOutcome, move_all

    moves = []
    async with Services.open(settings.model_copy(update={"qdrant_layout": arguments.to})) as services:
        async for move in move_all(services.store, services.vectors):
            moves.append(move)
            if not arguments.json:
                print(_line(move), flush=True)
    if arguments.json:
        print(json.dumps({"to": arguments.to, "servers": [asdict(move) for move in moves]}, indent=2))
    else:
        print(_advice(arguments.to, settings))
    return int(any(move.outcome == MoveOutcome.LEFT for move in moves))


def _line(move: "Move") -> str:
    says = {
        "moved": f"moved, songs: {move.songs}",
        "there": "there already",
        "left": "the bot was making its vectors anew meanwhile: run this again",
    }
    return f"{move.place} of {move.of}: server {move.guild_id}: {says[move.outcome]}"


def _advice(layout: str, settings: Settings) -> str:
    said = (
        "New servers go there too."
        if settings.qdrant_layout == layout
        else f"Now set QDRANT_LAYOUT={layout} and restart the bot, or what it makes anew goes back."
    )
    return said + (" The shared collection stays, empty." if layout == "collections" else "")
