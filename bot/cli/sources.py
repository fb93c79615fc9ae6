"""Files, folders and links named on the command line, checked before anything slow is imported."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.audio.decode import Decoder
from bot.errors import Refused
from bot.intake.identity import identify
from bot.intake.links import is_media_file
from bot.settings import Settings

SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)


@dataclass(frozen=True)
class SourceItem:
    """A file or link; `source` is its path or its host, `reason` says why it is refused at once."""

    source: str
    path: Path | None = None
    url: str = ""
    key: str = ""
    reason: str = ""


@dataclass(frozen=True)
class IngestResult:
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


def find(sources: Sequence[str]) -> list[SourceItem]:
    """The files, those of the folders, and the links that were named, in order."""
    return [item for source in sources for item in _items(source)]


async def check_decodable(path: Path, settings: Settings) -> None:
    """Decode a file only to learn whether that can be done. Raises Refused, or WorkerDied if it kills the decoder."""
    async with Decoder() as decoder:
        with tempfile.TemporaryDirectory() as folder:
            await decoder.decode(path, Path(folder), max_seconds=settings.max_seconds)


def _items(source: str) -> Iterator[SourceItem]:
    path = Path(source)
    try:
        there = bool(source.strip()) and path.exists()
    except OSError:  # a name that is too long, as links may be
        there = False
    if there and path.is_dir():
        files = sorted(found for found in path.rglob("*") if _is_song(found.relative_to(path), found))
        yield from map(_file, files)
        if not files:
            yield SourceItem(source, reason="There is no audio or video file in that folder.")
    elif there:
        yield _file(path)
    elif SCHEME.match(source):
        yield _link(source)
    else:
        yield SourceItem(
            source, reason="There is no such file. Name a file, a folder, or a link to one song."
        )


def _is_song(inside: Path, path: Path) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and is_media_file(path.name, "") and path.is_file()


def _file(path: Path) -> SourceItem:
    if not path.is_file():
        return SourceItem(str(path), reason="That is no file. Name a file, a folder, or a link to one song.")
    return SourceItem(str(path), path=path.resolve())


def _link(link: str) -> SourceItem:
    try:
        identity = identify(link)
    except Refused as refused:
        return SourceItem(_host(link), reason=str(refused))
    return SourceItem(_host(link), url=identity.url, key=identity.key)


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or link.partition(":")[0]
    except ValueError:
        return link.partition(":")[0]
