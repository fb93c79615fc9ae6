"""Songs that are there to be posted."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from discord_sandbox.music.synth import ComposedSong, compose, write_audio
from discord_sandbox.world.members import File


class SampleSongs:
    """Songs as files, each made when somebody takes it; they are composed when the first is asked for."""

    def __init__(self, compose: Callable[[], Sequence[ComposedSong]] = compose) -> None:
        self._compose = compose
        self._composing: asyncio.Task[Sequence[ComposedSong]] | None = None

    async def songs(self) -> Sequence[ComposedSong]:
        """All of them."""
        if self._composing is None:
            self._composing = asyncio.create_task(asyncio.to_thread(self._compose))
        return await asyncio.shield(self._composing)

    async def take(self, number: int) -> File:
        """One as a file. Raises IndexError."""
        song = (await self.songs())[number]
        return await asyncio.to_thread(_encoded, song)


def _encoded(song: ComposedSong) -> File:
    name = song.title.lower().replace(" ", "-") + ".mp3"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_audio(song.samples, song.rate, path, tags={"title": song.title, "artist": song.artist})
        return name, path.read_bytes(), "audio/mpeg"
