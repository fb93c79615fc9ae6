"""What Earworm asks of Qdrant, embedded and, where TEST_QDRANT_URL is set, of a server."""

import asyncio
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from aiohttp import web
from qdrant_client import models

from bot.errors import EmbedderError, SettingsError, StorageBusy, StorageFailed
from bot.library.store import Store
from bot.settings import Settings
from bot.vectors.collection import Place, point_id
from bot.vectors.points import Point
from bot.vectors.storage import VectorStorage
from tests.support.library import ANA, BEN, GUILD, HIDDEN, INFOS, PUBLIC, vector

FIRST, SECOND = (each.vector_name for each in INFOS)
EAST, NORTH, UP = vector(1, 0, 0, 0), vector(0, 1, 0, 0), vector(0, 0, 1, 0)
SERVER = os.environ.get("TEST_QDRANT_URL", "")


@pytest.fixture(params=["embedded", "server"] if SERVER else ["embedded"])
async def backend(request, settings, store):
    """Settings of one of the two, which are to behave alike."""
    made = settings.model_copy(update={"qdrant_url": SERVER if request.param == "server" else ""})
    yield made
    vectors = await VectorStorage.open(made, INFOS, store)
    for guild_id in (GUILD, GUILD + 1):
        for generation in await vectors.generations.of(guild_id):
            await vectors._on(generation, lambda collection: collection.unmake())
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
    assert await vectors.payloads(GUILD) == {}
    await vectors.remove(GUILD, [1])


async def test_storing_twice_makes_one_point_and_the_last_counts(vectors):
    await put(vectors, 1, EAST, channels=[HIDDEN])
    await put(vectors, 1, NORTH, channels=[PUBLIC])
    assert await vectors.ids(GUILD) == {1}
    assert (await vectors.payloads(GUILD))[1]["channels"] == [PUBLIC]
    assert (await stored(vectors, [1]))[1] == pytest.approx(NORTH)


async def test_vectors_have_length_one_also_after_a_reopen(backend, store):
    vectors = await VectorStorage.open(backend, INFOS, store)
    await put(vectors, 1, vector(3, 4, 0, 0))
    await put(vectors, 2, vector(0, 200, 0, 0))
    await vectors.close()
    vectors = await VectorStorage.open(backend, INFOS, store)
    # The longer of the two must not pull the average to its side.
    hits = await vectors.recommend(GUILD, [1, 2], [], strategy="average_vector", channels=None, limit=2)
    got = await stored(vectors, [1, 2, 3])
    await vectors.close()
    assert got[1] == pytest.approx([0.6, 0.8, 0, 0]) and got[2] == pytest.approx([0, 1, 0, 0])
    assert got.keys() == {1, 2}
    assert hits[0].score == pytest.approx(hits[1].score, abs=1e-6)


async def test_a_recommendation_is_near_a_like_and_far_from_a_dislike(vectors):
    await put(vectors, 1, vector(1, 0.1, 0, 0))
    await put(vectors, 2, vector(0, 1, 0.1, 0))
    await put(vectors, 3, vector(0, 0, 1, 0))
    hits = await vectors.recommend(GUILD, [{FIRST: EAST}], [{FIRST: NORTH}], channels=None, limit=10)
    assert [hit.track_id for hit in hits] == [1, 3, 2]


async def test_dislikes_alone_are_enough_for_best_score_only(vectors):
    await put(vectors, 1, EAST)
    await put(vectors, 2, NORTH)
    hits = await vectors.recommend(GUILD, [], [{FIRST: EAST}], channels=None, limit=10)
    assert [hit.track_id for hit in hits] == [2, 1]
    nothing = await vectors.recommend(
        GUILD, [], [{FIRST: EAST}], strategy="average_vector", channels=None, limit=10
    )
    assert nothing == await vectors.recommend(GUILD, [], [], channels=None, limit=10) == []


async def test_a_recommendation_keeps_to_channels_and_leaves_out(vectors):
    for track_id, channel in ((1, HIDDEN), (2, PUBLIC), (3, PUBLIC)):
        await put(vectors, track_id, vector(1, track_id / 10, 0, 0), channels=[channel])
    hits = await vectors.recommend(
        GUILD, [{FIRST: EAST}], [], channels={PUBLIC}, exclude=[2], limit=1, strategy="average_vector"
    )
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
    assert await vectors.ids(GUILD, SECOND) == {2}
    (hit,) = await vectors.nearest(GUILD, {SECOND: vector(1, 0)}, channels=None, limit=10)
    assert (hit.track_id, hit.score) == (2, pytest.approx(1))


async def test_more_points_than_a_page_are_all_there(vectors, monkeypatch):
    monkeypatch.setattr("bot.vectors.collection.SCROLL_PAGE_POINTS", 7)
    monkeypatch.setattr("bot.vectors.collection.UPSERT_BATCH_POINTS", 4)
    for track_id in range(1, 31):
        await put(vectors, track_id, EAST)
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


async def test_servers_may_share_a_collection(vectors, monkeypatch):
    def shared(guild_id, generation_id):
        wanted = {"guild_id": guild_id, "generation": generation_id}
        conditions = (
            models.FieldCondition(key=key, match=models.MatchValue(value=value))
            for key, value in wanted.items()
        )
        return Place("earworm-shared", tuple(conditions))

    for module in ("storage", "collection"):
        monkeypatch.setattr(f"bot.vectors.{module}.place_of", shared)
    await put(vectors, 1, EAST)
    await put(vectors, 1, NORTH, guild=GUILD + 1)
    await put(vectors, 2, NORTH, guild=GUILD + 1)
    assert await near(vectors, NORTH) == [1]
    assert await vectors.ids(GUILD + 1) == {1, 2}
    assert (await stored(vectors, [1, 2])).keys() == {1}
    assert await vectors.guilds() == {GUILD, GUILD + 1}
    await vectors.remove(GUILD + 1, [1, 2])
    assert await vectors.ids(GUILD) == {1}


async def test_many_at_once_are_all_answered(vectors):
    await asyncio.gather(*(put(vectors, track_id, EAST) for track_id in range(1, 31)))
    answers = await asyncio.gather(*(near(vectors, EAST, limit=50) for _ in range(10)))
    assert all(sorted(answer) == list(range(1, 31)) for answer in answers)


# -- embedded storage alone ------------------------------------------------------------------------------


async def test_all_of_it_happens_in_one_other_thread(settings, store, monkeypatch):
    from qdrant_client.local.local_collection import LocalCollection

    threads = set()

    def spied(original):
        def noted(*args, **options):
            threads.add(threading.get_ident())
            return original(*args, **options)

        return noted

    for name in ("upsert", "search", "retrieve", "scroll", "delete"):
        monkeypatch.setattr(LocalCollection, name, spied(getattr(LocalCollection, name)))
    vectors = await VectorStorage.open(settings, INFOS, store)
    await put(vectors, 1, EAST)
    await near(vectors, EAST)
    await vectors.get(GUILD, [1])
    await vectors.ids(GUILD)
    await vectors.remove(GUILD, [1])
    await vectors.close()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_second_process_is_told_that_the_bot_holds_the_vectors(settings, store):
    vectors = await VectorStorage.open(settings, INFOS, store)
    program = (
        "import asyncio; from bot.vectors.storage import VectorStorage; from bot.settings import Settings\n"
        f"asyncio.run(VectorStorage.open(Settings.load(home={str(settings.home)!r}), [], None))"
    )
    other = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True
    )
    with pytest.raises(StorageBusy, match="bot is running"):
        await VectorStorage.open(settings, INFOS, store)
    await vectors.close()
    assert other.returncode == 1 and "StorageBusy: The bot is running" in other.stderr
    again = await VectorStorage.open(settings, INFOS, store)
    await again.close()


async def test_an_upsert_survives_kill_9(tmp_path):
    program = (
        "import asyncio, os, signal, numpy as np\n"
        "from bot.library.store import Store; from bot.vectors.points import Point\n"
        "from bot.vectors.storage import VectorStorage\n"
        "from bot.settings import Settings; from tests.support.library import INFOS\n"
        "async def main():\n"
        f"    settings = Settings.load(home={str(tmp_path)!r})\n"
        "    vectors = await VectorStorage.open(settings, INFOS, await Store.open(settings))\n"
        f"    await vectors.put_all({GUILD}, [Point(1, {{'first-1': np.ones(4, np.float32)}}, {{}})])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())"
    )
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program])
    assert killed.returncode == -9
    settings = Settings.load(home=tmp_path)
    store = await Store.open(settings)
    vectors = await VectorStorage.open(settings, INFOS, store)
    assert await vectors.ids(GUILD) == {1}
    await vectors.close()
    await store.close()


async def test_damaged_storage_says_what_to_do(settings, store):
    (settings.home / "qdrant").mkdir()
    (settings.home / "qdrant" / "meta.json").write_text("{")
    with pytest.raises(SettingsError, match="--repair"):
        await VectorStorage.open(settings, INFOS, store)


async def test_a_full_disk_is_said(settings, store):
    vectors = await VectorStorage.open(settings, INFOS, store)
    await put(vectors, 1, EAST)

    async def fill(client):
        (collection,) = client._client.collections.values()
        storage = collection.storage.storage
        storage.execute("PRAGMA max_page_count = 3")

    await vectors._thread.run(fill)
    with pytest.raises(StorageFailed, match="disk"):
        await vectors.put_all(GUILD, [Point(2, {FIRST: EAST}, {"title": "x" * 100_000})])
    assert await vectors.ids(GUILD) == {1}
    await vectors.close()


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
