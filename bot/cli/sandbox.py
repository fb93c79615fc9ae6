"""`earworm sandbox`: a Discord-like page on loopback to try the bot in, without a token and without a network."""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.cli.sandboxed_bot import best_embedder, share_weights
from bot.settings import Settings

DEFAULT_PORT = 8420


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--port", type=_port, help=f"the page's; {DEFAULT_PORT} if that is free")
    parser.add_argument("--home", type=Path, help="keep the library here; else it goes in the end")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve the page until it is stopped."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.cli.sandbox_run import serve_sandbox

    embedder = best_embedder(settings.home)
    with _home(arguments.home) as home:
        share_weights(settings.home, home)
        await serve_sandbox(settings, home, embedder, arguments.port, DEFAULT_PORT)
    return 0


@contextlib.contextmanager
def _home(wanted: Path | None) -> Iterator[Path]:
    """A home for this time only, unless one was named; the one in `.env` is the real bot's."""
    if named := wanted or os.environ.get("EARWORM_HOME"):
        yield Path(named)
        return
    with tempfile.TemporaryDirectory(prefix="earworm-sandbox-") as folder:
        yield Path(folder)
