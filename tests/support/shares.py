"""Shares as rows of the ledger."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from bot.library.store import Store
from bot.shares.jobs import Claimed, JobSnapshot, NewShare
from bot.shares.ledger import Ledger
from tests.support.library import GUILD

OTHER = GUILD + 1


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


async def look(ledger: Ledger, job_id: int) -> JobSnapshot:
    (state,) = await ledger.states([job_id])
    return state


async def count(store: Store, table: type) -> int:
    async with store.session() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def finish(ledger: Ledger, claimed: Claimed) -> None:
    await ledger.leases.stored(claimed)
    for told in await ledger.leases.claim_message():
        await ledger.leases.announced(told)
