"""Whether the database and the vectors agree, and making them agree again."""

import json
import shutil
from dataclasses import asdict

import pytest
from sqlalchemy import select

from bot.library import doctor
from bot.library.catalog import Catalog
from bot.library.vectors import Vectors
from models import Job, TrackVector
from tests.support.library import (
    ANA,
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
    catalog = Catalog(store, vectors)
    tracks = [
        await add_track(store, f"Track {number}", message=10 + number, sounds=(1, number, 0, 0))
        for number in range(3)
    ]
    for track in tracks:
        await catalog.refresh_point(GUILD, track)
    return tracks


async def agreed(store, vectors):
    (found,) = await doctor.agreement(store, vectors)
    return found


async def neighbours(vectors):
    return await vectors.nearest(GUILD, FIRST, vector(1, 1, 0, 0), channels={PUBLIC}, limit=9)


async def test_a_library_in_order_agrees(store, vectors, three):
    found = await agreed(store, vectors)
    assert found == doctor.GuildAgreement(GUILD, 3, 3, True, (), (), (), ())


async def test_the_only_boolean_says_whether_they_agree(store, vectors, three):
    (found,) = json.loads(json.dumps([asdict(each) for each in await doctor.agreement(store, vectors)]))
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
    await vectors.put(GUILD, 999, {FIRST: vector(1, 0, 0, 0)}, {})
    found = await agreed(store, vectors)
    assert (found.agree, found.extra) == (False, (999,))


async def test_a_collection_of_a_server_that_the_database_does_not_know_is_found(store, vectors):
    await vectors.put(GUILD, 1, {FIRST: vector(1, 0, 0, 0)}, {})
    found = await agreed(store, vectors)
    assert (found.id, found.agree, found.extra) == (GUILD, False, (1,))


async def test_a_point_that_says_something_else_is_found(store, vectors, three):
    await add_share(store, three[0], user=BEN)
    found = await agreed(store, vectors)
    assert (found.agree, found.stale) == (False, (three[0],))


async def test_a_track_that_nobody_listened_to_is_found(store, vectors, three):
    track = await add_track(store, "Unheard")
    found = await agreed(store, vectors)
    assert (found.agree, found.unheard, found.missing) == (False, (track,), ())


@pytest.mark.parametrize("damage", ["gone", "emptied", "mixed up"])
async def test_a_repair_makes_the_points_anew(store, settings, infos, vectors, three, damage):
    before = await neighbours(vectors)
    if damage == "emptied":
        await vectors.remove(GUILD, three)
    if damage == "mixed up":
        await vectors.put(GUILD, three[0], {FIRST: vector(0, 0, 0, 1)}, {})
        await vectors.put(GUILD, 999, {FIRST: vector(1, 1, 0, 0)}, {})
    if damage == "gone":
        await vectors.close()
        shutil.rmtree(settings.home / "qdrant")
        vectors = await Vectors.open(settings, infos)
    (repaired,) = await doctor.repair(store, vectors)
    after, found = await neighbours(vectors), await agreed(store, vectors)
    if damage == "gone":
        await vectors.close()
    assert after == before
    assert found.agree
    assert (repaired.stored, repaired.removed) == (3, 1 if damage == "mixed up" else 0)
    assert repaired.queued == repaired.lost == ()


async def test_a_repair_can_be_repeated(store, vectors, three):
    for _ in range(2):
        (repaired,) = await doctor.repair(store, vectors)
        assert (repaired.stored, repaired.removed) == (3, 0)
    assert (await agreed(store, vectors)).agree


def job(track, *, key="url:x", url="https://song.example", message=50, done=True):
    return Job(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=message,
        user_id=ANA,
        url=url,
        key=key,
        shared_at=START,
        state="announced",
        done=done,
        attempts=2,
        track_id=track,
        run_after=START,
        created_at=START,
    )


async def test_what_the_present_embedder_has_not_heard_is_queued_where_a_link_leads_to_it(
    store, settings, vectors
):
    linked = await add_track(store, "Linked", "Ana")
    attached = await add_track(store, "Attached")
    typed = await add_track(store, "Typed", message=-ANA, channel=0)
    heard = await add_track(store, "Heard", sounds=(1, 0, 0, 0))
    async with store.begin() as session:
        session.add_all(
            [
                job(linked, message=51),
                job(linked, message=52),
                job(attached, key="discord:7", message=53),
                job(typed, url="path:/tmp/x.wav", message=-ANA),
                job(heard, message=54),
            ]
        )
    (repaired,) = await doctor.repair(store, vectors)
    assert (repaired.queued, repaired.lost) == (("Ana – Linked",), ("Attached", "Typed"))
    assert any("Attached" in line and "share it" in line for line in repaired.lines)
    async with store.session() as session:
        jobs = {row.message_id: row for row in await session.scalars(select(Job))}
    assert {message: row.state for message, row in jobs.items() if row.state == "queued"} == {52: "queued"}
    assert (jobs[52].done, jobs[52].attempts, jobs[52].owner) == (False, 0, "")


async def test_an_embedder_that_is_switched_on_is_missed_in_every_track(store, settings, vectors, three):
    async with store.begin() as session:
        session.add(TrackVector(track_id=three[0], name=SECOND, data=vector(1, 0).tobytes()))
    await vectors.close()
    both = await Vectors.open(settings, INFOS)
    before = await agreed(store, both)
    await doctor.repair(store, both)
    after = await agreed(store, both)
    second = await both.ids(GUILD, SECOND)
    await both.close()
    assert (before.agree, before.missing, before.unheard) == (False, (three[0],), tuple(three[1:]))
    assert (after.agree, after.missing, after.unheard) == (True, (), tuple(three[1:]))
    assert second == {three[0]}
