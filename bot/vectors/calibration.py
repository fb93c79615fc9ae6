"""What a collection does with raw vectors so that their cosines say the most: a frame for each name (pure).

A frame takes the collection's mean away and divides by its deviations, where that retrieves better (MusiCNN), and
knows which cosine two of its tracks typically have, so that a match can be told in per cent.

Measured, leave one out, 38 clips of real music and 48 synthesised songs together, mean average precision against the
vectors as they are: MusiCNN +.015 (95% interval −.004 to +.036), and far fewer tracks that are everybody's neighbour
(skewness of how often a track is among the nearest five: .04 for .39); MFCC −.059 (−.104 to −.014); OpenL3 with
random weights −.023 (−.048 to +.001). So only MusiCNN is standardised.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.embedders.base import EmbedderInfo, normalised
from bot.errors import EmbedderError

Vector = NDArray[np.float32]
Matrix = NDArray[np.float64]

FEWEST = 50  # tracks; statistics over fewer do harm
GROWTH = 2.0
"""A frame is made anew when the library has doubled, or halved.

With the frame of half of 86 tracks a track keeps 96% of the ten nearest that it has in the frame of all of them, so
that smaller steps would store everything more often for little: doubling stores each track twice in the long run.
"""

FLOOR = 0.1
"""Deviations are at least so much of the median of those features that vary.

Else features that hardly ever speak would outweigh all others. From .01 to 1 it makes no difference that is seen.
"""

VARIES = 1e-6  # of the largest deviation
SAMPLE = 256  # tracks that the typical cosine is measured over
HIGHEST_CHANCE = 0.99


@dataclass(frozen=True)
class Frame:
    """From a raw vector to one of length 1 in a collection, and from a cosine there to a match.

    `tracks`: measured over so many, 0 if not measured; `mean` and `scale`: (d,), or None to leave vectors as they are.
    """

    dimension: int
    chance: float
    tracks: int = 0
    mean: Vector | None = None
    scale: Vector | None = None

    @classmethod
    def unmeasured(cls, info: EmbedderInfo) -> "Frame":
        """What there is before there are FEWEST tracks: vectors as they are, and the embedder's own chance."""
        return cls(info.dimension, info.chance)

    def place(self, raw: Vector) -> Vector:
        """The (d,) vector of length 1 that stands for a raw one. Raises EmbedderError if it has no direction."""
        if raw.shape != (self.dimension,):
            raise EmbedderError(
                f"A vector with {raw.shape} numbers isn't kept among those with {self.dimension}."
            )
        plain = normalised(raw)
        if self.mean is None or self.scale is None:
            return plain
        moved = (raw - self.mean) / self.scale
        # Who is the mean itself is as near to one as to another.
        return normalised(moved) if np.any(moved) else plain

    def match(self, cosine: NDArray[np.float32]) -> NDArray[np.float32]:
        """0 for what two of the collection's tracks typically have, 1 for the same recording, linear between."""
        return ((cosine - self.chance) / (1 - self.chance)).astype(np.float32)


def is_due(framed: int, tracks: int) -> bool:
    """Whether a frame that was measured over `framed` tracks (0: not measured) is to be made anew for `tracks`."""
    if tracks < FEWEST:
        return framed > 0
    return framed == 0 or tracks >= framed * GROWTH or tracks * GROWTH <= framed


class Measuring:
    """Measures the frame of `total` raw vectors that come in pieces; little of them is kept in memory."""

    def __init__(self, info: EmbedderInfo, total: int) -> None:
        self._info = info
        self._step = max(1, -(-total // SAMPLE))
        self._count = 0
        self._mean: Matrix = np.zeros(info.dimension)
        self._squares: Matrix = np.zeros(info.dimension)  # summed squared distances from the mean
        self._sample: list[Vector] = []

    def add(self, rows: Vector) -> None:
        """Take (n, d) more (Chan, Golub & LeVeque 1979: pieces are joined without losing digits)."""
        ahead = -self._count % self._step
        self._sample += list(rows[ahead :: self._step])
        count = self._count + len(rows)
        piece = rows.astype(np.float64)
        mean = piece.mean(axis=0)
        apart = mean - self._mean
        self._squares += ((piece - mean) ** 2).sum(axis=0) + apart**2 * (self._count * len(rows) / count)
        self._mean += apart * (len(rows) / count)
        self._count = count

    def frame(self) -> Frame:
        """The frame of what was taken; below FEWEST tracks nothing is measured."""
        unmeasured = Frame.unmeasured(self._info)
        if self._count < FEWEST:
            return unmeasured
        scale = _floored(np.sqrt(self._squares / self._count)) if self._info.standardise else None
        mean = self._mean.astype(np.float32) if scale is not None else None
        frame = Frame(self._info.dimension, self._info.chance, self._count, mean, scale)
        chance = typical_cosine([frame.place(raw) for raw in self._sample])
        return Frame(frame.dimension, min(chance, HIGHEST_CHANCE), self._count, mean, scale)


def _floored(deviations: Matrix) -> Vector | None:
    """Deviations to divide by; None if nothing varies."""
    varying = deviations[deviations > VARIES * deviations.max()]
    if not varying.size:
        return None
    floored: Vector = np.maximum(deviations, FLOOR * np.median(varying)).astype(np.float32)
    return floored


def typical_cosine(vectors: Iterable[Vector]) -> float:
    """The median cosine of all pairs of vectors of length 1; there are at least two."""
    rows = np.stack(list(vectors))
    return float(np.median((rows @ rows.T)[np.triu_indices(len(rows), 1)]))
