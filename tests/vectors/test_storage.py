"""What a vector engine has to do: Qdrant Edge, and a server in both layouts and by gRPC.

The server is the one of TEST_QDRANT_URL, or where that isn't set, one on loopback (tests.support.qdrant_server).
"""

import asyncio
import contextlib
import os

import numpy as np
import pytest
from aiohttp import web

from bot.errors import EmbedderError, SettingsError, StorageFailed
from bot.vectors.consistency import agreement
from bot.vectors.engine import Where, point_id
from bot.vectors.engines import open_engine
from bot.vectors.generations import Generations
from bot.vectors.points import Point
from bot.vectors.storage import VectorStorage
from models import Track
from tests.support.library import ANA, BEN, GUILD, HIDDEN, INFOS, PUBLIC, add_track, vector
from tests.support.qdrant_server import qdrant_server

FIRST, SECOND = (each.vector_name for each in INFOS)
EAST, NORTH, UP = vector(1, 0, 0, 0), vector(0, 1, 0, 0), vector(0, 0, 1, 0)
SERVER = os.environ.get("TEST_QDRANT_URL", "")
REPEATED = 15 if "NIGHTLY" in os.environ else 3  # on each of four: sixty times


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("collections", marks=pytest.mark.live),
        pytest.param("tenants", marks=pytest.mark.live),
        pytest.param("grpc", marks=pytest.mark.live),
    ]
)
async def backend(request, settings, store, tmp_path, monkeypatch):
    """Settings of each engine and layout, which are to behave alike."""
    if request.param == "embedded":
        yield settings
        return
    async with contextlib.AsyncExitStack() as stack:
        url = SERVER
        if not SERVER:
            server = await stack.enter_async_context(qdrant_server(tmp_path / "server"))
            url = server.url
            if request.param == "grpc":
                from tests.support.qdrant_grpc import grpc_front  # takes a second to import

                monkeypatch.setattr(
                    "bot.vectors.server.GRPC_PORT", await stack.enter_async_context(grpc_front(server))
                )
        changed = {"qdrant_grpc": True} if request.param == "grpc" else {"qdrant_layout": request.param}
        made = settings.model_copy(update={"qdrant_url": url, **changed})
        yield made
        if SERVER:
            await clear(made, store)


async def clear(made, store):
    """Leave nothing of a test on a server that others use too."""
    vectors = await VectorStorage.open(made, INFOS, store)
    for guild_id in await vectors.generations.guilds():
        for generation in await vectors.generations.of(guild_id):
            await vectors.engine.drop(generation)
    await vectors.close()


@pytest.fixture
async def vectors(backend, store):
    """The open storage."""
    opened = await VectorStorage.open(backend, INFOS, store)
    yield opened
    await opened.close()


async def put(vectors, track_id, first, *, channels=(PUBLIC,), guild=GUILD, second=None, sharers=(ANA,)):
    named = {FIRST: first} | ({SECOND: second} if second is not None else {})
    payload = {"title": f"Track {track_id}", "channels": list(channels), "sharers": list(sharers)}
    await vectors.put_all(guild, [Point(track_id, named, payload)])


def sounding(query):
    """What is asked about: vectors by name, or by the first name, or a track."""
    return {FIRST: query} if isinstance(query, np.ndarray) else query


async def near(vectors, query, **options):
    options = {"channels": None, "limit": 10, **options}
    return [hit.track_id for hit in await vectors.nearest(GUILD, sounding(query), **options)]


async def stored(vectors, track_ids, name=FIRST):
    return (await vectors.get(GUILD, track_ids)).vectors.get(name, {})


async def test_the_nearest_come_first_with_their_cosine(vectors):
    await put(vectors, 1, EAST)
    await put(vectors, 2, vector(1, 1, 0, 0))
    await put(vectors, 3, -EAST)
    hits = await vectors.nearest(GUILD, {FIRST: vector(5, 0, 0, 0)}, channels=None, limit=10)
    assert [hit.track_id for hit in hits] == [1, 2, 3]
    assert [hit.score for hit in hits] == pytest.approx([1, 2**-0.5, -1], abs=1e-5)


async def test_the_limit_counts_after_what_is_left_out(vectors):
    for track_id in range(1, 8):
        await put(vectors, track_id, vector(1, track_id / 10, 0, 0))
    assert await near(vectors, EAST, exclude=[1, 2, 99], limit=3) == [3, 4, 5]


async def test_only_tracks_of_the_given_channels_are_found(vectors):
    await put(vectors, 1, EAST, channels=[HIDDEN])
    await put(vectors, 2, vector(2, 1, 0, 0), channels=[HIDDEN, PUBLIC])
    await put(vectors, 3, vector(1, 1, 0, 0), channels=[0])
    assert await near(vectors, EAST, channels={PUBLIC}) == [2, 3]
    assert await near(vectors, EAST, channels=frozenset()) == [3]
    assert await near(vectors, EAST, channels=None) == [1, 2, 3]


async def test_servers_do_not_see_each_other(vectors):
    await put(vectors, 1, EAST)
    await put(vectors, 1, NORTH, guild=GUILD + 1)
    await put(vectors, 2, NORTH, guild=GUILD + 1)
    assert await vectors.ids(GUILD) == {1}
    assert await near(vectors, NORTH) == [1]
    assert await vectors.guilds() >= {GUILD, GUILD + 1}
    assert point_id(GUILD, 1) != point_id(GUILD + 1, 1)


async def test_a_server_without_points_has_no_neighbours(vectors):
    assert await near(vectors, EAST) == []
    assert await stored(vectors, [1]) == {}
    assert 1 not in await vectors.get(GUILD, [1])
    assert await vectors.ids(GUILD) == set()
    assert (await vectors.contents(GUILD)).payloads == {}
    await vectors.remove(GUILD, [1])


async def test_storing_twice_makes_one_point_and_the_last_counts(vectors):
    await put(vectors, 1, EAST, channels=[HIDDEN])
    await put(vectors, 1, NORTH, channels=[PUBLIC])
    assert await vectors.ids(GUILD) == {1}
    assert (await vectors.contents(GUILD)).payloads[1]["channels"] == [PUBLIC]
    assert (await stored(vectors, [1]))[1] == pytest.approx(NORTH)


async def test_vectors_have_length_one_also_after_a_reopen(backend, store):
    vectors = await VectorStorage.open(backend, INFOS, store)
    await put(vectors, 1, vector(3, 4, 0, 0))
    await put(vectors, 2, vector(0, 200, 0, 0))
    await vectors.close()
    vectors = await VectorStorage.open(backend, INFOS, store)
    got = await stored(vectors, [1, 2, 3])
    await vectors.close()
    assert got[1] == pytest.approx([0.6, 0.8, 0, 0]) and got[2] == pytest.approx([0, 1, 0, 0])
    assert got.keys() == {1, 2}


async def test_a_recommendation_is_near_a_like_and_far_from_a_dislike(vectors):
    await put(vectors, 1, vector(1, 0.1, 0, 0))
    await put(vectors, 2, vector(0, 1, 0.1, 0))
    await put(vectors, 3, vector(0, 0, 1, 0))
    hits = await vectors.recommend(GUILD, [{FIRST: EAST}], [{FIRST: NORTH}], channels=None, limit=10)
    assert [hit.track_id for hit in hits] == [1, 3, 2]


async def test_dislikes_alone_are_enough(vectors):
    await put(vectors, 1, EAST)
    await put(vectors, 2, NORTH)
    hits = await vectors.recommend(GUILD, [], [{FIRST: EAST}], channels=None, limit=10)
    assert [hit.track_id for hit in hits] == [2, 1]
    assert await vectors.recommend(GUILD, [], [], channels=None, limit=10) == []


async def test_a_recommendation_keeps_to_channels_and_leaves_out(vectors):
    for track_id, channel in ((1, HIDDEN), (2, PUBLIC), (3, PUBLIC)):
        await put(vectors, track_id, vector(1, track_id / 10, 0, 0), channels=[channel])
    hits = await vectors.recommend(GUILD, [{FIRST: EAST}], [], channels={PUBLIC}, exclude=[2], limit=1)
    assert [hit.track_id for hit in hits] == [3]


@pytest.mark.parametrize(
    "bad", [vector(0, 0, 0, 0), vector(np.nan, 0, 0, 0), vector(np.inf, 0, 0, 0), vector(1, 2)]
)
async def test_a_vector_without_direction_or_of_another_size_is_refused(vectors, bad):
    with pytest.raises(EmbedderError):
        await put(vectors, 1, bad)
    assert await vectors.ids(GUILD) == set()


async def test_a_vector_of_an_embedder_that_is_off_is_left_out(vectors):
    await vectors.put_all(
        GUILD, [Point(1, {"third-1": EAST}, {}), Point(2, {"third-1": EAST, FIRST: EAST}, {})]
    )
    assert await vectors.ids(GUILD) == {2}
    await vectors.put_all(GUILD, [Point(2, {"third-1": EAST}, {})])
    assert await vectors.ids(GUILD) == set()


async def test_very_small_vectors_keep_their_direction(vectors):
    await put(vectors, 1, vector(1e-30, 1e-30, 0, 0))
    assert (await stored(vectors, [1]))[1] == pytest.approx([0.5**0.5, 0.5**0.5, 0, 0])


async def test_a_removed_track_is_found_no_more(vectors):
    await put(vectors, 1, EAST)
    await put(vectors, 2, EAST)
    await vectors.remove(GUILD, [1, 99])
    assert await vectors.ids(GUILD) == {2}
    assert await near(vectors, EAST) == [2]


async def test_who_shared_a_track_can_be_asked(vectors):
    await put(vectors, 1, EAST, sharers=[ANA, BEN])
    await put(vectors, 2, EAST, sharers=[BEN])
    assert await vectors.shared_by(GUILD, ANA) == {1}
    assert await vectors.shared_by(GUILD, BEN) == {1, 2}


async def test_a_track_may_have_only_some_of_the_vectors(vectors):
    await put(vectors, 1, EAST)
    await put(vectors, 2, EAST, second=vector(1, 0))
    assert (await vectors.contents(GUILD)).having[SECOND] == {2}
    (hit,) = await vectors.nearest(GUILD, {SECOND: vector(1, 0)}, channels=None, limit=10)
    assert (hit.track_id, hit.score) == (2, pytest.approx(1))


async def test_more_points_than_a_page_are_all_there(vectors, monkeypatch):
    module = "edge" if vectors.embedded else "server"
    monkeypatch.setattr(f"bot.vectors.{module}.SCROLL_PAGE_POINTS", 7)
    monkeypatch.setattr(f"bot.vectors.{module}.UPSERT_BATCH_POINTS", 4)
    await vectors.put_all(GUILD, [Point(track_id, {FIRST: EAST}, {}) for track_id in range(1, 31)])
    assert await vectors.ids(GUILD) == set(range(1, 31))


async def test_points_are_still_there_after_a_reopen(backend, store):
    vectors = await VectorStorage.open(backend, INFOS, store)
    await put(vectors, 1, EAST)
    await vectors.remove(GUILD, [1])
    await put(vectors, 2, EAST)
    await vectors.close()
    vectors = await VectorStorage.open(backend, INFOS, store)
    assert await vectors.ids(GUILD) == {2}
    await vectors.close()


async def test_a_server_can_be_emptied_without_anybody_elses_points(vectors):
    await put(vectors, 1, NORTH)
    await put(vectors, 1, EAST, guild=GUILD + 1)
    await vectors.remove(GUILD + 1, [1])
    generation = await vectors.generations.current(GUILD + 1)
    await vectors.engine.drop(generation)
    assert await vectors.ids(GUILD) == {1}
    assert not await vectors.engine.count(generation, Where())


AWKWARD = {
    "zero": 0,
    "big": 2**63 - 1,
    "negative": -(2**63),
    "none": None,
    "empty": [],
    "nested": {"a": [], "b": [None, 1, "x", {"c": []}]},
    "true": True,
    "planes": "".join(chr(plane * 0x10000 + 0x2603) for plane in (0, 1, 2, 3, 14, 15, 16)),
    "controls": "".join(map(chr, range(32))) + "\x7f\x85\u2028\ufeff",
    "combining": "e\u0301 \u202eabc\u202c 👩\u200d🎤",
}


async def test_a_payload_comes_back_as_it_was(vectors):
    await vectors.put_all(GUILD, [Point(1, {FIRST: EAST}, {**AWKWARD, "guild_id": GUILD, "track_id": 1})])
    assert (await vectors.contents(GUILD)).payloads == {1: {**AWKWARD, "guild_id": GUILD, "track_id": 1}}


@pytest.mark.parametrize("number", [21.263673469387754, 5e-324, 1.7976931348623157e308, -0.1, 2**53 + 1.0])
async def test_a_fraction_comes_back_nearly(vectors, number):
    await vectors.put_all(GUILD, [Point(1, {FIRST: EAST}, {"number": number})])
    assert (await vectors.contents(GUILD)).payloads[1]["number"] == pytest.approx(number, rel=1e-15)


async def test_what_is_stored_of_a_track_has_no_fractions(store, vectors, refresher):
    track = await add_track(store, "Song", sounds=(1, 2, 3, 4))
    async with store.begin() as session:
        row = await session.get(Track, track)
        row.seconds, row.features = 21.263673469387754, {"tempo": 91.46, "key": "A minor"}
    await refresher.refresh_point(GUILD, track)
    payload = (await vectors.contents(GUILD)).payloads[track]
    assert (payload["milliseconds"], payload["tempo_tenths"]) == (21264, 915)
    assert not [value for value in payload.values() if isinstance(value, float)]
    assert (await agreement(store, vectors))[0].agree


async def test_of_first_songs_at_once_none_is_lost(backend, vectors, store):
    """Each begins a generation, and one wins: nobody may write to another. On a server two processes may try."""
    engine = vectors.engine if vectors.embedded else await open_engine(backend)
    storages = [vectors, VectorStorage(engine, INFOS, Generations(store))]
    tracks = range(1, 31)
    for guild in range(GUILD, GUILD + REPEATED):
        await asyncio.gather(*(put(storages[track % 2], track, EAST, guild=guild) for track in tracks))
        assert [await each.ids(guild) for each in storages] == [set(tracks)] * 2
        (generation,) = await vectors.generations.of(guild)
        assert generation.current and not await vectors.strays()
    if engine is not vectors.engine:
        await engine.close()


async def test_many_at_once_are_all_answered(vectors):
    await asyncio.gather(*(put(vectors, track_id, EAST) for track_id in range(1, 31)))
    answers = await asyncio.gather(*(near(vectors, EAST, limit=50) for _ in range(10)))
    assert all(sorted(answer) == list(range(1, 31)) for answer in answers)


# -- a server that doesn't do its part ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:1", "can't be reached"),
        ("http://127.0.0.1:nowhere", "QDRANT_URL"),
        ("127.0.0.1:1", "QDRANT_URL"),
        ("ftp://127.0.0.1:1", "QDRANT_URL"),
        ("http://nowhere.invalid", "can't be reached"),
    ],
)
async def test_a_server_that_cannot_be_reached_is_a_wrong_setting(settings, store, url, says):
    with pytest.raises(SettingsError, match=says):
        await VectorStorage.open(settings.model_copy(update={"qdrant_url": url}), INFOS, store)


@pytest.fixture
async def answering(settings):
    """A server that has no collections and fails at everything else, and the settings that name it."""
    status = {"/collections": 200, "else": 500}

    async def answer(request):
        code = status.get(request.path, status["else"])
        body = {"result": {"collections": []}, "status": "ok", "time": 0.0}
        return web.json_response(body, status=code)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield status, settings.model_copy(update={"qdrant_url": f"http://127.0.0.1:{port}"})
    await runner.cleanup()


async def test_a_server_that_refuses_is_a_wrong_setting(answering, store):
    status, settings = answering
    status["/collections"] = 401
    with pytest.raises(SettingsError, match="QDRANT_API_KEY"):
        await VectorStorage.open(settings, INFOS, store)


async def test_a_server_that_fails_is_said(answering, store):
    _, settings = answering
    vectors = await VectorStorage.open(settings, INFOS, store)
    with pytest.raises(StorageFailed, match="Try again"):
        await put(vectors, 1, EAST)
    await vectors.close()


async def test_each_failure_of_the_engine_is_told(answering, store):
    _, settings = answering
    vectors = await VectorStorage.open(settings, INFOS, store)
    told: list[StorageFailed] = []
    vectors.when_failing(told.append)
    with pytest.raises(StorageFailed):
        await vectors.engine.reach()
    with pytest.raises(StorageFailed):
        await put(vectors, 1, EAST)
    assert len(told) >= 2 and vectors.engine.embedded is False
    await vectors.close()
