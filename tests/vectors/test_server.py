"""A Qdrant server as the engine: what it is asked, how often, and what two servers or processes share there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.errors import SettingsError, StorageFailed
from bot.library.store import Store
from bot.settings import Settings
from bot.vectors.engine import Examples, Where
from bot.vectors.generations import Generation
from bot.vectors.points import Point
from bot.vectors.rebuilder import Rebuilder
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep
from tests.support.library import GUILD, INFOS, PUBLIC, add_track, vector
from tests.support.qdrant_server import QdrantServer, qdrant_server
from tests.support.scene import Scene

FIRST, SECOND = (each.vector_name for each in INFOS)
EAST, NORTH = vector(1, 0, 0, 0), vector(0, 1, 0, 0)
OTHER = GUILD + 1
MAX_REQUESTS_OF_A_PAGE = 4

Opener = Callable[..., Any]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QdrantServer]:
    """A Qdrant server without collections."""
    async with qdrant_server(tmp_path / "server") as running:
        yield running


@pytest.fixture
async def opened(server: QdrantServer, settings: Settings, store: Store) -> AsyncIterator[Callable[..., Any]]:
    """Opens a storage over that server with such settings, as another process would too."""
    async with contextlib.AsyncExitStack() as stack:

        async def opens(**changed: object) -> VectorStorage:
            there = settings.model_copy(update={"qdrant_url": server.url, **changed})
            vectors = await VectorStorage.open(there, INFOS, store)
            stack.push_async_callback(vectors.close)
            return vectors

        yield opens


@pytest.fixture
async def vectors(opened: Opener) -> VectorStorage:
    """The storage as it is without further settings."""
    made: VectorStorage = await opened()
    return made


async def put(vectors: VectorStorage, tracks: Sequence[int], sound: Any = EAST, guild: int = GUILD) -> None:
    payload = {"channels": [PUBLIC], "sharers": []}
    await vectors.put_all(guild, [Point(track, {FIRST: sound}, payload) for track in tracks])


async def current(vectors: VectorStorage, guild: int = GUILD) -> Generation:
    generation = await vectors.generations.current(guild)
    assert generation is not None
    return generation


def held(server: QdrantServer) -> dict[str, int]:
    """How many points are in each collection, whosever they are."""
    return {name: each.shard.info().points_count for name, each in server.collections.items()}


# -- requests ---------------------------------------------------------------------------------------------------


async def test_a_question_is_one_request(vectors: VectorStorage, server: QdrantServer) -> None:
    await put(vectors, [1, 2])
    engine, generation = vectors.engine, await current(vectors)
    for question in (
        engine.nearest(generation, {FIRST: EAST}, Where(), 9),
        engine.nearest(generation, {FIRST: EAST, SECOND: vector(1, 0)}, Where(), 9),
        engine.recommend(generation, {FIRST: Examples([EAST], [NORTH])}, Where(), 9),
        engine.vectors(generation, [1, 2]),
        engine.scroll(generation, Where()),
        engine.count(generation, Where()),
    ):
        server.requests.clear()
        assert await question
        assert await engine.has(generation)
        assert len(server.requests) == 1


async def test_a_process_that_comes_later_needs_no_more(
    vectors: VectorStorage, opened: Opener, server: QdrantServer
) -> None:
    await put(vectors, [1])
    other = await opened()
    server.requests.clear()
    assert await other.ids(GUILD) == {1}
    assert server.requests == [("POST", f"/collections/{next(iter(server.collections))}/points/scroll")]


async def test_a_page_of_similar_songs_is_few_requests(
    vectors: VectorStorage, store: Store, server: QdrantServer
) -> None:
    scene = Scene.of(store, vectors)
    rng = np.random.default_rng(3)
    tracks = [
        await add_track(store, f"Song {number}", sounds=rng.normal((3, 0, 0, 0)).tolist())
        for number in range(30)
    ]
    await scene.refresher.refresh_points(GUILD, tracks)
    server.requests.clear()
    found = await scene.recommender.similar(GUILD, track_id=tracks[0], channels=frozenset({PUBLIC}), limit=5)
    assert len(found.picks) == 5
    assert 1 <= len(server.requests) <= MAX_REQUESTS_OF_A_PAGE


async def test_a_collection_that_was_lost_is_made_anew_and_the_question_answered(
    vectors: VectorStorage, store: Store, server: QdrantServer
) -> None:
    scene = Scene.of(store, vectors)
    track = await add_track(store, "Song", sounds=(1, 0, 0, 0))
    await scene.refresher.refresh_point(GUILD, track)
    vectors.restore_when_asked(Upkeep(store, vectors).restore)
    (name,) = server.collections
    server.drop(name)
    hits = await vectors.nearest(GUILD, {FIRST: EAST}, channels=None, limit=9)
    assert [hit.track_id for hit in hits] == [track]
    assert held(server) == {name: 1}
    assert server.collections[name].indexes.keys() == {"channels", "sharers"}


async def test_a_song_that_is_stored_when_its_collection_was_lost_stays(
    vectors: VectorStorage, server: QdrantServer
) -> None:
    await put(vectors, [1])
    (name,) = server.collections
    server.drop(name)
    await put(vectors, [2])
    assert await vectors.ids(GUILD) == {2}


# -- what collections are made with --------------------------------------------------------------------------


async def test_vectors_and_payloads_are_on_the_disk(vectors: VectorStorage, server: QdrantServer) -> None:
    await put(vectors, [1])
    (made,) = server.collections.values()
    assert {name: each["on_disk"] for name, each in made.made_with["vectors"].items()} == {
        FIRST: True,
        SECOND: True,
    }
    assert made.made_with["on_disk_payload"] is True


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, {"replication_factor": 1, "shard_number": 1}),
        ({"qdrant_replicas": 3}, {"replication_factor": 3}),
        ({"qdrant_shards": 6}, {"shard_number": 6}),
        ({"qdrant_layout": "tenants"}, {"hnsw_config": {"m": 0, "payload_m": 16}}),
        (
            {"qdrant_quantization": "int8"},
            {"quantization_config": {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}}},
        ),
    ],
)
async def test_a_setting_arrives_in_what_a_collection_is_made_with(
    opened: Opener, server: QdrantServer, changed: dict[str, Any], words: dict[str, Any]
) -> None:
    await put(await opened(**changed), [1])
    (made,) = server.collections.values()
    assert {key: _said(made.made_with[key]) for key in words} == words
    assert "int8" in changed.values() or _said(made.made_with.get("quantization_config")) is None


async def test_what_was_rounded_is_compared_again_in_full(opened: Opener, server: QdrantServer) -> None:
    vectors = await opened(qdrant_quantization="int8")
    await put(vectors, [1])
    for queries in ({FIRST: EAST}, {FIRST: EAST, SECOND: vector(1, 0)}):
        assert await vectors.nearest(GUILD, queries, channels=None, limit=3)
        asked = next(words for words in reversed(server.queries))
        for part in asked.get("prefetch") or [asked]:
            assert _said(part["params"]) == {"quantization": {"rescore": True, "oversampling": 2.0}}


def _said(words: Any) -> Any:
    """Without what isn't said."""
    if not isinstance(words, dict):
        return words
    return {key: _said(value) for key, value in words.items() if value is not None}


async def test_the_key_is_sent_and_its_way_is_named(
    opened: Opener, server: QdrantServer, caplog: pytest.LogCaptureFixture
) -> None:
    await opened()
    assert "api-key" not in server.headers and not caplog.messages
    await opened(qdrant_api_key="secret")
    assert server.headers["api-key"] == "secret"
    (sentence,) = caplog.messages
    assert "unencrypted" in sentence and "https://" in sentence and "secret" not in sentence


async def test_grpc_alone_is_spoken_if_it_is_asked_for(
    opened: Opener, server: QdrantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.vectors.server.GRPC_PORT", 1)  # where nobody listens
    with pytest.raises(SettingsError, match="can't be reached"):
        await opened(qdrant_grpc=True)
    assert not server.requests


# -- one collection for all ----------------------------------------------------------------------------------


async def test_of_two_servers_in_one_collection_neither_sees_the_other(
    opened: Opener, server: QdrantServer
) -> None:
    vectors = await opened(qdrant_layout="tenants")
    await put(vectors, [1, 2], EAST)
    await put(vectors, [1, 3], NORTH, OTHER)
    generations = [await current(vectors, guild) for guild in (GUILD, OTHER)]
    (name,) = server.collections
    assert [each.collection for each in generations] == [name, name]
    assert held(server) == {name: 4}
    assert await vectors.ids(GUILD) == {1, 2} and await vectors.ids(OTHER) == {1, 3}
    hits = await vectors.nearest(OTHER, {FIRST: EAST}, channels=None, limit=9)
    assert [(hit.track_id, hit.score) for hit in hits] == [(1, 0), (3, 0)]
    hits = await vectors.recommend(GUILD, [{FIRST: NORTH}], [], channels=None, limit=9)
    assert {hit.track_id for hit in hits} == {1, 2}
    assert (await vectors.get(OTHER, [1, 2])).vectors[FIRST].keys() == {1}
    await vectors.remove(GUILD, [1, 3])
    assert await vectors.ids(OTHER) == {1, 3} and held(server) == {name: 3}


async def test_a_shared_collection_is_indexed_by_whose_points_they_are(
    opened: Opener, server: QdrantServer
) -> None:
    await put(await opened(qdrant_layout="tenants"), [1])
    (made,) = server.collections.values()
    assert _said(made.indexes) == {
        "channels": "integer",
        "sharers": "integer",
        "tenant": {"type": "keyword", "is_tenant": True},
        "generation": "integer",
    }


async def test_indexes_that_whoever_made_the_collection_did_not_come_to_are_made(
    opened: Opener, server: QdrantServer
) -> None:
    await put(await opened(qdrant_layout="tenants"), [1])
    (made,) = server.collections.values()
    made.indexes.clear()
    await put(await opened(qdrant_layout="tenants"), [1], guild=OTHER)
    assert len(made.indexes) == 4


async def test_rebuilding_and_dropping_touch_only_their_own_points(
    opened: Opener, store: Store, server: QdrantServer
) -> None:
    vectors = await opened(qdrant_layout="tenants")
    ours = [await add_track(store, f"Song {number}", sounds=(1, number, 0, 0)) for number in range(3)]
    await Scene.of(store, vectors).refresher.refresh_points(GUILD, ours)
    await put(vectors, [7, 8], NORTH, OTHER)
    before = await current(vectors)
    assert await Rebuilder(store, vectors).rebuild(GUILD, anew=True)
    after = await current(vectors)
    assert after.id != before.id and after.collection == before.collection
    assert held(server) == {after.collection: 5}
    assert await vectors.ids(GUILD) == set(ours) and await vectors.ids(OTHER) == {7, 8}
    await vectors.engine.drop(after)
    assert held(server) == {after.collection: 2} and await vectors.ids(OTHER) == {7, 8}


async def test_what_loses_the_race_leaves_no_point_in_a_shared_collection(
    opened: Opener, server: QdrantServer
) -> None:
    storages = [await opened(qdrant_layout="tenants") for _ in range(2)]
    await asyncio.gather(*(put(storages[track % 2], [track]) for track in range(1, 31)))
    assert list(held(server).values()) == [30]


async def test_what_comes_into_a_generation_that_was_just_dropped_is_taken_back(
    opened: Opener, server: QdrantServer
) -> None:
    """Another process read which generations there are before one of them was dropped, and stores afterwards."""
    vectors, other = [await opened(qdrant_layout="tenants") for _ in range(2)]
    await put(vectors, [1])
    calibrations = dict((await current(vectors)).calibrations)
    made = await vectors.begin(GUILD, (FIRST,), calibrations)
    known = await other.generations.of(GUILD)
    other.generations.of = lambda _guild: asyncio.sleep(0, known)  # what it read
    await vectors.drop(made)
    await put(other, [2])
    assert await vectors.ids(GUILD) == {1, 2}
    assert list(held(server).values()) == [2]


async def test_a_server_is_reached_that_has_nothing(vectors: VectorStorage) -> None:
    told: list[StorageFailed] = []
    vectors.when_failing(told.append)
    await vectors.engine.reach()
    assert not await vectors.ids(GUILD) and told == []
