"""How tracks sound: everything that Earworm asks of Qdrant.

Vectors are normalised before they are stored: after a reopen, embedded Qdrant answers from them as they are.
Examples are passed as vectors, and what is not wanted is left out afterwards: ids and exclusions in a query are
slow loops there.
"""

import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from bot.embedders.base import EmbedderInfo
from bot.errors import EmbedderError
from bot.library.qdrant import QdrantThread
from bot.settings import Settings

Vector = NDArray[np.float32]
Strategy = Literal["best_score", "average_vector"]
Channels = Collection[int] | None

COLLECTION_PREFIX = "earworm-"
TRACK_IDS = uuid.UUID("5d1bb3c5-6b5c-5c0e-9f6f-0e6b6f4a7a52")  # the namespace of Earworm's point ids
COMMAND_LINE = 0  # the channel of tracks that were taken in on the command line; everybody may see it
BATCH = 100
PAGE = 1000
FILTERED = ("channels", "sharers")  # payload keys that queries filter on


@dataclass(frozen=True)
class Point:
    """A track as it stands in a collection: raw or normalised vectors by name, and what filters need."""

    track_id: int
    vectors: Mapping[str, Vector]
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Hit:
    """A track that was found; `score` is a cosine, or `best_score`'s own measure."""

    track_id: int
    score: float


@dataclass(frozen=True)
class Place:
    """Where a server's points are: a collection, and what its points have in common there."""

    collection: str
    conditions: tuple[models.Condition, ...] = ()


def place_of(guild_id: int) -> Place:
    """A collection per server; for thousands of servers, one collection and a condition on the server."""
    return Place(f"{COLLECTION_PREFIX}{guild_id}")


def point_id(guild_id: int, track_id: int) -> str:
    """The point's id, the same for ever: storing a track twice makes one point."""
    return str(uuid.uuid5(TRACK_IDS, f"{guild_id}/{track_id}"))


def normalised(vector: Vector) -> Vector:
    """The vector with length 1. Raises EmbedderError for one that has no direction."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not math.isfinite(length) or length == 0:
        raise EmbedderError("That sounds like nothing at all: its vector is zero or not a number.")
    return (vector / length).astype(np.float32)


class Vectors:
    """The open vector storage; its vectors are named after the embedders that are switched on."""

    def __init__(self, thread: QdrantThread, infos: Sequence[EmbedderInfo], *, indexed: bool) -> None:
        self._thread = thread
        self._dimensions = {info.vector_name: info.dimension for info in infos}
        self._indexed = indexed

    @classmethod
    async def open(cls, settings: Settings, infos: Sequence[EmbedderInfo]) -> Self:
        """Open the storage for these embedders. Raises StorageBusy, SettingsError."""
        # An index does nothing in embedded mode but warn; hosted servers refuse to filter without one.
        return cls(await QdrantThread.open(settings), infos, indexed=bool(settings.qdrant_url))

    async def close(self) -> None:
        """Close the storage, so that another process can open it."""
        await self._thread.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the vectors that are kept of a track; the first is the one searched."""
        return tuple(self._dimensions)

    # -- writing -------------------------------------------------------------------------------------------

    async def put(
        self, guild_id: int, track_id: int, vectors: Mapping[str, Vector], payload: Mapping[str, Any]
    ) -> None:
        """Store a track in place of what was stored of it. Raises EmbedderError, StorageFailed."""
        await self.put_all(guild_id, [Point(track_id, vectors, payload)])

    async def put_all(self, guild_id: int, points: Sequence[Point]) -> None:
        """Store many tracks. Raises EmbedderError for a vector that is zero or of no known embedder."""
        structs = [self._struct(guild_id, point) for point in points]
        collection = place_of(guild_id).collection

        async def store(client: AsyncQdrantClient) -> None:
            await self._ensure(client, collection)
            for start in range(0, len(structs), BATCH):
                await client.upsert(collection, structs[start : start + BATCH])

        await self._thread.run(store)

    async def remove(self, guild_id: int, track_ids: Collection[int]) -> None:
        """Remove tracks; nothing happens to those that aren't stored."""
        collection = place_of(guild_id).collection
        points: list[models.ExtendedPointId] = [point_id(guild_id, track_id) for track_id in track_ids]

        async def delete(client: AsyncQdrantClient) -> None:
            if points and await client.collection_exists(collection):
                await client.delete(collection, models.PointIdsList(points=points))

        await self._thread.run(delete)

    # -- looking up ----------------------------------------------------------------------------------------

    async def get(self, guild_id: int, track_ids: Collection[int], name: str) -> dict[int, Vector]:
        """The vectors called `name` of these tracks, of length 1; tracks without one are left out."""
        collection = place_of(guild_id).collection
        points = [point_id(guild_id, track_id) for track_id in track_ids]

        async def retrieve(client: AsyncQdrantClient) -> list[models.Record]:
            if name not in await _vectors_of(client, collection):
                return []
            return await client.retrieve(collection, points, with_payload=["track_id"], with_vectors=[name])

        found: dict[int, Vector] = {}
        for record in await self._thread.run(retrieve):
            if isinstance(record.vector, dict) and name in record.vector:
                found[_track_of(record)] = np.asarray(record.vector[name], dtype=np.float32)
        return found

    async def ids(self, guild_id: int, name: str | None = None) -> set[int]:
        """The tracks that are stored, or those of them that have a vector called `name`."""
        condition = models.HasVectorCondition(has_vector=name) if name else None
        return {_track_of(record) for record in await self._scroll(guild_id, condition, ["track_id"], name)}

    async def payloads(self, guild_id: int) -> dict[int, dict[str, Any]]:
        """What filters know of every track."""
        return {
            _track_of(record): record.payload or {} for record in await self._scroll(guild_id, None, True)
        }

    async def shared_by(self, guild_id: int, user_id: int) -> set[int]:
        """The stored tracks that name this member as one of their sharers."""
        condition = models.FieldCondition(key="sharers", match=models.MatchValue(value=user_id))
        return {_track_of(record) for record in await self._scroll(guild_id, condition, ["track_id"])}

    async def guilds(self) -> set[int]:
        """The servers that have a collection."""

        async def collections(client: AsyncQdrantClient) -> list[str]:
            return [each.name for each in (await client.get_collections()).collections]

        names = await self._thread.run(collections)
        ends = [name.removeprefix(COLLECTION_PREFIX) for name in names if name.startswith(COLLECTION_PREFIX)]
        return {int(end) for end in ends if end.isdecimal()}

    # -- searching -----------------------------------------------------------------------------------------

    async def nearest(
        self,
        guild_id: int,
        name: str,
        vector: Vector,
        *,
        channels: Channels,
        exclude: Collection[int] = (),
        limit: int,
    ) -> list[Hit]:
        """The tracks whose vector called `name` points most nearly where `vector` does; score: their cosine.

        Only tracks shared in one of `channels` (None: anywhere) or on the command line.
        """
        query = normalised(vector).tolist()
        return await self._query(guild_id, name, query, channels=channels, exclude=exclude, limit=limit)

    async def recommend(
        self,
        guild_id: int,
        name: str,
        positives: Sequence[Vector],
        negatives: Sequence[Vector],
        *,
        strategy: Strategy = "best_score",
        channels: Channels,
        exclude: Collection[int] = (),
        limit: int,
    ) -> list[Hit]:
        """The tracks nearer to the positives than to the negatives; average_vector needs a positive."""
        if not positives and (strategy == "average_vector" or not negatives):
            return []
        examples = models.RecommendInput(
            positive=[normalised(vector).tolist() for vector in positives],
            negative=[normalised(vector).tolist() for vector in negatives],
            strategy=models.RecommendStrategy(strategy),
        )
        query = models.RecommendQuery(recommend=examples)
        return await self._query(guild_id, name, query, channels=channels, exclude=exclude, limit=limit)

    # -- underneath ----------------------------------------------------------------------------------------

    async def _query(
        self,
        guild_id: int,
        name: str,
        query: list[float] | models.RecommendQuery,
        *,
        channels: Channels,
        exclude: Collection[int],
        limit: int,
    ) -> list[Hit]:
        unwanted = set(exclude)
        place = place_of(guild_id)

        async def search(client: AsyncQdrantClient) -> list[models.ScoredPoint]:
            if name not in await _vectors_of(client, place.collection):
                return []
            answer = await client.query_points(
                place.collection,
                query=query,
                using=name,
                query_filter=_visible_in(place, channels),
                limit=limit + len(unwanted),
                with_payload=["track_id"],
            )
            return answer.points

        hits = [Hit(_track_of(point), float(point.score)) for point in await self._thread.run(search)]
        return [hit for hit in hits if hit.track_id not in unwanted][:limit]

    async def _scroll(
        self,
        guild_id: int,
        condition: models.Condition | None,
        payload: bool | list[str],
        name: str | None = None,
    ) -> list[models.Record]:
        place = place_of(guild_id)
        must = [*place.conditions, *([condition] if condition else [])]

        async def pages(client: AsyncQdrantClient) -> list[models.Record]:
            found: list[models.Record] = []
            names = await _vectors_of(client, place.collection)
            offset: Any = None
            while names and (name is None or name in names):
                records, offset = await client.scroll(
                    place.collection,
                    models.Filter(must=must),
                    limit=PAGE,
                    offset=offset,
                    with_payload=payload,
                )
                found += records
                if offset is None:
                    break
            return found

        return await self._thread.run(pages)

    async def _ensure(self, client: AsyncQdrantClient, collection: str) -> None:
        """Make the collection, or give it the vectors of an embedder that was switched on since."""
        if not await client.collection_exists(collection):
            await self._create(client, collection)
        for name in self._dimensions.keys() - await _vectors_of(client, collection):
            params = models.DenseVectorConfig(size=self._dimensions[name], distance=models.Distance.COSINE)
            await client.create_vector_name(collection, name, models.DenseVectorNameConfig(dense=params))

    async def _create(self, client: AsyncQdrantClient, collection: str) -> None:
        config = {
            name: models.VectorParams(size=dimension, distance=models.Distance.COSINE)
            for name, dimension in self._dimensions.items()
        }
        try:
            await client.create_collection(collection, vectors_config=config)
        except UnexpectedResponse as error:
            if error.status_code != HTTPStatus.CONFLICT:  # another process was faster
                raise
        for field in FILTERED if self._indexed else ():
            await client.create_payload_index(collection, field, models.PayloadSchemaType.INTEGER)

    def _struct(self, guild_id: int, point: Point) -> models.PointStruct:
        for name, vector in point.vectors.items():
            if vector.shape != (self._dimensions.get(name),):
                raise EmbedderError(f"A vector called {name} with {vector.shape} numbers isn't kept here.")
        return models.PointStruct(
            id=point_id(guild_id, point.track_id),
            vector={name: normalised(vector).tolist() for name, vector in point.vectors.items()},
            payload={**point.payload, "guild_id": guild_id, "track_id": point.track_id},
        )


async def _vectors_of(client: AsyncQdrantClient, collection: str) -> frozenset[str]:
    """The names of a collection's vectors; none if there is no collection."""
    if not await client.collection_exists(collection):
        return frozenset()
    vectors = (await client.get_collection(collection)).config.params.vectors
    return frozenset(vectors) if isinstance(vectors, dict) else frozenset()


def _visible_in(place: Place, channels: Channels) -> models.Filter:
    must = list(place.conditions)
    if channels is not None:
        wanted = models.MatchAny(any=sorted({COMMAND_LINE, *channels}))
        must.append(models.FieldCondition(key="channels", match=wanted))
    return models.Filter(must=must)


def _track_of(record: models.Record | models.ScoredPoint) -> int:
    return int((record.payload or {})["track_id"])
