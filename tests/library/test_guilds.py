"""What admins set, and members' names."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NotFound
from bot.library.guilds import Guilds, ParentedThread, note_threads
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC


@pytest.fixture
def guilds(store):
    return Guilds(store)


async def test_a_new_server_has_the_defaults(guilds):
    guild = await guilds.get(GUILD)
    assert (guild.id, guild.digest_channel_id, guild.timezone) == (GUILD, None, "UTC")
    assert (guild.digest_weekday, guild.digest_hour, guild.digest_since) == (4, 18, None)


async def test_one_setting_leaves_the_others_alone(guilds):
    await guilds.set_digest(GUILD, PUBLIC, 0, 9, "Europe/Berlin")
    await guilds.set_music_channel(GUILD, PUBLIC, True)
    guild = await guilds.get(GUILD)
    assert (guild.timezone, guild.digest_channel_id) == ("Europe/Berlin", PUBLIC)


async def test_music_channels_are_switched_on_and_off(guilds):
    await guilds.set_music_channel(GUILD, PUBLIC, True, since=70)
    await guilds.set_music_channel(GUILD, HIDDEN, True)
    assert await guilds.music_channels(GUILD) == {PUBLIC: 70, HIDDEN: 0}
    await guilds.set_music_channel(GUILD, HIDDEN, False)
    assert await guilds.music_channels(GUILD) == {PUBLIC: 70}
    assert await guilds.music_channels(GUILD + 1) == {}


async def test_switching_a_channel_on_again_keeps_its_place(guilds):
    await guilds.set_music_channel(GUILD, PUBLIC, True, since=70)
    await guilds.set_music_channel(GUILD, PUBLIC, True, since=90)
    assert await guilds.music_channels(GUILD) == {PUBLIC: 70}


async def test_what_was_seen_only_goes_forward(guilds):
    await guilds.set_music_channel(GUILD, PUBLIC, True, since=70)
    for message in (80, 75):
        await guilds.seen(GUILD, PUBLIC, message)
    await guilds.seen(GUILD, HIDDEN, 99)
    assert await guilds.music_channels(GUILD) == {PUBLIC: 80}


async def test_threads_are_known_until_they_are_deleted(guilds, store):
    open_one = ParentedThread(guild_id=GUILD, thread_id=51, parent_id=PUBLIC, private=False)
    private = ParentedThread(guild_id=GUILD, thread_id=52, parent_id=HIDDEN, private=True)
    for threads in ({open_one, private}, {private}):
        async with store.begin() as session:
            await note_threads(store, session, threads)
    known = {thread: (row.parent_id, row.private) for thread, row in (await guilds.threads(GUILD)).items()}
    assert known == {51: (PUBLIC, False), 52: (HIDDEN, True)}
    await guilds.drop_thread(GUILD, 51)
    await guilds.drop_thread(GUILD + 1, 52)
    assert (await guilds.threads(GUILD)).keys() == {52}
    assert await guilds.threads(GUILD + 1) == {}


async def test_a_digest_is_set_from_now_on(guilds):
    await guilds.set_digest(GUILD, PUBLIC, 6, 23, "America/Sao_Paulo")
    guild = await guilds.get(GUILD)
    assert (guild.digest_channel_id, guild.digest_weekday, guild.digest_hour) == (PUBLIC, 6, 23)
    assert guild.timezone == "America/Sao_Paulo"
    assert datetime.now(UTC) - guild.digest_since < timedelta(minutes=1)


async def test_the_digest_is_switched_off(guilds):
    await guilds.set_digest(GUILD, PUBLIC, 6, 23, "UTC")
    await guilds.digest_off(GUILD)
    guild = await guilds.get(GUILD)
    assert (guild.digest_channel_id, guild.digest_weekday) == (None, 6)


async def test_the_digest_is_lost_with_its_channel_and_says_why_until_it_is_set_again(guilds):
    await guilds.set_digest(GUILD, PUBLIC, 6, 23, "UTC")
    assert not await guilds.digest_lost(GUILD, HIDDEN, "another channel is gone")
    assert (await guilds.get(GUILD)).digest_channel_id == PUBLIC
    assert [await guilds.digest_lost(GUILD, PUBLIC, "it is gone") for _ in range(2)] == [True, False]
    guild = await guilds.get(GUILD)
    assert (guild.digest_channel_id, guild.digest_trouble) == (None, "it is gone")
    await guilds.set_digest(GUILD, HIDDEN, 6, 23, "UTC")
    assert (await guilds.get(GUILD)).digest_trouble == ""
    await guilds.digest_lost(GUILD, HIDDEN, "it is gone")
    await guilds.digest_off(GUILD)
    assert (await guilds.get(GUILD)).digest_trouble == ""


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "Europe", "a\0b"])
async def test_a_time_zone_that_there_is_not_is_refused(guilds, zone):
    with pytest.raises(NotFound, match="Europe/Berlin"):
        await guilds.set_digest(GUILD, PUBLIC, 0, 0, zone)
    assert (await guilds.get(GUILD)).digest_channel_id is None


async def test_the_last_name_counts_and_stays_in_its_server(guilds):
    await guilds.remember(GUILD, ANA, "Ana")
    await guilds.remember(GUILD, ANA, "Ana Banana")
    await guilds.remember(GUILD + 1, ANA, "Anna")
    assert await guilds.names(GUILD, [ANA, BEN]) == {ANA: "Ana Banana"}
