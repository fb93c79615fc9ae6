"""Who works on what: in turn, under a lease, and how often after failures."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import Failure, LeaseLost, Refused
from bot.library.store import Store
from bot.shares import leases
from bot.shares.ledger import Ledger, installation
from models import JobState
from tests.support.clock import ManualClock
from tests.support.library import GUILD
from tests.support.shares import OTHER, add, claim, look, share

GONE = Refused(Failure.GONE)
OFFLINE = Refused(Failure.NETWORK)


# -- turns -----------------------------------------------------------------------------------------------


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


async def test_workers_never_hold_the_same_job(store: Store, clock: ManualClock) -> None:
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


# -- leases ----------------------------------------------------------------------------------------------


async def test_what_a_dead_bot_held_is_free_when_its_lease_is_over(
    ledger: Ledger, store: Store, clock: ManualClock
) -> None:
    await add(ledger, share())
    await claim(ledger)
    other = Ledger(store, installation="other", clock=clock)
    assert await other.leases.claim() is None
    clock.jump(seconds=61)
    assert await other.leases.claim() is not None


async def test_a_renewed_lease_lasts(ledger: Ledger, clock: ManualClock) -> None:
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
    ledger: Ledger, store: Store, clock: ManualClock, late: str
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
            await ledger.leases.advance(frozen, JobState.ANALYSING)
        else:
            await getattr(ledger.leases, late)(frozen)
    assert await look(ledger, job) == before


async def test_a_clock_that_jumps_back_keeps_nobody_waiting(ledger: Ledger, clock: ManualClock) -> None:
    await add(ledger, share(100, "a"), share(101, "b"))
    await claim(ledger)
    await ledger.leases.retry(await claim(ledger), OFFLINE)
    clock.jump(days=-30)
    assert {(await claim(ledger)).message_id for _ in range(2)} == {100, 101}


async def test_at_start_the_bots_own_jobs_are_free_at_once_and_it_counts_as_no_try(
    ledger: Ledger, store: Store, clock: ManualClock
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


# -- failures --------------------------------------------------------------------------------------------


async def test_at_the_command_line_a_passing_failure_is_said_at_once(ledger: Ledger) -> None:
    (job,) = await add(ledger, share(message=-7))
    claimed = await ledger.leases.claim([job])
    assert claimed is not None
    await ledger.leases.retry(claimed, OFFLINE)
    state = await look(ledger, job)
    assert (state.state, state.failure, state.done) == ("failed", "network", True)


async def test_a_passing_failure_is_tried_five_times_with_growing_waits(
    ledger: Ledger, clock: ManualClock
) -> None:
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


async def test_a_site_that_asks_for_less_haste_gets_it(ledger: Ledger, clock: ManualClock) -> None:
    await add(ledger, share())
    await ledger.leases.retry(await claim(ledger), Refused(Failure.RATE_LIMITED))
    clock.jump(seconds=7)
    assert await ledger.leases.claim() is None
    clock.jump(seconds=9)
    assert await ledger.leases.claim() is not None


async def test_a_job_that_killed_three_workers_is_given_up(ledger: Ledger, clock: ManualClock) -> None:
    (job, other) = await add(ledger, share(100, "a"), share(101, "b"))
    for _ in range(3):
        held = await claim(ledger)
        while held.id != job:
            held = await claim(ledger)
        await ledger.leases.died(held)
        clock.jump(minutes=2)
    assert (await look(ledger, job)).failure == "crashed"
    assert (await look(ledger, other)).failure == ""
