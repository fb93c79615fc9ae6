"""A Qdrant server, 1.16 or newer, as the vector engine.

A generation has a collection of its own, or shares one with others whose vectors have the same names and sizes
(`QDRANT_LAYOUT=tenants`): there its points are told apart by their payload, and the server keeps each server's
together. Its row in the database says which. What exists is remembered until the server says 404, so a question is one
request.
"""

import hashlib
import logging
import warnings
from collections.abc import Awaitable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Self, TypeVar

from grpc import StatusCode
from grpc.aio import AioRpcError
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from bot.arrays import Vector
from bot.embedders.retrieval_measures import RRF_K
from bot.errors import SettingsError, VectorsFailed
from bot.settings import Settings
from bot.vectors.calibration import Calibration
from bot.vectors.engine import (
    GENERATION_KEY,
    MIN_RANKING_DEPTH,
    OVERSAMPLING,
    QUANTILE,
    SCROLL_PAGE_POINTS,
    TENANT_KEY,
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

log = logging.getLogger(__name__)

T = TypeVar("T")

COLLECTION_PREFIX = "earworm-"
SHARED_PREFIX = f"{COLLECTION_PREFIX}tenants-"
TIMEOUT_SECONDS = 20
GRPC_PORT = 6334  # of every Qdrant server that isn't told another
NOT_THERE = (HTTPStatus.NOT_FOUND, StatusCode.NOT_FOUND)
THERE_ALREADY = (HTTPStatus.CONFLICT, StatusCode.ALREADY_EXISTS)
INDEXED_KEYS = ("channels", "sharers")  # payload keys that filters go by
UNREACHABLE = "The Qdrant server can't be reached. Check QDRANT_URL, and that it runs."

Query = list[float] | models.RecommendQuery


class ServerEngine:
    """The engine over one server, which other processes may use too."""

    embedded = False

    def __init__(self, client: AsyncQdrantClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._there: set[str] = set()  # collections that are known to exist
        self._indexed: set[str] = set()  # and those that are known to have every index

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Connect to `settings.qdrant_url`. Raises SettingsError if that server can't be used."""
        client = _client(settings)
        try:
            await client.get_collections()
        except (UnexpectedResponse, AioRpcError) as error:
            await client.close()
            status = _status(error)
            if status == StatusCode.UNAVAILABLE:
                raise SettingsError(UNREACHABLE) from None
            raise SettingsError(
                f"The Qdrant server refused with status {status}. Check QDRANT_URL and QDRANT_API_KEY."
            ) from None
        except ApiException:
            await client.close()
            raise SettingsError(UNREACHABLE) from None
        return cls(client, settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def reach(self) -> None:
        """Ask the server for next to nothing."""
        with _translated():
            await self._client.collection_exists(COLLECTION_PREFIX)

    # -- writing -------------------------------------------------------------------------------------------

    async def ensure(self, generation: Generation) -> None:
        """Make the collection that a generation's points belong into, unless it exists."""
        collection = collection_of(generation)
        if not await self.has(generation):
            with _translated():
                await self._create(generation)
        if collection not in self._indexed:  # whoever made it may not have come so far
            with _translated():
                await self._index(collection, shared=bool(generation.collection))
        self._there.add(collection)
        self._indexed.add(collection)

    async def has(self, generation: Generation) -> bool:
        """Whether that collection exists; asked once."""
        collection = collection_of(generation)
        if collection not in self._there:
            with _translated():
                if not await self._client.collection_exists(collection):
                    return False
            self._there.add(collection)
        return True

    async def put(self, generation: Generation, points: Sequence[StoredPoint]) -> bool:
        """Store points in place of what was stored of their tracks; False if there is no collection."""
        structs = [
            models.PointStruct(
                id=point_id(generation.id, point.track_id),
                vector={name: vector.tolist() for name, vector in point.vectors.items()},
                payload=dict(point.payload),
            )
            for point in points
        ]
        collection = collection_of(generation)
        for at in range(0, len(structs), UPSERT_BATCH_POINTS):
            batch = structs[at : at + UPSERT_BATCH_POINTS]
            if await self._unless_gone(collection, self._client.upsert(collection, batch)) is None:
                return False
        return bool(structs) or await self.has(generation)

    async def remove(self, generation: Generation, track_ids: Collection[int]) -> None:
        """Remove tracks; nothing happens to those that aren't there."""
        if track_ids:
            collection = collection_of(generation)
            chosen = models.PointIdsList(points=point_ids(generation, track_ids))
            await self._unless_gone(collection, self._client.delete(collection, chosen))

    async def drop(self, generation: Generation) -> None:
        """Remove a generation's points, with its collection if that is its own."""
        collection = collection_of(generation)
        if generation.collection:
            theirs = models.FilterSelector(filter=models.Filter(must=_tenant(generation)))
            await self._unless_gone(collection, self._client.delete(collection, theirs))
        else:
            await self._unless_gone(collection, self._client.delete_collection(collection))
            self._forget(collection)

    async def flush(self, generation: Generation) -> None:
        """Nothing: a server answers when what was written is in its log."""

    # -- reading -------------------------------------------------------------------------------------------

    async def vectors(
        self, generation: Generation, track_ids: Collection[int]
    ) -> dict[str, dict[int, Vector]]:
        """The unit vectors of these tracks, by name."""
        if not track_ids:
            return vectors_by_name(generation, ())
        collection, names = collection_of(generation), sorted(generation.calibrations)
        asked = self._client.retrieve(
            collection, point_ids(generation, track_ids), with_payload=["track_id"], with_vectors=names
        )
        return vectors_by_name(generation, await self._unless_gone(collection, asked) or ())

    async def nearest(
        self, generation: Generation, queries: Mapping[str, Vector], where: Where, limit: int
    ) -> Scores:
        """The tracks nearest to one sound, by cosine; several names are fused by reciprocal rank."""
        asked: dict[str, Query] = {name: vector.tolist() for name, vector in queries.items()}
        return await self._ranked(generation, asked, where, limit)

    async def recommend(
        self, generation: Generation, queries: Mapping[str, Examples], where: Where, limit: int
    ) -> Scores:
        """The tracks nearer to positives than to negatives, by `best_score`; several names are fused."""
        asked: dict[str, Query] = {
            name: models.RecommendQuery(
                recommend=models.RecommendInput(
                    positive=[vector.tolist() for vector in examples.positives],
                    negative=[vector.tolist() for vector in examples.negatives],
                    strategy=models.RecommendStrategy.BEST_SCORE,
                )
            )
            for name, examples in queries.items()
        }
        return await self._ranked(generation, asked, where, limit)

    async def scroll(self, generation: Generation, where: Where) -> set[int]:
        """Every track that is asked for."""
        return set(await self._scrolled(generation, _filter(generation, where), ["track_id"]))

    async def contents(self, generation: Generation) -> Contents:
        """All that is stored, but for the vectors: a server looks after its own disk."""
        payloads = await self._scrolled(generation, _filter(generation, Where()), True)
        having = {}
        for name in generation.calibrations:
            without = _filter(generation, Where())
            without.must_not = [models.HasVectorCondition(has_vector=name)]
            having[name] = payloads.keys() - await self._scrolled(generation, without, ["track_id"])
        return Contents(payloads, having)

    async def count(self, generation: Generation, where: Where) -> int:
        """How many points are asked for."""
        collection = collection_of(generation)
        asked = self._client.count(collection, _filter(generation, where), exact=True)
        answer = await self._unless_gone(collection, asked)
        return answer.count if answer else 0

    # -- housekeeping --------------------------------------------------------------------------------------

    def shared_collection(self, calibrations: Mapping[str, Calibration]) -> str:
        """The collection that a new generation is to share with others; "" for one of its own."""
        if self._settings.qdrant_layout == "collections":
            return ""
        return shared_collection(calibrations)

    async def strays(self, known: Collection[tuple[int, int]]) -> list[tuple[int, str]]:  # noqa: ARG002
        """None: other installations may use the same server."""
        return []

    async def remove_stray(self, name: str) -> None:
        """Nothing, as there are none."""

    # -- underneath ----------------------------------------------------------------------------------------

    async def _unless_gone(self, collection: str, request: Awaitable[T]) -> T | None:
        """The answer; None, and forgotten, if there is no such collection. Raises StorageFailed."""
        with _translated():
            try:
                answer = await request
            except (UnexpectedResponse, AioRpcError) as error:
                if _status(error) not in NOT_THERE:
                    raise
                self._forget(collection)
                return None
            self._there.add(collection)
            return answer

    async def _scrolled(
        self, generation: Generation, wanted: models.Filter, payload: bool | list[str]
    ) -> dict[int, dict[str, Any]]:
        """Every point that is wanted, by track, with so much of its payload."""
        collection = collection_of(generation)
        found: dict[int, dict[str, Any]] = {}
        offset: Any = None
        while True:
            asked = self._client.scroll(
                collection, wanted, limit=SCROLL_PAGE_POINTS, offset=offset, with_payload=payload
            )
            records, offset = await self._unless_gone(collection, asked) or ([], None)
            found |= {track_of(record): record.payload or {} for record in records}
            if offset is None:
                return found

    async def _ranked(
        self, generation: Generation, queries: Mapping[str, Query], where: Where, limit: int
    ) -> Scores:
        collection = collection_of(generation)
        wanted = _filter(generation, where)
        if len(queries) == 1:
            ((name, query),) = queries.items()
            ranking: dict[str, Any] = {"query": query, "using": name, "query_filter": wanted}
        else:
            depth = max(MIN_RANKING_DEPTH, limit)
            ranking = {
                "prefetch": [
                    models.Prefetch(query=query, using=name, filter=wanted, limit=depth, params=self._params)
                    for name, query in queries.items()
                ],
                "query": models.RrfQuery(rrf=models.Rrf(k=RRF_K + 1)),  # Qdrant counts ranks from 0
            }
        asked = self._client.query_points(
            collection, **ranking, limit=limit, with_payload=["track_id"], search_params=self._params
        )
        answer = await self._unless_gone(collection, asked)
        return [(track_of(point), float(point.score)) for point in answer.points] if answer else []

    @property
    def _params(self) -> models.SearchParams:
        if self._settings.qdrant_quantization == "none":
            return models.SearchParams(exact=True)  # as Edge searches, also where the server has made a graph
        # The best by 8 bits a number are compared again by all 32; python -m benchmarks.quantization
        return models.SearchParams(
            quantization=models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
        )

    async def _create(self, generation: Generation) -> None:
        collection = collection_of(generation)
        shared = bool(generation.collection)
        try:
            await self._client.create_collection(
                collection,
                vectors_config={
                    name: models.VectorParams(
                        size=calibration.dimension, distance=models.Distance.COSINE, on_disk=True
                    )
                    for name, calibration in generation.calibrations.items()
                },
                on_disk_payload=True,
                # Searches are a tenant's own: one graph over all of them would be built for nobody.
                hnsw_config=models.HnswConfigDiff(m=0, payload_m=16) if shared else None,
                quantization_config=self._quantization,
                replication_factor=self._settings.qdrant_replicas,
                shard_number=self._settings.qdrant_shards,
            )
        except (UnexpectedResponse, AioRpcError) as error:
            if _status(error) not in THERE_ALREADY:  # another process was faster
                raise

    async def _index(self, collection: str, *, shared: bool) -> None:
        """See that a collection has its indexes; nothing happens to those that it has."""
        for key, schema in _indexes(shared=shared).items():
            await self._client.create_payload_index(collection, key, schema)

    def _forget(self, collection: str) -> None:
        self._there.discard(collection)
        self._indexed.discard(collection)

    @property
    def _quantization(self) -> models.ScalarQuantization | None:
        if self._settings.qdrant_quantization == "none":
            return None
        scalar = models.ScalarQuantizationConfig(
            type=models.ScalarType.INT8, quantile=QUANTILE, always_ram=True
        )
        return models.ScalarQuantization(scalar=scalar)


def collection_of(generation: Generation) -> str:
    """Where a generation's points are: the collection in its row, or one that is called after it."""
    return generation.collection or f"{COLLECTION_PREFIX}{generation.guild_id}-{generation.id:x}"


def shared_collection(calibrations: Mapping[str, Calibration]) -> str:
    """The one collection for all vectors with these names and sizes."""
    sizes = sorted((name, calibration.dimension) for name, calibration in calibrations.items())
    digest = hashlib.blake2b(repr(sizes).encode(), digest_size=6).hexdigest()
    return f"{SHARED_PREFIX}{digest}"


def _indexes(*, shared: bool) -> dict[str, models.PayloadFieldSchema]:
    """What filters go by; hosted servers refuse to filter by anything else."""
    indexes: dict[str, models.PayloadFieldSchema] = dict.fromkeys(
        INDEXED_KEYS, models.PayloadSchemaType.INTEGER
    )
    if shared:
        indexes[TENANT_KEY] = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        indexes[GENERATION_KEY] = models.PayloadSchemaType.INTEGER
    return indexes


def _tenant(generation: Generation) -> list[models.Condition]:
    """What a generation's points have in common where others' are too."""
    if not generation.collection:
        return []
    return [
        models.FieldCondition(key=TENANT_KEY, match=models.MatchValue(value=str(generation.guild_id))),
        models.FieldCondition(key=GENERATION_KEY, match=models.MatchValue(value=generation.id)),
    ]


def _filter(generation: Generation, where: Where) -> models.Filter:
    must = _tenant(generation)
    if where.shown is not None:
        must.append(models.FieldCondition(key="channels", match=models.MatchAny(any=where.shown)))
    if where.sharer is not None:
        must.append(models.FieldCondition(key="sharers", match=models.MatchValue(value=where.sharer)))
    if where.among is not None:
        must.append(models.HasIdCondition(has_id=point_ids(generation, where.among)))
    without = models.HasIdCondition(has_id=point_ids(generation, where.exclude))
    return models.Filter(must=must, must_not=[without] if where.exclude else None)


def _client(settings: Settings) -> AsyncQdrantClient:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            client = AsyncQdrantClient(
                url=settings.qdrant_url,
                api_key=settings.qdrant_api_key or None,
                prefer_grpc=settings.qdrant_grpc,
                grpc_port=GRPC_PORT,
                timeout=TIMEOUT_SECONDS,
                check_compatibility=False,
            )
        except ValueError as error:
            raise SettingsError(f"QDRANT_URL is not an address: {error}. Write http://host:6333.") from None
    if any("insecure" in str(warning.message) for warning in said):
        log.warning(
            "QDRANT_API_KEY goes to the Qdrant server unencrypted: write https:// in QDRANT_URL, "
            "unless nobody else can listen on that network."
        )
    return client


def _status(error: UnexpectedResponse | AioRpcError) -> Any:
    return error.code() if isinstance(error, AioRpcError) else error.status_code


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ApiException, QdrantException, AioRpcError, OSError) as error:
        log.warning("Qdrant failed: %s", error)
        raise VectorsFailed("The vector storage doesn't answer right now. Try again in a moment.") from error
