"""Projects tracks onto the 2-D map: those that sound alike are near each other, and stay where they were.

The vibes' centres are laid out so that their distances are kept as well as a plane can (SMACOF), and each track
stands between the centres that it resembles, moved by what is left of its sound (two of its principal components).
Against principal components alone this keeps more neighbours where there are many vibes; UMAP and t-SNE keep some
more still, but take half a minute for what takes this a second, see benchmarks/pictures.py.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array

PULL_WIDTH = 0.1  # how much less a cosine must be for a centre to pull e times less
SPREAD = 0.35  # of the distance between two neighbouring centres: how far a vibe's tracks are spread
COMPONENTS = 12  # directions out of which the two are chosen that are shown
LAST_VIEW_WEIGHT = 0.8  # of the last view, so that a map follows its music within weeks
EPSILON = 1e-9


def map_positions(
    vectors: NDArray[np.floating], vibes: Sequence[int | None], before: Array | None = None
) -> Array:
    """Positions (n, 2) of tracks with these vectors (n, d) and vibes (an id, or None), centred on 0, without a unit.

    `before` (n, 2), NaN for a new track, is where they stood the last time, when the vectors were of the same kind:
    the map is turned, mirrored and moved so that they stay near there. The same input gives the same positions.
    """
    if not len(vectors):
        return np.zeros((0, 2))
    sounds = np.asarray(vectors, dtype=np.float64)
    sounds = sounds - sounds.mean(axis=0)
    last = np.full((len(sounds), 2), np.nan) if before is None else np.asarray(before, dtype=np.float64)
    ids = sorted({vibe for vibe in vibes if vibe is not None})
    if not ids:
        return _fitted(_plane(sounds, last), last)
    members = np.array([[vibe == one for one in ids] for vibe in vibes])
    centres = np.stack([sounds[of].mean(axis=0) for of in members.T])
    layout = _layout(centres, np.stack([_mean(last[of]) for of in members.T]))
    pulls = _pulls(sounds, centres)
    around = pulls @ layout
    rest = _plane(sounds - pulls @ centres, last - around)
    rest *= SPREAD * _gap(layout) / max(EPSILON, float(np.sqrt(np.mean(np.sum(rest**2, axis=1)))))
    return _fitted(around + rest, last)


def _layout(centres: Array, last: Array) -> Array:
    """The centres (k, d) in the plane, near where they were the last time (NaN where they are new)."""
    start = _fitted(_plane(centres - centres.mean(axis=0), last), last)
    if len(centres) < 3:
        return start
    known = ~np.isnan(last[:, 0])
    start[known] = last[known]
    apart = np.sqrt(np.maximum(0, np.sum((centres[:, None] - centres) ** 2, axis=2)))
    if apart.max() < EPSILON:
        return start
    from sklearn.manifold import smacof  # takes seconds to import, and few processes draw maps

    found, _ = smacof(
        apart, init=start, n_init=1, n_components=2, max_iter=300, eps=1e-6, normalized_stress=False
    )
    return _fitted(np.asarray(found), last)


def _pulls(sounds: Array, centres: Array) -> Array:
    """How much each centre (k) draws each track (n): (n, k), each row adds up to 1."""
    cosines = _normalised(sounds) @ _normalised(centres).T
    pulls = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / PULL_WIDTH)
    return np.asarray(pulls / pulls.sum(axis=1, keepdims=True))


def _plane(values: Array, last: Array) -> Array:
    """Centred values (n, d) in the plane (n, 2) that shows most of them, but mostly as they were seen the last time.

    Where several directions show about as much, a few new tracks would decide anew which two are shown.
    """
    values = _components(values)
    most = np.eye(values.shape[1], 2)
    known = ~np.isnan(last[:, 0])
    if not known.any():
        return np.asarray(values @ most)
    now, then = (part[known] - part[known].mean(axis=0) for part in (values, last))
    turned = most @ _rotation(now @ most, then)
    if known.sum() <= values.shape[1]:
        return np.asarray(values @ turned)
    seen = _nearest_turn(np.linalg.lstsq(now, then, rcond=1e-6)[0])
    return np.asarray(values @ _nearest_turn(LAST_VIEW_WEIGHT * seen + (1 - LAST_VIEW_WEIGHT) * turned))


def _components(values: Array) -> Array:
    """The first principal components (n, COMPONENTS) of centred values (n, d), 0 where there are not as many."""
    found = np.zeros((len(values), COMPONENTS))
    if len(values) > 1 and np.abs(values).max() > EPSILON:
        number = min(COMPONENTS, *values.shape)
        from sklearn.utils.extmath import randomized_svd

        left, strengths, _ = randomized_svd(values, number, n_iter=7, random_state=0)
        found[:, : len(strengths)] = left * strengths
    return found


def _gap(layout: Array) -> float:
    """The usual distance from a centre to the next one; 1 if there is just one."""
    apart = np.sqrt(np.sum((layout[:, None] - layout) ** 2, axis=2)) + np.diag(np.full(len(layout), np.inf))
    nearest = apart.min(axis=1)
    return float(np.median(nearest)) if np.isfinite(nearest).all() and nearest.max() > EPSILON else 1.0


def _fitted(places: Array, last: Array) -> Array:
    """The places turned or mirrored, and moved, to where the known ones were the last time."""
    known = ~np.isnan(last[:, 0])
    if not known.any():
        return places
    here, there = places[known].mean(axis=0), last[known].mean(axis=0)
    return np.asarray((places - here) @ _rotation(places - here, last - there) + there)


def _rotation(places: Array, last: Array) -> Array:
    """The turn, possibly with a mirror, (2, 2) that brings the places nearest to the last ones (Schönemann 1966)."""
    known = ~np.isnan(last[:, 0])
    return _nearest_turn(places[known].T @ last[known])


def _nearest_turn(matrix: Array) -> Array:
    """The matrix (k, 2) with orthogonal columns of length 1 that is nearest."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(left @ right)


def _mean(places: Array) -> Array:
    known = places[~np.isnan(places[:, 0])]
    return np.asarray(known.mean(axis=0)) if len(known) else np.full(2, np.nan)


def _normalised(values: Array) -> Array:
    return np.asarray(values / np.maximum(EPSILON, np.linalg.norm(values, axis=1, keepdims=True)))
