"""Scores of tracks by how similar they sound to what is liked and disliked (pure).

A track's score is how close it is to what is liked, on the average, less how close it is to what is disliked.
Closeness falls off so quickly that only what sounds much alike counts: somebody with two unlike tastes is met on both
sides, where an average of vectors would match neither, and a dislike pushes away what sounds like it.

Chosen with `benchmarks/taste.py` among Qdrant's three strategies, taste centres, kernel ridge regression and label
spreading; LENGTH_SCALE and the dislike's weight hardly matter from half to double.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array, Matches
from bot.embedders.retrieval_measures import RRF_K

LENGTH_SCALE = 0.2  # of the exponential kernel: at this distance (1 is chance) closeness has fallen to 1/e
PRIOR_WEIGHT = 1.0  # of a prior that knows nothing, in likes: a single like counts for less than many


def closeness(matches: Matches) -> Array:
    """Matches (1 the same recording, 0 chance, −∞ nothing known) to 1 … 0."""
    return np.exp(np.minimum(np.asarray(matches, np.float64) - 1, 0) / LENGTH_SCALE)


def score(close: Array, weights: Array) -> Array:
    """(n,) scores between −1 and 1 of n tracks from their (n, m) closeness to m pieces of evidence with (m,) weights.

    Leaving out the like that a track is closest to always lowers its score; it is the same with dislikes, reversed.
    """
    return _mean(close, np.maximum(weights, 0)) - _mean(close, np.maximum(-weights, 0))


def away(matches: Matches) -> Array:
    """(n,) scores between −1 and 0 from (n, m) matches with dislikes, for want of any like: the farther the better."""
    return np.asarray(-np.clip((np.max(matches, axis=1, initial=-1) + 1) / 2, 0, 1), np.float64)


def carriers(close: Array, weights: Array) -> NDArray[np.intp]:
    """For each of n tracks the place of the positive evidence that carries it: the closest.

    Of evidence equally close, the weightiest. There must be some.
    """
    liked = np.flatnonzero(weights > 0)
    order = liked[np.argsort(-weights[liked], kind="stable")]
    return np.asarray(order[np.argmax(close[:, order], axis=1)])


def best_score(positive: Matches, negative: Matches) -> Array:
    """Qdrant's strategy of that name, from (n, p) and (n, q) cosines.

    Scores are as Qdrant gives them: the closest like's cosine, or the closest dislike's if that is closer.
    """
    nearest = np.max(positive, axis=1, initial=-np.inf).astype(np.float64)
    worst = np.max(negative, axis=1, initial=-np.inf).astype(np.float64)
    return np.where(nearest > worst, _sigmoid(nearest), -_sigmoid(worst))


def sum_scores(positive: Matches, negative: Matches) -> Array:
    """Qdrant's strategy of that name, from (n, p) and (n, q) cosines."""
    return np.asarray(np.sum(positive, axis=1, dtype=np.float64) - np.sum(negative, axis=1, dtype=np.float64))


def average_vector(positive: Matches, negative: Matches) -> Array:
    """Qdrant's strategy of that name, from (n, p) and (n, q) cosines; p is at least 1. In order, not in size."""
    liked = np.mean(positive, axis=1, dtype=np.float64)
    if not np.shape(negative)[1]:
        return np.asarray(liked)
    return np.asarray(2 * liked - np.mean(negative, axis=1, dtype=np.float64))


def fuse(rankings: Sequence[Array], weights: Sequence[float]) -> Array:
    """(n,) scores by several measures to one, by reciprocal rank; ties share their mean rank."""
    total = np.zeros(len(rankings[0]))
    for scores, weight in zip(rankings, weights, strict=True):
        total += weight / (RRF_K + _ranks(scores))
    return total


def _mean(close: Array, weights: Array) -> Array:
    return np.asarray(close @ weights / (PRIOR_WEIGHT + weights.sum()))


def _sigmoid(x: Array) -> Array:
    finite = np.where(np.isfinite(x), x, 0)
    return np.where(np.isfinite(x), 0.5 * (finite / (1 + np.abs(finite)) + 1), 0)


def _ranks(scores: Array) -> Array:
    """From 1, best first."""
    from scipy.stats import rankdata  # takes long to load

    return np.asarray(rankdata(-scores), np.float64)
