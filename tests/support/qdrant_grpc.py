"""gRPC in front of tests.support.qdrant_server: each call is passed on as the same request of the REST API.

The client's own conversions say what the same is. As the real server does, it answers with NOT_FOUND where REST says
404, and with ALREADY_EXISTS where it says 409.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from qdrant_client import AsyncQdrantClient, models
from qdrant_client import grpc as words
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.grpc.collections_service_pb2_grpc import add_CollectionsServicer_to_server
from qdrant_client.grpc.points_service_pb2_grpc import add_PointsServicer_to_server
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.support.qdrant_server import QdrantServer

STATUS = {404: grpc.StatusCode.NOT_FOUND, 409: grpc.StatusCode.ALREADY_EXISTS}
DONE = words.UpdateResult(operation_id=0, status=words.UpdateStatus.Completed)

Context = Any  # grpc has no types


class _Front:
    """What both services have in common; a method that isn't here is answered with UNIMPLEMENTED."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[[Any, Context], Awaitable[None]]:
        async def unimplemented(_request: Any, context: Context) -> None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"not spoken here: {name}")

        return unimplemented


async def _passed_on(context: Context, request: Awaitable[Any]) -> Any:
    try:
        return await request
    except UnexpectedResponse as error:
        code = STATUS.get(error.status_code or 0, grpc.StatusCode.INVALID_ARGUMENT)
        return await context.abort(code, str(error.content))


class CollectionsFront(_Front):
    """The service `Collections`."""

    async def List(self, _request: Any, _context: Context) -> Any:  # noqa: N802 -- these are the protocol's names
        found = (await self._client.get_collections()).collections
        named = [words.CollectionDescription(name=each.name) for each in found]
        return words.ListCollectionsResponse(collections=named)

    async def CollectionExists(self, request: Any, _context: Context) -> Any:  # noqa: N802
        exists = await self._client.collection_exists(request.collection_name)
        return words.CollectionExistsResponse(result=words.CollectionExists(exists=exists))

    async def Create(self, request: Any, context: Context) -> Any:  # noqa: N802
        asked = self._client.create_collection(
            request.collection_name,
            vectors_config=GrpcToRest.convert_vectors_config(request.vectors_config),
            on_disk_payload=request.on_disk_payload,
            hnsw_config=request.hnsw_config,
            replication_factor=request.replication_factor,
            shard_number=request.shard_number,
        )
        return words.CollectionOperationResponse(result=await _passed_on(context, asked))

    async def Delete(self, request: Any, context: Context) -> Any:  # noqa: N802
        done = await _passed_on(context, self._client.delete_collection(request.collection_name))
        return words.CollectionOperationResponse(result=done)


class PointsFront(_Front):
    """The service `Points`."""

    async def CreateFieldIndex(self, request: Any, context: Context) -> Any:  # noqa: N802
        schema: Any = request.field_type - 1 + words.PayloadSchemaType.Keyword
        if request.HasField("field_index_params"):
            schema = request.field_index_params
        asked = self._client.create_payload_index(request.collection_name, request.field_name, schema)
        await _passed_on(context, asked)
        return words.PointsOperationResponse(result=DONE)

    async def Upsert(self, request: Any, context: Context) -> Any:  # noqa: N802
        points = [GrpcToRest.convert_point_struct(point) for point in request.points]
        await _passed_on(context, self._client.upsert(request.collection_name, points))
        return words.PointsOperationResponse(result=DONE)

    async def Delete(self, request: Any, context: Context) -> Any:  # noqa: N802
        chosen = GrpcToRest.convert_points_selector(request.points)
        await _passed_on(context, self._client.delete(request.collection_name, chosen))
        return words.PointsOperationResponse(result=DONE)

    async def Get(self, request: Any, context: Context) -> Any:  # noqa: N802
        asked = self._client.retrieve(
            request.collection_name,
            [GrpcToRest.convert_point_id(each) for each in request.ids],
            with_payload=GrpcToRest.convert_with_payload_selector(request.with_payload),
            with_vectors=GrpcToRest.convert_with_vectors_selector(request.with_vectors),
        )
        found = await _passed_on(context, asked)
        return words.GetResponse(result=[RestToGrpc.convert_record(record) for record in found])

    async def Scroll(self, request: Any, context: Context) -> Any:  # noqa: N802
        asked = self._client.scroll(
            request.collection_name,
            GrpcToRest.convert_filter(request.filter),
            limit=request.limit,
            offset=GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None,
            with_payload=GrpcToRest.convert_with_payload_selector(request.with_payload),
        )
        found, after = await _passed_on(context, asked)
        return words.ScrollResponse(
            result=[RestToGrpc.convert_record(record) for record in found],
            next_page_offset=None if after is None else RestToGrpc.convert_extended_point_id(after),
        )

    async def Count(self, request: Any, context: Context) -> Any:  # noqa: N802
        asked = self._client.count(
            request.collection_name, GrpcToRest.convert_filter(request.filter), exact=request.exact
        )
        count = (await _passed_on(context, asked)).count
        return words.CountResponse(result=words.CountResult(count=count))

    async def Query(self, request: Any, context: Context) -> Any:  # noqa: N802
        asked = GrpcToRest.convert_query_points(request)
        answer = await _passed_on(
            context, self._client.http.search_api.query_points(request.collection_name, query_request=asked)
        )
        points: list[models.ScoredPoint] = answer.result.points
        return words.QueryResponse(result=[RestToGrpc.convert_scored_point(point) for point in points])


@contextlib.asynccontextmanager
async def grpc_front(server: QdrantServer) -> AsyncIterator[int]:
    """Speaks gRPC for a server; the port of 127.0.0.1 at which it does."""
    client = AsyncQdrantClient(url=server.url, check_compatibility=False)
    front = grpc.aio.server()
    add_CollectionsServicer_to_server(CollectionsFront(client), front)
    add_PointsServicer_to_server(PointsFront(client), front)
    port = front.add_insecure_port("127.0.0.1:0")
    await front.start()
    try:
        yield port
    finally:
        await front.stop(None)
        await client.close()
