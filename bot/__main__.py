"""The command line: `earworm`, also `python -m bot`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import NoReturn

from bot import logs
from bot.concealing import conceal
from bot.errors import EarwormError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "run the bot",
        "demo": "the whole story on loopback: no token, no network",
        "sandbox": "try the bot in a page like Discord: no token, no network",
        "doctor": "what is set up, what is missing, what to do",
        "ingest": "add files and links to a server's library",
        "similar": "what sounds like a track, a file or a link",
        "recommend": "what a member, or the server, may like",
        "playlists": "vibes and playlists, as text and as files",
        "digest": "what the weekly digest would say",
        "embed": "audio files to vectors in an .npz file",
        "eval": "which embedder finds the songs of the same folder?",
        "vectors": "move servers between collections of their own and a shared one",
        "backup": "everything the database holds in one file, also while the bot runs",
        "restore": "a backup becomes the database",
        "models": "weights: where from, checksum, where kept",
    }
)
"""Each command and its summary; `bot.cli` has a module for each."""

# They write into EARWORM_HOME and nowhere that somebody named, so nobody else need be able to read what they make.
KEEPERS = frozenset({"run", "doctor", "ingest", "restore"})
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Refuses wrong words in one line and with status 1, as every refusal of ours."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where to read more."""
        self.exit(_refuse(f"{message}. See {self.prog} --help."))


class VersionAction(argparse.Action):
    """Prints the installed version; reading package metadata takes time that other commands needn't spend."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it and exit."""
        from importlib.metadata import version

        print(f"earworm {version('earworm')}")
        parser.exit()


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for these words; only the named command's module is imported, since some take long to."""
    top = Parser(prog="earworm", description="A Discord bot that learns what a server likes to hear.")
    top.add_argument("--version", action=VersionAction, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    named = [name for name in COMMANDS if name in words[:1]]
    for name in named or COMMANDS:
        command = commands.add_parser(name, help=COMMANDS[name])
        if named:
            import_module(f"bot.cli.{name}").add_arguments(command)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 1 with a line on standard error that says what is wrong and what to do.

    `doctor` also ends with 1 where it found something wrong.
    """
    words = sys.argv[1:] if words is None else words
    secrets: frozenset[str] = frozenset()
    try:
        arguments = parser(words).parse_args(words)
        # Pydantic takes longer to import than --help and refusals take as a whole.
        from bot.settings import Settings

        settings = Settings.load()
        secrets = settings.secrets
        logs.configure(
            settings.log_level if arguments.command == "run" else "ERROR", secrets, settings.log_format
        )
        if arguments.command in KEEPERS:
            os.umask(0o077)
        status: int = asyncio.run(arguments.run(arguments, settings))
    except EarwormError as error:
        return _refuse(conceal(str(error), secrets))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; nothing may be flushed to them at exit.
        sys.stdout = None
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        sentence = f"{error.strerror or error}{where}. Check the path, its permissions and the disk."
        return _refuse(conceal(sentence, secrets))
    return status


def _refuse(sentence: str) -> int:
    print(f"earworm: {' '.join(sentence.split())}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
