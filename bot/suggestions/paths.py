"""Paths through the vector space by beam search, and scores of mixtures (pure).

A path follows the great circle between two tracks (as in AudioMuse-AI's song path) and is chosen as a whole, so that
no step is a jump; a mixture is what several ingredients have in common, without what is taken away.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array, Vectors

NEIGHBOURS = 24  # of each waypoint
BEAM_WIDTH = 48
DETOUR_WEIGHT = 0.5  # cost of distance from the waypoint, relative to the length of a step
ONE_DIRECTION = 5e-13  # cosines nearer to 1 or −1 say nothing about the way between
CLOSEST_COUNTED = 3  # tracks of an ingredient: its closest so many decide


def walk(vectors: Vectors, start: int, end: int, length: int, usable: NDArray[np.bool_]) -> list[int]:
    """Places of `length` of n tracks from `start` to `end`, none twice; shorter if there aren't so many.

    vectors: (n, d) of length 1; usable: which may stand between. Squared steps add up, so that an even walk is
    shorter than one with a jump.
    """
    between = [int(i) for i in np.flatnonzero(usable) if i not in {start, end}]
    count = min(length - 2, len(between))
    waypoints = arc(vectors[start], vectors[end], np.arange(1, count + 1) / (count + 1))
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


def arc(start: NDArray[np.floating[Any]], end: NDArray[np.floating[Any]], along: Array) -> Array:
    """(n, d) directions on the great circle from one of length 1 to another, `along` (n,) from 0 to 1.

    On a straight line where no arc leads from one to the other, or more than one: equal, opposite or no directions.
    """
    from scipy.spatial import geometric_slerp

    here, there = (each.astype(np.float64) for each in (start, end))
    lengths = np.linalg.norm(here) * np.linalg.norm(there)
    if not lengths or abs(here @ there) > lengths * (1 - ONE_DIRECTION):
        return np.outer(1 - along, here) + np.outer(along, there)
    ends = here / np.linalg.norm(here), there / np.linalg.norm(there)
    return np.asarray(geometric_slerp(*ends, along, tol=1e-15), np.float64)
