"""Retrieval metrics (precision@5, R-precision, MAP), leave-one-out, with bootstrap intervals (pure).

The measures are trec_eval's P_5, Rprec and map (Buckley & Voorhees, TREC 2005, chapter 3): precision@5 divides by
five even where fewer can be found, and without ties average precision is scikit-learn's. Ties are averaged over
every order they allow (McSherry & Najork, ECIR 2008); where everything ties, that is exactly what chance gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array

Measures = Mapping[str, float]
Intervals = Mapping[str, tuple[float, float]]
Kind = TypeVar("Kind", bound=np.generic)

CUTOFF = 5
MEASURES = ("precision_at_5", "r_precision", "map")
RESAMPLES = 10_000
RESAMPLES_PER_BATCH = 1000
CONFIDENCE_PERCENT = 95
RRF_K = 60
"""Cormack, Clarke & Büttcher, SIGIR 2009."""


@dataclass(frozen=True)
class Standing:
    """How one ranking did: the mean over the queries of each measure, and its 95% interval."""

    name: str
    means: Measures
    intervals: Intervals


@dataclass(frozen=True)
class Lead:
    """How far the ranking `first` is ahead of `second`, by measure, with the paired 95% interval."""

    first: str
    second: str
    differences: Measures
    intervals: Intervals

    def is_above_zero(self, measure: str) -> bool:
        """Whether the whole interval is above 0."""
        return self.intervals[measure][0] > 0


@dataclass(frozen=True)
class Comparison:
    """Rankings compared over the same queries: each, and every two of them, the better MAP first."""

    queries: int
    standings: tuple[Standing, ...]
    leads: tuple[Lead, ...]


def cosines(vectors: NDArray[np.float32]) -> Array:
    """(n, d) vectors, none of them zero, to their (n, n) cosines."""
    precise = vectors.astype(np.float64)
    directions = precise / np.linalg.norm(precise, axis=1, keepdims=True)
    similar: Array = directions @ directions.T
    return similar


def fused(scores: Sequence[Array]) -> Array:
    """Several rankings' (n, n) scores to one: the sum over them of 1 / (60 + rank), ranks from 1."""
    from scipy.stats import rankdata  # takes long to load

    ranks = np.stack([rankdata(-_without_self(each), axis=1) for each in scores])
    # In order of size, so that sums of the same numbers are the same.
    summed = np.sort(1 / (RRF_K + ranks), axis=0).sum(axis=0)
    return _with_self(summed)


def queries(labels: Sequence[str | None]) -> NDArray[np.intp]:
    """The places of the songs that share their label with another; None is no label."""
    counted = {label: list(labels).count(label) for label in set(labels) - {None}}
    return np.array([i for i, label in enumerate(labels) if counted.get(label or "", 0) > 1], np.intp)


def judged(scores: Array, labels: Sequence[str | None]) -> Array:
    """(n, n) scores, a query's in its row, to the (q, 3) measures of each query: every other song is a candidate."""
    names = np.array([label or "" for label in labels])
    relevant = names[:, None] == names[None, :]
    others = zip(_without_self(scores), _without_self(relevant), strict=True)
    rows = [judge(row, wanted) if wanted.any() else np.zeros(len(MEASURES)) for row, wanted in others]
    return np.stack(rows)[queries(labels)]


def judge(scores: Array, relevant: NDArray[np.bool_]) -> Array:
    """(m,) candidates' scores, the higher the earlier, and which are wanted (one at least), to the three MEASURES."""
    _, group, sizes = np.unique(-scores, return_inverse=True, return_counts=True)
    wanted = np.bincount(group, weights=relevant)
    size, found, first = (np.repeat(a, sizes) for a in (sizes, wanted, np.cumsum(sizes) - sizes))
    earlier = np.repeat(np.cumsum(wanted) - wanted, sizes)
    place = np.arange(1, len(scores) + 1)
    # A place among ties holds a wanted one with this chance, and has this many of the ties' others before it.
    chance = found / size
    before = earlier + (place - first - 1) * (found - 1) / np.maximum(size - 1, 1)
    total = int(relevant.sum())
    average = (chance * (1 + before) / place).sum() / total
    return np.array([chance[:CUTOFF].sum() / CUTOFF, chance[:total].sum() / total, average])


def compare(rankings: Mapping[str, Array], labels: Sequence[str | None], *, seed: int = 0) -> Comparison:
    """Judge rankings, (n, n) scores by name, over the same queries.

    Intervals are of the percentile bootstrap: the queries are drawn again with replacement, 10,000 times, the same
    ones for every ranking, so that a difference is one between the same queries (paired). Queries with the same
    label have much in common, so that the intervals are narrow rather than wide.
    """
    results = {name: judged(scores, labels) for name, scores in rankings.items()}
    drawn = _drawn_again(np.stack(list(results.values())), np.random.default_rng(seed))
    again = dict(zip(results, drawn, strict=True))
    standings = [
        Standing(name, _by_measure(result.mean(axis=0)), _intervals(again[name]))
        for name, result in results.items()
    ]
    standings.sort(key=lambda standing: -standing.means["map"])
    leads = [
        Lead(
            better.name,
            worse.name,
            _by_measure((results[better.name] - results[worse.name]).mean(axis=0)),
            _intervals(again[better.name] - again[worse.name]),
        )
        for better, worse in combinations(standings, 2)
    ]
    return Comparison(len(queries(labels)), tuple(standings), tuple(leads))


def unrelated(scores: Array, labels: Sequence[str | None]) -> float:
    """The median of the (n, n) scores of songs without a label in common; not a number if there are none."""
    names = np.array([label or f"/{i}" for i, label in enumerate(labels)])
    apart = scores[names[:, None] != names[None, :]]
    return float(np.median(apart)) if apart.size else float("nan")


def _drawn_again(results: Array, random: np.random.Generator) -> Array:
    """(r, q, 3) measures to their (r, RESAMPLES, 3) means over queries drawn with replacement."""
    count = results.shape[1]
    even = np.full(count, 1 / count)
    parts = [
        random.multinomial(count, even, size=RESAMPLES_PER_BATCH) @ results / count
        for _ in range(RESAMPLES // RESAMPLES_PER_BATCH)
    ]
    return np.concatenate(parts, axis=1)


def _intervals(means: Array) -> Intervals:
    lows, highs = np.percentile(
        means, [(100 - CONFIDENCE_PERCENT) / 2, (100 + CONFIDENCE_PERCENT) / 2], axis=0
    )
    return MappingProxyType(
        {name: (float(low), float(high)) for name, low, high in zip(MEASURES, lows, highs, strict=True)}
    )


def _by_measure(values: Array) -> Measures:
    return MappingProxyType(dict(zip(MEASURES, values.tolist(), strict=True)))


def _without_self(square: NDArray[Kind]) -> NDArray[Kind]:
    """(n, n) to (n, n-1): the diagonal left out."""
    count = len(square)
    return square[~np.eye(count, dtype=bool)].reshape(count, count - 1)


def _with_self(rows: Array) -> Array:
    """The way back, with zeros on the diagonal."""
    count = len(rows)
    square = np.zeros((count, count))
    square[~np.eye(count, dtype=bool)] = rows.ravel()
    return square
