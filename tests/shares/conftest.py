"""The pipeline as the bot runs it, but for Discord; one for the tests of a module, each in a server of its own."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from bot.library.store import Store
from bot.services import Services
from bot.shares.ledger import Ledger
from models import Job
from tests.support import database
from tests.support.channel import ReplyLog
from tests.support.clock import ManualClock
from tests.support.http import Site, site
from tests.support.sharing import SharingClub

_guilds = count(5001)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web() -> AsyncIterator[Site]:
    """What members link to."""
    async with site() as it:
        yield it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    web: Site, tmp_path_factory: pytest.TempPathFactory, shaped: str
) -> AsyncIterator[Services]:
    """Everything open, with MFCC, which needs no weights."""
    empty = await database.create(tmp_path_factory.mktemp("bot") / "home", shaped)
    changes = {"embedders": ("mfcc",), "egress_allow": frozenset([web.origin])}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TMPDIR", raising=False)
        patch.setattr("bot.shares.jobs.FIRST_DELAY", timedelta(seconds=0.1))  # until something is tried again
        patch.setattr("bot.shares.work_loop.POLL_SECONDS", 0.1)
        async with Services.open(empty.model_copy(update=changes), listen=True) as it:
            yield it
            async with it.store.session() as session:
                assert await session.scalar(select(func.count()).where(~Job.done)) == 0
    await database.drop(empty)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def channel(services: Services) -> ReplyLog:
    """Where the started pipeline replies."""
    it = ReplyLog(services.ledger)
    await services.pipeline.start(it)
    return it


@pytest.fixture
def guild() -> int:
    """A server of its own."""
    return next(_guilds)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that tests set."""
    return ManualClock()


@pytest.fixture
def ledger(store: Store, clock: ManualClock) -> Ledger:
    """An empty ledger that goes by that clock."""
    return Ledger(store, clock=clock)


@pytest.fixture
def club(services: Services, web: Site, channel: ReplyLog, guild: int) -> SharingClub:
    """Its members, who share."""
    return SharingClub(services, web, channel, guild)


@pytest.fixture
def leftovers(services: Services) -> Callable[[], list[Path]]:
    """The files in the directory where audio is worked on."""
    work = services.settings.home / "work"
    return lambda: [path for path in work.rglob("*") if path.is_file()]
