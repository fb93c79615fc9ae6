"""Value types of vector searches: query and hits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bot.arrays import Vector
from bot.library.visible_shares import VisibleChannels

Strategy = Literal["best_score", "average_vector"]
Example = int | Mapping[str, Vector]
"""What a question is about: a track of the library, or raw vectors by name of something else."""


@dataclass(frozen=True)
class Question:
    """What is near the positives and far from the negatives; with no strategy, near the only positive.

    Only tracks shared in one of `channels` (None: anywhere) or on the command line, and of `among` (None: of all).
    """

    positives: Sequence[Example]
    negatives: Sequence[Example]
    strategy: Strategy | None
    channels: VisibleChannels
    exclude: frozenset[int]
    limit: int
    among: frozenset[int] | None = None


@dataclass(frozen=True)
class Hit:
    """A track that was found.

    `score` orders hits: a cosine, `best_score`'s own measure, or reciprocal ranks where several vectors are fused.
    `match`: with the closest positive, `against`: with the closest negative; both as `UnitVectors.matches` has it,
    −∞ if there is none.
    """

    track_id: int
    score: float
    match: float
    against: float = -np.inf
