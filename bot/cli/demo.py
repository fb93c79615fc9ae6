"""`earworm demo`: the whole story on loopback, without a token and without a network."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from bot.cli.loopback import best_embedder, listening_with
from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="where its files go")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Play the story, print the channel and the numbers, and leave the files."""
    # What takes seconds to import is for what isn't refused.
    from bot.cli.staging import played, table

    began = time.monotonic()
    out: Path = arguments.out
    await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
    embedder = best_embedder(settings.home)
    print(
        "Earworm, on a Discord that runs on this machine. The members and their songs are made up; the bot is real.\n"
    )
    print(listening_with(embedder) + "\n")
    with tempfile.TemporaryDirectory(prefix="earworm-demo-") as folder:
        numbers = await played(embedder, settings.home, Path(folder), out)
    print(table(numbers))
    print(
        f"Took {time.monotonic() - began:.0f} s. Open {out / 'channel.html'} to see the channel as Discord shows it;"
    )
    print("the digest's files are beside it. To run Earworm on your server: put DISCORD_TOKEN=… into .env")
    print(
        "(the README says where it comes from), then: earworm models pull openl3, earworm doctor, earworm run."
    )
    return 0
