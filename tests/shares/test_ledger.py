"""The ledger's rows: taken in once, brought to an end, and told."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from bot.errors import Failure, LeaseLost, Refused
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.shares.jobs import NewShare
from bot.shares.ledger import Ledger
from bot.shares.posts import Post
from bot.vectors.refresh import PointRefresher
from models import Guild, Job, MessageTrack, Reply
from tests.support.clock import ManualClock
from tests.support.library import GUILD, add_guild, add_track
from tests.support.shares import OTHER, add, claim, count, finish, look, share

GONE = Refused(Failure.GONE)


# -- taking in -------------------------------------------------------------------------------------------


async def test_the_same_share_twice_is_one_job(ledger: Ledger, store: Store) -> None:
    first = await add(ledger, share(), share())
    assert await add(ledger, share()) == [first[0]]
    assert first[0] == first[1]
    assert await count(store, Job) == 1


async def test_a_share_brings_its_server_and_the_place_of_its_reply(ledger: Ledger, store: Store) -> None:
    await add(ledger, share(100))
    async with store.session() as session:
        reply = await session.get(Reply, 100)
        assert await session.get(Guild, GUILD) is not None
    assert reply is not None
    assert (reply.guild_id, reply.channel_id, reply.reply_id) == (GUILD, 5, None)


async def test_either_all_shares_of_a_message_are_kept_or_none(ledger: Ledger, store: Store) -> None:
    broken = replace(share(100, "b"), shared_at=datetime(2026, 1, 1))
    with pytest.raises(Exception, match="without a time zone"):
        await add(ledger, share(), broken)
    assert await count(store, Job) == 0


async def test_shares_taken_in_at_the_same_time_are_neither_lost_nor_doubled(
    ledger: Ledger, store: Store
) -> None:
    batches = [[share(message, name) for name in "abcd"] for message in range(100, 110)] * 2
    await asyncio.gather(*(ledger.enqueue(batch) for batch in batches))
    assert await count(store, Job) == 40


async def test_a_share_that_was_refused_is_told_but_not_worked_on(ledger: Ledger) -> None:
    (job,) = await add(ledger, replace(share(), failure=Failure.DRM, reason="Locked."))
    assert await ledger.leases.claim() is None
    (told,) = await ledger.leases.claim_message()
    await ledger.leases.announced(told)
    state = await look(ledger, job)
    assert (state.state, state.failure, state.reason, state.done) == ("failed", "drm", "Locked.", True)


# -- messages --------------------------------------------------------------------------------------------


def post(message: int, *shares: NewShare, channel: int | None = 5, seen: bool = False) -> Post:
    return Post(
        guild_id=GUILD,
        message_id=message,
        user_id=7,
        user_name="Ana",
        shares=shares,
        music_channel=channel,
        seen=seen,
    )


async def test_messages_are_saved_together_as_far_as_they_stand_in_music_channels(
    store: Store, clock: ManualClock
) -> None:
    ledger, guilds = Ledger(store, clock=clock), Guilds(store)
    await guilds.set_music_channel(GUILD, 5, True, since=90)
    posts = [post(100 + n, share(100 + n, f"{n}"), share(100 + n, f"also {n}"), seen=n < 8) for n in range(9)]
    elsewhere, asked = post(120, share(120, "no"), channel=6), post(121, share(121, "yes"), channel=None)
    talk = post(122, seen=True)
    assert await ledger.take_in([*posts, elsewhere, asked, talk]) == [True] * 9 + [False, True, True]
    async with store.session() as session:
        jobs = (await session.scalars(select(Job).order_by(Job.id))).all()
    assert [job.message_id for job in jobs] == [100 + n // 2 for n in range(18)] + [121]
    assert await guilds.music_channels(GUILD) == {5: 122}
    assert await guilds.names(GUILD, [7]) == {7: "Ana"}


async def test_a_message_that_is_not_seen_to_its_channels_end_moves_no_mark(store: Store) -> None:
    guilds = Guilds(store)
    await guilds.set_music_channel(GUILD, 5, True, since=90)
    await Ledger(store).take_in([post(100, share(100), seen=False), post(95, seen=True)])
    assert await guilds.music_channels(GUILD) == {5: 95}


# -- withdrawing -----------------------------------------------------------------------------------------


async def test_a_deleted_messages_jobs_end_without_a_word(ledger: Ledger) -> None:
    jobs = await add(ledger, share(100, "a"), share(100, "b"), share(101, "c"))
    running = await claim(ledger)
    assert await ledger.withdraw(GUILD, 100) == 2
    with pytest.raises(LeaseLost):
        await ledger.leases.stored(running)
    assert [(s.failure, s.done) for s in await ledger.states(jobs)] == [
        ("withdrawn", True),
        ("withdrawn", True),
        ("", False),
    ]
    assert await ledger.leases.claim_message() == []


async def test_what_was_announced_is_not_withdrawn(ledger: Ledger) -> None:
    (job,) = await add(ledger, share())
    await finish(ledger, await claim(ledger))
    assert await ledger.withdraw(GUILD, 100) == 0
    assert (await look(ledger, job)).state == "announced"


# -- telling ---------------------------------------------------------------------------------------------


async def test_what_a_message_brought_is_told_together(ledger: Ledger) -> None:
    jobs = await add(ledger, *(share(100, name) for name in "abc"), share(101, "d"))
    held = {claimed.id: claimed for claimed in [await claim(ledger) for _ in range(4)]}
    await ledger.leases.stored(held[jobs[0]])
    await ledger.leases.fail(held[jobs[1]], GONE)
    await ledger.leases.stored(held[jobs[3]])
    first = await ledger.leases.claim_message()
    assert [told.id for told in first] == jobs[:2]
    for told in first:
        await ledger.leases.announced(told)
    assert [s.state for s in await ledger.states(jobs)] == ["announced", "failed", "queued", "stored"]
    assert [s.done for s in await ledger.states(jobs)] == [True, True, False, False]
    assert [told.id for told in await ledger.leases.claim_message()] == jobs[3:]


async def test_telling_is_tried_until_it_works(ledger: Ledger, clock: ManualClock) -> None:
    (job,) = await add(ledger, share())
    await ledger.leases.stored(await claim(ledger))
    for _ in range(30):
        (told,) = await ledger.leases.claim_message()
        await ledger.leases.announce_later(told)
        assert await ledger.leases.claim_message() == []
        clock.jump(minutes=11)
    (told,) = await ledger.leases.claim_message()
    await ledger.leases.announced(told)
    assert (await look(ledger, job)).state == "announced"


async def test_the_command_lines_jobs_are_only_its_own_and_told_to_nobody(ledger: Ledger) -> None:
    (mine, older) = await add(ledger, share(-7, "a"), share(-7, "b"))
    assert await ledger.leases.claim() is None
    held = await ledger.leases.claim(only=[mine])
    assert held is not None
    assert held.id == mine
    assert await ledger.leases.claim(only=[mine]) is None
    await ledger.leases.stored(held)
    state = await look(ledger, mine)
    assert (state.state, state.done) == ("announced", True)
    assert await ledger.leases.claim_message() == []
    assert not (await look(ledger, older)).done


async def test_a_command_given_again_is_done_again(ledger: Ledger) -> None:
    (job,) = await add(ledger, share(-7))
    held = await ledger.leases.claim(only=[job])
    assert held is not None
    await ledger.leases.fail(held, GONE)
    assert (await look(ledger, job)).done
    assert await add(ledger, share(-7)) == [job]
    assert (await look(ledger, job)).state == "queued"


async def test_nor_does_a_server_wait_until_another_one_is_told(ledger: Ledger) -> None:
    await add(ledger, *(share(100 + i, str(i)) for i in range(3)), share(200, guild=OTHER))
    for _ in range(4):
        await ledger.leases.fail(await claim(ledger), GONE)
    told = [(await ledger.leases.claim_message())[0].guild_id for _ in range(4)]
    assert told == [GUILD, OTHER, GUILD, GUILD]


async def test_a_messages_state_names_its_links_in_order(ledger: Ledger) -> None:
    await add(ledger, share(100, "b"), share(100, "a"))
    state = await ledger.message_snapshot(GUILD, 100)
    assert state is not None
    assert (state.channel_id, state.user_id, state.reply_id) == (5, 7, None)
    assert [job.url[-1] for job in state.jobs] == ["b", "a"]
    assert await ledger.message_snapshot(GUILD, 999) is None


async def test_a_reply_is_about_its_messages_tracks(ledger: Ledger, store: Store) -> None:
    track = await add_track(store, "Song")
    await add(ledger, share(100))
    held = await claim(ledger)
    async with store.begin() as session:
        await ledger.leases.hold(session, held, track_id=track)
    for _ in range(2):
        await ledger.replied(GUILD, 100, 900)
    state = await ledger.message_snapshot(GUILD, 100)
    assert state is not None
    assert state.reply_id == 900
    async with store.session() as session:
        assert await session.get(MessageTrack, (900, track)) is not None


async def test_a_reply_to_what_is_gone_meanwhile_is_told_apart(
    ledger: Ledger, store: Store, refresher: PointRefresher
) -> None:
    await add_guild(store)
    await add(ledger, share(100))
    assert await ledger.replied(GUILD, 100, 900) is True
    await ledger.withdraw(GUILD, 100)
    await refresher.drop_share(GUILD, 100)
    assert await ledger.replied(GUILD, 100, 901) is False


async def test_messages_that_still_have_to_be_heard(ledger: Ledger, store: Store) -> None:
    await add_guild(store)
    await add(ledger, share(100, "a"), share(101, "b"), share(100, "c"), share(-7, "d"))
    held = await claim(ledger)
    while held.message_id != 101:
        held = await claim(ledger)
    await ledger.leases.stored(held)
    assert [state.message_id for state in await ledger.unfinished()] == [100]


async def test_the_lanes_tell_how_many_wait_and_for_how_long(ledger: Ledger, clock: ManualClock) -> None:
    assert [(lane.name, lane.length, lane.oldest_seconds) for lane in await ledger.lanes()] == [
        ("listening", 0, 0.0),
        ("announcing", 0, 0.0),
    ]
    await add(ledger, share(100, "a"))
    clock.jump(seconds=30)
    await add(ledger, share(101, "b"), replace(share(102, "c"), failure=Failure.DRM, reason="Locked."))
    clock.jump(seconds=10)
    assert [(lane.length, lane.oldest_seconds) for lane in await ledger.lanes()] == [(2, 40.0), (1, 10.0)]
    (told,) = await ledger.leases.claim_message()
    await ledger.leases.announced(told)
    assert [lane.length for lane in await ledger.lanes()] == [2, 0]
