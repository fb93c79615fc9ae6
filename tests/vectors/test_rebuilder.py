"""A server's collection is made anew beside the old one, while everything goes on."""

import asyncio

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from bot.vectors import consistency
from bot.vectors.calibration import MIN_TRACKS, Calibration, Calibrator
from bot.vectors.generations import Generation
from bot.vectors.rebuilder import Plan, Rebuilder, plan
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep
from models import Share, TrackVector
from tests.support.growing import FIRST, ONE, SECOND, TWO, add, collections, generations, sounds
from tests.support.library import GUILD, PUBLIC, START, add_track, remove_track, vector


@pytest.fixture
def infos():
    return (FIRST, SECOND)


@pytest.fixture
def rebuilder(store, vectors):
    return Rebuilder(store, vectors)


async def stored(vectors):
    return (await vectors.get(GUILD, await vectors.ids(GUILD))).vectors[ONE]


def expected(raws, measured):
    """The vectors that a collection should hold, in a calibration over the first `measured`."""
    calibrator = Calibrator(FIRST, max(measured, 1))
    if measured:
        calibrator.add(np.stack(raws[:measured]))
    calibration = calibrator.build()
    return [calibration.apply(raw) for raw in raws]


# -- growing -----------------------------------------------------------------------------------------------


async def test_a_library_is_in_one_frame_at_every_size(store, vectors, rebuilder):
    raws, moments, measured, count = list(sounds(120)), [], 0, 0
    for size in (1, 20, 49, 50, 51, 99, 100, 101, 120):
        *_, newest = await add(store, vectors, raws[count:size])
        count = size
        if await rebuilder.rebuild(GUILD):
            measured = count
            moments.append(count)
        placed = np.stack(expected(raws[:count], measured))
        held = await stored(vectors)
        assert np.stack([held[key] for key in sorted(held)]) == pytest.approx(placed, abs=1e-4)
        hits = await vectors.nearest(GUILD, {ONE: raws[count - 1]}, channels=None, limit=5)
        assert [hit.track_id - 1 for hit in hits] == list(np.argsort(-(placed @ placed[-1]))[:5])
        assert hits[0].track_id == newest and hits[0].match == pytest.approx(1, abs=1e-4)
    assert moments == [50, 100]
    assert len(collections(vectors)) == 1
    assert (await consistency.agreement(store, vectors))[0].agree


async def test_answers_are_all_from_one_frame_while_a_collection_is_swapped(store, vectors, rebuilder):
    raws = sounds(MIN_TRACKS)
    await add(store, vectors, raws)
    either = [np.sort(np.stack(expected(list(raws), n)) @ expected(list(raws), n)[0])[::-1] for n in (0, 50)]
    done, seen = asyncio.Event(), [0, 0]

    async def ask():
        while not done.is_set():
            hits = await vectors.nearest(GUILD, {ONE: raws[0]}, channels=None, limit=MIN_TRACKS)
            scores = np.array([hit.score for hit in hits])
            fits = [np.allclose(scores, cosines, atol=1e-4) for cosines in either]
            assert any(fits)
            seen[fits.index(True)] += 1

    async def swap():
        await asyncio.sleep(0.02)
        assert await rebuilder.rebuild(GUILD)
        await asyncio.sleep(0.05)
        done.set()

    await asyncio.gather(ask(), ask(), swap())
    assert all(seen)


async def test_a_question_is_asked_again_if_the_collection_was_swapped_meanwhile(
    store, vectors, rebuilder, monkeypatch
):
    raws = sounds(MIN_TRACKS)
    await add(store, vectors, raws)
    original, swapped = vectors.engine.nearest, []

    async def swap_first(*args):
        if not swapped:
            swapped.append(await rebuilder.rebuild(GUILD))
        return await original(*args)

    monkeypatch.setattr(vectors.engine, "nearest", swap_first)
    hits = await vectors.nearest(GUILD, {ONE: raws[0]}, channels=None, limit=MIN_TRACKS)
    cosines = np.stack(expected(list(raws), 50)) @ expected(list(raws), 50)[0]
    assert swapped == [True]
    assert [hit.score for hit in hits] == pytest.approx(sorted(cosines, reverse=True), abs=1e-4)


async def test_what_is_filed_changed_and_removed_during_a_build_is_not_lost(
    store, vectors, catalog, refresher, rebuilder, monkeypatch
):
    raws = sounds(60)
    tracks = await add(store, vectors, raws)
    original, batches, late = vectors.fill, [], []

    async def meddle(generation, points):
        stored = await original(generation, points)
        if generation.current or (len(batches) == 1 and late):
            return stored
        batches.append(len(points))
        if len(batches) == 1:
            vectors.refreshing.release()
            late.extend(await add(store, vectors, sounds(1, seed=9)))
            await remove_track(catalog, refresher, tracks[0])
            await remove_track(catalog, refresher, tracks[-1])
            async with store.begin() as session:
                await session.execute(delete(Share).where(Share.track_id == tracks[1]))
                values = {"guild_id": GUILD, "track_id": tracks[1], "channel_id": PUBLIC, "user_id": 77}
                source = await session.scalar(select(func.min(Share.source_id)))
                session.add(Share(message_id=1, shared_at=START, source_id=source, **values))
            await refresher.refresh_point(GUILD, tracks[1])
            await vectors.refreshing.acquire()
        return stored

    monkeypatch.setattr(vectors, "fill", meddle)
    assert await rebuilder.rebuild(GUILD)
    monkeypatch.undo()
    assert await vectors.ids(GUILD) == {*tracks[1:-1], *late}
    assert await vectors.shared_by(GUILD, 77) == {tracks[1]}
    assert (await consistency.agreement(store, vectors))[0].agree


async def test_others_are_answered_while_a_collection_is_made(store, vectors, rebuilder):
    await add(store, vectors, sounds(MIN_TRACKS))
    building = asyncio.create_task(rebuilder.rebuild(GUILD))
    answered = 0
    while not building.done():
        await vectors.ids(GUILD)
        answered += 1
    assert await building and answered > 2


async def test_it_happens_by_itself_once_started(store, vectors):
    upkeep = Upkeep(store, vectors)
    upkeep.start()
    await add(store, vectors, sounds(MIN_TRACKS))
    async with asyncio.timeout(30):
        while (await vectors.generations.current(GUILD)).calibrations[ONE].tracks == 0:  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.01)
        while await generations(vectors) != [True]:  # noqa: ASYNC110 -- the old one goes a little later
            await asyncio.sleep(0.01)
    await upkeep.stop()


async def test_what_is_due_when_it_is_stopped_is_still_done(store, vectors):
    upkeep = Upkeep(store, vectors)
    upkeep.start()
    await add(store, vectors, sounds(MIN_TRACKS))
    await upkeep.stop(grace=30)
    assert (await vectors.generations.current(GUILD)).calibrations[ONE].tracks == MIN_TRACKS


async def test_of_many_songs_one_after_another_the_server_is_looked_after_once(store, vectors, monkeypatch):
    looked, compared, loop = [], asyncio.Event(), asyncio.get_running_loop()

    async def look(guild_id):
        looked.append(guild_id)

    upkeep = Upkeep(store, vectors)
    upkeep.start(lambda: loop.call_soon_threadsafe(compared.set))
    await asyncio.wait_for(compared.wait(), 60)
    monkeypatch.setattr(upkeep._rebuilder, "rebuild", look)
    monkeypatch.setattr("bot.vectors.upkeep.SETTLE_SECONDS", 600)
    for _ in range(3):
        await add(store, vectors, sounds(1))
    assert not looked
    await upkeep.stop(grace=60)
    assert looked == [GUILD]


async def test_two_that_build_at_once_leave_one_collection(store, vectors):
    await add(store, vectors, sounds(MIN_TRACKS))
    done = await asyncio.gather(*(Rebuilder(store, vectors).rebuild(GUILD) for _ in range(2)))
    assert sorted(done) in ([False, True], [True, True])
    assert await generations(vectors) == [True] and len(collections(vectors)) == 1
    assert (await consistency.agreement(store, vectors))[0].agree


async def test_a_build_that_fails_leaves_the_old_one(store, vectors, rebuilder, monkeypatch):
    await add(store, vectors, sounds(MIN_TRACKS))

    async def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(vectors.engine, "flush", fail)
    with pytest.raises(OSError, match="full"):
        await rebuilder.rebuild(GUILD)
    assert await generations(vectors) == [True] and len(collections(vectors)) == 1
    assert len(await vectors.nearest(GUILD, {ONE: sounds(1)[0]}, channels=None, limit=99)) == MIN_TRACKS


# -- which vectors -----------------------------------------------------------------------------------------


def in_use(*searched):
    return Generation(1, GUILD, True, searched, {name: Calibration(2, 0.5) for name in searched})


@pytest.mark.parametrize(
    ("counts", "waiting", "searched", "names"),
    [
        ({"old": 9}, True, ("old",), ("old", "new")),  # nothing was heard yet
        ({"old": 9, "new": 8}, True, ("old",), ("old", "new")),  # one more is to come
        ({"old": 9, "new": 9}, False, ("new",), ("new",)),
        ({"old": 9, "new": 5}, False, ("new",), ("new",)),  # the others can't be had
        ({"old": 9, "new": 4}, False, ("old",), ("old", "new")),  # hardly any can
        ({}, False, ("new",), ("new",)),
    ],
)
def test_an_old_embedder_is_searched_by_until_the_new_one_covers_what_can_be_covered(
    counts, waiting, searched, names
):
    assert plan(in_use("old"), counts, ["new"], waiting=waiting) == Plan(searched, names)


def test_an_embedder_that_joins_is_searched_by_once_it_has_heard_everything():
    counts = {"old": 9, "new": 2}
    assert plan(in_use("old"), counts, ["old", "new"], waiting=True) == Plan(("old",), ("old", "new"))
    assert plan(in_use("old"), counts, ["old", "new"], waiting=False) == Plan(("old", "new"), ("old", "new"))


def test_an_embedder_that_leaves_is_gone_at_once():
    assert plan(in_use("old", "new"), {"old": 9, "new": 9}, ["new"], waiting=False) == Plan(
        ("new",), ("new",)
    )


async def test_vectors_that_are_not_wanted_any_more_are_forgotten_but_for_those_that_cannot_be_had_back(
    settings, store, vectors, refresher
):
    heard = await add(store, vectors, sounds(3))
    only_old = await add_track(store, "Attachment", sounds=(1, 2, 3, 4))
    await refresher.refresh_point(GUILD, only_old)
    async with store.begin() as session:
        for track in heard:
            session.add(TrackVector(track_id=track, name=TWO, data=vector(1, track, 0).tobytes()))
    await vectors.close()
    changed = await VectorStorage.open(settings, [SECOND], store)
    assert await Rebuilder(store, changed).rebuild(GUILD)
    assert not await Rebuilder(store, changed).rebuild(GUILD)
    async with store.session() as session:
        left = {(row.track_id, row.name) for row in await session.scalars(select(TrackVector))}
    (found,) = await consistency.agreement(store, changed)
    hits = await changed.nearest(GUILD, heard[0], channels=None, limit=9)
    await changed.close()
    assert left == {*((track, TWO) for track in heard), (only_old, ONE)}
    assert (found.agree, found.points, found.lost) == (True, 3, (only_old,))
    assert {hit.track_id for hit in hits} == set(heard)
