"""How similar two members' tastes are, and least-misery scores for a group (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array

CHANCE_DRAWS = 32  # samples of the library that estimate what chance gives
COSINE_TOLERANCE = 1e-6
MIN_LIKES = 3  # of each of two members, to be compared


@dataclass(frozen=True)
class LikeMatches:
    """How one member's n liked tracks match the other's m, (n, m), and s tracks of the library by chance, (n, s)."""

    theirs: Array
    chance: Array


def taste_match(one: LikeMatches, other: LikeMatches, *, seed: int = 0) -> int:
    """How alike two members' tastes are in per cent, with or without a song in common.

    The mean over either's likes of the best match among the other's, on a scale on which 0 is what they would have
    with as many tracks of the library by chance, and 100 the same songs. The same whoever is named first.
    """
    found = (_nearest(one.theirs) + _nearest(other.theirs)) / 2
    by_chance = (_chance(one, seed) + _chance(other, seed)) / 2
    if by_chance >= 1 - COSINE_TOLERANCE:  # the whole library is alike
        return 100 if found >= by_chance else 0
    return round(100 * min(1.0, max(0.0, (found - by_chance) / (1 - by_chance))))


def least_misery(scores: Sequence[Array], vetoed: NDArray[np.bool_]) -> Array:
    """(n,) scores of a group from each member's (n,) scores: what the least pleased of them makes of a track.

    Members are compared by the share of tracks that each likes less, so that nobody is louder for having said more;
    the mean decides between equals. −∞ for vetoed tracks.
    """
    standings = np.stack([_percentile(each) for each in scores])
    # Smaller than a step of the least pleased one's, so that it never outvotes them.
    together = standings.min(axis=0) + standings.mean(axis=0) / (2 * max(1, standings.shape[1]))
    return np.where(vetoed, -np.inf, together)


def _nearest(matches: Array) -> float:
    return float(np.clip(matches, 0, 1).max(axis=1).mean())


def _chance(side: LikeMatches, seed: int) -> float:
    """What it would be with tracks of the library by chance, as many as the other likes, both ways."""
    random = np.random.default_rng(seed)
    tracks = side.chance.shape[1]
    size = min(side.theirs.shape[1], tracks)
    draws = [side.chance[:, random.choice(tracks, size, replace=False)] for _ in range(CHANCE_DRAWS)]
    return float(np.mean([(_nearest(draw) + _nearest(draw.T)) / 2 for draw in draws]))


def _percentile(scores: Array) -> Array:
    """The share of tracks with a lower score, ties counting half."""
    from scipy.stats import rankdata  # takes long to load

    return np.asarray((rankdata(scores) - 1) / max(1, len(scores) - 1), np.float64)
