"""`earworm models`: the embedders' weights: where from, whether here, fetched and checked."""

import argparse
import asyncio
import json
from typing import Any

from bot.cli.progress import byte_bar
from bot.embedders import EMBEDDERS, weights
from bot.errors import WeightsError
from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull|verify")
    listing = actions.add_parser("list", help="every weight file, and whether it is here")
    pull = actions.add_parser("pull", help="fetch one and check it")
    verify = actions.add_parser("verify", help="check those that are here")
    pull.add_argument("name", metavar="NAME", help=", ".join(weights.WEIGHTS))
    verify.add_argument("name", nargs="?", metavar="NAME", help="only this one")
    for action, command in ((listing, _list), (pull, _pull), (verify, _verify)):
        action.add_argument("--json", action="store_true", help="one JSON document on standard output")
        action.set_defaults(run=run, act=command)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List, pull or verify. Raises WeightsError."""
    results = await asyncio.to_thread(arguments.act, arguments, settings)
    if arguments.json:
        print(json.dumps({"results": results}, indent=2))
    else:
        print("\n".join(_line(result) for result in results))
    return 0


def _list(_arguments: argparse.Namespace, settings: Settings) -> list[dict[str, Any]]:
    return [_facts(name, settings) for name in {**EMBEDDERS, **weights.WEIGHTS}]


def _pull(arguments: argparse.Namespace, settings: Settings) -> list[dict[str, Any]]:
    if arguments.name in weights.WEIGHTS or arguments.name not in EMBEDDERS:
        with byte_bar(arguments.name) as show:
            weights.pull(arguments.name, settings.home, show)
    return [_facts(arguments.name, settings)]


def _verify(arguments: argparse.Namespace, settings: Settings) -> list[dict[str, Any]]:
    names = [arguments.name] if arguments.name else list(weights.WEIGHTS)
    if unknown := [name for name in names if name not in weights.WEIGHTS]:
        raise WeightsError(
            f"There are no weights called {unknown[0]!r}; take one of {', '.join(weights.WEIGHTS)}."
        )
    here = [name for name in names if arguments.name or weights.kept(name, settings.home)]
    if not here:
        raise WeightsError("No weights are here yet. Fetch some with: earworm models pull openl3")
    return [_facts(name, settings) | {"verified": weights.verify(name, settings.home)} for name in here]


def _facts(name: str, settings: Settings) -> dict[str, Any]:
    file = weights.WEIGHTS.get(name)
    if file is None:
        return {"name": name, "available": True, "kept": None, "licence": EMBEDDERS[name].licence}
    kept = weights.kept(name, settings.home)
    return {
        "name": name,
        "available": weights.available(name, settings.home),
        "kept": str(kept) if kept else None,
        "from": file.url,
        "megabytes": file.megabytes,
        "checksum": file.checksum or None,
        "licence": file.licence,
    }


def _line(facts: dict[str, Any]) -> str:
    if "from" not in facts:
        return f"✓ {facts['name']}: needs no weights"
    where = f"kept as {facts['kept']}" if facts["kept"] else f"not here: earworm models pull {facts['name']}"
    if "verified" in facts:
        where += ", in order" if facts["verified"] else ", but its checksum is not known"
    about = f"{facts['megabytes']} MB, {facts['licence']}, {facts['checksum'] or 'checksum unknown'}"
    return f"{'✓' if facts['kept'] else '✗'} {facts['name']}: {where}\n    from {facts['from']} ({about})"
