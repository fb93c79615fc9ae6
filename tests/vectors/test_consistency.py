"""Whether the database and the vectors agree, and making them agree again."""

import json
import shutil
from dataclasses import asdict

import pytest
from sqlalchemy import delete

from bot.vectors import consistency
from bot.vectors.points import Point
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from models import GenerationRecord, Relistening, TrackVector
from tests.support.library import (
    BEN,
    GUILD,
    INFOS,
    PUBLIC,
    START,
    add_guild,
    add_share,
    add_track,
    vector,
)

FIRST, SECOND = (each.vector_name for each in INFOS)


@pytest.fixture
def infos():
    """One embedder is switched on."""
    return INFOS[:1]


@pytest.fixture
async def three(store, vectors):
    """Three tracks that are stored in both."""
    refresher = PointRefresher(store, vectors)
    tracks = [
        await add_track(store, f"Track {number}", message=10 + number, sounds=(1, number, 0, 0))
        for number in range(3)
    ]
    for track in tracks:
        await refresher.refresh_point(GUILD, track)
    return tracks


async def agreed(store, vectors):
    (found,) = await consistency.agreement(store, vectors)
    return found


async def put(vectors, track_id, *numbers):
    await vectors.put_all(GUILD, [Point(track_id, {FIRST: vector(*numbers)}, {})])


async def neighbours(vectors):
    return await vectors.nearest(GUILD, {FIRST: vector(1, 1, 0, 0)}, channels={PUBLIC}, limit=9)


async def test_a_library_in_order_agrees(store, vectors, three):
    found = await agreed(store, vectors)
    assert found == consistency.GuildAgreement(GUILD, 3, 3, True)


async def test_the_only_boolean_says_whether_they_agree(store, vectors, three):
    (found,) = json.loads(json.dumps([asdict(each) for each in await consistency.agreement(store, vectors)]))
    assert [name for name, value in found.items() if isinstance(value, bool)] == ["agree"]
    assert found["id"] == GUILD


async def test_a_server_without_tracks_agrees(store, vectors):
    await add_guild(store)
    assert (await agreed(store, vectors)).agree


async def test_a_point_that_is_missing_is_found(store, vectors, three):
    await vectors.remove(GUILD, [three[1]])
    found = await agreed(store, vectors)
    assert (found.agree, found.missing, found.points) == (False, (three[1],), 2)


async def test_a_point_without_a_track_is_found(store, vectors, three):
    await put(vectors, 999, 1, 0, 0, 0)
    found = await agreed(store, vectors)
    assert (found.agree, found.extra) == (False, (999,))


async def test_a_collection_of_a_server_that_the_database_does_not_know_is_found(store, vectors):
    await put(vectors, 1, 1, 0, 0, 0)
    found = await agreed(store, vectors)
    assert (found.id, found.agree, found.extra) == (GUILD, False, (1,))


async def test_a_point_that_says_something_else_is_found(store, vectors, three):
    await add_share(store, three[0], user=BEN)
    found = await agreed(store, vectors)
    assert (found.agree, found.stale) == (False, (three[0],))


async def test_a_track_that_nobody_listened_to_is_found(store, vectors, three):
    waiting = await add_track(store, "Unheard", url="https://song.example/1")
    lost = await add_track(store, "Unheard and gone")
    found = await agreed(store, vectors)
    assert (found.agree, found.missing) == (True, ())
    assert (found.tracks, found.unheard, found.lost) == (5, (waiting,), (lost,))


async def test_a_collection_that_belongs_to_nothing_is_found_and_removed(
    store, settings, infos, three, vectors
):
    async with store.begin() as session:
        await session.execute(delete(GenerationRecord))
    await vectors.close()
    vectors = await VectorStorage.open(settings, infos, store)
    found = await agreed(store, vectors)
    assert (found.agree, len(found.leftovers), found.points) == (False, 1, 0)
    (repaired,) = await consistency.repair(store, vectors)
    assert repaired.stored == 3
    assert await agreed(store, vectors) == consistency.GuildAgreement(GUILD, 3, 3, True)
    await vectors.close()


@pytest.mark.parametrize("damage", ["gone", "emptied", "mixed up"])
async def test_a_repair_makes_the_points_anew(store, settings, infos, vectors, three, damage):
    before = await neighbours(vectors)
    if damage == "emptied":
        await vectors.remove(GUILD, three)
    if damage == "mixed up":
        await put(vectors, three[0], 0, 0, 0, 1)
        await put(vectors, 999, 1, 1, 0, 0)
    if damage == "gone":
        await vectors.close()
        shutil.rmtree(settings.home / "vectors")
        vectors = await VectorStorage.open(settings, infos, store)
    (repaired,) = await consistency.repair(store, vectors)
    after, found = await neighbours(vectors), await agreed(store, vectors)
    if damage == "gone":
        await vectors.close()
    assert after == before
    assert found.agree
    assert (repaired.stored, repaired.removed) == (3, 1 if damage == "mixed up" else 0)
    assert repaired.queued == repaired.lost == ()


async def test_a_repair_can_be_repeated(store, vectors, three):
    for _ in range(2):
        (repaired,) = await consistency.repair(store, vectors)
        assert (repaired.stored, repaired.removed) == (3, 0)
    assert (await agreed(store, vectors)).agree


async def test_what_the_present_embedder_has_not_heard_is_tried_again_where_a_link_leads_to_it(
    store, vectors
):
    linked = await add_track(store, "Linked", "Ana", url="https://song.example/1")
    typed = await add_track(store, "Typed", url="path:/music/x.wav")
    await add_track(store, "Attached", key="discord:7")
    await add_track(store, "Heard", sounds=(1, 0, 0, 0))
    async with store.begin() as session:
        for track in (linked, typed):
            session.add(given_up(track))
    (before,) = await consistency.agreement(store, vectors)
    (repaired,) = await consistency.repair(store, vectors)
    assert before.unheard == ()
    assert (repaired.queued, repaired.lost) == (("Ana – Linked", "Typed"), ("Attached",))
    assert any("Attached" in line and "share it" in line for line in repaired.lines)
    assert (await agreed(store, vectors)).unheard == (linked, typed)


def given_up(track):
    return Relistening(
        track_id=track, names=FIRST, attempts=5, given_up=True, reason="It is gone.", run_after=START
    )


async def test_an_embedder_that_is_switched_on_is_missed_in_every_track(store, settings, vectors, three):
    async with store.begin() as session:
        session.add(TrackVector(track_id=three[0], name=SECOND, data=vector(1, 0).tobytes()))
    await vectors.close()
    both = await VectorStorage.open(settings, INFOS, store)
    before = await agreed(store, both)
    await consistency.repair(store, both)
    after = await agreed(store, both)
    second = (await both.contents(GUILD)).having[SECOND]
    await both.close()
    assert (before.agree, before.lost) == (after.agree, after.lost) == (True, tuple(three[1:]))
    assert second == {three[0]}
