"""Qdrant Edge, the server's own engine inside this process: one shard per server and generation, a folder of its own.

Everything is exact: shards are scanned, with indexes over what filters go by; at 20,000 songs of 512 numbers that
takes about 10 ms. The write-ahead log keeps what was stored through kill −9; a power cut may take what was stored since
the last flush, which the comparison with the database at the next start (bot.vectors.upkeep) puts back.
"""

import fcntl
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from qdrant_edge import (
    CountRequest,
    EdgeShard,
    FieldCondition,
    Filter,
    Fusion,
    HasIdCondition,
    HasVectorCondition,
    MatchAny,
    MatchValue,
    Prefetch,
    Query,
    QueryRequest,
    RecommendQuery,
    ScrollRequest,
    UpdateOperation,
)
from qdrant_edge import Point as EdgePoint

from bot.arrays import Vector
from bot.embedders.retrieval_measures import RRF_K
from bot.errors import SettingsError, StorageBusy, StorageDamaged
from bot.vectors.calibration import Calibration
from bot.vectors.engine import (
    MIN_RANKING_DEPTH,
    SCROLL_PAGE_POINTS,
    UPSERT_BATCH_POINTS,
    Contents,
    Examples,
    Scores,
    StoredPoint,
    Where,
    point_id,
    point_ids,
    track_of,
    vectors_by_name,
)
from bot.vectors.generations import Generation
from bot.vectors.shard_pool import ShardPool

T = TypeVar("T")


class EdgeEngine:
    """The engine over one folder, which no other process may open meanwhile."""

    embedded = True

    def __init__(self, folder: Path, lock: Any, floor: int) -> None:
        self._folder = folder
        self._lock = lock
        self._shards = ShardPool(folder, floor)

    @classmethod
    async def open(cls, folder: Path, *, floor: int) -> Self:
        """Open the engine; writing needs `floor` bytes free on its disk. Raises StorageBusy, SettingsError."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 -- nothing else runs yet
            lock = (folder / ".lock").open("w")
        except OSError as error:
            raise SettingsError(
                f"The vectors in {folder} can't be opened: {error.strerror}. "
                "Set EARWORM_HOME to a folder that can be written to."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise StorageBusy(
                f"The bot is running and holds the vectors in {folder}. Ask it in Discord, stop it first, "
                "or let both use a Qdrant server (QDRANT_URL)."
            ) from None
        return cls(folder, lock, floor)

    async def close(self) -> None:
        """Flush and close every shard, and let another process open the folder."""
        await self._shards.close()
        self._lock.close()

    async def reach(self) -> None:
        """Nothing: it is in this process."""

    # -- writing -------------------------------------------------------------------------------------------

    async def ensure(self, generation: Generation) -> None:
        """Make a generation's shard, unless it is there."""
        sizes = {name: calibration.dimension for name, calibration in generation.calibrations.items()}
        await self._shards.make(_name(generation), sizes)

    async def has(self, generation: Generation) -> bool:
        """Whether a generation's shard is there and can be loaded."""
        async with self._shards.use(_name(generation)) as shard:
            return shard is not None

    async def put(self, generation: Generation, points: Sequence[StoredPoint]) -> bool:
        """Store points in place of what was stored of their tracks; False if there is no shard."""
        placed = [
            EdgePoint(
                point_id(generation.id, point.track_id),
                {name: vector.tolist() for name, vector in point.vectors.items()},
                dict(point.payload),
            )
            for point in points
        ]
        batches = [placed[at : at + UPSERT_BATCH_POINTS] for at in range(0, len(placed), UPSERT_BATCH_POINTS)]
        return await self._shards.write(
            _name(generation), [UpdateOperation.upsert_points(batch) for batch in batches]
        )

    async def remove(self, generation: Generation, track_ids: Collection[int]) -> None:
        """Remove tracks; nothing happens to those that aren't there."""
        if track_ids:
            operation = UpdateOperation.delete_points(point_ids(generation, track_ids))
            await self._shards.write(_name(generation), [operation])

    async def drop(self, generation: Generation) -> None:
        """Remove a generation's shard."""
        await self._shards.remove(_name(generation))

    async def flush(self, generation: Generation) -> None:
        """See that what was stored outlives a power cut."""
        await self._shards.flush(_name(generation))

    # -- reading -------------------------------------------------------------------------------------------

    async def vectors(
        self, generation: Generation, track_ids: Collection[int]
    ) -> dict[str, dict[int, Vector]]:
        """The unit vectors of these tracks, by name."""
        names, ids = sorted(generation.calibrations), point_ids(generation, track_ids)
        if not ids:
            return vectors_by_name(generation, ())
        records = await self._read(
            generation, lambda shard: shard.retrieve(ids, with_payload=["track_id"], with_vector=names)
        )
        return vectors_by_name(generation, records or ())

    async def nearest(
        self, generation: Generation, queries: Mapping[str, Vector], where: Where, limit: int
    ) -> Scores:
        """The tracks nearest to one sound, by cosine; several names are fused by reciprocal rank."""
        asked = {name: Query.Nearest(vector.tolist(), using=name) for name, vector in queries.items()}
        return await self._ranked(generation, asked, where, limit)

    async def recommend(
        self, generation: Generation, queries: Mapping[str, Examples], where: Where, limit: int
    ) -> Scores:
        """The tracks nearer to positives than to negatives, by `best_score`; several names are fused."""
        asked = {
            name: Query.RecommendBestScore(
                RecommendQuery(
                    [vector.tolist() for vector in examples.positives],
                    [vector.tolist() for vector in examples.negatives],
                ),
                using=name,
            )
            for name, examples in queries.items()
        }
        return await self._ranked(generation, asked, where, limit)

    async def scroll(self, generation: Generation, where: Where) -> set[int]:
        """Every track that is asked for."""
        wanted = _filter(generation, where)
        found = await self._read(generation, lambda shard: _scrolled(shard, wanted, ["track_id"]))
        return set(found or ())

    async def contents(self, generation: Generation) -> Contents:
        """All that is stored, with every vector and the index read once, while nobody writes. Raises StorageDamaged."""
        async with self._shards.use(_name(generation)) as shard:
            if shard is None:
                return Contents({}, {name: set() for name in generation.calibrations})
            return await shard.write(lambda opened: _contents(opened, generation))

    async def count(self, generation: Generation, where: Where) -> int:
        """How many points are asked for."""
        request = CountRequest(filter=_filter(generation, where))
        return await self._read(generation, lambda shard: shard.count(request)) or 0

    # -- housekeeping --------------------------------------------------------------------------------------

    def shared_collection(self, calibrations: Mapping[str, Calibration]) -> str:  # noqa: ARG002
        """None: each has a folder of its own."""
        return ""

    async def strays(self, known: Collection[tuple[int, int]]) -> list[tuple[int, str]]:
        """Servers and shards that belong to none of these (server, generation)."""
        names = {f"{guild_id}-{generation_id:x}" for guild_id, generation_id in known}
        found = [path.name for path in self._folder.iterdir() if path.is_dir() and path.name not in names]
        guilds = [(name.partition("-")[0], name) for name in sorted(found)]
        return [(int(guild), name) for guild, name in guilds if guild.isdecimal()]

    async def remove_stray(self, name: str) -> None:
        """Remove such a shard."""
        await self._shards.remove(name)

    # -- underneath ----------------------------------------------------------------------------------------

    async def _read(self, generation: Generation, question: Callable[[EdgeShard], T]) -> T | None:
        """The answer; None if there is no shard."""
        async with self._shards.use(_name(generation)) as shard:
            return None if shard is None else await shard.run(question)

    async def _ranked(
        self, generation: Generation, queries: Mapping[str, Query], where: Where, limit: int
    ) -> Scores:
        wanted = _filter(generation, where)
        if len(queries) == 1:
            (query,) = queries.values()
            request = QueryRequest(limit=limit, query=query, filter=wanted, with_payload=["track_id"])
        else:
            depth = max(MIN_RANKING_DEPTH, limit)
            request = QueryRequest(
                limit=limit,
                prefetches=[Prefetch(limit=depth, query=query, filter=wanted) for query in queries.values()],
                query=cast(Fusion, Fusion.Rrf(k=RRF_K + 1)),  # Qdrant counts ranks from 0
                with_payload=["track_id"],
            )
        points = await self._read(generation, lambda shard: shard.query(request))
        return [(track_of(point), float(point.score)) for point in points or ()]


def _name(generation: Generation) -> str:
    return f"{generation.guild_id}-{generation.id:x}"


def _filter(generation: Generation, where: Where) -> Filter:
    must: list[Any] = []
    if where.shown is not None:
        must.append(FieldCondition("channels", match=MatchAny(where.shown)))
    if where.sharer is not None:
        must.append(FieldCondition("sharers", match=MatchValue(where.sharer)))
    if where.among is not None:
        must.append(HasIdCondition(set(point_ids(generation, where.among))))
    without = HasIdCondition(set(point_ids(generation, where.exclude)))
    return Filter(must=must, must_not=[without] if where.exclude else None)


def _scrolled(shard: EdgeShard, wanted: Filter, payload: Any) -> dict[int, dict[str, Any]]:
    """Every point that is wanted, by track, with so much of its payload."""
    found: dict[int, dict[str, Any]] = {}
    offset = None
    while True:
        request = ScrollRequest(offset=offset, limit=SCROLL_PAGE_POINTS, filter=wanted, with_payload=payload)
        records, offset = shard.scroll(request)
        found |= {track_of(record): record.payload or {} for record in records}
        if offset is None:
            return found


def _contents(shard: EdgeShard, generation: Generation) -> Contents:
    payloads = _scrolled(shard, Filter(), True)
    channels = [payload["channels"] for payload in payloads.values() if payload.get("channels")]
    everywhere = FieldCondition("channels", match=MatchAny(sorted({*chain.from_iterable(channels)})))
    sound = shard.count(CountRequest(filter=Filter(must=[everywhere]))) == len(channels)
    having = {}
    for name, calibration in generation.calibrations.items():
        without = _scrolled(shard, Filter(must_not=[HasVectorCondition(name)]), ["track_id"])
        having[name] = payloads.keys() - without.keys()
        everything = Query.Nearest([1.0] * calibration.dimension, using=name)
        points = shard.query(QueryRequest(limit=max(1, len(payloads)), query=everything))
        sound = sound and len(points) == len(having[name])
        sound = sound and all(math.isfinite(point.score) for point in points)
    if not sound:
        raise StorageDamaged(f"The vectors of server {generation.guild_id} are damaged.")
    return Contents(payloads, having)
