"""`earworm demo`: a scripted week in the sandbox, without a token and without a network."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from bot.cli.sandboxed_bot import best_embedder, embedder_notice
from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="where its files go")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Play the story, print the channel and the numbers, and leave the files."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli.demo_run import play_demo, results_table

    began = time.monotonic()
    out: Path = arguments.out
    await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
    embedder = best_embedder(settings.home)
    print(
        "Earworm, on a Discord that runs on this machine. The members and their songs are made up; the bot is real.\n"
    )
    print(embedder_notice(embedder) + "\n")
    with tempfile.TemporaryDirectory(prefix="earworm-demo-") as folder:
        numbers = await play_demo(embedder, settings.home, Path(folder), out)
    print(results_table(numbers))
    print(
        f"Took {time.monotonic() - began:.0f} s. Open {out / 'channel.html'} to see the channel as Discord shows it;"
    )
    print("the digest's files are beside it. To run Earworm on your server: put DISCORD_TOKEN=… into .env")
    print(
        "(the README says where it comes from), then: earworm models pull openl3, earworm doctor, earworm run."
    )
    return 0
