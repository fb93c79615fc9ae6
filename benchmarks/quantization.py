"""What does QDRANT_QUANTIZATION=int8 cost in rank? `python -m benchmarks.quantization [--sizes N …] [--json]`

Songs of 512 numbers in clusters, loosely and closely alike, in Qdrant Edge, which is the server's own engine, kept in
full and also with every number rounded to 8 bits, as a collection of ours is made. Questions are songs of the library:
the nearest to one, and `best_score` by five liked and five disliked, none of which may come back. Every song is
scanned, so that nothing but the rounding makes a difference.

`rounded` goes by the rounded numbers alone; `int8` is what the bot asks for: twice as many are found by those, and
compared again in full. `order`: how often the best ten are those of the full numbers in their order; `found`: how many
of these are among the ten; `p50`: milliseconds of a question.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeOptimizersConfig,
    EdgeShard,
    EdgeVectorParams,
    Filter,
    HasIdCondition,
    HnswIndexConfig,
    Point,
    QuantizationSearchParams,
    Query,
    QueryRequest,
    RecommendQuery,
    ScalarQuantizationConfig,
    ScalarType,
    SearchParams,
    UpdateOperation,
)

from bot.arrays import Vector
from bot.vectors.engine import OVERSAMPLING, QUANTILE

SIZES = (5_000, 20_000)
NUMBERS, SONGS_OF_A_CLUSTER = 512, 50
SPREADS = {"loosely": 1.0, "closely": 0.3}  # of a cluster's songs, beside that of the clusters
QUESTIONS, EXAMPLES, TOP, BATCH = 300, 5, 10, 500
SEED = 7

Question = tuple[Query, Filter]
Rows = NDArray[np.integer[Any]]

FULL = SearchParams(quantization=QuantizationSearchParams(ignore=True))
WAYS = {
    "full": FULL,
    "rounded": SearchParams(quantization=QuantizationSearchParams(rescore=False)),
    "int8": SearchParams(quantization=QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)),
}


@dataclass(frozen=True)
class Loss:
    """How one way of asking compares with the full numbers."""

    songs: int
    alike: str
    question: str
    way: str
    order: float
    found: float
    p50: float


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="songs")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    losses = [loss for size in arguments.sizes for alike in SPREADS for loss in measured(size, alike)]
    if arguments.json:
        print(json.dumps({"results": [asdict(loss) for loss in losses]}))
        return
    for loss in losses:
        print(
            f"{loss.songs:6} {loss.alike:8} {loss.question:11} {loss.way:8}"
            f" order {loss.order:.3f}  found {loss.found:.3f}  p50 {loss.p50:.1f} ms"
        )


def measured(size: int, alike: str) -> list[Loss]:
    """Both kinds of question, each asked both ways and in full."""
    random = np.random.default_rng(SEED)
    songs = library(random, size, SPREADS[alike])
    picked = random.integers(size, size=(QUESTIONS, 2 * EXAMPLES))
    questions = {
        "nearest": [nearest(songs, row[:1]) for row in picked],
        "best_score": [best_score(songs, row) for row in picked],
    }
    with tempfile.TemporaryDirectory() as folder:
        shard = rounded_shard(Path(folder), songs)
        rows = []
        for name, asked in questions.items():
            right, _ = answers(shard, asked, FULL)
            for way, params in WAYS.items():
                got, seconds = answers(shard, asked, params)
                order = np.mean([one == other for one, other in zip(got, right, strict=True)])
                found = np.mean([len({*one} & {*other}) for one, other in zip(got, right, strict=True)]) / TOP
                p50 = 1000 * float(np.median(seconds))
                rows.append(Loss(size, alike, name, way, float(order), float(found), p50))
        shard.close()
    return rows


def library(random: np.random.Generator, size: int, spread: float) -> Vector:
    """Unit vectors in clusters."""
    centres = random.normal(size=(max(1, size // SONGS_OF_A_CLUSTER), NUMBERS))
    songs = centres[random.integers(len(centres), size=size)] + spread * random.normal(size=(size, NUMBERS))
    songs /= np.linalg.norm(songs, axis=1, keepdims=True)
    made: Vector = songs.astype(np.float32)
    return made


def rounded_shard(folder: Path, songs: Vector) -> EdgeShard:
    """A shard that holds the songs in full, and rounded."""
    config = EdgeConfig(
        vectors={"": EdgeVectorParams(songs.shape[1], Distance.Cosine)},
        quantization_config=ScalarQuantizationConfig(ScalarType.Int8, quantile=QUANTILE, always_ram=True),
        hnsw_config=HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000),  # no graph
        optimizers=EdgeOptimizersConfig(indexing_threshold=1),  # kB, from which on songs are rounded
        max_search_threads=1,
    )
    shard = EdgeShard.create(str(folder), config)
    for at in range(0, len(songs), BATCH):
        batch = [Point(at + row, song.tolist()) for row, song in enumerate(songs[at : at + BATCH])]
        shard.update(UpdateOperation.upsert_points(batch))
    shard.optimize()
    return shard


def answers(
    shard: EdgeShard, questions: Sequence[Question], params: SearchParams
) -> tuple[list[list[int]], list[float]]:
    """The best ten of each question, and the seconds that it took."""
    got, seconds = [], []
    for query, without in questions:
        request = QueryRequest(limit=TOP, query=query, filter=without, params=params)
        begun = time.perf_counter()
        points = shard.query(request)
        seconds.append(time.perf_counter() - begun)
        got.append([int(str(point.id)) for point in points])
    return got, seconds


def nearest(songs: Vector, asked: Rows) -> Question:
    """What is near the only one."""
    return Query.Nearest(songs[asked[0]].tolist()), _without(asked)


def best_score(songs: Vector, asked: Rows) -> Question:
    """What is nearer to the first half than to the second."""
    liked, disliked = (songs[half].tolist() for half in np.split(asked, 2))
    return Query.RecommendBestScore(RecommendQuery(liked, disliked)), _without(asked)


def _without(asked: Rows) -> Filter:
    return Filter(must_not=[HasIdCondition({int(row) for row in asked})])


if __name__ == "__main__":
    main()
