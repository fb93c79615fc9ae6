"""From a link or a file to how it sounds: fetched, decoded, analysed, and named."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from bot.audio.decode import Decoded, decode
from bot.intake.fetch import Fetched, Fetcher
from bot.intake.links import PATH
from bot.listening.analyst import Analysis, Analyst
from bot.listening.track_names import Naming, name_track
from bot.settings import Settings

DECODERS = 2


@dataclass(frozen=True)
class Got:
    """A file on disk that somebody wants to be heard, and what its page says about it."""

    path: Path
    stem: str
    page: Naming = field(default_factory=Naming)
    uploader: str = ""
    genres: tuple[str, ...] = ()
    key: str | None = None  # what the site itself calls it
    url: str = ""


@dataclass(frozen=True)
class AnalysedSong:
    """A song that was listened to."""

    name: Naming
    genres: tuple[str, ...]
    analysis: Analysis

    @property
    def title(self) -> str:
        """What it is called; never empty."""
        return self.name.title

    @property
    def artist(self) -> str:
        """Who made it, as far as that is known."""
        return self.name.artist

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.analysis.seconds


class Listener:
    """Fetches and listens; what is asked for by somebody who waits doesn't queue behind the rest."""

    def __init__(self, fetcher: Fetcher, analyst: Analyst, settings: Settings) -> None:
        self._fetcher = fetcher
        self._analyst = analyst
        self._max_seconds = settings.max_seconds
        self._decoding = asyncio.Semaphore(DECODERS)
        self._decoding_urgently = asyncio.Semaphore(DECODERS)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """What the vectors of everything that is heard are called."""
        return self._analyst.vector_names

    async def fetch(self, url: str, name: str, into: Path) -> Got:
        """Bring a link's file into a directory; a file named on the command line stays where it is.

        Raises Refused or WorkerDied.
        """
        if url.startswith(PATH):
            path = Path(url.removeprefix(PATH))
            return Got(path, path.stem)
        fetched = await self._fetcher.fetch(url, into, name=name)
        return _got(fetched)

    async def listen(self, got: Got, into: Path, *, urgent: bool = False) -> AnalysedSong:
        """Decode and analyse a file with the help of a directory. Raises Refused, EmbedderError, WorkerDied."""
        async with self._decoding_urgently if urgent else self._decoding:
            decoded = await decode(got.path, into, max_seconds=self._max_seconds)
        analysis = await self._analyst.analyse(decoded, urgent=urgent)
        tags = Naming(decoded.title, decoded.artist, decoded.album)
        name = name_track(got.page, tags, got.stem, uploader=got.uploader)
        return AnalysedSong(name, got.genres or _genres(decoded), analysis)


def _got(fetched: Fetched) -> Got:
    return Got(
        path=fetched.path,
        stem=fetched.name,
        page=Naming(fetched.title, fetched.artist, fetched.album),
        uploader=fetched.uploader,
        genres=tuple(fetched.genres),
        key=fetched.key,
        url=fetched.url,
    )


def _genres(decoded: Decoded) -> tuple[str, ...]:
    named = (genre.strip() for genre in decoded.genre.replace(";", ",").split(","))
    return tuple(genre for genre in named if genre)
