"""What goes with a share, with a message's last share, and with a track's last share; the points follow."""

import asyncio

import pytest
from sqlalchemy import select, update

from bot.library.unsharing import drop_shares
from bot.vectors.points import Point
from models import Base, Job, MessageTrack, Reaction, Reply, Share, Source, Track
from tests.support.library import (
    ANA,
    BEN,
    GUILD,
    HIDDEN,
    INFOS,
    PUBLIC,
    START,
    add,
    add_share,
    add_track,
    every,
    vector,
)

FIRST = INFOS[0].vector_name


def mark(message, user=BEN, *, track=0, kind=1, guild=GUILD):
    return Reaction(
        message_id=message, user_id=user, track_id=track, kind=kind, guild_id=guild, created_at=START
    )


def about(message, track):
    return MessageTrack(message_id=message, track_id=track, guild_id=GUILD)


def reply_to(message, reply, channel=PUBLIC):
    return Reply(message_id=message, guild_id=GUILD, channel_id=channel, reply_id=reply)


def job(message, track=None, *, key="url:a", state="announced", done=True):
    return Job(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=message,
        user_id=ANA,
        url="https://song.example",
        key=key,
        shared_at=START,
        state=state,
        done=done,
        track_id=track,
        run_after=START,
        created_at=START,
    )


async def test_a_track_goes_with_its_last_share_and_takes_everything_along(refresher, store, vectors):
    track = await add_track(store, "One", message=11, url="https://song.example", sounds=(1, 0, 0, 0))
    await add(store, reply_to(11, 21), about(21, track), mark(11), mark(21), job(11, track))
    await refresher.refresh_point(GUILD, track)
    assert await refresher.drop_share(GUILD, 11) == [(PUBLIC, 21)]
    empty = [
        table
        for table in Base.metadata.tables
        if table not in {"guilds", "jobs", "generations", "generation_calibrations"}
    ]
    async with store.session() as session:
        left = {table: (await session.execute(select(Base.metadata.tables[table]))).all() for table in empty}
    assert left == {table: [] for table in empty}
    assert await vectors.ids(GUILD) == set()


async def test_a_share_is_dropped_also_while_the_vectors_cannot_be_written_to(refresher, store, vectors):
    track = await add_track(store, "One", message=100, sounds=(1, 0, 0, 0))
    await refresher.refresh_point(GUILD, track)
    outdated = []
    vectors.when_outdated(outdated.append)
    await vectors.engine.close()
    assert await refresher.drop_share(GUILD, 100) == []
    assert await every(store, Track) == await every(store, Share) == []
    assert outdated == [GUILD]  # whoever hears it sees that the point goes too


async def test_a_track_stays_with_its_other_shares(refresher, store, vectors):
    track = await add_track(store, "One", message=11, channel=HIDDEN, sounds=(1, 0, 0, 0))
    await add_share(store, track, message=12, user=BEN, minutes=5)
    await add(store, mark(11), mark(12))
    await refresher.refresh_point(GUILD, track)
    assert await refresher.drop_share(GUILD, 11) == []
    assert await every(store, Share.message_id) == await every(store, MessageTrack.message_id) == [12]
    assert await every(store, Reaction.message_id) == [12]
    payload = (await vectors.contents(GUILD)).payloads[track]
    assert (payload["channels"], payload["sharers"]) == ([PUBLIC], [BEN])
    assert payload["shared_at"] == START.timestamp() + 300


async def test_one_track_of_a_message_can_be_dropped(refresher, store):
    one = await add_track(store, "One", message=11)
    two = await add_track(store, "Two", message=11)
    await add(store, reply_to(11, 21), about(21, one), about(21, two))
    await add(store, mark(11), mark(21), mark(21, track=one), mark(21, track=two))
    assert await refresher.drop_share(GUILD, 11, one) == []
    assert await every(store, Track.id) == [two]
    assert await every(store, MessageTrack.message_id, MessageTrack.track_id == two) == [11, 21]
    assert await every(store, Reaction.track_id) == [0, 0, two]
    assert await every(store, Reply.reply_id) == [21]
    assert await refresher.drop_share(GUILD, 11, two) == [(PUBLIC, 21)]
    assert await every(store, Reply.reply_id) == await every(store, Reaction.message_id) == []


async def test_dropping_twice_or_nothing_changes_nothing(refresher, store):
    track = await add_track(store, "One", message=11)
    for _ in range(2):
        assert await refresher.drop_share(GUILD, 12) == []
        assert await refresher.drop_share(GUILD, 11, track + 1) == []
        assert await refresher.drop_share(GUILD + 1, 11) == []
    assert await every(store, Track.id) == [track]


async def test_a_deleted_message_whose_links_failed_takes_the_reply_along(refresher, store):
    await add_track(store, "Another")
    await add(store, job(11, state="failed"), reply_to(11, 21), mark(11))
    assert await refresher.drop_share(GUILD, 11) == [(PUBLIC, 21)]
    assert await every(store, Reply.reply_id) == await every(store, Reaction.message_id) == []


async def test_the_reply_stays_while_a_link_of_its_message_is_on_its_way(refresher, store):
    track = await add_track(store, "One", message=11)
    await add(store, reply_to(11, 21), about(21, track), mark(11))
    await add(store, job(11, track), job(11, key="url:b", state="fetching", done=False))
    assert await refresher.drop_share(GUILD, 11, track) == []
    assert await every(store, Reply.reply_id) == [21]
    assert await every(store, Reaction.message_id) == [11]


async def test_the_job_of_a_dropped_share_ends_as_withdrawn(refresher, store):
    track = await add_track(store, "One", message=11)
    await add_share(store, track, message=12)
    await add(store, job(11, track), job(12, track))
    await refresher.drop_share(GUILD, 11)
    async with store.session() as session:
        jobs = {row.message_id: row for row in await session.scalars(select(Job))}
    assert (jobs[11].state, jobs[11].failure, jobs[11].track_id) == ("failed", "withdrawn", None)
    assert jobs[11].reason == "It was removed from the library."
    assert (jobs[12].state, jobs[12].failure, jobs[12].track_id) == ("announced", "", track)


async def test_marks_on_suggestions_of_a_gone_track_go_too(refresher, store):
    one = await add_track(store, "One", message=11)
    two = await add_track(store, "Two", message=12)
    await add(store, about(31, one), about(32, one), about(32, two))
    await add(store, mark(31), mark(31, track=one), mark(32), mark(32, track=one), mark(32, track=two))
    await refresher.drop_share(GUILD, 11)
    assert await every(store, Reaction.message_id) == [32, 32]
    assert await every(store, Reaction.track_id) == [0, two]


async def test_removing_a_track_drops_every_share_of_it(refresher, store, vectors):
    track = await add_track(store, "One", message=11, sounds=(1, 0, 0, 0))
    await add_share(store, track, message=12, channel=HIDDEN)
    other = await add_track(store, "Two", message=12)
    await add(store, reply_to(11, 21), reply_to(12, 22, HIDDEN), about(22, other))
    await refresher.refresh_point(GUILD, track)
    assert await refresher.drop_share(GUILD, 11, track) == [(PUBLIC, 21)]
    assert await refresher.drop_share(GUILD, 12, track) == []
    assert await every(store, Track.id) == [other]
    assert await vectors.ids(GUILD) == set()


async def test_the_number_of_a_removed_track_is_not_used_again(refresher, store):
    track = await add_track(store, "One", message=11)
    await refresher.drop_share(GUILD, 11)
    assert await add_track(store, "Two") > track


async def test_another_servers_track_cannot_be_removed(refresher, store):
    track = await add_track(store, "One", guild=GUILD + 1, message=11)
    assert await refresher.drop_share(GUILD, 11, track) == []
    assert await every(store, Track.id) == [track]


async def test_a_share_that_is_being_added_keeps_its_track(refresher, store):
    track = await add_track(store, "One", message=11)
    added = asyncio.Event()

    async def add_another():
        async with store.begin() as session:
            source = await session.scalar(select(Source.id))
            session.add(
                Share(
                    message_id=12,
                    track_id=track,
                    guild_id=GUILD,
                    channel_id=PUBLIC,
                    user_id=BEN,
                    shared_at=START,
                    source_id=source,
                )
            )
            await session.flush()
            added.set()
            await asyncio.sleep(0.3)  # the other one gets as far as it can without this commit

    async def drop():
        await added.wait()
        await refresher.drop_share(GUILD, 11)

    await asyncio.gather(add_another(), drop())
    assert await every(store, Share.message_id) == [12]


async def test_hundreds_of_shares_are_dropped_at_once(store, monkeypatch):
    monkeypatch.setattr("bot.library.unsharing.BATCH_ROWS", 4)
    track = await add_track(store, "One", message=1)
    for message in range(2, 12):
        await add_share(store, track, message=message)
        await add(store, reply_to(message, 100 + message), about(100 + message, track), mark(message))
    async with store.begin() as session:
        dropped = await drop_shares(session, GUILD, (await session.scalars(select(Share))).all())
    assert sorted(dropped.replies) == [(PUBLIC, 100 + message) for message in range(2, 12)]
    assert await every(store, Reaction.message_id) == await every(store, MessageTrack.message_id) == []


# -- the points follow -----------------------------------------------------------------------------------


async def test_a_point_says_what_the_database_says(refresher, store, vectors):
    track = await add_track(store, "One", "Ana", message=11, sounds=(3, 4, 0, 0))
    await add_share(store, track, user=BEN, channel=HIDDEN, minutes=7)
    async with store.begin() as session:
        kept = await session.get_one(Track, track)
        kept.tags, kept.features = {"piano": 0.9}, {"tempo": 90.5, "key": "A minor"}
        await session.execute(update(Source).values(genres=["Jazz"]))
    await refresher.refresh_point(GUILD, track)
    assert (await vectors.contents(GUILD)).payloads == {
        track: {
            "guild_id": GUILD,
            "track_id": track,
            "title": "One",
            "artist": "Ana",
            "genres": ["Jazz"],
            "tags": ["piano"],
            "channels": [PUBLIC, HIDDEN],
            "sharers": [ANA, BEN],
            "shared_at": int(START.timestamp()),
            "milliseconds": 200_000,
            "tempo_tenths": 905,
            "key": "A minor",
        }
    }
    assert (await vectors.get(GUILD, [track])).vectors[FIRST][track] == pytest.approx([0.6, 0.8, 0, 0])


async def test_refreshing_makes_a_missing_point_and_removes_one_without_a_track(refresher, store, vectors):
    track = await add_track(store, "One", sounds=(1, 0, 0, 0))
    await vectors.put_all(GUILD, [Point(999, {FIRST: vector(1, 0, 0, 0)}, {})])
    for track_id in (track, 999, track, 12345):
        await refresher.refresh_point(GUILD, track_id)
    assert await vectors.ids(GUILD) == {track}


async def test_a_track_that_nobody_listened_to_has_no_point(refresher, store, vectors):
    track = await add_track(store, "One")
    await refresher.refresh_point(GUILD, track)
    assert await vectors.ids(GUILD) == set()
