"""How fast are vector engines, and how much memory do they take? `python -m benchmarks.vectors [--sizes N …] [--json]`

Random vectors of 512 numbers, each engine in a process of its own: qdrant-client's local mode, which the bot used
before (asked as directly as can be), Qdrant Edge and, where TEST_QDRANT_URL names one, a server, as the bot asks them,
beside numpy's product of the same matrix. Medians, in milliseconds: the nearest 25; the same of the half that was
shared in five of ten channels; best_score of 5 likes and 5 dislikes with that filter and 50 songs left out; storing
100 songs; opening, until the first answer. `memory` (MB) is what the process has resident in the end, of a server what
its client has; `agree` the part of numpy's answers that an engine gives too.

`--servers N`: the bot's services over one Discord server of 100 songs, and over N, in SQLite and Edge: seconds until
the first answer, to compare all with the database, and to ask each once; memory (MB) before and after that, and what
of it is the process's own (`anon`) or pages of mapped files (`file`), which the kernel can take back.

`--similar`: what /similar takes (the service call: vectors, SQL, cards and reasons) in each size, how much processor
time that is (`cpu`, which other programs hardly change), its vectors' part, and how much longer two servers' questions
take that are asked at once: 1 if neither waits for the other, 2 if one does.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import DIMENSION, Contender, LocalMode, Numpy, OurEngine
from benchmarks.written_library import write_library
from bot.arrays import Vector
from bot.services import Services
from bot.settings import Settings
from bot.vectors.upkeep import Upkeep

SIZES = (1000, 5000, 20_000)
ROUNDS = 30
FILLED_AT_ONCE = 500
EXAMPLES, LEFT_OUT, STORED = 5, 50, 100
SONGS = 100  # of each server
STYLES = 7
SERVER = os.environ.get("TEST_QDRANT_URL", "")
CONTENDERS: Mapping[str, Callable[[], Contender]] = {
    "numpy": Numpy,
    "edge": OurEngine,
    "local mode": LocalMode,
    **({"server": lambda: OurEngine(SERVER)} if SERVER else {}),
}
MEMORY = {"memory": "VmRSS", "anon": "RssAnon", "file": "RssFile"}
COLUMNS = ("nearest", "filtered", "best_score", "put", "open", "memory", "agree")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="songs")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="questions of a kind that are timed")
    parser.add_argument("--servers", type=int, metavar="N", help="start the bot's services over N servers")
    parser.add_argument("--similar", action="store_true", help="time /similar")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--part", nargs=4, help=argparse.SUPPRESS)  # what a process of its own does
    arguments = parser.parse_args()
    if arguments.part:
        what, which, size, folder = arguments.part
        print(json.dumps(asyncio.run(PARTS[what](which, int(size), Path(folder), arguments.rounds))))
        return
    if arguments.servers:
        report: dict[str, Any] = {"servers": compared_servers(arguments.servers, arguments.rounds)}
    elif arguments.similar:
        report = {"similar": [apart("similar", "", size, arguments.rounds) for size in arguments.sizes]}
    else:
        report = {"engines": compared_engines(arguments.sizes, arguments.rounds)}
    print(json.dumps(report) if arguments.json else table(report))


def compared_engines(sizes: list[int], rounds: int) -> list[dict[str, Any]]:
    """A row for each size and engine."""
    rows = []
    for size in sizes:
        found = {name: apart("engine", name, size, rounds) for name in CONTENDERS}
        for name, row in found.items():
            agree = np.mean(
                [
                    len({*a} & {*b}) / len(a)
                    for a, b in zip(row["found"], found["numpy"]["found"], strict=True)
                ]
            )
            numbers = {column: row[column] for column in COLUMNS if column in row}
            rows.append({"songs": size, "engine": name, **numbers, "agree": float(agree)})
    return rows


def compared_servers(count: int, rounds: int) -> list[dict[str, Any]]:
    """A row for one server, and one for so many."""
    return [apart("servers", "", each, rounds) for each in (1, count)]


def apart(what: str, which: str, size: int, rounds: int) -> dict[str, Any]:
    """What a part finds: one process fills a folder, and another measures with it."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="earworm-vectors-") as folder:
        for part in (f"fill {what}", what):
            command = [sys.executable, "-m", "benchmarks.vectors", "--rounds", str(rounds)]
            done = subprocess.run(
                [*command, "--part", part, which, str(size), f"{folder}/it"],
                stdout=subprocess.PIPE,
                check=True,
            )
            found = json.loads(done.stdout)
    return found


def table(report: Mapping[str, list[dict[str, Any]]]) -> str:
    """Rows and columns to read."""
    ((_, rows),) = report.items()
    lines = [" ".join(f"{column:>11}" for column in rows[0])]
    lines += [" ".join(_cell(value) for value in row.values()) for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:>11.2f}" if isinstance(value, float) else f"{value!s:>11}"


# -- engines -----------------------------------------------------------------------------------------------


async def fill_engine(which: str, size: int, folder: Path, _rounds: int) -> None:
    """Store songs from number 0 on."""
    contender = CONTENDERS[which]()
    await contender.open(folder)
    rows = unit_rows(size)
    for start in range(0, size, FILLED_AT_ONCE):
        batch = rows[start : start + FILLED_AT_ONCE]
        await contender.put(range(start, start + len(batch)), batch)
    await contender.close()


async def time_engine(which: str, size: int, folder: Path, rounds: int) -> dict[str, Any]:
    """Medians of every kind of question, and what was found."""
    contender = CONTENDERS[which]()
    queries = unit_rows(rounds * (1 + 2 * EXAMPLES), seed=1).reshape(rounds, -1, DIMENSION)
    began = time.perf_counter()
    await contender.open(folder)
    await contender.nearest(queries[0, 0], shown=False)
    opened = 1000 * (time.perf_counter() - began)
    without = frozenset(range(0, size, max(1, size // LEFT_OUT)))
    found: list[list[int]] = []

    async def ask_nearest(turn: int) -> None:
        found.append(await contender.nearest(queries[turn, 0], shown=False))

    async def ask_filtered(turn: int) -> None:
        found.append(await contender.nearest(queries[turn, 0], shown=True))

    async def ask_best_score(turn: int) -> None:
        liked, disliked = queries[turn, 1 : 1 + EXAMPLES], queries[turn, 1 + EXAMPLES :]
        found.append(await contender.best_score(list(liked), list(disliked), without))

    kinds = {"nearest": ask_nearest, "filtered": ask_filtered, "best_score": ask_best_score}
    row: dict[str, Any] = {name: await median_of(ask, rounds) for name, ask in kinds.items()}
    fresh = unit_rows(STORED, seed=2)

    async def store(turn: int) -> None:
        first = size + turn * STORED
        await contender.put(range(first, first + STORED), fresh)

    row |= {"put": await median_of(store, max(1, rounds // 5)), "open": opened, "memory": resident()}
    await contender.close()
    if isinstance(contender, OurEngine) and which == "server":
        await contender.drop()
    return {**row, "found": found}


async def median_of(ask: Callable[[int], Awaitable[object]], rounds: int) -> float:
    """Milliseconds."""
    return float(np.median(await times_of(ask, rounds)))


async def times_of(ask: Callable[[int], Awaitable[object]], rounds: int) -> list[float]:
    """Milliseconds of each round."""
    times = []
    for turn in range(rounds):
        began = time.perf_counter()
        await ask(turn)
        times.append(1000 * (time.perf_counter() - began))
    return times


def unit_rows(count: int, seed: int = 0) -> Vector:
    """Random vectors of length 1."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def styled_rows(count: int, seed: int) -> Vector:
    """Random vectors of STYLES styles, within which two are alike."""
    random = np.random.default_rng(seed)
    styles = random.normal(size=(STYLES, DIMENSION))
    rows: Vector = (
        styles[np.arange(count) % STYLES] + random.normal(scale=0.5, size=(count, DIMENSION))
    ).astype(np.float32)
    return rows


def resident(kind: str = "VmRSS") -> float:
    """Megabytes that this process has in memory, or of one kind; not a number where the system doesn't say."""
    status = Path("/proc/self/status")
    found = re.search(rf"{kind}:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1000 if found else float("nan")


# -- the bot's services ------------------------------------------------------------------------------------


def home_of(folder: Path) -> Settings:
    """A home of its own with OpenL3's vectors, whatever the environment says."""
    return Settings.own(home=folder, embedders=("openl3",), disk_floor=0)


async def fill_servers(_which: str, size: int, folder: Path, _rounds: int) -> None:
    """So many servers of SONGS songs each, in SQL and in vectors."""
    async with Services.open(home_of(folder)) as services:
        for guild_id in range(1, size + 1):
            await write_library(services, guild_id, styled_rows(SONGS, seed=guild_id))


async def time_servers(_which: str, size: int, folder: Path, _rounds: int) -> dict[str, Any]:
    """Seconds until the first answer, until all servers were compared, and for a question to each; megabytes."""
    began = time.perf_counter()
    async with Services.open(home_of(folder)) as services:
        await similar(services, size)
        ready = time.perf_counter() - began
        at_first = {f"first {column}": resident(kind) for column, kind in MEMORY.items()}
        began = time.perf_counter()
        upkeep = Upkeep(services.store, services.vectors)
        for guild_id in range(1, size + 1):
            await upkeep.restore(guild_id)
        compared = time.perf_counter() - began
        began = time.perf_counter()
        for guild_id in range(1, size + 1):
            await similar(services, guild_id)
        asked = time.perf_counter() - began
        return {
            "servers": size,
            "ready": ready,
            "compared": compared,
            "all asked": asked,
            **at_first,
            **{column: resident(kind) for column, kind in MEMORY.items()},
        }


async def fill_similar(_which: str, size: int, folder: Path, _rounds: int) -> None:
    """Two servers."""
    async with Services.open(home_of(folder)) as services:
        for guild_id in (1, 2):
            await write_library(services, guild_id, styled_rows(size, seed=guild_id))


async def time_similar(_which: str, size: int, folder: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds of an answer, of the vectors' part of it, and how much longer two servers' take at once."""
    async with Services.open(home_of(folder)) as services:
        first = await median_of(lambda _: similar(services, 1), 1)
        await similar(services, 2)
        began = time.process_time()
        answers = await times_of(lambda turn: similar(services, 1, turn), rounds)
        cpu = 1000 * (time.process_time() - began) / rounds
        vectors = await median_of(lambda turn: near(services, 1, turn), rounds)
        both = await median_of(
            lambda turn: asyncio.gather(similar(services, 1, turn), similar(services, 2, turn)), rounds
        )
        p50, p95 = (float(each) for each in np.percentile(answers, [50, 95]))
        return {
            "songs": size, "first": first, "p50": p50, "p95": p95, "cpu": cpu, "vectors": vectors,
            "at once": both / p50,
        }  # fmt: skip


async def similar(services: Services, guild_id: int, turn: int = 0) -> None:
    """Ask what is like one of the first songs of a server, seen by somebody in one channel."""
    tracks = await services.engine.library.facts(guild_id)
    answer = await services.recommender.similar(
        guild_id, track_id=min(tracks) + turn, channels=frozenset({9})
    )
    assert answer.picks


async def near(services: Services, guild_id: int, turn: int) -> None:
    """The same question to the vectors alone."""
    tracks = await services.engine.library.facts(guild_id)
    hits = await services.vectors.nearest(guild_id, min(tracks) + turn, channels=frozenset({9}), limit=25)
    assert len(hits) == 25


PARTS: Mapping[str, Callable[[str, int, Path, int], Coroutine[Any, Any, Any]]] = {
    "fill engine": fill_engine,
    "engine": time_engine,
    "fill servers": fill_servers,
    "servers": time_servers,
    "fill similar": fill_similar,
    "similar": time_similar,
}

if __name__ == "__main__":
    main()
