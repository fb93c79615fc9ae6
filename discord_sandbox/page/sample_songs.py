"""Composed songs as files, ready to be posted."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from discord_sandbox.music.synth import ComposedSong, compose, write_audio
from discord_sandbox.world.members import File


class SampleSongs:
    """Composed songs; they are composed on first use, and each is encoded when it is needed."""

    def __init__(self, compose: Callable[[], Sequence[ComposedSong]] = compose) -> None:
        self._compose = compose
        self._composing: asyncio.Task[Sequence[ComposedSong]] | None = None

    async def all(self) -> Sequence[ComposedSong]:
        """All of them, as samples."""
        if self._composing is None:
            self._composing = asyncio.create_task(asyncio.to_thread(self._compose))
        return await asyncio.shield(self._composing)

    async def as_file(self, number: int) -> File:
        """One, encoded as an MP3 file. Raises IndexError."""
        song = (await self.all())[number]
        return await asyncio.to_thread(_encoded, song)


def _encoded(song: ComposedSong) -> File:
    name = song.title.lower().replace(" ", "-") + ".mp3"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_audio(song.samples, song.rate, path, tags={"title": song.title, "artist": song.artist})
        return name, path.read_bytes(), "audio/mpeg"
