"""The command line: `earworm`, also `python -m bot`."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence

from bot import logs
from bot.cli import COMMANDS
from bot.errors import EarwormError
from bot.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    top = argparse.ArgumentParser(
        prog="earworm", description="A Discord bot that learns what a server likes to hear."
    )
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 1 with a line on standard error that says what is wrong and what to do."""
    arguments = parser().parse_args(words)
    try:
        settings = Settings.load()
        logs.configure(settings.log_level if arguments.command == "run" else "WARNING")
        with contextlib.suppress(KeyboardInterrupt):
            status: int = asyncio.run(arguments.run(arguments, settings))
            return status
        return 130
    except EarwormError as error:
        print(f"earworm: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"earworm: {error.strerror or error}{where}. Check the path, its permissions and the disk.",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
