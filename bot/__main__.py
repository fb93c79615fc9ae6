"""The command line: `earworm`, also `python -m bot`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from bot import logs
from bot.errors import EarwormError
from bot.settings import Settings

COMMANDS = (
    "run",
    "demo",
    "sandbox",
    "doctor",
    "ingest",
    "similar",
    "recommend",
    "playlists",
    "digest",
    "embed",
    "eval",
    "models",
)
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Refuses wrong words in one line and with status 1, as every refusal of ours."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where to read more."""
        self.exit(_refuse(f"{message}. See {self.prog} --help."))


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for these words; of the commands only the named one is imported, since some take seconds to."""
    top = Parser(prog="earworm", description="A Discord bot that learns what a server likes to hear.")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    named = [name for name in COMMANDS if name in words[:1]]
    for name in named or COMMANDS:
        import_module(f"bot.cli.{name}").add_parser(commands)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 1 with a line on standard error that says what is wrong and what to do."""
    words = sys.argv[1:] if words is None else words
    try:
        arguments = parser(words).parse_args(words)
        settings = Settings.load()
        logs.configure(settings.log_level if arguments.command == "run" else "ERROR")
        status: int = asyncio.run(arguments.run(arguments, settings))
    except EarwormError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; nothing may be flushed to them at exit.
        sys.stdout = None
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _refuse(f"{error.strerror or error}{where}. Check the path, its permissions and the disk.")
    return status


def _refuse(sentence: str) -> int:
    print(f"earworm: {' '.join(sentence.split())}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
