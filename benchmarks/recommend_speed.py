"""How long does one /recommend take? `python -m benchmarks.recommend_speed [--sizes N …] [--rounds N]`

Libraries of random vectors (512 numbers) in SQLite and Qdrant Edge. A member who liked 50 songs and disliked 10 asks,
with a filter by a tag and 500 songs left out; 60 others liked 50 each, of one or two styles, the popular ones rather,
so that what they like counts too. Everything is in the time but Discord: reading the evidence, scoring, rules, cards,
reasons. Beside it stand the floor, numpy's product of the same vectors with the same 60 examples, and `engine`, Qdrant
Edge's own best_score over these, without any filter. `first` is the first answer after a start, which reads the library
into memory and learns from the votes; `cpu` is the processor time of an answer. `votes`: so many were learnt from;
`led`: so many of the picks others' likes led to.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.written_library import NOW, TAGS, write_library
from bot.embedders import EMBEDDERS
from bot.services import Services
from bot.settings import Settings
from bot.suggestions.pick import Pick
from bot.suggestions.steering import Steering
from bot.suggestions.wording import ReasonKind
from bot.vectors.question import Hit
from models import Reaction

GUILD, MEMBER, OTHERS = 1, 2, 60
LIKES, DISLIKES, EXCLUDED = 50, 10, 500
STYLES = 7  # a song's is its number's remainder
FAMOUS = 20  # so many songs of a style further on, one has half the likes
COLUMNS = ("first", "p50", "p95", "cpu", "floor", "times", "engine")
COUNTS = ("votes", "led")

Votes = dict[int, dict[int, int]]  # by member, by track: +1 or −1


def main() -> None:
    """Measure, and print milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 5000, 20_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=40, help="answers that are timed")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    rows = [asyncio.run(measured(size, arguments.rounds)) for size in arguments.sizes]
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "results": rows}))
        return
    print(f"{'tracks':<8}" + "".join(f"{column:>9}" for column in (*COLUMNS, *COUNTS)) + "   (ms)")
    for row in rows:
        numbers = "".join(f"{row[column]:>9.1f}" for column in COLUMNS)
        print(f"{row['tracks']:<8}{numbers}" + "".join(f"{row[column]:>9}" for column in COUNTS))


async def measured(size: int, rounds: int) -> dict[str, Any]:
    """One size's row, in milliseconds; `times` is p50 by the floor."""
    votes = voted(size)
    vectors = np.random.default_rng(size).normal(size=(size, EMBEDDERS["openl3"].dimension)).astype("<f4")
    with tempfile.TemporaryDirectory(prefix="earworm-speed-") as folder:
        settings = Settings.load(home=Path(folder), database_url="", qdrant_url="", embedders=("openl3",))
        async with Services.open(settings) as services:
            await write_library(services, GUILD, vectors)
            await vote(services, votes)
            steering = Steering(
                tags=(TAGS[0],), without_tracks=frozenset(range(size - EXCLUDED + 1, size + 1))
            )

            async def ask() -> tuple[Pick, ...]:
                answer = await services.recommender.recommend(GUILD, MEMBER, None, steering=steering, now=NOW)
                return answer.picks

            began = time.perf_counter()
            picks = await ask()
            first = 1000 * (time.perf_counter() - began)
            model = await services.engine.colikes.of(GUILD)
            assert picks and model
            cpu = time.process_time()
            times = await timed(ask, rounds)
            cpu = 1000 * (time.process_time() - cpu) / rounds
            liked, disliked = ([t for t, kind in votes[MEMBER].items() if kind == k] for k in (+1, -1))

            async def plain() -> list[Hit]:
                return await services.vectors.recommend(GUILD, liked, disliked, channels=None, limit=25)

            theirs = await timed(plain, rounds)
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
        "engine": float(np.median(theirs)),
        "votes": model.votes,
        "led": sum(pick.reason.evidence is ReasonKind.COLIKED for pick in picks),
    }


async def timed(ask: Callable[[], Awaitable[object]], rounds: int) -> list[float]:
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


async def vote(services: Services, votes: Votes) -> None:
    """Write down who likes what."""
    async with services.store.begin() as session:
        for member, theirs in votes.items():
            session.add_all(
                marked(member, number, kind, age) for age, (number, kind) in enumerate(theirs.items())
            )


def voted(size: int) -> Votes:
    """What everybody likes, and what the member who asks dislikes."""
    random = np.random.default_rng(size)
    votes = {MEMBER: dict.fromkeys(drawn(random, size, {1}, DISLIKES), -1)}
    votes[MEMBER] |= dict.fromkeys(drawn(random, size, {0}, LIKES), +1)
    for member in range(MEMBER + 1, MEMBER + OTHERS + 1):
        styles = {int(style) for style in random.choice(STYLES, random.integers(1, 3), replace=False)}
        votes[member] = dict.fromkeys(drawn(random, size, styles, LIKES), +1)
    return votes


def drawn(random: np.random.Generator, size: int, styles: set[int], count: int) -> list[int]:
    """Songs of some styles, of which those with low numbers are popular."""
    songs = np.array([number for number in range(1, size + 1) if number % STYLES in styles])
    popular = 1 / (FAMOUS + np.arange(len(songs)))
    found: list[int] = random.choice(songs, count, replace=False, p=popular / popular.sum()).tolist()
    return found


def marked(member: int, number: int, kind: int, age: int) -> Reaction:
    """A member's vote on it, so many days old."""
    return Reaction(
        message_id=number,
        user_id=member,
        track_id=0,
        kind=kind,
        guild_id=GUILD,
        created_at=NOW - timedelta(days=age),
    )


if __name__ == "__main__":
    main()
