"""Which shares are refused on the way in, and what asking again does."""

from dataclasses import replace

import pytest

from bot.errors import Failure, Refused
from bot.library.store import Store
from bot.privacy.forget import MemberErasure
from bot.shares.admission import Quota
from bot.shares.ledger import Ledger
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from models import Reply
from tests.support.clock import ManualClock
from tests.support.library import GUILD, add_track
from tests.support.shares import OTHER, add, claim, count, finish, look, share

GONE = Refused(Failure.GONE)


# -- quotas ----------------------------------------------------------------------------------------------


async def test_a_member_may_share_only_so_much_a_day(store: Store, clock: ManualClock) -> None:
    ledger = Ledger(store, quota=Quota(member_daily=2, server_daily=9), clock=clock)
    jobs = await add(ledger, *(share(100 + i, str(i)) for i in range(3)), share(200, "else", user=8))
    states = [state.failure for state in await ledger.states(jobs)]
    assert states == ["", "", "quota", ""]
    clock.jump(hours=25)
    assert (await look(ledger, (await add(ledger, share(300, "next")))[0])).failure == ""


async def test_so_may_a_server(store: Store, clock: ManualClock) -> None:
    ledger = Ledger(store, quota=Quota(member_daily=9, server_daily=2), clock=clock)
    jobs = await add(ledger, *(share(100 + i, str(i), user=i) for i in range(3)), share(200, guild=OTHER))
    assert [state.failure for state in await ledger.states(jobs)] == ["", "", "quota", ""]


async def test_the_command_line_knows_no_quota(store: Store, clock: ManualClock) -> None:
    ledger = Ledger(store, quota=Quota(member_daily=1, server_daily=1), clock=clock)
    jobs = await add(ledger, *(share(-7, str(i)) for i in range(3)))
    assert [state.failure for state in await ledger.states(jobs)] == ["", "", ""]
    assert await count(store, Reply) == 0


async def test_to_be_forgotten_frees_nothing_of_the_servers_quota(
    store: Store, vectors: VectorStorage, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.privacy.song_traces.now", clock)
    ledger = Ledger(store, quota=Quota(member_daily=2, server_daily=5), clock=clock)
    erasure = MemberErasure(store, vectors, PointRefresher(store, vectors))

    async def taken(first: int, *, user: int = 7) -> list[str]:
        jobs = await add(ledger, *(share(first + i, str(first + i), user=user) for i in range(3)))
        return [state.failure for state in await ledger.states(jobs)]

    assert await taken(100) == ["", "", "quota"]
    await erasure.forget(GUILD, 7)
    assert await taken(200) == ["", "", "quota"]  # of them nothing is known any more
    await erasure.forget(GUILD, 7)
    await erasure.forget(GUILD, 7)
    assert await taken(300) == ["", "quota", "quota"]
    assert await taken(400, user=8) == ["quota"] * 3
    clock.jump(hours=25)
    assert await taken(500) == ["", "", "quota"]


# -- what failed is remembered ---------------------------------------------------------------------------


async def test_a_link_that_failed_for_good_is_not_tried_again_for_a_day(
    ledger: Ledger, clock: ManualClock
) -> None:
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


async def test_who_came_later_and_asks_again_does_not(ledger: Ledger, clock: ManualClock) -> None:
    await add(ledger, share(100))
    await ledger.leases.fail(await claim(ledger), GONE)
    clock.jump(seconds=1)
    await add(ledger, replace(share(101), reply_id=900))
    assert await ledger.failed_meanwhile(await claim(ledger)) is None


# -- asking again ----------------------------------------------------------------------------------------


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
    state = await ledger.message_snapshot(GUILD, 100)
    assert state is not None
    assert state.reply_id == 900
