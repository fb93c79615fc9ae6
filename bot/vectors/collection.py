"""A server's points in Qdrant: where they are, and how they are made, read and removed. Runs in Qdrant's thread."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from bot.arrays import Vector
from bot.vectors.generations import Generation
from bot.vectors.points import Point

COLLECTION_PREFIX = "earworm-"
POINT_ID_NAMESPACE = uuid.UUID("5d1bb3c5-6b5c-5c0e-9f6f-0e6b6f4a7a52")  # the namespace of Earworm's point ids
UPSERT_BATCH_POINTS = 100
SCROLL_PAGE_POINTS = 1000
INDEXED_KEYS = ("channels", "sharers")  # payload keys that queries filter on
GENERATION_KEY = "generation"  # the payload key that tells generations apart


@dataclass(frozen=True)
class Place:
    """Where a server's points are: a collection, and what its points have in common there."""

    collection: str
    conditions: tuple[models.Condition, ...] = ()


def place_of(guild_id: int, generation_id: int) -> Place:
    """A collection per server and generation; for thousands of servers, one collection and conditions on both."""
    return Place(f"{COLLECTION_PREFIX}{guild_id}-{generation_id:x}")


def guild_of(collection: str) -> int | None:
    """The server whose collection is called so, if it is one of a single server's."""
    guild, _, generation = collection.removeprefix(COLLECTION_PREFIX).partition("-")
    return (
        int(guild) if collection.startswith(COLLECTION_PREFIX) and guild.isdecimal() and generation else None
    )


def point_id(generation_id: int, track_id: int) -> str:
    """The point's id, the same whenever it is asked for: storing a track twice makes one point."""
    return str(uuid.uuid5(POINT_ID_NAMESPACE, f"{generation_id}/{track_id}"))


class VectorCollection:
    """The points of one generation, by a client in whose thread this runs."""

    def __init__(self, client: AsyncQdrantClient, generation: Generation, *, indexed: bool) -> None:
        self.place = place_of(generation.guild_id, generation.id)
        self.client = client
        self._generation = generation
        self.indexed = indexed

    async def names(self) -> frozenset[str]:
        """The names of the vectors that are there; none if there is no collection."""
        if not await self.client.collection_exists(self.place.collection):
            return frozenset()
        vectors = (await self.client.get_collection(self.place.collection)).config.params.vectors
        return frozenset(vectors if isinstance(vectors, dict) else ()) & self._generation.calibrations.keys()

    async def make(self) -> None:
        """Make the collection, or what it lacks."""
        if not await self.client.collection_exists(self.place.collection):
            await self._create()
        for name in self._generation.calibrations.keys() - await self.names():
            size = self._generation.calibrations[name].dimension
            dense = models.DenseVectorConfig(size=size, distance=models.Distance.COSINE)
            config = models.DenseVectorNameConfig(dense=dense)
            await self.client.create_vector_name(self.place.collection, name, config)

    async def unmake(self) -> None:
        """Remove all of it."""
        if self.place.conditions:
            everything = models.FilterSelector(filter=models.Filter(must=list(self.place.conditions)))
            if await self.client.collection_exists(self.place.collection):
                await self.client.delete(self.place.collection, everything)
        else:
            # Also if it doesn't seem to exist: embedded Qdrant may have been killed halfway through making it.
            await self.client.delete_collection(self.place.collection)

    async def put(self, points: Sequence[models.PointStruct]) -> None:
        """Store points in place of what was stored of their tracks."""
        for start in range(0, len(points), UPSERT_BATCH_POINTS):
            await self.client.upsert(self.place.collection, points[start : start + UPSERT_BATCH_POINTS])

    async def remove(self, track_ids: Iterable[int]) -> None:
        """Remove tracks; nothing happens to those that aren't there."""
        ids: list[models.ExtendedPointId] = [
            point_id(self._generation.id, track_id) for track_id in track_ids
        ]
        if ids and await self.client.collection_exists(self.place.collection):
            await self.client.delete(self.place.collection, models.PointIdsList(points=ids))

    async def vectors(self, track_ids: Collection[int]) -> dict[str, dict[int, Vector]]:
        """The vectors of these tracks, of length 1, by name."""
        names = await self.names()
        found: dict[str, dict[int, Vector]] = {name: {} for name in self._generation.calibrations}
        if not names or not track_ids:
            return found
        ids = [point_id(self._generation.id, track_id) for track_id in track_ids]
        records = await self.client.retrieve(
            self.place.collection, ids, with_payload=["track_id"], with_vectors=sorted(names)
        )
        for record in records:
            for name, vector in record.vector.items() if isinstance(record.vector, dict) else ():
                found[name][track_of(record)] = np.asarray(vector, dtype=np.float32)
        return found

    async def scroll(
        self, payload: bool | list[str], condition: models.Condition | None = None
    ) -> list[models.Record]:
        """Every point, or those that meet a condition."""
        must = [*self.place.conditions, *([condition] if condition else [])]
        found: list[models.Record] = []
        offset: Any = None
        while await self.names():
            records, offset = await self.client.scroll(
                self.place.collection,
                models.Filter(must=must),
                limit=SCROLL_PAGE_POINTS,
                offset=offset,
                with_payload=payload,
            )
            found += records
            if offset is None:
                break
        return found

    async def _create(self) -> None:
        config = {
            name: models.VectorParams(size=calibration.dimension, distance=models.Distance.COSINE)
            for name, calibration in self._generation.calibrations.items()
        }
        try:
            await self.client.create_collection(self.place.collection, vectors_config=config)
        except UnexpectedResponse as error:
            if error.status_code != HTTPStatus.CONFLICT:  # another process was faster
                raise
        for field in INDEXED_KEYS if self.indexed else ():
            await self.client.create_payload_index(
                self.place.collection, field, models.PayloadSchemaType.INTEGER
            )


def as_stored(generation: Generation, point: Point) -> models.PointStruct | None:
    """The point, calibrated for this generation; None if it has none of its vectors. Raises EmbedderError."""
    placed = {
        name: calibration.apply(point.vectors[name]).tolist()
        for name, calibration in generation.calibrations.items()
        if name in point.vectors
    }
    if not placed:
        return None
    ours = {"guild_id": generation.guild_id, "track_id": point.track_id, GENERATION_KEY: generation.id}
    return models.PointStruct(
        id=point_id(generation.id, point.track_id), vector=placed, payload={**point.payload, **ours}
    )


def track_of(record: models.Record | models.ScoredPoint) -> int:
    """The track whose point this is."""
    return int((record.payload or {})["track_id"])
