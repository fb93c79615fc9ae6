"""The ledger's rows: taken in once, claimed in turn under a lease, and always brought to an end."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.errors import Failure, LeaseLost, Refused
from bot.intake.links import Source
from bot.library import leases
from bot.library.catalog import Catalog
from bot.library.jobs import Claimed, JobState
from bot.library.ledger import Ledger, NewShare, Quota, installation, new_share
from bot.library.store import Store
from bot.library.vectors import Vectors
from models import Guild, Job, MessageTrack, Reply
from tests.support.clock import Clock
from tests.support.library import GUILD, add_guild, add_track

OTHER = GUILD + 1
GONE = Refused(Failure.GONE)
OFFLINE = Refused(Failure.NETWORK)


@pytest.fixture
def catalog(store: Store, vectors: Vectors) -> Catalog:
    return Catalog(store, vectors)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(store: Store, clock: Clock) -> Ledger:
    return Ledger(store, clock=clock)


def share(message: int = 100, name: str = "a", *, guild: int = GUILD, user: int = 7) -> NewShare:
    return NewShare(
        guild_id=guild,
        channel_id=5,
        message_id=message,
        user_id=user,
        url=f"https://music.example/{name}",
        key=f"url:https://music.example/{name}",
        shared_at=datetime(2026, 11, 20, tzinfo=UTC),
    )


async def claim(ledger: Ledger) -> Claimed:
    claimed = await ledger.leases.claim()
    assert claimed is not None
    return claimed


async def add(ledger: Ledger, *shares: NewShare) -> list[int]:
    return await ledger.enqueue(shares)


async def look(ledger: Ledger, job_id: int) -> JobState:
    (state,) = await ledger.states([job_id])
    return state


async def count(store: Store, table: type) -> int:
    async with store.session() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def finish(ledger: Ledger, claimed: Claimed) -> None:
    await ledger.leases.stored(claimed)
    for told in await ledger.leases.claim_message():
        await ledger.leases.announced(told)


# -- taking in ---------------------------------------------------------------------------------------------


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


def test_a_link_becomes_a_share_with_its_own_key_and_time() -> None:
    made = new_share(
        Source(url="https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3"),
        guild_id=GUILD,
        channel_id=5,
        message_id=1_306_000_000_000_000_000,
        user_id=7,
    )
    assert made.key == "youtube:dQw4w9WgXcQ"
    assert made.shared_at.date().isoformat() == "2024-11-12"


def test_a_link_that_may_not_be_opened_becomes_a_share_that_says_why() -> None:
    made = new_share(
        Source(url="https://open.spotify.com/track/1"), guild_id=GUILD, channel_id=5, message_id=1, user_id=7
    )
    assert made.failure is Failure.DRM
    assert made.reason


def test_a_file_is_known_by_the_number_of_its_attachment() -> None:
    made = new_share(
        Source(url="https://cdn.example/song.mp3?ex=1", name="song.mp3", attachment_id=42),
        guild_id=GUILD,
        channel_id=5,
        message_id=1,
        user_id=7,
    )
    assert (made.key, made.url, made.name) == ("discord:42", "https://cdn.example/song.mp3?ex=1", "song.mp3")


async def test_a_member_may_share_only_so_much_a_day(store: Store, clock: Clock) -> None:
    ledger = Ledger(store, quota=Quota(member_daily=2, server_daily=9), clock=clock)
    jobs = await add(ledger, *(share(100 + i, str(i)) for i in range(3)), share(200, "else", user=8))
    states = [state.failure for state in await ledger.states(jobs)]
    assert states == ["", "", "quota", ""]
    clock.jump(hours=25)
    assert (await look(ledger, (await add(ledger, share(300, "next")))[0])).failure == ""


async def test_so_may_a_server(store: Store, clock: Clock) -> None:
    ledger = Ledger(store, quota=Quota(member_daily=9, server_daily=2), clock=clock)
    jobs = await add(ledger, *(share(100 + i, str(i), user=i) for i in range(3)), share(200, guild=OTHER))
    assert [state.failure for state in await ledger.states(jobs)] == ["", "", "quota", ""]


async def test_the_command_line_knows_no_quota(store: Store, clock: Clock) -> None:
    ledger = Ledger(store, quota=Quota(member_daily=1, server_daily=1), clock=clock)
    jobs = await add(ledger, *(share(-7, str(i)) for i in range(3)))
    assert [state.failure for state in await ledger.states(jobs)] == ["", "", ""]
    assert await count(store, Reply) == 0


# -- what failed is remembered -----------------------------------------------------------------------------


async def test_a_link_that_failed_for_good_is_not_tried_again_for_a_day(ledger: Ledger, clock: Clock) -> None:
    await add(ledger, share(100))
    await ledger.leases.fail(await claim(ledger), GONE)
    clock.jump(hours=23)
    (again, elsewhere) = await add(ledger, share(101), share(102, guild=OTHER))
    state = await look(ledger, again)
    assert (state.state, state.failure, state.reason) == ("failed", "gone", str(GONE))
    assert (await look(ledger, elsewhere)).state == "queued"
    clock.jump(hours=2)  # 25 hours after it was tried, two after it was merely remembered
    assert (await look(ledger, (await add(ledger, share(103)))[0])).state == "queued"


@pytest.mark.parametrize(
    "kind", [Failure.NETWORK, Failure.TOO_LONG, Failure.LIVE, Failure.BLOCKED, Failure.CRASHED]
)
async def test_a_failure_that_may_pass_is_not_remembered(ledger: Ledger, kind: Failure) -> None:
    await add(ledger, share(100))
    await ledger.leases.fail(await claim(ledger), Refused(kind))
    assert (await look(ledger, (await add(ledger, share(101)))[0])).state == "queued"


async def test_a_command_asks_again(ledger: Ledger) -> None:
    await add(ledger, share(100))
    await ledger.leases.fail(await claim(ledger), GONE)
    (job,) = await add(ledger, replace(share(101), reply_id=900))
    assert (await look(ledger, job)).state == "queued"


async def test_who_waited_meanwhile_learns_of_the_failure(ledger: Ledger) -> None:
    await add(ledger, share(100), share(101))
    first = await claim(ledger)
    assert await ledger.leases.claim() is None  # the same link: it waits for the first
    await ledger.leases.fail(first, GONE)
    second = await claim(ledger)
    memory = await ledger.failed_meanwhile(second)
    assert memory is not None
    assert memory.failure is Failure.GONE


async def test_who_came_later_and_asks_again_does_not(ledger: Ledger, clock: Clock) -> None:
    await add(ledger, share(100))
    await ledger.leases.fail(await claim(ledger), GONE)
    clock.jump(seconds=1)
    await add(ledger, replace(share(101), reply_id=900))
    assert await ledger.failed_meanwhile(await claim(ledger)) is None


# -- asking again ------------------------------------------------------------------------------------------


async def test_asking_again_for_what_failed_starts_anew(ledger: Ledger) -> None:
    (job,) = await add(ledger, share(100))
    await ledger.leases.fail(await claim(ledger), GONE)
    (told,) = await ledger.leases.claim_message()
    await ledger.leases.announced(told)
    assert await add(ledger, share(100)) == [job]
    assert (await look(ledger, job)).done
    assert await add(ledger, replace(share(100), reply_id=900)) == [job]
    state = await look(ledger, job)
    assert (state.state, state.done, state.failure) == ("queued", False, "")


async def test_asking_again_for_what_stands_tells_it_again_where_it_was_asked(
    ledger: Ledger, store: Store
) -> None:
    track = await add_track(store, "Song")
    (job,) = await add(ledger, share(100))
    claimed = await claim(ledger)
    async with store.begin() as session:
        await ledger.leases.hold(session, claimed, track_id=track)
    await finish(ledger, claimed)
    await add(ledger, replace(share(100), reply_id=900))
    assert (await look(ledger, job)).state == "stored"
    assert [told.id for told in await ledger.leases.claim_message()] == [job]
    state = await ledger.message_state(GUILD, 100)
    assert state is not None
    assert state.reply_id == 900


# -- turns -------------------------------------------------------------------------------------------------


async def test_a_server_does_not_wait_for_another_ones_backlog(ledger: Ledger) -> None:
    await add(ledger, *(share(100 + i, str(i)) for i in range(5)))
    await add(ledger, *(share(200 + i, str(i), guild=OTHER) for i in range(2)))
    assert [(await claim(ledger)).guild_id for _ in range(5)] == [GUILD, OTHER, GUILD, OTHER, GUILD]


async def test_nor_does_a_member_for_another_one(ledger: Ledger) -> None:
    await add(ledger, *(share(100 + i, str(i), user=1) for i in range(5)))
    await add(ledger, *(share(200 + i, f"b{i}", user=2) for i in range(2)))
    assert [(await claim(ledger)).user_id for _ in range(5)] == [1, 2, 1, 2, 1]


async def test_a_members_links_are_heard_in_the_order_in_which_they_were_posted(ledger: Ledger) -> None:
    jobs = await add(ledger, *(share(100, name) for name in "cab"))
    assert [(await claim(ledger)).id for _ in range(3)] == jobs


async def test_workers_never_hold_the_same_job(store: Store, clock: Clock) -> None:
    ledgers = [Ledger(store, installation=str(i), clock=clock) for i in range(4)]
    jobs = await add(ledgers[0], *(share(100 + i, str(i), user=i % 3) for i in range(12)))
    claims = await asyncio.gather(*(ledgers[i % 4].leases.claim() for i in range(20)))
    assert sorted(claimed.id for claimed in claims if claimed) == jobs


async def test_a_link_in_work_is_not_fetched_twice_at_once(ledger: Ledger) -> None:
    await add(ledger, share(100), share(101), share(102, guild=OTHER))
    first, second = await claim(ledger), await claim(ledger)
    assert {first.guild_id, second.guild_id} == {GUILD, OTHER}
    assert await ledger.leases.claim() is None
    await ledger.leases.stored(first)
    assert (await claim(ledger)).message_id == 101


# -- leases ------------------------------------------------------------------------------------------------


async def test_what_a_dead_bot_held_is_free_when_its_lease_is_over(
    ledger: Ledger, store: Store, clock: Clock
) -> None:
    await add(ledger, share())
    await claim(ledger)
    other = Ledger(store, installation="other", clock=clock)
    assert await other.leases.claim() is None
    clock.jump(seconds=61)
    assert await other.leases.claim() is not None


async def test_a_renewed_lease_lasts(ledger: Ledger, clock: Clock) -> None:
    await add(ledger, share())
    held = await claim(ledger)
    for _ in range(3):
        clock.jump(seconds=40)
        await ledger.leases.renew(held)
    assert await ledger.leases.claim() is None


async def test_a_lease_is_kept_as_long_as_somebody_is_at_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=2))
    ledger, other = Ledger(store), Ledger(store, installation="other")
    await add(ledger, share())
    keeping = asyncio.create_task(ledger.leases.keep([await claim(ledger)]))
    await asyncio.sleep(2.5)
    assert await other.leases.claim() is None
    await ledger.withdraw(GUILD, 100)
    with pytest.raises(LeaseLost):
        await keeping


@pytest.mark.parametrize("late", ["advance", "stored", "fail", "retry", "died", "renew", "hold"])
async def test_a_frozen_workers_late_result_is_refused(
    ledger: Ledger, store: Store, clock: Clock, late: str
) -> None:
    (job,) = await add(ledger, share())
    frozen = await claim(ledger)
    clock.jump(seconds=61)
    await claim(ledger)
    before = await look(ledger, job)
    with pytest.raises(LeaseLost):
        if late == "hold":
            async with store.begin() as session:
                await ledger.leases.hold(session, frozen, track_id=None)
        elif late in {"fail", "retry"}:
            await getattr(ledger.leases, late)(frozen, OFFLINE)
        elif late == "advance":
            await ledger.leases.advance(frozen, "analysing")
        else:
            await getattr(ledger.leases, late)(frozen)
    assert await look(ledger, job) == before


async def test_a_clock_that_jumps_back_keeps_nobody_waiting(ledger: Ledger, clock: Clock) -> None:
    await add(ledger, share(100, "a"), share(101, "b"))
    await claim(ledger)
    await ledger.leases.retry(await claim(ledger), OFFLINE)
    clock.jump(days=-30)
    assert {(await claim(ledger)).message_id for _ in range(2)} == {100, 101}


async def test_at_start_the_bots_own_jobs_are_free_at_once_and_it_counts_as_no_try(
    ledger: Ledger, store: Store, clock: Clock
) -> None:
    await add(ledger, share(100, "a"), share(101, "b"))
    await claim(ledger)
    stranger = Ledger(store, installation="other", clock=clock)
    await claim(stranger)
    assert await ledger.leases.take_over() == 0  # what this very run is at
    restarted = Ledger(store, clock=clock)
    assert await restarted.leases.take_over() == 1
    again = await claim(restarted)
    assert (again.message_id, again.attempts, again.deaths) == (100, 0, 0)
    assert await restarted.leases.claim() is None


async def test_an_installation_keeps_its_name(tmp_path: Path) -> None:
    name = installation(tmp_path / "home")
    assert installation(tmp_path / "home") == name
    assert installation(tmp_path / "elsewhere") != name


# -- failures ----------------------------------------------------------------------------------------------


async def test_at_the_command_line_a_passing_failure_is_said_at_once(ledger: Ledger) -> None:
    (job,) = await add(ledger, share(message=-7))
    claimed = await ledger.leases.claim([job])
    assert claimed is not None
    await ledger.leases.retry(claimed, OFFLINE)
    state = await look(ledger, job)
    assert (state.state, state.failure, state.done) == ("failed", "network", True)


async def test_a_passing_failure_is_tried_five_times_with_growing_waits(ledger: Ledger, clock: Clock) -> None:
    (job,) = await add(ledger, share())
    claimed = await claim(ledger)
    for longest in (2, 4, 8, 16):
        await ledger.leases.retry(claimed, OFFLINE)
        waited = 0.0
        while (again := await ledger.leases.claim()) is None:
            clock.jump(seconds=0.5)
            waited += 0.5
        assert longest / 2 <= waited <= longest + 0.5
        claimed = again
    await ledger.leases.retry(claimed, OFFLINE)
    state = await look(ledger, job)
    assert (state.state, state.failure, state.reason, state.done) == (
        "failed",
        "network",
        str(OFFLINE),
        False,
    )


async def test_a_site_that_asks_for_less_haste_gets_it(ledger: Ledger, clock: Clock) -> None:
    await add(ledger, share())
    await ledger.leases.retry(await claim(ledger), Refused(Failure.RATE_LIMITED))
    clock.jump(seconds=7)
    assert await ledger.leases.claim() is None
    clock.jump(seconds=9)
    assert await ledger.leases.claim() is not None


async def test_a_job_that_killed_three_workers_is_given_up(ledger: Ledger, clock: Clock) -> None:
    (job, other) = await add(ledger, share(100, "a"), share(101, "b"))
    for _ in range(3):
        held = await claim(ledger)
        while held.id != job:
            held = await claim(ledger)
        await ledger.leases.died(held)
        clock.jump(minutes=2)
    assert (await look(ledger, job)).failure == "crashed"
    assert (await look(ledger, other)).failure == ""


# -- withdrawing -------------------------------------------------------------------------------------------


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


# -- telling -----------------------------------------------------------------------------------------------


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


async def test_telling_is_tried_until_it_works(ledger: Ledger, clock: Clock) -> None:
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
    state = await ledger.message_state(GUILD, 100)
    assert state is not None
    assert (state.channel_id, state.user_id, state.reply_id) == (5, 7, None)
    assert [job.url[-1] for job in state.jobs] == ["b", "a"]
    assert await ledger.message_state(GUILD, 999) is None


async def test_a_reply_is_about_its_messages_tracks(ledger: Ledger, store: Store) -> None:
    track = await add_track(store, "Song")
    await add(ledger, share(100))
    held = await claim(ledger)
    async with store.begin() as session:
        await ledger.leases.hold(session, held, track_id=track)
    for _ in range(2):
        await ledger.replied(GUILD, 100, 900)
    state = await ledger.message_state(GUILD, 100)
    assert state is not None
    assert state.reply_id == 900
    async with store.session() as session:
        assert await session.get(MessageTrack, (900, track)) is not None


async def test_a_reply_to_what_is_gone_meanwhile_is_told_apart(
    ledger: Ledger, store: Store, catalog: Catalog
) -> None:
    await add_guild(store)
    await add(ledger, share(100))
    assert await ledger.replied(GUILD, 100, 900) is True
    await ledger.withdraw(GUILD, 100)
    await catalog.drop_share(GUILD, 100)
    assert await ledger.replied(GUILD, 100, 901) is False


async def test_messages_that_still_have_to_be_heard(ledger: Ledger, store: Store) -> None:
    await add_guild(store)
    await add(ledger, share(100, "a"), share(101, "b"), share(100, "c"), share(-7, "d"))
    held = await claim(ledger)
    while held.message_id != 101:
        held = await claim(ledger)
    await ledger.leases.stored(held)
    assert [state.message_id for state in await ledger.unfinished()] == [100]
