"""`earworm ingest`: files and links into a server's library, without Discord."""

import argparse
import asyncio
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from bot.errors import EarwormError, Failure, Refused
from bot.intake.identity import identify
from bot.intake.links import is_media_file
from bot.library.jobs import now
from bot.library.ledger import JobState, NewShare
from bot.library.listening import PATH
from bot.services import Services
from bot.settings import Settings

BATCH = 100
SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """A file or link to take in; `source` is its path or its host, `reason` says why it is refused at once."""

    source: str
    url: str = ""
    key: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """What became of an item: added, known or failed; `seconds` is its length."""

    source: str
    status: str
    reason: str = ""
    id: int | None = None
    title: str = ""
    artist: str = ""
    seconds: float | None = None

    def __str__(self) -> str:
        if self.id is None:
            return f"failed  {self.source}: {self.reason}"
        by = f"{self.artist} – " if self.artist else ""
        minutes, seconds = divmod(round(self.seconds or 0), 60)
        return f"{self.status}  {by}{self.title} ({minutes}:{seconds:02}), track {self.id}"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("ingest", help="add files and links to a server's library")
    parser.add_argument(
        "sources", nargs="+", metavar="PATH|URL", help="a file, a folder, or a link to a song"
    )
    parser.add_argument("--guild", type=discord_id, required=True, metavar="ID", help="whose library")
    parser.add_argument("--user", type=discord_id, default=0, metavar="ID", help="who shares it")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Take everything in. Raises EarwormError if nothing of it is in the library afterwards."""
    items = await asyncio.to_thread(find, arguments.sources)
    results = [Result(item.source, "failed", item.reason) for item in items]
    if not all(item.reason for item in items):
        async with Services.open(settings, listen=True) as services:
            await services.pipeline.start()
            command = Command(services, arguments.guild, arguments.user)
            results = await command.take_in(items, aloud=not arguments.json)
    if arguments.json:
        print(json.dumps({"results": [asdict(result) for result in results]}, indent=2))
    if all(result.id is None for result in results):
        raise EarwormError(_summary(results))
    return 0


def find(sources: Sequence[str]) -> list[Item]:
    """The files, those of the folders, and the links that were named, in order."""
    return [item for source in sources for item in _items(source)]


class Command:
    """One call of the command, for one member of one server."""

    def __init__(self, services: Services, guild_id: int, user_id: int) -> None:
        self._services = services
        self._guild_id = guild_id
        self._user_id = user_id

    async def take_in(self, items: Sequence[Item], *, aloud: bool) -> list[Result]:
        """Take items in, with a progress bar on standard error; `aloud`: and lines on standard output."""
        results: list[Result] = []
        # A single refusal that goes to a file or another program has no bar around it.
        disable = None if len(items) == 1 else False
        with tqdm(total=len(items), unit="song", leave=False, disable=disable) as bar:
            for start in range(0, len(items), BATCH):
                batch = items[start : start + BATCH]
                done: dict[int, Result] = {}
                async for place, result in self._batch(batch):
                    done[place] = result
                    bar.update()
                    if aloud and (result.id is not None or len(items) > 1):
                        bar.write(str(result), file=sys.stdout)
                results += [done[place] for place in range(len(batch))]
        return results

    async def _batch(self, items: Sequence[Item]) -> AsyncIterator[tuple[int, Result]]:
        """Each item's place and what became of it."""
        shares: dict[int, NewShare] = {}
        for place, item in enumerate(items):
            try:
                shares[place] = await asyncio.to_thread(self._share, item)
            except Refused as refused:
                yield place, Result(item.source, "failed", str(refused))
        jobs: dict[int, list[int]] = defaultdict(list)
        for place, job_id in zip(
            shares, await self._services.pipeline.submit([*shares.values()]), strict=True
        ):
            jobs[job_id].append(place)
        async for state in self._services.pipeline.finished(jobs):
            for number, place in enumerate(jobs[state.id]):
                yield place, await self._result(items[place].source, state, again=number > 0)

    def _share(self, item: Item) -> NewShare:
        if item.reason:
            raise Refused(Failure.UNSUPPORTED, item.reason)
        return NewShare(
            guild_id=self._guild_id,
            channel_id=0,
            message_id=-self._user_id,
            user_id=self._user_id,
            url=item.url,
            key=item.key or f"file:{_sha256(Path(item.url.removeprefix(PATH)))}",
            shared_at=now(),
        )

    async def _result(self, source: str, state: JobState, *, again: bool) -> Result:
        cards = await self._services.catalog.cards(self._guild_id, [state.track_id or 0], None)
        if state.failure or not cards:
            return Result(source, "failed", state.reason)
        card, status = cards[0], "known" if state.known or again else "added"
        return Result(source, status, "", card.id, card.title, card.artist, card.seconds)


def _items(source: str) -> Iterator[Item]:
    path = Path(source)
    try:
        there = bool(source.strip()) and path.exists()
    except OSError:  # a name that is too long, as links may be
        there = False
    if there and path.is_dir():
        files = sorted(found for found in path.rglob("*") if _is_song(found.relative_to(path), found))
        yield from map(_file, files)
        if not files:
            yield Item(source, reason="There is no audio or video file in that folder.")
    elif there:
        yield _file(path)
    elif SCHEME.match(source):
        yield _link(source)
    else:
        yield Item(source, reason="There is no such file. Name a file, a folder, or a link to one song.")


def _is_song(inside: Path, path: Path) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and is_media_file(path.name, "") and path.is_file()


def _file(path: Path) -> Item:
    if not path.is_file():
        return Item(str(path), reason="That is no file. Name a file, a folder, or a link to one song.")
    return Item(str(path), f"{PATH}{path.resolve()}")


def _link(link: str) -> Item:
    try:
        identity = identify(link)
    except Refused as refused:
        return Item(_host(link), reason=str(refused))
    return Item(_host(link), identity.url, identity.key)


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or link.partition(":")[0]
    except ValueError:
        return link.partition(":")[0]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(Failure.UNSUPPORTED, f"That file can't be read: {error.strerror}.") from None


def _summary(results: Sequence[Result]) -> str:
    if len(results) == 1:
        return results[0].reason
    return f"None of these {len(results)} is in the library now. The first one: {results[0].reason}"


def discord_id(text: str) -> int:
    """A server's or member's id, as Discord gives them. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text[:20]) >= 2**63:
        raise argparse.ArgumentTypeError(f"write an id of Discord's, a number, instead of {text[:40]!r}")
    return int(text)
