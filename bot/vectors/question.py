"""Value types of vector searches: query and hits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.arrays import Vector
from bot.library.visible_shares import VisibleChannels

Example = int | Mapping[str, Vector]
"""What a question is about: a track of the library, or raw vectors by name of something else."""


@dataclass(frozen=True)
class Question:
    """What is near the only positive, or if it `recommends`, near the positives and far from the negatives.

    Only tracks shared in one of `channels` (None: anywhere) or on the command line, and of `among` (None: of all).
    """

    positives: Sequence[Example]
    negatives: Sequence[Example]
    recommends: bool
    channels: VisibleChannels
    exclude: frozenset[int]
    limit: int
    among: frozenset[int] | None = None


@dataclass(frozen=True)
class Hit:
    """A track that was found.

    `score` orders hits: a cosine, what Qdrant's `best_score` gives, or reciprocal ranks where several are fused.
    `match`: with the closest positive, `against`: with the closest negative; both as `UnitVectors.matches` has it,
    −∞ if there is none.
    """

    track_id: int
    score: float
    match: float
    against: float = -np.inf
