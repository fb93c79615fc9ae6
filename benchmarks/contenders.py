"""What benchmarks/vectors.py compares: a vector engine of the project's, qdrant-client's local mode, and numpy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bot.arrays import Vector
from bot.settings import Settings
from bot.vectors.calibration import Calibration
from bot.vectors.edge import EdgeEngine
from bot.vectors.engine import Examples, StoredPoint, VectorEngine, Where
from bot.vectors.generations import Generation

DIMENSION = 512
NAME = "sound"
CHANNELS = 10  # a song was shared in one of them
SHOWN = frozenset(range(1, CHANNELS // 2 + 1))  # what who asks may see
LIMIT = 25
GENERATION = Generation(1, 1, True, (NAME,), {NAME: Calibration(DIMENSION, 0.5)})


class Contender(Protocol):
    """Holds songs by number, and answers with the numbers of the best LIMIT of them, best first."""

    async def open(self, folder: Path) -> None:
        """Open it, so that the first question can be asked."""

    async def put(self, songs: Sequence[int], rows: Vector) -> None:
        """Store songs with their (n, d) vectors of length 1."""

    async def nearest(self, query: Vector, *, shown: bool) -> list[int]:
        """The nearest, or of those that are `shown`."""

    async def best_score(
        self, liked: Sequence[Vector], disliked: Sequence[Vector], without: frozenset[int]
    ) -> list[int]:
        """Near to what is liked and far from the rest, of those that are shown, without some."""

    async def close(self) -> None:
        """Flush what was stored."""


def channel_of(song: int) -> int:
    """Where a song was shared."""
    return 1 + song % CHANNELS


def payload_of(song: int) -> dict[str, Any]:
    """As much as is stored of a real song."""
    return {"track_id": song, "channels": [channel_of(song)], "title": f"Song {song}", "sharers": [song % 60]}


class OurEngine:
    """Qdrant Edge or a server, as the bot asks it."""

    def __init__(self, server: str = "") -> None:
        self._server = server
        self._engine: VectorEngine | None = None

    async def open(self, folder: Path) -> None:
        if self._server:
            from bot.vectors.server import ServerEngine

            self._engine = await ServerEngine.open(Settings.own(qdrant_url=self._server))
        else:
            self._engine = await EdgeEngine.open(folder, floor=0)
        await self._engine.ensure(GENERATION)

    async def put(self, songs: Sequence[int], rows: Vector) -> None:
        points = [
            StoredPoint(song, {NAME: row}, payload_of(song)) for song, row in zip(songs, rows, strict=True)
        ]
        await self._opened.put(GENERATION, points)

    async def nearest(self, query: Vector, *, shown: bool) -> list[int]:
        where = Where(channels=SHOWN if shown else None)
        return [song for song, _ in await self._opened.nearest(GENERATION, {NAME: query}, where, LIMIT)]

    async def best_score(
        self, liked: Sequence[Vector], disliked: Sequence[Vector], without: frozenset[int]
    ) -> list[int]:
        where = Where(channels=SHOWN, exclude=without)
        examples = {NAME: Examples(liked, disliked)}
        return [song for song, _ in await self._opened.recommend(GENERATION, examples, where, LIMIT)]

    async def close(self) -> None:
        await self._opened.flush(GENERATION)
        await self._opened.close()

    async def drop(self) -> None:
        """Remove what was stored, from a server that others use too."""
        await self._opened.drop(GENERATION)

    @property
    def _opened(self) -> VectorEngine:
        assert self._engine is not None
        return self._engine


class LocalMode:
    """qdrant-client's local mode, which the bot used before, called as directly as can be."""

    async def open(self, folder: Path) -> None:
        from qdrant_client import QdrantClient, models

        self._models = models
        self._client = QdrantClient(path=str(folder))
        if not self._client.collection_exists(NAME):
            size = models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
            self._client.create_collection(NAME, {NAME: size})

    async def put(self, songs: Sequence[int], rows: Vector) -> None:
        points = [
            self._models.PointStruct(id=song, vector={NAME: row.tolist()}, payload=payload_of(song))
            for song, row in zip(songs, rows, strict=True)
        ]
        self._client.upsert(NAME, points)

    async def nearest(self, query: Vector, *, shown: bool) -> list[int]:
        return self._best(query.tolist(), self._filter() if shown else None)

    async def best_score(
        self, liked: Sequence[Vector], disliked: Sequence[Vector], without: frozenset[int]
    ) -> list[int]:
        recommended = self._models.RecommendInput(
            positive=[vector.tolist() for vector in liked],
            negative=[vector.tolist() for vector in disliked],
            strategy=self._models.RecommendStrategy.BEST_SCORE,
        )
        return self._best(self._models.RecommendQuery(recommend=recommended), self._filter(without))

    async def close(self) -> None:
        self._client.close()

    def _best(self, query: Any, wanted: Any) -> list[int]:
        found = self._client.query_points(NAME, query=query, using=NAME, query_filter=wanted, limit=LIMIT)
        return [int(point.id) for point in found.points]

    def _filter(self, without: frozenset[int] = frozenset()) -> Any:
        shown = self._models.FieldCondition(key="channels", match=self._models.MatchAny(any=sorted(SHOWN)))
        left_out = self._models.HasIdCondition(has_id=sorted(without))
        return self._models.Filter(must=[shown], must_not=[left_out] if without else None)


class Numpy:
    """A matrix in memory: what the arithmetic alone takes."""

    async def open(self, folder: Path) -> None:
        self._folder = folder
        stored = folder / "rows.npy"
        self._rows = np.load(stored) if stored.exists() else np.zeros((0, DIMENSION), np.float32)
        self._see()

    async def put(self, songs: Sequence[int], rows: Vector) -> None:
        missing = max(songs) + 1 - len(self._rows)
        if missing > 0:
            self._rows = np.concatenate([self._rows, np.zeros((missing, DIMENSION), np.float32)])
        self._rows[list(songs)] = rows
        self._see()

    async def nearest(self, query: Vector, *, shown: bool) -> list[int]:
        return self._best(self._rows @ query, np.zeros(len(self._rows), bool) if not shown else self._hidden)

    async def best_score(
        self, liked: Sequence[Vector], disliked: Sequence[Vector], without: frozenset[int]
    ) -> list[int]:
        near = (self._rows @ np.stack(liked).T).max(axis=1)
        far = (self._rows @ np.stack(disliked).T).max(axis=1)
        hidden = self._hidden.copy()
        hidden[list(without)] = True
        return self._best(np.where(near > far, squashed(near), -squashed(far)), hidden)

    async def close(self) -> None:
        self._folder.mkdir(exist_ok=True)
        np.save(self._folder / "rows.npy", self._rows)

    def _see(self) -> None:
        channels = 1 + np.arange(len(self._rows)) % CHANNELS
        self._hidden = ~np.isin(channels, sorted(SHOWN))

    def _best(self, scores: Vector, hidden: Any) -> list[int]:
        scores = np.where(hidden, -np.inf, scores)
        best = np.argpartition(-scores, min(LIMIT, len(scores) - 1))[:LIMIT]
        found: list[int] = best[np.argsort(-scores[best])].tolist()
        return found


def squashed(scores: Vector) -> Vector:
    """As Qdrant's best_score maps scores into (0, 1), so that those of both sides compare."""
    mapped: Vector = (0.5 * (scores / (1 + np.abs(scores)) + 1)).astype(np.float32)
    return mapped
