"""Clusters a server's songs into vibes, and matches the clusters of one week with those of the week before.

Ward's clustering (1963) of centred vectors. The silhouette (Rousseeuw 1987) says how many groups there are; on
real music it is often flat, and then Sturges' log2(n) (1926) decides.

`python -m benchmarks.vibes` on 27 clips in ten artists' folders with MusiCNN: adjusted mutual information with the
folders .33 (k-means .31, HDBSCAN .22, chance .03), purity .54 (.41, .47, .45); of two libraries that each lack another
tenth of the songs, 92% of the songs are in the same vibe.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array
from bot.playlists.songs import centroid

Labels = NDArray[np.int64]

MIN_SONGS = 16  # from here on groups follow labels nearly as well as those of larger libraries
MIN_VIBE_SIZE = 4  # songs
MAX_VIBES = 12  # that people can tell apart
COUNT_PENALTY = 0.2  # silhouette that half or double the usual number of vibes has to be better by
SILHOUETTE_SAMPLE = 1000  # songs that silhouettes are measured on
MAX_TREE_SIZE = 2000  # songs that a tree is built of, in some seconds; the others join the nearest vibe
NO_VIBE = -1


@dataclass(frozen=True)
class Vibe:
    """A group of songs under a name; `named`: an admin chose it."""

    id: int
    name: str
    named: bool
    track_ids: frozenset[int]


def find_vibes(directions: Array, *, needed: int = MIN_SONGS) -> Labels:
    """(n,) which vibe each of (n, d) directions belongs to, numbered from 0; NO_VIBE for none.

    The vibes are numbered from the largest to the smallest. Fewer than `needed` songs have none.
    """
    if len(directions) < needed:
        return np.full(len(directions), NO_VIBE)
    in_tree = np.linspace(0, len(directions) - 1, min(len(directions), MAX_TREE_SIZE)).astype(np.int64)
    labels = _renumbered(_cut(directions[in_tree]))
    return labels if len(in_tree) == len(directions) else _joined(directions, in_tree, labels)


def match_vibes(old: Mapping[int, Collection[int]], new: Sequence[Collection[int]]) -> dict[int, int]:
    """Which of the new vibes (by number) is which of the old ones (by id).

    A vibe is itself as long as most of its songs that are still there stay together; of several that come together
    the one that brings most lives on. The assignment with the most songs in common wins (Kuhn 1955).
    """
    from scipy.optimize import linear_sum_assignment

    still = set().union(*new)
    before = {vibe: still.intersection(tracks) for vibe, tracks in sorted(old.items())}
    common = np.array([[len(tracks.intersection(vibe)) for vibe in new] for tracks in before.values()])
    if not common.size:
        return {}
    stays = 2 * common > np.array([len(tracks) for tracks in before.values()])[:, None]
    rows, columns = linear_sum_assignment(np.where(stays, common, 0), maximize=True)
    ids = list(before)
    return {int(new_one): ids[row] for row, new_one in zip(rows, columns, strict=True) if stays[row, new_one]}


def _cut(directions: Array) -> Labels:
    """The groups of a tree of these directions, at the height where they stand apart best."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from sklearn.metrics import silhouette_score

    tree = linkage(directions, method="ward")
    usual = np.log2(len(directions))
    best, found = -np.inf, np.arange(len(directions))
    for count in range(2, min(MAX_VIBES, len(directions) // MIN_VIBE_SIZE) + 1):
        labels = fcluster(tree, count, criterion="maxclust")
        if len(np.unique(labels)) < 2:
            continue
        size = SILHOUETTE_SAMPLE if len(directions) > SILHOUETTE_SAMPLE else None
        apart = silhouette_score(directions, labels, metric="cosine", sample_size=size, random_state=0)
        score = apart - COUNT_PENALTY * abs(np.log2(count / usual))
        if score > best:
            best, found = score, labels
    return found


def _renumbered(labels: Labels) -> Labels:
    """Vibes from the largest on; what is smaller than a vibe belongs nowhere."""
    sizes = Counter(labels.tolist())
    first = {label: int(np.argmax(labels == label)) for label in sizes}
    large = sorted(
        (label for label in sizes if sizes[label] >= MIN_VIBE_SIZE), key=lambda x: (-sizes[x], first[x])
    )
    numbers = {label: number for number, label in enumerate(large)}
    return np.array([numbers.get(label, NO_VIBE) for label in labels.tolist()])


def _joined(directions: Array, in_tree: Labels, labels: Labels) -> Labels:
    """All songs' labels: those that aren't in the tree join the vibe whose centroid is nearest."""
    vibes = range(int(labels.max()) + 1)
    joined = np.full(len(directions), NO_VIBE)
    if vibes:
        middles = np.stack([centroid(directions[in_tree[labels == vibe]]) for vibe in vibes])
        joined = np.argmax(directions @ middles.T, axis=1)
    joined[in_tree] = labels
    return joined
