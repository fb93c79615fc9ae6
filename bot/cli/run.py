"""`earworm run`: the bot."""

import argparse

from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.set_defaults(run=run)


async def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Run until stopped."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot import client

    await client.run(settings)
    return 0
