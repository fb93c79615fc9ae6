"""What a digest finds in a library: its dates, its numbers, and what stands out."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, update

from bot.digest import composer
from bot.digest.banner import banner_of
from bot.digest.export import sections
from bot.playlists.playlist import PlaylistKind
from bot.playlists.reader import MusicReader
from bot.playlists.vibes import MIN_SONGS
from bot.suggestions.wording import ForTerminal
from models import Track
from tests.support.library import ANA, BEN, CLEO, GUILD, PUBLIC, START, add_share, add_track
from tests.support.scene import DISLIKE, LIKE, Scene, near

ROCK, JAZZ, FOLK = 0, 1, 2
WEEK = "2026-W45"  # the seven days until Friday, 6 November, 18:00 UTC
LONG_AGO = START - timedelta(days=60)
NAMES = {ANA: "ana", BEN: "ben", CLEO: "cleo"}


@pytest.fixture(autouse=True)
async def digest_on_fridays(scene: Scene) -> None:
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "UTC")


async def shared(
    scene: Scene, title: str, at: datetime, sounds: list[float] | None = None, user: int = ANA
) -> int:
    minutes = (at - START).total_seconds() / 60
    return await scene.add(title, sounds or near(ROCK, 0.1), user=user, minutes=minutes)


async def again(scene: Scene, track_id: int, user: int) -> None:
    """A member shares a song once more, in WEEK."""
    await add_share(scene.store, track_id, user=user, minutes=60)


async def old_rock(scene: Scene, number: int = 8) -> list[int]:
    return [await shared(scene, f"rock {i}", LONG_AGO, near(ROCK, 0.05 * i)) for i in range(number)]


async def describe(scene: Scene, ids: list[int], features: Mapping[str, float]) -> None:
    async with scene.store.begin() as session:
        await session.execute(update(Track).where(Track.id.in_(ids)).values(features=features))


async def said(scene: Scene, period: str = WEEK) -> dict[str, list[str]]:
    """A composed digest in words."""
    return sections(await scene.digests.compose(GUILD, period, None), ForTerminal(NAMES))


# -- when --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("period", "dates"),
    [
        ("2026-W44", "26 October to 1 November 2026"),
        ("2026-W47", "16 to 22 November 2026"),
        ("2026-W53", "28 Dec 2026 to 3 Jan 2027"),
        ("2026-11", "November 2026"),
        ("2026", "2026"),
    ],
)
async def test_its_dates_are_those_of_the_servers_calendar(scene, zone, period, dates):
    await scene.guilds.set_digest(GUILD, PUBLIC, 7 if period[5:6] == "W" else 0, 0, zone)
    assert banner_of(await scene.digests.compose(GUILD, period, None)).period == dates


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    ("length", "dates"), [("month", "1 to 30 November 2026"), ("year", "1 Dec 2025 to 30 Nov 2026")]
)
async def test_a_preview_tells_its_days(scene, zone, length, dates):
    await scene.guilds.set_digest(GUILD, PUBLIC, 0, 0, zone)
    now = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    content = await scene.digests.preview(GUILD, None, length=length, now=now)
    assert banner_of(content).period == dates


async def test_a_year_until_now_begins_with_the_month_that_it_began_in(scene):
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for at in (now - timedelta(days=364), now - timedelta(days=1)):
        await shared(scene, str(at), at)
    banner = banner_of(await scene.digests.preview(GUILD, None, length="year", now=now))
    assert [label for label, bar in zip(banner.bar_labels, banner.bars, strict=True) if bar] == [
        "November 2025",
        "November 2026",
    ]
    assert banner.period == "21 Nov 2025 to 20 Nov 2026"


# -- against the time before -------------------------------------------------------------------------------


async def test_the_week_is_compared_with_the_one_before(scene):
    song = await shared(scene, "one", START, user=BEN)
    last_week = [await shared(scene, f"old {i}", START - timedelta(days=7), user=ANA) for i in range(3)]
    await scene.vote(CLEO, LIKE, song)
    await scene.vote(CLEO, LIKE, *last_week, at=START - timedelta(days=7))
    await scene.vote(ANA, DISLIKE, song)
    assert (await said(scene))["In numbers"] == ["1 song ▼2", "1 member", "1 like ▼2"]
    numbers = banner_of(await scene.digests.compose(GUILD, WEEK, None)).numbers
    assert [(each.value, each.label, each.change) for each in numbers] == [
        (1, "song", -2),
        (1, "member", 0),
        (1, "like", -2),
    ]


async def test_november_is_compared_with_all_of_october(scene):
    await scene.guilds.set_digest(GUILD, PUBLIC, 0, 9, "Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    for month, day, hour in ((9, 30, 23), (10, 1, 0), (10, 31, 23), (11, 15, 12)):
        await shared(scene, f"{month} {day}", datetime(2026, month, day, hour, 30, tzinfo=berlin))
    assert (await said(scene, "2026-11"))["In numbers"] == ["1 song ▼1", "1 member", "0 likes"]


@pytest.mark.parametrize("week", ["2026-W43", "2026-W44", "2026-W45"])
async def test_where_clocks_change_a_week_is_compared_with_the_week_before(scene, week):
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "Europe/Berlin")
    content = await scene.digests.compose(GUILD, week, None)
    start = (content.since.astimezone(content.zone) - timedelta(days=7)).astimezone(UTC)
    await shared(scene, "too old", start - timedelta(seconds=1))
    for at in (start, content.since - timedelta(seconds=1), content.since):
        await shared(scene, str(at), at)
    for found in (
        await scene.digests.compose(GUILD, week, None),
        await scene.digests.preview(GUILD, None, now=content.until),
    ):
        assert (found.tally.songs, found.before.songs) == (1, 2)


async def test_a_preview_is_compared_with_the_seven_days_before_by_the_servers_clock(scene):
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "Europe/Berlin")
    now = datetime(2026, 10, 31, 11, tzinfo=UTC)  # noon; clocks went back on the 25th
    for day, hour, minute in ((17, 9, 59), (17, 10, 0), (24, 9, 59), (24, 10, 0)):
        at = datetime(2026, 10, day, hour, minute, tzinfo=UTC)
        await shared(scene, str(at), at)
    found = await scene.digests.preview(GUILD, None, now=now)
    assert (found.tally.songs, found.before.songs) == (1, 2)


# -- what stands out ---------------------------------------------------------------------------------------


async def test_only_this_weeks_votes_are_told(scene):
    rock = await old_rock(scene, 3)
    for user in (BEN, CLEO, 3005, 3006):
        await scene.vote(user, LIKE, rock[0], rock[1], at=LONG_AGO)
    await scene.vote(3007, LIKE, rock[0], rock[1])
    await scene.vote(3008, DISLIKE, rock[1])
    found = await said(scene)
    assert found["Most loved"] == ["“rock 0” · shared by ana, 1 like"]
    assert found["Most divisive"] == ["“rock 1” · shared by ana, 1 like, 1 dislike"]
    assert found["Shared what people liked"] == ["ana (2 likes)"]


async def test_who_shared_first_is_credited_when_a_song_comes_back(scene):
    rock = await old_rock(scene)
    odd = await shared(scene, "odd", LONG_AGO, near(FOLK, 0.1), user=CLEO)
    await again(scene, odd, BEN)
    await again(scene, rock[0], ANA)
    found = await said(scene)
    assert found["Shared this week (2)"] == [
        "“rock 0” · shared by ana",
        "“odd” · shared by ben, first shared by cleo",
    ]
    content = await scene.digests.compose(GUILD, WEEK, None)
    assert content.outlier.card.first.user_id == CLEO
    assert found["Outlier of the week"] == ["“odd” · the nearest songs are 0% like it"]


async def test_how_the_sound_moved(scene):
    await describe(scene, await old_rock(scene), {"tempo": 100.0})
    new = [await shared(scene, f"new {i}", START, near(JAZZ, 0.1 * i)) for i in range(3)]
    await describe(scene, new, {"tempo": 150.0})
    assert (await said(scene))["How the sound moved"] == ["This week was faster (150 against 100 bpm)."]


async def test_all_newcomers_but_those_who_want_no_mention(scene):
    await old_rock(scene, 1)
    for user in (ANA, *range(3101, 3107)):
        await shared(scene, f"by {user}", START, user=user)
    await scene.guilds.set_quiet(GUILD, 3103, "quiet", quiet=True)
    found = await scene.digests.compose(GUILD, WEEK, None)
    assert [each.user_id for each in found.newcomers] == [3101, 3102, 3104, 3105, 3106]


async def test_a_newcomers_first_song_is_the_one_that_they_shared_first(scene):
    anas = await shared(scene, "Ana's", START - timedelta(hours=3), user=ANA)
    await shared(scene, "Ben's own", START - timedelta(hours=2), user=BEN)
    await again(scene, anas, BEN)
    found = await scene.digests.compose(GUILD, WEEK, None)
    assert {(each.user_id, each.card.title) for each in found.newcomers} == {
        (ANA, "Ana's"),
        (BEN, "Ben's own"),
    }


async def test_the_sleeper_is_the_closest_also_where_there_are_too_few_for_a_playlist(scene):
    now = datetime.now(UTC)
    ago = now - timedelta(days=30)
    loved = await shared(scene, "loved", ago, near(ROCK, 0.0))
    for i in range(8):
        jazz = await shared(scene, f"jazz {i}", ago, near(JAZZ, 0.1 * i))
        await scene.vote(BEN, DISLIKE, jazz, at=ago)
    await scene.vote(BEN, LIKE, loved, at=ago)
    for by in (0.5, 0.1, 0.3):
        await shared(scene, f"sleeper {by}", ago, near(ROCK, by))
    content = await scene.digests.preview(GUILD, None)
    assert PlaylistKind.SLEEPERS not in {playlist.kind for playlist in content.playlists}
    assert content.sleeper.card.title == "sleeper 0.1"
    assert content.sleeper.explain(ForTerminal()).endswith("% like “loved”, which 1 member 👍")


# -- how often it reads ------------------------------------------------------------------------------------


async def test_songs_votes_and_week_are_read_once_for_a_digest(scene, monkeypatch):
    now = datetime.now(UTC)
    for i in range(MIN_SONGS + 2):
        at = now - timedelta(days=2 if i % 2 else 60)
        song = await shared(scene, f"song {i}", at, near((ROCK, JAZZ)[i % 2], 0.05 * i))
        await scene.vote(BEN, LIKE, song, at=now - timedelta(days=1))
    await scene.playlists.vibes(GUILD, None)  # so that none need be found
    read: Counter[str] = Counter()

    def counting(name):
        original = getattr(MusicReader, name)

        async def method(reader, *args):
            read[name] += 1
            return await original(reader, *args)

        return method

    for name in ("library", "votes", "week"):
        monkeypatch.setattr(MusicReader, name, counting(name))
    statements: Counter[tuple[str, str]] = Counter()

    def note(_connection, _cursor, statement, parameters, _context, _many):
        statements[statement, str(parameters)] += 1

    engine = scene.store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    content = await scene.digests.preview(GUILD, None)
    event.remove(engine, "before_cursor_execute", note)
    assert content.loved and content.moved and content.playlists
    assert read == {"library": 1, "votes": 1, "week": 1}
    of_music = ("JOIN sources", "FROM vibes", "FROM playlist")  # the recommender reads votes for itself
    again = [statement for (statement, _), times in statements.items() if times > 1]
    assert not [statement for statement in again if any(table in statement for table in of_music)]


# -- play order --------------------------------------------------------------------------------------------


async def test_in_playing_order_come_the_first_songs_then_those_nobody_heard(scene, monkeypatch):
    await add_track(scene.store, "unheard")
    for i in range(5):
        await shared(scene, f"song {i}", START + timedelta(minutes=1 + i), near(ROCK, 0.15 * i))
    days = (START - timedelta(days=1), START + timedelta(days=1))
    found = await scene.digests.in_playing_order(GUILD, await scene.digests.songs(GUILD, *days, None), None)
    assert len(found) == 6 and found[-1].title == "unheard"
    monkeypatch.setattr(composer, "MAX_ORDERED", 3)
    first = await scene.digests.in_playing_order(GUILD, await scene.digests.songs(GUILD, *days, None), None)
    assert {card.title for card in first} == {"unheard", "song 0", "song 1"}
    assert first[-1].title == "unheard"
