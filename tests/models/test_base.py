"""Moments keep their time zone in every database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from models import Digest, Guild

CEST = timezone(timedelta(hours=2))
START = datetime(2026, 6, 1, tzinfo=UTC)


def digest(at):
    covers = {"since": START, "until": START}
    return Digest(guild_id=1, period="2026-W23", state="posted", channel_id=2, claimed_until=at, **covers)


async def test_a_moment_comes_back_in_utc(store):
    async with store.begin() as session:
        session.add(Guild(id=1))
        await session.flush()
        session.add(digest(datetime(2026, 6, 1, 14, 0, 0, 250, tzinfo=CEST)))
    async with store.session() as session:
        kept = (await session.get_one(Digest, (1, "2026-W23"))).claimed_until
    assert kept == datetime(2026, 6, 1, 12, 0, 0, 250, tzinfo=UTC)
    assert kept.tzinfo is UTC


async def test_a_moment_without_a_time_zone_is_refused(store):
    with pytest.raises(StatementError, match="without a time zone"):
        async with store.begin() as session:
            session.add(digest(datetime(2026, 6, 1, 14, 0)))
