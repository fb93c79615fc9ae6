"""Do vibes follow labels? `python -m benchmarks.vibes [FOLDER] [--embedder NAME] [--rounds N] [--json]`

FOLDER holds a folder of songs for each label; without it, composed songs stand in, whose label is their style.
Rounds leave out a tenth of the labelled songs at random; means over the rounds. Adjusted mutual information: 0 for
chance, 1 for the labels themselves; purity: the share of songs that have their vibe's commonest label. A song that
is in no vibe counts as one by itself. Beside Earworm stand k-means with as many groups, k-means with the best
silhouette, HDBSCAN, and random groups of Earworm's sizes.

`scaled` is Earworm's way on vectors that are divided by their deviations too; `sizes` gives its figures for fewer
songs; `stays` is the share of songs that keep their vibe's identity from one round to the next.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_mutual_info_score, silhouette_score

from benchmarks.listening import LabelledSong, heard
from bot.arrays import Vectors
from bot.playlists.songs import centred
from bot.playlists.vibes import MAX_VIBES, MIN_VIBE_SIZE, NO_VIBE, find_vibes, match_vibes

Names = NDArray[np.str_]
Labels = NDArray[np.int64]
Way = Callable[[Vectors, np.random.Generator], Labels]

LEFT_OUT = 0.1
SIZES = (8, 12, 16, 20, 24, 32, 40)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a folder of labelled folders (composed songs)")
    parser.add_argument("--embedder", default="musicnn")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    report = measured(heard(arguments.folder, arguments.embedder), arguments.rounds)
    if arguments.json:
        print(json.dumps({"embedder": arguments.embedder} | report))
        return
    print(f"{report['songs']} songs, {report['labels']} labels, {arguments.embedder}")
    for name, row in (report["ways"] | {f"{n} songs": row for n, row in report["sizes"].items()}).items():
        print(f"{name:<20}" + "".join(f"{key} {value:.2f}  " for key, value in row.items()))
    print(f"stays {report['stays']:.1%}")


def measured(songs: list[LabelledSong], rounds: int) -> dict[str, Any]:
    """Every way's figures, Earworm's by the number of songs, and how many songs keep their vibe."""
    labelled = [song for song in songs if song.label]
    vectors = np.stack([song.vector for song in labelled])
    names = np.array([song.label for song in labelled])
    most = round((1 - LEFT_OUT) * len(labelled))
    ways = {name: scores(way, vectors, names, most, rounds) for name, way in WAYS.items()}
    sizes = {size: scores(small, vectors, names, size, rounds) for size in SIZES if size < most}
    return {
        "songs": len(labelled),
        "labels": len(set(names.tolist())),
        "ways": ways,
        "sizes": sizes,
        "stays": staying(vectors, most, rounds),
    }


def scores(way: Way, vectors: Vectors, names: Names, size: int, rounds: int) -> dict[str, float]:
    """Means over random choices of `size` songs, the same for every way."""
    rows = []
    for number in range(rounds):
        random = np.random.default_rng(number)
        chosen = np.sort(random.choice(len(vectors), size, replace=False))
        groups = way(vectors[chosen], random)
        alone = np.where(groups == NO_VIBE, 1000 + np.arange(len(groups)), groups)
        together = len(set(groups[groups != NO_VIBE].tolist()))
        ami = adjusted_mutual_info_score(names[chosen], alone)
        rows.append([ami, purity(names[chosen], alone), together, np.mean(groups == NO_VIBE)])
    return dict(zip(("ami", "purity", "vibes", "nowhere"), np.mean(rows, axis=0).tolist(), strict=True))


def purity(names: Names, groups: Labels) -> float:
    """The share of songs that have the commonest label of their group."""
    return sum(Counter(names[groups == group]).most_common(1)[0][1] for group in set(groups)) / len(names)


def staying(vectors: Vectors, size: int, rounds: int) -> float:
    """Of the songs that are in a vibe in two rounds, how many are in the same."""
    found = []
    for number in range(rounds):
        chosen = np.sort(np.random.default_rng(number).choice(len(vectors), size, replace=False))
        labels = find_vibes(centred(vectors[chosen]))
        found.append([set(chosen[labels == vibe].tolist()) for vibe in range(labels.max() + 1)])
    shares = []
    for old, new in pairwise(found):
        both = set().union(*old) & set().union(*new)
        same = match_vibes(dict(enumerate(old)), new)
        shares.append(sum(len(new[number] & old[vibe]) for number, vibe in same.items()) / max(len(both), 1))
    return float(np.mean(shares))


def small(vectors: Vectors, _: np.random.Generator) -> Labels:
    """Earworm's way, however few songs there are."""
    return find_vibes(centred(vectors), needed=MIN_VIBE_SIZE)


def scaled(vectors: Vectors, _: np.random.Generator) -> Labels:
    """Earworm's way, each dimension divided by its deviation."""
    spread = vectors.std(axis=0)
    moved = (vectors - vectors.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return find_vibes(moved / np.linalg.norm(moved, axis=1, keepdims=True))


def as_many(vectors: Vectors, _: np.random.Generator) -> Labels:
    """K-means with as many groups as there are vibes."""
    places = centred(vectors)
    groups: Labels = KMeans(max(2, find_vibes(places).max() + 1), n_init=10, random_state=0).fit_predict(
        places
    )
    return groups


def best_silhouette(vectors: Vectors, _: np.random.Generator) -> Labels:
    """K-means with the number of groups that has the best silhouette."""
    places = centred(vectors)
    counts = range(2, min(MAX_VIBES, len(places) // MIN_VIBE_SIZE) + 1)
    tries = [KMeans(count, n_init=10, random_state=0).fit_predict(places) for count in counts]
    return max(tries, key=lambda groups: silhouette_score(places, groups))


def dense(vectors: Vectors, _: np.random.Generator) -> Labels:
    """HDBSCAN with the smallest vibe as its smallest cluster."""
    clusters = HDBSCAN(min_cluster_size=MIN_VIBE_SIZE, min_samples=2, copy=True)
    groups: Labels = clusters.fit_predict(centred(vectors))
    return groups


def by_chance(vectors: Vectors, random: np.random.Generator) -> Labels:
    """Earworm's sizes, dealt at random."""
    return random.permutation(find_vibes(centred(vectors)))


WAYS: dict[str, Way] = {
    "earworm": lambda vectors, _: find_vibes(centred(vectors)),
    "scaled": scaled,
    "k-means, as many": as_many,
    "k-means, silhouette": best_silhouette,
    "HDBSCAN": dense,
    "random": by_chance,
}


if __name__ == "__main__":
    main()
