"""Composes synthetic songs, so that demos and tests need nobody's music."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.instruments import RATE
from discord_sandbox.music.styles import STYLES

__all__ = ["ComposedSong", "compose", "write_audio"]

SONGS_PER_STYLE = 4
FIRST_WORDS = (
    "Paper", "Copper", "Seventh", "Borrowed", "Crooked", "Green", "Sunday", "Hollow", "Painted", "Second",
    "Little", "Winter", "Glass", "Northern", "Folded", "Amber", "Distant", "Salt", "Violet", "Early",
)  # fmt: skip
SECOND_WORDS = (
    "Lantern", "Orchard", "Window", "Harbour", "Ladder", "Letter", "Corner", "Meadow", "Compass", "Garden",
    "Station", "Mirror", "Postcard", "River", "Umbrella", "Balcony", "Kite", "Island", "Clock", "Bridge",
)  # fmt: skip
ARTISTS = (
    "Mira Holt", "The Quiet Ladders", "Oskar Venn", "Tall Paper Boats",
    "Lena Arkwright", "Seven Doors", "Ivo Marsh", "The Second Harbour",
)  # fmt: skip


@dataclass(frozen=True)
class ComposedSong:
    """One composed song; `samples` (n, 2) float32 at `rate` Hz, `bpm` its quarter notes, `key` like "A minor"."""

    style: str
    title: str
    artist: str
    samples: NDArray[np.float32]
    rate: int
    bpm: float
    key: str


def compose(seed: int = 0) -> list[ComposedSong]:
    """Sixteen songs of about 15 s, four of each style, in a mixed order; the same seed gives the same songs."""
    random = np.random.default_rng(seed)
    firsts, seconds = random.permutation(FIRST_WORDS), random.permutation(SECOND_WORDS)
    artists = random.permutation(ARTISTS)
    songs = []
    for row, (style, play) in enumerate(STYLES.items()):
        tonics = random.permutation(12)
        for column in range(SONGS_PER_STYLE):
            sheet = play(random, int(tonics[column]), column / (SONGS_PER_STYLE - 1))
            number = row * SONGS_PER_STYLE + column
            title = f"{firsts[number]} {seconds[number]}"
            artist = str(artists[(2 * row + column) % len(artists)])  # two songs each, in two styles
            songs.append(ComposedSong(style, title, artist, sheet.mixed(), RATE, sheet.bpm, sheet.key))
    return [songs[place] for place in random.permutation(len(songs))]
