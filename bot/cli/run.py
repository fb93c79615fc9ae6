"""`earworm run`: the bot."""

import argparse

from bot import client
from bot.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="run the bot")
    parser.set_defaults(run=run)


async def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Run until stopped."""
    await client.run(settings)
    return 0
