"""How long do pictures take, and does the map show what sounds alike? `python -m benchmarks.pictures [--vectors F.npz]`

Every picture of a server with 5,000 tracks, as a member waits for it: the process that draws is started for each.
Then ways to place tracks on a map are compared: the share of a track's ten nearest neighbours by sound that are also
among its ten nearest on the map, and the share of its five nearest on the map that are of its vibe. Made-up servers,
and the vectors that `earworm embed … --out F.npz` wrote. UMAP takes part where `umap-learn` is installed.
"""

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from bot.pictures.painter import Painter
from bot.pictures.positions import map_positions
from bot.pictures.values import (
    Banner,
    Cover,
    Dot,
    Drawing,
    LikedSharer,
    MapVibe,
    MusicMap,
    Number,
    TagShare,
    TasteCard,
)

Floats = NDArray[np.float64]
Way = Callable[[Floats, list[int]], Floats]

TRACKS, VIBES, DIMENSIONS = 5_000, 12, 1_506
COMPARED = 1_500  # tracks: t-SNE and UMAP take long
ROUNDS = 7
STEADY = 5  # tracks that are added
NEIGHBOURS, NEAREST = 10, 5


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="a file that `earworm embed` wrote")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    report = {
        "seconds": asyncio.run(speed()),
        "moved": steadiness(),
        "maps": dict(comparisons(arguments.vectors)),
    }
    if arguments.json:
        print(json.dumps(report))
    else:
        show(report)


def show(report: dict[str, Any]) -> None:
    """Print the report as tables."""
    print(f"{TRACKS:,} tracks          median   slowest   processor  (s)")
    for what, times in report["seconds"].items():
        print(f"{what:<20}{times['median']:9.2f}{times['slowest']:10.2f}{times['processor']:12.2f}")
    moved = report["moved"]
    print(f"{STEADY} tracks more move the others by {moved:.1%} of the map's size (median)")
    for server, ways in report["maps"].items():
        print(f"\n{server:<32}neighbours kept   of its vibe   seconds")
        for way, result in ways.items():
            print(f"{way:<32}{result['kept']:15.0%}{result['of_vibe']:14.0%}{result['seconds']:10.2f}")


# -- how long ----------------------------------------------------------------------------------------------


async def speed() -> dict[str, dict[str, float]]:
    """The seconds that each picture takes."""
    vectors, vibes = made_up(TRACKS, VIBES, DIMENSIONS)
    spots = map_positions(vectors, vibes)
    random = np.random.default_rng(0)
    marked = random.random((TRACKS, 2)) < 0.01
    dots = tuple(
        Dot(float(x), float(y), vibe, mine=bool(mine), new=bool(new))
        for (x, y), vibe, (mine, new) in zip(spots, vibes, marked, strict=True)
    )
    ids = tuple(range(20))
    drawings: dict[str, Drawing] = {
        "music map": MusicMap(
            "A server", dots, tuple(MapVibe(n, f"vibe {n} · warm · 78 bpm") for n in range(VIBES))
        ),
        "taste card": TasteCard(
            "A member",
            shared=TRACKS,
            hits=TRACKS // 2,
            liked=TRACKS,
            tags=tuple(TagShare(f"tag {n}", 0.5 - n / 10) for n in range(4)),
            tempos=tuple(random.normal(110, 20, TRACKS)),
            loudness=tuple(random.normal(-11, 3, TRACKS)),
            sharers=tuple(LikedSharer(f"member {n}", 40 - n) for n in range(4)),
            closest="another member",
            closest_percent=74,
        ),
        "cover": Cover("late-night slow · warm", ids, "20 songs", 150.0, "A minor", -9.0, 3000.0, ("tag 8",)),
        "banner": Banner(
            "A week", "Week 47", (Number("song", 42, 7),) * 4, (3, 8, 5, 12, 0, 9, 3), tuple("MTWTFSS")
        ),
    }
    painter = Painter()
    times = {name: await timed(partial(painter.paint, drawing)) for name, drawing in drawings.items()}
    return {"placing": await timed(partial(asyncio.to_thread, map_positions, vectors, vibes, spots))} | times


async def timed(work: Callable[[], Awaitable[object]]) -> dict[str, float]:
    """The median and the slowest of a few rounds, and the processor's time, which a busy machine does not stretch."""
    seconds, at_work = [], []
    for _ in range(ROUNDS):
        began, worked = time.perf_counter(), processor_seconds()
        await work()
        seconds.append(time.perf_counter() - began)
        at_work.append(processor_seconds() - worked)
    return {"median": median(seconds), "slowest": max(seconds), "processor": median(at_work)}


def processor_seconds() -> float:
    """What this process and those that it started and that have ended have used."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def steadiness() -> float:
    """How far the others move when tracks are added, as a share of the map's size."""
    vectors, vibes = made_up(COMPARED + STEADY, VIBES, 512)
    first = map_positions(vectors[:COMPARED], vibes[:COMPARED])
    second = map_positions(vectors, vibes, np.vstack([first, np.full((STEADY, 2), np.nan)]))[:COMPARED]
    size = np.sqrt(np.mean(np.sum((first - first.mean(axis=0)) ** 2, axis=1)))
    return float(np.median(np.linalg.norm(second - first, axis=1)) / size)


# -- how true ----------------------------------------------------------------------------------------------


def comparisons(file: Path | None) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
    """For each server, how each way of placing does."""
    for vibes in (6, 15):
        yield f"made up, {vibes} vibes", compared(*made_up(COMPARED, vibes, 512))
    if file:
        vectors = np.load(file)["vectors"].astype(np.float64)
        vectors -= vectors.mean(axis=0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        found = AgglomerativeClustering(max(2, len(vectors) // 14)).fit_predict(vectors)
        yield f"{file.name}, {len(vectors)} tracks", compared(vectors, [int(vibe) for vibe in found])


def compared(vectors: Floats, vibes: list[int]) -> dict[str, dict[str, float]]:
    """How many neighbours are kept, how many are of the same vibe, and the seconds."""
    results = {}
    truth = nearest(vectors, NEIGHBOURS)
    labels = np.array(vibes)
    for name, way in ways().items():
        began = time.perf_counter()
        found = way(vectors, vibes)
        seconds = time.perf_counter() - began
        near = nearest(found, NEIGHBOURS)
        kept = np.mean([len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(near, truth, strict=True)])
        of_vibe = np.mean(labels[near[:, :NEAREST]] == labels[:, None])
        results[name] = {"kept": float(kept), "of_vibe": float(of_vibe), "seconds": seconds}
    return results


def ways() -> dict[str, Way]:
    """The ways to place tracks by name."""
    found: dict[str, Way] = {
        "Earworm": lambda vectors, vibes: map_positions(vectors, vibes),
        "principal components": lambda vectors, _: PCA(2, random_state=0).fit_transform(vectors),
        "t-SNE": lambda vectors, _: TSNE(
            init="pca", random_state=0, perplexity=min(30, len(vectors) / 4)
        ).fit_transform(vectors),
    }
    try:
        from umap import UMAP  # type: ignore[import-not-found]
    except ImportError:
        return found
    return found | {"UMAP": lambda vectors, _: UMAP(random_state=0, n_jobs=1).fit_transform(vectors)}


def nearest(places: Floats, number: int) -> NDArray[np.int_]:
    """The nearest of each, (n, number)."""
    found = NearestNeighbors(n_neighbors=number + 1).fit(places).kneighbors(places, return_distance=False)
    return np.asarray(found[:, 1:])


def made_up(tracks: int, vibes: int, dimensions: int) -> tuple[Floats, list[int]]:
    """Vectors of length 1 around a centre for each vibe, in directions that matter ever less; and their vibes."""
    random = np.random.default_rng(0)
    fall = np.exp(-np.arange(dimensions) / 60)
    centres = random.normal(size=(vibes, dimensions)) * fall
    of = random.choice(vibes, size=tracks, p=random.dirichlet(np.full(vibes, 2.0)))
    vectors = centres[of] + 1.3 * random.normal(size=(tracks, dimensions)) * fall
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), [int(vibe) for vibe in of]


if __name__ == "__main__":
    main()
