"""Fetches, decodes, analyses and names one song."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from bot.audio.decode import Decoded, Decoder
from bot.intake.fetch import Fetched, Fetcher
from bot.intake.links import PATH
from bot.listening.analyst import Analysis, Analyst
from bot.listening.track_names import TrackName, name_track
from bot.settings import Settings

MAX_CONCURRENT_DECODES = 2


@dataclass(frozen=True)
class FetchedFile:
    """A file on disk to be analysed, and what its page says about it."""

    path: Path
    stem: str
    page: TrackName = field(default_factory=TrackName)
    uploader: str = ""
    genres: tuple[str, ...] = ()
    key: str | None = None  # what the site itself calls it
    url: str = ""


@dataclass(frozen=True)
class AnalysedSong:
    """An analysed song: what it is called, its genres and how it sounds."""

    name: TrackName
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
    """Fetches, decodes and analyses; what somebody waits for (`urgent`) doesn't queue behind the rest."""

    def __init__(self, fetcher: Fetcher, decoder: Decoder, analyst: Analyst, settings: Settings) -> None:
        self._fetcher = fetcher
        self._decoder = decoder
        self._analyst = analyst
        self._max_seconds = settings.max_seconds
        self._decoding = asyncio.Semaphore(MAX_CONCURRENT_DECODES)
        self._decoding_urgently = asyncio.Semaphore(MAX_CONCURRENT_DECODES)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """The names of the vectors that every analysed song gets."""
        return self._analyst.vector_names

    async def fetch(self, url: str, name: str, into: Path) -> FetchedFile:
        """Bring a link's file into a directory; a file named on the command line stays where it is.

        Raises Refused or WorkerDied.
        """
        if url.startswith(PATH):
            path = Path(url.removeprefix(PATH))
            return FetchedFile(path, path.stem)
        fetched = await self._fetcher.fetch(url, into, name=name)
        return _fetched_file(fetched)

    async def listen(
        self,
        got: FetchedFile,
        into: Path,
        *,
        urgent: bool = False,
        decoding: AbstractAsyncContextManager[object] | None = None,
    ) -> AnalysedSong:
        """Decode and analyse a file with the help of a directory; `decoding` is held while it is decoded.

        Raises Refused, EmbedderError, WorkerDied.
        """
        async with decoding or (self._decoding_urgently if urgent else self._decoding):
            decoded = await self._decoder.decode(got.path, into, max_seconds=self._max_seconds)
        analysis = await self._analyst.analyse(decoded, urgent=urgent)
        tags = TrackName(decoded.title, decoded.artist, decoded.album)
        name = name_track(got.page, tags, got.stem, uploader=got.uploader)
        return AnalysedSong(name, got.genres or _genres(decoded), analysis)


def _fetched_file(fetched: Fetched) -> FetchedFile:
    return FetchedFile(
        path=fetched.path,
        stem=fetched.name,
        page=TrackName(fetched.title, fetched.artist, fetched.album),
        uploader=fetched.uploader,
        genres=tuple(fetched.genres),
        key=fetched.key,
        url=fetched.url,
    )


def _genres(decoded: Decoded) -> tuple[str, ...]:
    named = (genre.strip() for genre in decoded.genre.replace(";", ",").split(","))
    return tuple(genre for genre in named if genre)
