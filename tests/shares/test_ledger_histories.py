"""Whatever happens in whatever order, every share comes to its end, and nothing is done twice."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from bot.errors import Failure, LeaseLost, Refused
from bot.library.store import Store
from bot.settings import Settings
from bot.shares.jobs import Claimed, NewShare
from bot.shares.ledger import Ledger
from models import Job
from tests.support.clock import ManualClock

EVENTS = ("share", "fail", "retry", "died", "tell", "later", "withdraw", "restart", "wait", "jump")
LIKELY = ("claim", "claim", "claim", "stored", "stored")
MESSAGES = 4

Event = tuple[str, int]


class LedgerHistory:
    """A ledger, its clock, and every claim that a worker ever had: any may come back late."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = ManualClock()
        self.ledger = Ledger(store, clock=self.clock)
        self.jobs: set[int] = set()
        self.claims: list[Claimed] = []
        self.stored: Counter[int] = Counter()
        self.told: Counter[int] = Counter()

    async def happen(self, event: str, number: int) -> None:
        with suppress(LeaseLost):
            if event in {"stored", "fail", "retry", "died"}:
                await self.end(number, event)
            else:
                await getattr(self, event)(number)

    async def share(self, number: int) -> None:
        self.jobs.update(await self.ledger.enqueue([share(number % MESSAGES)]))

    async def claim(self, _number: int) -> None:
        claimed = await self.ledger.leases.claim()
        if claimed is not None:
            assert not self.stored[claimed.id], "what is stored is not listened to again"
            self.claims.append(claimed)

    async def end(self, number: int, how: str) -> None:
        if not self.claims:
            return
        claimed = self.claims[-1 - number % len(self.claims)]
        arguments = (
            [Refused(Failure.GONE if how == "fail" else Failure.NETWORK)] if how in {"fail", "retry"} else []
        )
        await getattr(self.ledger.leases, how)(claimed, *arguments)
        self.stored[claimed.id] += how == "stored"

    async def tell(self, _number: int) -> None:
        for claimed in await self.ledger.leases.claim_message():
            await self.ledger.leases.announced(claimed)
            self.told[claimed.id] += 1

    async def later(self, _number: int) -> None:
        for claimed in await self.ledger.leases.claim_message():
            await self.ledger.leases.announce_later(claimed)

    async def withdraw(self, number: int) -> None:
        await self.ledger.withdraw(1, 100 + number % MESSAGES)

    async def restart(self, _number: int) -> None:
        self.ledger = Ledger(self.store, clock=self.clock)
        await self.ledger.leases.take_over()

    async def wait(self, number: int) -> None:
        self.clock.jump(seconds=1 + 13 * number)

    async def jump(self, number: int) -> None:
        self.clock.jump(days=number - 5)

    async def finish(self) -> None:
        for _ in range(3 * MESSAGES):
            if all(state.done for state in await self.ledger.states(self.jobs)):
                return
            self.clock.jump(minutes=11)
            for event in ("claim", "stored", "tell"):
                await self.happen(event, 0)


def share(number: int) -> NewShare:
    return NewShare(
        guild_id=1,
        channel_id=5,
        message_id=100 + number,
        user_id=number % 2,
        url=f"https://music.example/{number % 3}",
        key=f"url:{number % 3}",
        shared_at=ManualClock().now,
    )


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def library(runner: asyncio.Runner) -> Iterator[Store]:
    """A database for all the histories: opening one takes longer than living through one."""
    with TemporaryDirectory() as folder:
        opened = runner.run(Store.open(Settings.load(home=Path(folder))))
        yield opened
        runner.run(opened.close())


async def live_through(store: Store, history: list[Event]) -> None:
    async with store.begin() as session:
        await session.execute(delete(Job))
    world = LedgerHistory(store)
    for number in range(MESSAGES):
        await world.share(number)
    for event, number in history:
        await world.happen(event, number)
    await world.finish()
    await check(world)


async def check(world: LedgerHistory) -> None:
    """Every share ended; what was announced was stored once and told, nothing was told twice."""
    for state in await world.ledger.states(world.jobs):
        assert state.done
        assert state.state in {"announced", "failed"}
        assert bool(state.reason) == (state.state == "failed")
        if state.state == "announced":
            assert world.stored[state.id] == 1
        assert world.told[state.id] == (0 if state.failure == "withdrawn" else 1)


@settings(max_examples=15, deadline=None)
@given(
    history=st.lists(
        st.tuples(st.sampled_from(EVENTS + LIKELY), st.integers(0, 10)), min_size=30, max_size=50
    )
)
def test_every_history_ends_well(runner: asyncio.Runner, library: Store, history: list[Event]) -> None:
    runner.run(live_through(library, history))
