"""Paths through the vector space by beam search, and scores of mixtures (pure).

A path follows the great circle between two tracks (as in AudioMuse-AI's song path) and is chosen as a whole, so that
no step is a jump; a mixture is what several ingredients have in common, without what is taken away.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vectors = NDArray[np.float32]

NEIGHBOURS = 24  # of each waypoint
BEAM_WIDTH = 48
DETOUR_WEIGHT = 0.5  # cost of distance from the waypoint, relative to the length of a step
CLOSEST_COUNTED = 3  # tracks of an ingredient: its closest so many decide


def walk(vectors: Vectors, start: int, end: int, length: int, usable: NDArray[np.bool_]) -> list[int]:
    """Places of `length` of n tracks from `start` to `end`, none twice; shorter if there aren't so many.

    vectors: (n, d) of length 1; usable: which may stand between. Squared steps add up, so that an even walk is
    shorter than one with a jump.
    """
    between = [int(i) for i in np.flatnonzero(usable) if i not in {start, end}]
    waypoints = _circle(vectors[start], vectors[end], min(length - 2, len(between)))
    walks: list[tuple[float, float, list[int]]] = [(0.0, 0.0, [start])]
    for number, waypoint in enumerate(waypoints):
        left = len(waypoints) - number  # steps after this one
        away = 1 - vectors[between] @ waypoint
        nearest = [between[i] for i in np.argsort(away, kind="stable")[: NEIGHBOURS + len(waypoints)]]
        off = DETOUR_WEIGHT * (1 - vectors[nearest] @ waypoint) ** 2
        # What is left as even steps on the sphere, which makes a distance d cost d² / steps³.
        ahead = (1 - vectors[nearest] @ vectors[end]) ** 2 / left**3
        longer = []
        for cost, _, way in walks:
            costs = cost + off + (1 - vectors[nearest] @ vectors[way[-1]]) ** 2
            longer += [
                (float(costs[i]), float(costs[i] + ahead[i]), [*way, place])
                for i, place in enumerate(nearest)
                if place not in way
            ]
        walks = sorted(longer, key=lambda walk: walk[1:])[:BEAM_WIDTH]
    ends = [(cost + float(1 - vectors[way[-1]] @ vectors[end]) ** 2, way) for cost, _, way in walks]
    return [*min(ends)[1], end]


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
    few = -np.sort(-np.maximum(matches, -1), axis=1)[:, :CLOSEST_COUNTED]
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
