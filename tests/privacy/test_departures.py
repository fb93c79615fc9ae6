"""What is kept of a server goes 30 days after the bot was removed there, all of it, and not before."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.privacy.departures import KEPT_FOR, Departures, _tables
from models import (
    Base,
    GenerationRecord,
    Guild,
    Job,
    MapPosition,
    MusicChannel,
    Relistening,
    Thread,
    VibeRecord,
    VibeTrack,
)
from tests.privacy.rows import OTHER_GUILD, dump
from tests.support.library import ANA, GUILD, PUBLIC, START, add, add_guild, every

BOT, OTHER_BOT = 77, 78
LATER = START + KEPT_FOR


@pytest.fixture
def departures(store, vectors):
    return Departures(store, vectors)


async def left_at(store, guild_id=GUILD):
    async with store.session() as session:
        return (await session.get_one(Guild, guild_id)).left_at


async def rows(store):
    """How many rows each table has."""
    return Counter(place.split(".")[0] for place, _ in await dump(store))


async def test_everything_goes_after_30_days_and_nothing_before(departures, store, vectors, busy):
    at = {"guild_id": GUILD}
    vibe = VibeRecord(**at, name="Calm", found_at=START, tracks=[VibeTrack(track_id=busy["own"])])
    again = {"names": "", "attempts": 1, "given_up": False, "reason": "", "run_after": START}
    await add(
        store,
        vibe,
        MusicChannel(**at, channel_id=PUBLIC),
        Thread(**at, thread_id=1, parent_id=PUBLIC, private=False),
        MapPosition(**at, track_id=busy["own"], x=0, y=0, placed_at=START),
        Relistening(track_id=busy["own"], **again),
    )
    before = await rows(store)
    assert {table.name for table in Base.metadata.sorted_tables} - before.keys() <= {"playlist_tracks"}
    await departures.left(GUILD, START)
    assert await departures.purge(LATER - timedelta(seconds=1)) == []
    assert await rows(store) == before
    assert await departures.purge(LATER) == [GUILD]
    assert await every(store, Guild.id) == await every(store, GenerationRecord.guild_id) == [OTHER_GUILD]
    of_server = {(place, value) for place, value in await dump(store) if place.endswith("guild_id")}
    assert {value for _, value in of_server} == {OTHER_GUILD}
    # What has no server of its own belongs to something that has.
    after = await rows(store)
    assert {name for name in after if after[name]} == {
        "generation_calibrations", "generations", "guilds", "members", "message_tracks", "reactions", "shares",
        "sources", "track_vectors", "tracks",
    }  # fmt: skip
    assert await vectors.ids(GUILD) == set() and await vectors.strays() == []
    assert await vectors.ids(OTHER_GUILD) == {busy["elsewhere"]}
    assert await departures.purge(LATER) == []


def test_every_table_is_emptied_or_goes_with_one_that_is():
    emptied = {table.name for table in _tables()} | {"guilds", "generations"}
    for table in Base.metadata.sorted_tables:
        cascading = {key.column.table.name for key in table.foreign_keys if key.ondelete == "CASCADE"}
        assert table.name in emptied or cascading & emptied, table.name


async def test_whoever_invites_the_bot_again_keeps_everything(departures, store, busy):
    await departures.left(GUILD, START)
    before = await rows(store)
    await departures.present(BOT, [GUILD])
    assert await left_at(store) is None
    assert await departures.purge(LATER) == []
    assert await rows(store) == before


async def test_the_first_removal_counts(departures, store, busy):
    assert await departures.left(GUILD, START) == LATER
    assert await departures.left(GUILD, START + timedelta(days=1)) is None
    assert await left_at(store) == START
    assert await departures.left(999, START) is None  # nothing is kept of it


async def test_a_removal_while_the_bot_was_away_is_found(departures, store, busy):
    await departures.present(BOT, [GUILD, OTHER_GUILD])
    assert await departures.missing(BOT, [OTHER_GUILD], START) == [GUILD]
    assert await left_at(store) == START and await left_at(store, OTHER_GUILD) is None
    assert await departures.missing(BOT, [OTHER_GUILD], LATER) == []  # it is known


async def test_servers_of_another_bot_on_the_same_database_are_none_of_its_business(departures, store, busy):
    await departures.present(OTHER_BOT, [GUILD])
    assert await departures.missing(BOT, [], START) == []


async def test_where_no_bot_was_noted_only_what_came_from_discord_counts(departures, store):
    async def server(guild_id, *rows):
        await add_guild(store, guild_id)
        await add(store, *rows)

    await server(1, MusicChannel(guild_id=1, channel_id=PUBLIC))
    job = {"channel_id": 0, "user_id": ANA, "url": "", "key": "", "shared_at": START, "run_after": START}
    await server(2, Job(guild_id=2, message_id=11, created_at=START, **job))
    await server(3, Job(guild_id=3, message_id=-ANA, created_at=START, **job))  # from the command line
    assert await departures.missing(BOT, [], START) == [1, 2]


@pytest.mark.parametrize("table", ["jobs", "shares", "tracks", "guilds"])
async def test_a_crash_in_between_loses_nothing_and_is_gone_on_with(
    departures, store, vectors, busy, monkeypatch, table
):
    delete_some, drop_guild = departures._delete_some, vectors.drop_guild

    async def killed(*_):
        raise KeyboardInterrupt

    async def until_then(at_table, guild_id, at):
        if at_table.name == table:
            raise KeyboardInterrupt
        return await delete_some(at_table, guild_id, at)

    await departures.left(GUILD, START)
    with monkeypatch.context() as patch:
        patch.setattr(departures, "_delete_some", until_then)
        patch.setattr(vectors, "drop_guild", killed)  # after all tables
        with pytest.raises(KeyboardInterrupt):
            await departures.purge(LATER)
    assert await every(store, Guild.id) == [GUILD, OTHER_GUILD]
    assert vectors.drop_guild == drop_guild
    assert await Departures(store, vectors).purge(LATER) == [GUILD]
    assert await vectors.ids(GUILD) == set() and await every(store, Guild.id) == [OTHER_GUILD]


async def test_a_server_that_is_back_while_it_is_erased_keeps_the_rest(departures, store, busy, monkeypatch):
    delete_some = departures._delete_some

    async def and_back(table, guild_id, at):
        if table.name == "shares":
            await departures.present(BOT, [GUILD])
        return await delete_some(table, guild_id, at)

    await departures.left(GUILD, START)
    monkeypatch.setattr(departures, "_delete_some", and_back)
    assert await departures.purge(LATER) == []
    async with store.session() as session:
        assert await session.scalar(select(Guild.left_at).where(Guild.id == GUILD)) is None
    assert (await rows(store))["shares"] > 0


async def test_it_is_done_in_pieces(departures, store, busy, monkeypatch):
    monkeypatch.setattr("bot.privacy.departures.BATCH_ROWS", 2)
    await departures.left(GUILD, START)
    assert await departures.purge(LATER) == [GUILD]
    assert await every(store, Job.id, Job.guild_id == GUILD) == []
