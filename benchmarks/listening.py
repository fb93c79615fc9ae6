"""Songs for benchmarks: a folder of folders whose names are labels, or composed ones, as the bot would hear them."""

import asyncio
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bot.audio.decode import MAX_SECONDS, Decoded, Decoder
from bot.audio.features import measure
from bot.embedders import load
from bot.embedders.base import Embedder, normalised
from bot.library.cards import TrackCard
from bot.playlists.songs import MeasuredTrack, centred
from bot.settings import Settings
from discord_sandbox.music.synth import compose

DISTRACTORS = "single"
"""The folder of songs that have nothing in common."""


@dataclass(frozen=True)
class LabelledSong:
    """A song that was listened to; `label` is "" if it belongs to nobody; `raw`: as the embedder gave it."""

    label: str
    artist: str
    title: str
    seconds: float
    vector: NDArray[np.float32]
    features: dict[str, Any]
    raw: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


def heard(folder: Path | None, embedder: str, *, seeds: int = 3) -> list[LabelledSong]:
    """The songs of a folder, or those composed from so many seeds."""
    if folder is None:
        return _composed(seeds, embedder)
    paths = sorted(path for path in folder.glob("*/*") if path.is_file())
    return asyncio.run(_recorded(paths, embedder))


def songs_of(found: list[LabelledSong]) -> list[MeasuredTrack]:
    """The same as playlists see them."""
    places = centred(np.stack([one.vector for one in found]))
    return [
        MeasuredTrack.of(
            TrackCard(i, 1, one.title, one.artist, "", one.seconds, "", (), features=one.features), place
        )
        for i, (one, place) in enumerate(zip(found, places, strict=True))
    ]


async def _recorded(paths: list[Path], name: str) -> list[LabelledSong]:
    embedder = load(name, Settings.load().home)
    found = []
    async with Decoder() as decoder:
        for path in tqdm(paths):
            with tempfile.TemporaryDirectory() as scratch:
                decoded = await decoder.decode(path, Path(scratch), max_seconds=MAX_SECONDS)
                found.append(_labelled(path, decoded, embedder))
    return found


def _labelled(path: Path, decoded: Decoded, embedder: Embedder) -> LabelledSong:
    """What its folder and its tags call it, and how it sounds."""
    samples = np.array(decoded.samples())
    vector = embedder.embed(samples, decoded.rate, budget=embedder.info.budget).vector
    label = path.parent.name
    return LabelledSong(
        label="" if label == DISTRACTORS else label,
        artist=decoded.artist or (path.stem if label == DISTRACTORS else label),
        title=decoded.title or path.stem,
        seconds=decoded.seconds,
        vector=normalised(vector),
        features=asdict(measure(samples, decoded.rate)),
        raw=vector,
    )


def _composed(seeds: int, name: str) -> list[LabelledSong]:
    embedder = load(name, Settings.load().home)
    found = []
    for song in tqdm([song for seed in range(seeds) for song in compose(seed)]):
        vector = embedder.embed(song.samples, song.rate, budget=embedder.info.budget).vector
        features = asdict(measure(song.samples, song.rate))
        seconds = len(song.samples) / song.rate
        found.append(
            LabelledSong(song.style, song.artist, song.title, seconds, normalised(vector), features, vector)
        )
    return found
