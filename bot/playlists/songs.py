"""A track as playlists see it: its direction in vector space among the server's tracks, and its measured features."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array
from bot.audio.loudness import ABSOLUTE_GATE_LUFS
from bot.library.cards import TrackCard
from bot.playlists.camelot import Camelot, camelot
from bot.suggestions.song_names import SongName
from bot.vectors.unit_vectors import UnitVectors


@dataclass(frozen=True, eq=False)
class MeasuredTrack:
    """A card and its `direction`, a centred vector (d,) of length 1; what wasn't measured is None."""

    card: TrackCard
    direction: Array
    tempo: float | None = None
    loudness: float | None = None
    brightness: float | None = None
    key: Camelot | None = None

    @classmethod
    def of(cls, card: TrackCard, direction: Array) -> Self:
        """A song with whatever its card's features hold; what makes no sense there counts as not measured."""
        return cls(
            card,
            direction,
            tempo=_number(card.features, "tempo", above=0),
            loudness=_number(card.features, "loudness", above=ABSOLUTE_GATE_LUFS),
            brightness=_number(card.features, "brightness", above=0),
            key=camelot(card.features.get("key")),
        )

    @cached_property
    def name(self) -> SongName:
        """What it is called, comparable."""
        return SongName.of(self.card.id, self.card.artist, self.card.title)

    @property
    def artist(self) -> str:
        """Who made it, comparable; "" where nobody knows."""
        return self.name.artist


def centred(vectors: NDArray[np.floating[Any]]) -> Array:
    """(n, d) vectors of length 1 as directions from their mean, of length 1 again.

    Two unrelated songs then have a cosine around 0, whatever the embedder. Dividing by deviations too groups songs
    worse (`python -m benchmarks.vibes`). A song exactly at the mean has no direction and stays 0.
    """
    precise = np.asarray(vectors, dtype=np.float64)
    if not len(precise):
        return precise
    moved = precise - precise.mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(np.divide(moved, lengths, out=np.zeros_like(moved), where=lengths > 1e-6))


def directions_of(sounds: UnitVectors, tracks: Sequence[int]) -> dict[int, Array]:
    """Where those of the tracks stand that any embedder has heard, by all that are searched by, side by side.

    What one of the embedders hasn't heard yet stands at its mean.
    """
    heard = [sounds.vectors[name] for name in sounds.searched if name in sounds.vectors]
    known = [track_id for track_id in tracks if any(track_id in vectors for vectors in heard)]
    blocks = [_block(vectors, known) for vectors in heard]
    side_by_side = np.concatenate([np.zeros((len(known), 0)), *blocks], axis=1)
    lengths = np.linalg.norm(side_by_side, axis=1, keepdims=True)
    return dict(zip(known, side_by_side / np.maximum(lengths, 1e-6), strict=True))


def centroid(directions: Array) -> Array:
    """The mean direction of (n, d) directions, of length 1 (0 if they cancel out)."""
    mean = directions.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length > 1e-9 else np.zeros_like(mean))


def feature_values(cards: Iterable[TrackCard], name: str, *, above: float = 0.0) -> list[float]:
    """The values of a feature (bot.audio.features) that were measured of songs."""
    values = (card.features.get(name) for card in cards)
    return [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v > above]


def median_of(cards: Sequence[TrackCard], name: str, *, above: float = 0.0) -> float | None:
    """The median of a feature; None if it wasn't measured of any song."""
    values = feature_values(cards, name, above=above)
    return median(values) if values else None


def _block(vectors: Mapping[int, NDArray[np.float32]], tracks: Sequence[int]) -> Array:
    rows = [row for row, track_id in enumerate(tracks) if track_id in vectors]
    if not rows:
        return np.zeros((len(tracks), 0))
    found = centred(np.stack([vectors[tracks[row]] for row in rows]))
    block = np.zeros((len(tracks), found.shape[1]))
    block[rows] = found
    return block


def _number(features: Mapping[str, Any], name: str, *, above: float) -> float | None:
    value = features.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > above else None
