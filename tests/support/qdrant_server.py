"""A Qdrant server on loopback for tests: its REST API, as far as bot.vectors.server speaks it, over the real engine.

Each collection is a shard of Qdrant Edge, the server's own engine, so filters, scores, fusion and payloads are the real
ones. Status codes and what surrounds an answer are written down here, after Qdrant 1.18: replicas and shards are only
noted, and there are no snapshots, aliases, cluster or keys. What it can't do it refuses with 400; what a real
server does is checked where TEST_QDRANT_URL is set (tests/vectors/test_storage.py).
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from qdrant_edge import (
    CountRequest,
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeVectorParams,
    FieldCondition,
    Filter,
    Fusion,
    HasIdCondition,
    HasVectorCondition,
    IntegerIndexParams,
    KeywordIndexParams,
    MatchAny,
    MatchValue,
    Memory,
    Point,
    Prefetch,
    Query,
    QueryRequest,
    RecommendQuery,
    ScrollRequest,
    UpdateOperation,
)

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[Any]]
SCROLL_LIMIT = 10  # of a server that isn't told another


@dataclass
class Collection:
    """One that was made: with which words, which indexes were asked for, and its points."""

    made_with: Json
    shard: EdgeShard
    indexes: Json = field(default_factory=dict)


class QdrantServer:
    """The server; `requests` are all that came, as (method, path), with the `headers` of the last.

    `queries`: what searches said.
    """

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.requests: list[tuple[str, str]] = []
        self.headers: Mapping[str, str] = {}
        self.queries: list[Json] = []
        self.collections: dict[str, Collection] = {}
        self._folder = folder
        self._made = 0

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application(client_max_size=32 << 20)
        for method, path, handler in (
            ("GET", "/collections", self._list),
            ("GET", "/collections/{name}/exists", self._exists),
            ("PUT", "/collections/{name}", self._create),
            ("DELETE", "/collections/{name}", self._delete),
            ("PUT", "/collections/{name}/index", self._of_collection(_index)),
            ("PUT", "/collections/{name}/points", self._of_collection(_upsert)),
            ("POST", "/collections/{name}/points", self._of_collection(_retrieve)),
            ("POST", "/collections/{name}/points/delete", self._of_collection(_delete_points)),
            ("POST", "/collections/{name}/points/query", self._of_collection(self._query)),
            ("POST", "/collections/{name}/points/scroll", self._of_collection(_scroll)),
            ("POST", "/collections/{name}/points/count", self._of_collection(_count)),
            ("*", "/{path:.*}", _not_spoken),
        ):
            app.router.add_route(method, path, self._answering(handler))
        return app

    def drop(self, name: str) -> None:
        """Lose a collection, as whoever administers the server may do."""
        self.collections.pop(name).shard.close()

    def _answering(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answering(request: web.Request) -> web.Response:
            self.requests.append((request.method, request.path))
            self.headers = request.headers
            try:
                return web.json_response({"result": await handler(request), "status": "ok", "time": 0.0})
            except web.HTTPException as error:
                return _refusal(error.status, error.text or error.reason)
            except Exception as error:  # the engine has no class of its own for what it refuses
                return _refusal(HTTPStatus.BAD_REQUEST, f"Wrong input: {error}")

        return answering

    async def _list(self, _request: web.Request) -> Json:
        return {"collections": [{"name": name} for name in self.collections]}

    async def _exists(self, request: web.Request) -> Json:
        return {"exists": request.match_info["name"] in self.collections}

    async def _create(self, request: web.Request) -> bool:
        name, words = request.match_info["name"], await request.json()
        if name in self.collections:
            raise web.HTTPConflict(text=f"Wrong input: Collection `{name}` already exists!")
        self._made += 1
        folder = self._folder / str(self._made)
        folder.mkdir(parents=True)
        self.collections[name] = Collection(words, EdgeShard.create(str(folder), _config(words)))
        return True

    async def _delete(self, request: web.Request) -> bool:
        name = request.match_info["name"]
        if name not in self.collections:
            return False
        self.drop(name)
        return True

    def _query(self, collection: Collection, words: Json) -> Json:
        self.queries.append(words)
        return _query(collection, words)

    def _of_collection(self, answer: Callable[[Collection, Json], Any]) -> Handler:
        async def handler(request: web.Request) -> Any:
            words, name = await request.json(), request.match_info["name"]
            if name not in self.collections:
                raise web.HTTPNotFound(text=f"Not found: Collection `{name}` doesn't exist!")
            return answer(self.collections[name], words)

        return handler


@contextlib.asynccontextmanager
async def qdrant_server(folder: Path) -> AsyncIterator[QdrantServer]:
    """A running server, without collections, on a free port of 127.0.0.1."""
    server = QdrantServer(folder)
    runner = web.AppRunner(server.app(), shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
        for name in list(server.collections):
            server.drop(name)


# -- what a collection is asked -------------------------------------------------------------------------------


def _index(collection: Collection, words: Json) -> Json:
    name, schema = words["field_name"], words["field_schema"]
    is_tenant = isinstance(schema, dict) and schema.get("is_tenant", False)
    kind = schema["type"] if isinstance(schema, dict) else schema
    params: Any = {"keyword": KeywordIndexParams(is_tenant=is_tenant), "integer": IntegerIndexParams()}[kind]
    collection.shard.update(UpdateOperation.create_field_index(name, params))
    collection.indexes[name] = schema
    return _updated()


def _upsert(collection: Collection, words: Json) -> Json:
    points = [Point(point["id"], point["vector"], point["payload"]) for point in words["points"]]
    collection.shard.update(UpdateOperation.upsert_points(points))
    return _updated()


def _delete_points(collection: Collection, words: Json) -> Json:
    if "points" in words:
        operation = UpdateOperation.delete_points(words["points"])
    else:
        operation = UpdateOperation.delete_points_by_filter(_filter(words["filter"]))
    collection.shard.update(operation)
    return _updated()


def _retrieve(collection: Collection, words: Json) -> list[Json]:
    found = collection.shard.retrieve(
        words["ids"], with_payload=words["with_payload"], with_vector=words["with_vector"]
    )
    return [_record(record) for record in found]


def _scroll(collection: Collection, words: Json) -> Json:
    request = ScrollRequest(
        offset=words.get("offset"),
        limit=words.get("limit", SCROLL_LIMIT),
        filter=_filter(words["filter"]),
        with_payload=words["with_payload"],
    )
    found, after = collection.shard.scroll(request)
    return {
        "points": [_record(record) for record in found],
        "next_page_offset": None if after is None else str(after),
    }


def _count(collection: Collection, words: Json) -> Json:
    request = CountRequest(exact=words["exact"], filter=_filter(words["filter"]))
    return {"count": collection.shard.count(request)}


def _query(collection: Collection, words: Json) -> Json:
    fetched = words.get("prefetch") or []
    request = QueryRequest(
        limit=words["limit"],
        query=_scoring(words["query"], words.get("using")),
        prefetches=[
            Prefetch(each["limit"], _scoring(each["query"], each["using"]), filter=_filter(each["filter"]))
            for each in fetched
        ]
        or None,
        filter=_filter(words.get("filter")),
        with_payload=words["with_payload"],
    )
    found = collection.shard.query(request)
    return {"points": [_record(point) | {"score": point.score, "version": point.version} for point in found]}


# -- words of the API as the engine's -------------------------------------------------------------------------


def _config(words: Json) -> EdgeConfig:
    return EdgeConfig(
        vectors={
            name: EdgeVectorParams(each["size"], getattr(Distance, each["distance"]), memory=Memory.Cold)
            for name, each in words["vectors"].items()
        },
        payload_memory=Memory.Cold,
        max_search_threads=1,
        wal_enabled=False,
    )


def _scoring(query: Any, using: str | None) -> Any:
    if isinstance(query, list) or "nearest" in query:
        return Query.Nearest(query if isinstance(query, list) else query["nearest"], using=using)
    if "rrf" in query:
        return cast(Fusion, Fusion.Rrf(k=query["rrf"]["k"]))
    asked = query["recommend"]
    if asked["strategy"] != "best_score":
        raise web.HTTPBadRequest(text=f"not spoken here: {asked['strategy']}")
    examples = RecommendQuery(asked.get("positive") or [], asked.get("negative") or [])
    return Query.RecommendBestScore(examples, using=using)


def _filter(words: Json | None) -> Filter:
    words = {key: conditions for key, conditions in (words or {}).items() if conditions}
    if unknown := words.keys() - {"must", "must_not"}:
        raise web.HTTPBadRequest(text=f"not spoken here: {unknown}")
    must, must_not = ([_condition(each) for each in words.get(key, [])] for key in ("must", "must_not"))
    return Filter(must=must, must_not=must_not)


def _condition(words: Json) -> Any:
    if "has_id" in words:
        return HasIdCondition(set(words["has_id"]))
    if "has_vector" in words:
        return HasVectorCondition(words["has_vector"])
    match = words["match"]
    if "any" in match:
        return FieldCondition(words["key"], match=MatchAny(match["any"]))
    return FieldCondition(words["key"], match=MatchValue(match["value"]))


def _record(record: Any) -> Json:
    return {"id": str(record.id), "payload": record.payload, "vector": record.vector}


async def _not_spoken(request: web.Request) -> None:
    raise web.HTTPBadRequest(text=f"not spoken here: {request.method} {request.path}")


def _updated() -> Json:
    return {"operation_id": 0, "status": "completed"}


def _refusal(status: int, says: str) -> web.Response:
    return web.json_response({"status": {"error": says}, "time": 0.0}, status=status)
