"""Walks and mixtures of sounds (pure).

A path follows the great circle between two tracks (as in AudioMuse-AI's song path) and is chosen as a whole, so that
no step is a jump; a mixture is what several ingredients have in common, without what is taken away.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vectors = NDArray[np.float32]

NEIGHBOURS = 24  # of each waypoint
BEAM = 48
OFF_COURSE = 0.5  # what distance from the waypoint costs, where a step's length costs 1
VOICES = 3  # of an ingredient of many tracks, the closest so many speak for it


def walk(vectors: Vectors, start: int, end: int, length: int, usable: NDArray[np.bool_]) -> list[int]:
    """Places of `length` of n tracks from `start` to `end`, none twice; shorter if there aren't so many.

    vectors: (n, d) of length 1; usable: which may stand between. Squared steps add up, so that an even walk is
    shorter than one with a jump.
    """
    between = [int(i) for i in np.flatnonzero(usable) if i not in {start, end}]
    waypoints = _circle(vectors[start], vectors[end], min(length - 2, len(between)))
    walks: list[tuple[float, list[int]]] = [(0.0, [start])]
    for waypoint in waypoints:
        away = 1 - vectors[between] @ waypoint
        nearest = np.argsort(away, kind="stable")[: NEIGHBOURS + len(waypoints)]
        options = [(between[i], OFF_COURSE * float(away[i]) ** 2) for i in nearest]
        longer = [
            (cost + off + _step(vectors, way[-1], option), [*way, option])
            for cost, way in walks
            for option, off in options
            if option not in way
        ]
        walks = sorted(longer, key=lambda each: (each[0], each[1]))[:BEAM]
    cost_to_end = [(cost + _step(vectors, way[-1], end), way) for cost, way in walks]
    return [*min(cost_to_end, key=lambda each: (each[0], each[1]))[1], end]


def longest_step(vectors: Vectors, way: Sequence[int]) -> float:
    """The greatest cosine distance between two that follow each other."""
    chosen = vectors[list(way)]
    return float((1 - np.sum(chosen[1:] * chosen[:-1], axis=1)).max(initial=0))


def mixture(added: Sequence[Array], subtracted: Sequence[Array]) -> tuple[Array, NDArray[np.bool_]]:
    """(n,) scores from each ingredient's (n, k) matches with its tracks, and which tracks are left out.

    Added ingredients count alike however many tracks they have. Left out is what is at least as close to something
    subtracted as to the closest added.
    """
    wanted = np.stack([_taste_of(matches) for matches in added])
    if not subtracted:
        return wanted.mean(axis=0), np.zeros(wanted.shape[1], np.bool_)
    unwanted = np.stack([_taste_of(matches) for matches in subtracted])
    scores = wanted.mean(axis=0) - np.maximum(unwanted, 0).mean(axis=0)
    return scores, unwanted.max(axis=0) >= wanted.max(axis=0)


def _taste_of(matches: Array) -> Array:
    """The mean of the closest few; −1 is as far as anything gets."""
    few = -np.sort(-np.maximum(matches, -1), axis=1)[:, :VOICES]
    return np.asarray(few.mean(axis=1), np.float64)


def _circle(start: NDArray[np.float32], end: NDArray[np.float32], count: int) -> list[Array]:
    """`count` directions between two at equal angles; opposite ones have no one way between them."""
    angle = float(np.arccos(np.clip(start @ end, -1, 1)))
    shares = np.arange(1, count + 1) / (count + 1)
    if np.sin(angle) < 1e-6:
        return [start.astype(np.float64)] * count
    return [
        (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)
        for share in shares
    ]


def _step(vectors: Vectors, one: int, other: int) -> float:
    return float(1 - vectors[one] @ vectors[other]) ** 2
