"""Every column that a member's id may stand in belongs to a trace, which gives it to them and erases it."""

from collections import Counter

import pytest
from sqlalchemy import JSON, BigInteger, Integer, String

from bot.privacy.registry import TRACES
from models import Base
from tests.privacy.rows import dump
from tests.support.library import ANA, GUILD

# What could hold a member's id and doesn't. Whoever adds a column either says here what it holds, or has a trace name
# it in bot/privacy.
WITHOUT_MEMBERS = {
    "answers": {"id", "channel_id", "message_id", "kind", "asked_title", "period", "note", "source"},
    "digests": {"week", "state", "channel_id", "message_id", "tries"},
    "generation_calibrations": {"name", "dimension", "tracks"},
    "generations": {"id", "guild_id", "searched", "collection"},
    "guilds": {
        "id",
        "digest_channel_id",
        "digest_weekday",
        "digest_hour",
        "digest_every",
        "arms",
        "bot_id",
        "timezone",
        "digest_trouble",
        "forgotten_shares",
    },
    "jobs": {
        "id",
        "channel_id",
        "url",
        "name",
        "key",
        "state",
        "attempts",
        "deaths",
        "failure",
        "reason",
        "owner",
    },
    "message_tracks": {"message_id", "guild_id"},
    "music_channels": {"channel_id", "last_message_id"},
    "playlist_tracks": {"place"},
    "playlists": {"id", "kind", "week", "name", "note"},
    "reactions": {"message_id", "track_id", "kind", "guild_id"},
    "relistenings": {"names", "attempts", "reason"},
    "replies": {"message_id", "guild_id", "channel_id", "reply_id"},
    "shares": {"guild_id", "channel_id", "url"},
    "sources": {"id", "guild_id", "key", "url", "title", "artist", "album", "genres", "search_text"},
    "suggestions": {"rank", "percent", "arm"},
    "threads": {"thread_id", "parent_id"},
    "track_vectors": {"name"},
    "tracks": {"id", "tags", "features"},
    "vibes": {"id", "name"},
}

COVERED = Counter(str(column.property.columns[0]) for trace in TRACES for column in trace.columns)


def may_hold_an_id(column):
    """Whether a member's id could be written there at all, as a number, in text or within JSON."""
    return isinstance(column.type, Integer | BigInteger | String | JSON) and not column.foreign_keys


def test_every_column_that_may_hold_a_members_id_is_in_a_trace_or_holds_none():
    candidates = {
        str(column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if may_hold_an_id(column)
    }
    without = {f"{table}.{column}" for table, columns in WITHOUT_MEMBERS.items() for column in columns}
    assert candidates - COVERED.keys() - without == set(), "name these in a trace, or above"
    assert (COVERED.keys() | without) - candidates == set(), "there are no such columns any more"
    assert COVERED.keys() & without == set()


def test_no_column_and_no_heading_is_in_two_traces():
    assert [column for column, times in COVERED.items() if times > 1] == []
    assert len({trace.heading for trace in TRACES}) == len(TRACES)


async def test_the_member_that_these_tests_erase_stands_in_every_column_of_every_trace(busy, store):
    filled = {place for place, value in await dump(store) if str(ANA) in str(value)}
    assert COVERED.keys() - filled == {"members.name"}


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.heading)
async def test_each_trace_is_given_before_and_gone_after(trace, member_export, erasure, busy):
    assert (await member_export.export(GUILD, ANA, None))[trace.heading]
    await erasure.forget(GUILD, ANA)
    assert (await member_export.export(GUILD, ANA, None))[trace.heading] == []
