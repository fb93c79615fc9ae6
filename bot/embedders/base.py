"""The interface of embedders: samples in, one vector for the track out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Samples, Vector
from bot.errors import EmbedderError

"""One vector (d,), or several (n, d)."""


@dataclass(frozen=True)
class EmbedderInfo:
    """What is known of an embedder without loading it.

    `rate` in Hz; `chance` is the cosine that two unrelated tracks typically have: 0 per cent of a match;
    `budget` is how many windows of a track are enough (benchmarks/windows.py measures OpenL3's); `standardise`: its
    vectors retrieve better once a collection's own mean and deviations are taken out of them (bot.vectors.calibration
    says what was measured).
    """

    name: str
    version: int
    dimension: int
    rate: int
    chance: float
    licence: str
    citation: str
    budget: int = 60
    standardise: bool = False

    @property
    def vector_name(self) -> str:
        """The vector's name in a collection: vectors of two versions never mix."""
        return f"{self.name}-{self.version}"


@dataclass(frozen=True)
class Embedding:
    """What an embedder heard in one track.

    vector: (d,) float32, raw (not normalised); frames: (m, d) float32, raw, one row a window;
    timestamps: (m,) float64, each window's start in seconds; tags: tag -> probability, where the model has them.
    """

    vector: Vector
    frames: Vector
    timestamps: NDArray[np.float64]
    tags: dict[str, float] = field(default_factory=dict)


class Embedder(Protocol):
    """A model of what music sounds like; `engine` says how it is computed here, where there is a choice."""

    info: EmbedderInfo
    engine: str = ""

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """Embed (n,) or (n, channels) samples at `rate` Hz, full scale ±1.

        At most `budget` windows, spread evenly over the track; every window if it is None.
        Raises EmbedderError for samples that cannot be embedded (none, NaN, infinite).
        """
        ...

    def embed_batch(
        self, tracks: Sequence[tuple[Samples, int]], *, budget: int | None = None
    ) -> list[Embedding]:
        """Embed several tracks, each (samples, rate); a model that gains by it fills its batches across tracks."""
        return [self.embed(samples, rate, budget=budget) for samples, rate in tracks]


def normalised(vector: Vector) -> Vector:
    """The vector with length 1. Raises EmbedderError for one that has no direction."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(length) or length == 0:
        raise EmbedderError("That sounds like nothing at all: its vector is zero or not a number.")
    return (vector / length).astype(np.float32)
