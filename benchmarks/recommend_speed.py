"""How long does one /recommend take? `python -m benchmarks.recommend_speed [--sizes N …] [--rounds N] [--qdrant]`

Libraries of random vectors (512 numbers) in local storage. A member who liked 50 songs and disliked 10 asks, with a
wish for a tag and 500 songs left out; everything is in the time but Discord: reading the evidence, scoring, rules,
cards, reasons. Beside it stands the floor, numpy's product of the same vectors with the same 60 examples, and with
--qdrant, which takes long to fill, embedded Qdrant's own best_score over these, without any wish. `first` is the first
answer after a start, which reads the library into memory; `cpu` is the processor time of an answer.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bot.embedders import EMBEDDERS
from bot.library.points import load_points
from bot.services import Services
from bot.settings import Settings
from bot.taste.steering import Steering
from models import Guild, MessageTrack, Reaction, Share, Source, Track, TrackVector

GUILD, MEMBER, OTHERS = 1, 2, 20
LIKES, DISLIKES, EXCLUDED = 50, 10, 500
TAGS = ("rock", "jazz", "folk")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
BATCH = 500
COLUMNS = ("first", "p50", "p95", "cpu", "floor", "times", "qdrant")


def main() -> None:
    """Measure, and print milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 5000, 20_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=40, help="answers that are timed")
    parser.add_argument("--qdrant", action="store_true", help="time embedded Qdrant's own best_score too")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    rows = [
        asyncio.run(measured(size, arguments.rounds, qdrant=arguments.qdrant)) for size in arguments.sizes
    ]
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "results": rows}))
        return
    print(f"{'tracks':<8}" + "".join(f"{column:>9}" for column in COLUMNS) + "   (ms; times: p50 / floor)")
    for row in rows:
        print(f"{row['tracks']:<8}" + "".join(f"{row[column] or 0:>9.1f}" for column in COLUMNS))


async def measured(size: int, rounds: int, *, qdrant: bool) -> dict[str, Any]:
    """One size's row, in milliseconds."""
    vectors = np.random.default_rng(size).normal(size=(size, EMBEDDERS["openl3"].dimension)).astype("<f4")
    with tempfile.TemporaryDirectory(prefix="earworm-speed-") as folder:
        settings = Settings.load(home=Path(folder), database_url="", qdrant_url="", embedders=("openl3",))
        async with Services.open(settings) as services:
            await fill(services, vectors, everywhere=qdrant)
            wishes = Steering(tags=(TAGS[0],), without_tracks=frozenset(range(size - EXCLUDED + 1, size + 1)))

            async def ask() -> int:
                answer = await services.recommender.recommend(GUILD, MEMBER, None, steering=wishes, now=NOW)
                return len(answer.picks)

            began = time.perf_counter()
            assert await ask()
            first = 1000 * (time.perf_counter() - began)
            cpu = time.process_time()
            times = await timed(ask, rounds)
            cpu = 1000 * (time.process_time() - cpu) / rounds
            liked, disliked = list(range(1, LIKES + 1)), list(range(LIKES + 1, LIKES + DISLIKES + 1))

            async def plain() -> int:
                hits = await services.vectors.recommend(GUILD, liked, disliked, channels=None, limit=25)
                return len(hits)

            theirs = await timed(plain, 3) if qdrant else [float("nan")]
    low = floor(vectors, rounds)
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "tracks": size,
        "first": first,
        "p50": float(p50),
        "p95": float(p95),
        "floor": low,
        "times": float(p50) / low,
        "cpu": cpu,
        "qdrant": float(np.median(theirs)) if qdrant else None,
    }


async def timed(ask: Callable[[], Awaitable[int]], rounds: int) -> list[float]:
    """Milliseconds of each round."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        await ask()
        times.append(1000 * (time.perf_counter() - began))
    return times


def floor(vectors: NDArray[np.float32], rounds: int) -> float:
    """Median milliseconds of the product of all vectors with the examples."""
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    examples = rows[: LIKES + DISLIKES].T.copy()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        rows @ examples
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times))


async def fill(services: Services, vectors: NDArray[np.float32], *, everywhere: bool) -> None:
    """Tracks with a share each, and the member's votes, in SQL; in Qdrant too if `everywhere`, else only a few."""
    async with services.store.begin() as session:
        session.add(Guild(id=GUILD))
    name = services.primary.vector_name
    for start in tqdm(range(0, len(vectors), BATCH), desc=f"{len(vectors)} tracks"):
        numbers = range(start + 1, min(start + BATCH, len(vectors)) + 1)
        async with services.store.begin() as session:
            for number in numbers:
                session.add(track(number, vectors[number - 1], name))
            await session.flush()
            for number in numbers:
                session.add_all(shared(number))
        if start and not everywhere:
            continue
        async with services.store.session() as session:
            some = numbers if everywhere else numbers[:8]
            points = await load_points(session, GUILD, Track.id.in_(some))
        await services.vectors.put_all(GUILD, points)
    async with services.store.begin() as session:
        session.add_all(voted(number, +1) for number in range(1, LIKES + 1))
        session.add_all(voted(number, -1) for number in range(LIKES + 1, LIKES + DISLIKES + 1))


def track(number: int, vector: NDArray[np.float32], name: str) -> Track:
    """A track with a vector, features and a likely tag."""
    made = Track(
        id=number,
        guild_id=GUILD,
        seconds=200.0,
        tags={TAGS[number % len(TAGS)]: 0.7},
        features={"tempo": 60.0 + number % 120, "key": "A minor", "speech": 0.0},
        created_at=NOW,
    )
    made.vectors = [TrackVector(name=name, data=vector.tobytes())]
    return made


def shared(number: int) -> list[Any]:
    """What says who shared it."""
    source = Source(
        id=number, guild_id=GUILD, track_id=number, key=f"k{number}", url="", title=f"Song {number}",
        artist=f"Artist {number % 997}",
    )  # fmt: skip
    where = {"message_id": number, "track_id": number, "guild_id": GUILD}
    at = NOW - timedelta(minutes=number)
    user = MEMBER + 1 + number % OTHERS
    return [
        source,
        Share(**where, channel_id=9, user_id=user, shared_at=at, source_id=number),
        MessageTrack(**where),
    ]


def voted(number: int, kind: int) -> Reaction:
    """The member's vote on it."""
    return Reaction(
        message_id=number,
        user_id=MEMBER,
        track_id=0,
        kind=kind,
        guild_id=GUILD,
        created_at=NOW - timedelta(days=number),
    )


if __name__ == "__main__":
    main()
