"""What the weekly digest says."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.digest.posting import DueDigest
from bot.errors import NotFound
from bot.periods import Schedule, Week
from models import Guild
from tests.support.library import ANA, BEN, CLEO, GUILD, HIDDEN, PUBLIC, START, add_share
from tests.support.scene import DISLIKE, LIKE, Scene, near

ROCK, JAZZ, FOLK = 0, 1, 2
MONDAY, WEDNESDAY, SUNDAY = 0, 2, 6
WEEK = "2026-W45"  # START is its Monday at noon; its digest is due on Friday at 18:00 UTC
DAY = 24 * 60
HERE = frozenset({PUBLIC})


@pytest.fixture(autouse=True)
async def digest_on_fridays(scene: Scene) -> None:
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "UTC")


async def fill(scene: Scene) -> dict[str, int]:
    """A library from long ago, and two songs of this week."""
    ids = {}
    for i in range(6):
        ids[f"rock {i}"] = await scene.add(f"rock {i}", near(ROCK, 0.05 * i), minutes=-60 * DAY)
    for i in range(3):
        ids[f"jazz {i}"] = await scene.add(f"jazz {i}", near(JAZZ, 0.1 * i), minutes=-60 * DAY)
    ids["new rock"] = await scene.add("new rock", near(ROCK, 0.12), user=BEN, minutes=DAY)
    ids["new folk"] = await scene.add("new folk", near(FOLK, 0.1), user=CLEO, minutes=0)
    return ids


async def test_the_weeks_songs_oldest_first_with_who_shared_them(scene):
    await fill(scene)
    content = await scene.digests.compose(GUILD, WEEK, None)
    assert [(c.title, c.first.user_id) for c in content.tracks] == [("new folk", CLEO), ("new rock", BEN)]
    assert content.headline == "2 songs from 2 members"
    assert (content.since, content.until) == (
        datetime(2026, 10, 30, 18, tzinfo=UTC),
        datetime(2026, 11, 6, 18, tzinfo=UTC),
    )


async def test_the_week_begins_when_the_last_digest_was_due_and_ends_when_this_one_is(scene):
    due = datetime(2026, 11, 6, 18, tzinfo=UTC)
    for title, at in {
        "too old": due - timedelta(days=7, seconds=1),
        "first": due - timedelta(days=7),
        "last": due - timedelta(seconds=1),
        "too new": due,
    }.items():
        await scene.add(title, near(ROCK, 0.1), minutes=(at - START).total_seconds() / 60)
    content = await scene.digests.compose(GUILD, WEEK, None)
    assert [c.title for c in content.tracks] == ["first", "last"]


async def test_a_week_begins_where_the_last_posted_digest_ended(scene):
    async def posted(week: str) -> tuple[datetime, datetime]:
        guild = await scene.guilds.get(GUILD)
        at = Schedule.of(guild).due(Week.parse(week))
        due = next(each for each in await scene.digests.due(at) if each.period == week)
        assert await scene.digests.claim(due, now=at)
        content = await scene.digests.prepare(due, None)
        await scene.digests.posted(due, 9000, now=at)
        assert (content.since, content.until) == (due.since, due.until)
        again = await scene.digests.compose(GUILD, week, None)
        assert (again.since, again.until) == (due.since, due.until)
        return due.since, due.until

    async def moved(weekday: int) -> None:
        await scene.guilds.set_digest(GUILD, PUBLIC, weekday, 18, "UTC")
        async with scene.store.begin() as session:
            await session.execute(update(Guild).values(digest_since=START - timedelta(days=30)))

    def at(day: int) -> datetime:
        return datetime(2026, 11, day, 18, tzinfo=UTC)

    await moved(MONDAY)
    assert await posted("2026-W46") == (at(2), at(9))
    assert await posted("2026-W47") == (at(9), at(16))
    await moved(SUNDAY)
    assert await posted("2026-W48") == (at(16), at(29))
    await moved(WEDNESDAY)
    assert await posted("2026-W49") == (at(29), datetime(2026, 12, 2, 18, tzinfo=UTC))
    first = await scene.digests.compose(GUILD, "2026-W46", None)  # as it was, whatever the schedule is now
    assert (first.since, first.until) == (at(2), at(9))


async def test_a_song_that_came_back_stands_with_this_weeks_share(scene):
    old = await scene.add("old", near(ROCK, 0.1), user=ANA, minutes=-60 * DAY)
    await add_share(scene.store, old, user=BEN, minutes=5)
    (card,) = (await scene.digests.compose(GUILD, WEEK, None)).tracks
    assert [share.user_id for share in card.shares] == [BEN]


async def test_a_name_from_a_hidden_channel_stays_there(scene):
    rock = [
        await scene.add(
            f"Secret {i}", near(ROCK, 0.05 * i), channel=HIDDEN, url=f"https://secret.example/{i}"
        )
        for i in range(6)
    ]
    for i, track in enumerate(rock):
        await add_share(scene.store, track, user=BEN, minutes=DAY, title=f"Open {i}")
        await scene.refresher.refresh_point(GUILD, track)
    await scene.vote(CLEO, LIKE, rock[0], rock[1])
    content = await scene.digests.compose(GUILD, WEEK, HERE)
    assert content.tracks and content.loved and content.pick and content.playlist
    assert "close to **Open" in content.pick.why and "Open" in content.playlist.name
    assert "ecret" not in repr(content) + content.pick.why


async def test_most_loved_counts_only_this_weeks_votes(scene):
    ids = await fill(scene)
    before = START - timedelta(days=30)
    await scene.vote(CLEO, LIKE, ids["jazz 0"], ids["jazz 1"], at=before)
    await scene.vote(BEN, LIKE, ids["jazz 2"], ids["new folk"])
    await scene.vote(3005, LIKE, ids["new folk"], ids["rock 1"])
    await scene.vote(BEN, DISLIKE, ids["rock 1"], ids["rock 2"])
    content = await scene.digests.compose(GUILD, WEEK, None)
    assert [c.title for c in content.loved] == ["new folk", "jazz 2"]


async def test_the_recommendation_is_near_what_the_server_likes_and_says_why(scene):
    ids = await fill(scene)
    await scene.vote(CLEO, LIKE, ids["rock 0"], ids["rock 1"])
    content = await scene.digests.compose(GUILD, WEEK, None)
    assert content.pick.card.title == "rock 2"
    assert content.pick.why == f"close to **rock 1**, which 1 member 👍 · shared by <@{ANA}>"


async def test_the_recommendation_is_another_one_each_week_until_all_had_their_turn(scene):
    ids = await fill(scene)
    await scene.vote(BEN, LIKE, *(ids[f"rock {i}"] for i in range(4)))
    await scene.vote(BEN, DISLIKE, *(ids[f"jazz {i}"] for i in range(3)), ids["new folk"])
    posted = []
    for number in range(4):
        now = START + timedelta(days=7 * number)
        due = DueDigest(GUILD, f"2026-W{45 + number}", PUBLIC, now, now - timedelta(days=7), now)
        content = await scene.digests.prepare(due, None)
        posted.append(content.pick.card.title)
        await scene.digests.posted(due, 9000 + number, now=now)
    assert posted == ["new rock", "rock 4", "rock 5", "new rock"]


async def test_the_playlist_is_around_what_was_loved_this_week(scene):
    ids = await fill(scene)
    await scene.vote(CLEO, LIKE, ids["rock 3"])
    playlist = (await scene.digests.compose(GUILD, WEEK, None)).playlist
    assert playlist.name == "around rock 3"
    assert {c.title for c in playlist.cards} == {"new rock", *(f"rock {i}" for i in range(6))}


async def test_the_playlist_is_around_a_new_song_if_nobody_voted_and_skips_those_that_stand_alone(scene):
    await fill(scene)
    await scene.add("lone", [0, 0, 0, 1], minutes=2 * DAY)
    assert (await scene.digests.compose(GUILD, WEEK, None)).playlist.name == "around new rock"


async def test_disliked_songs_are_in_no_playlist(scene):
    ids = await fill(scene)
    await scene.vote(CLEO, LIKE, ids["rock 3"])
    await scene.vote(CLEO, DISLIKE, ids["rock 2"], ids["new rock"])
    playlist = (await scene.digests.compose(GUILD, WEEK, None)).playlist
    assert {c.title for c in playlist.cards} == {"rock 0", "rock 1", "rock 3", "rock 4", "rock 5"}


async def test_nothing_is_told_of_channels_that_not_everybody_sees(scene):
    for i in range(6):
        secret = await scene.add(f"secret {i}", near(ROCK, 0.05 * i), channel=HIDDEN)
        if i < 3:
            await scene.vote(BEN, LIKE, secret)
    shown = await scene.add("open", near(ROCK, 0.1))
    content = await scene.digests.compose(GUILD, WEEK, HERE)
    assert [c.id for c in content.tracks] == [shown]
    assert content.loved == ()
    assert content.pick is None
    assert content.playlist is None


async def test_an_empty_week_says_so_kindly_and_the_rest_stays(scene):
    ids = await fill(scene)
    await scene.vote(CLEO, LIKE, ids["rock 0"], at=START - timedelta(days=30))
    content = await scene.digests.compose(GUILD, "2026-W50", None)
    assert content.headline.startswith("A quiet week")
    assert content.tracks == content.loved == ()
    assert content.pick.card.title == "rock 1"
    assert content.playlist.name == "around rock 0"


async def test_an_empty_server_has_an_empty_digest(scene):
    content = await scene.digests.compose(GUILD, WEEK, None)
    assert (content.tracks, content.loved, content.pick, content.playlist) == ((), (), None, None)


async def test_a_preview_covers_the_seven_days_until_now_by_the_servers_clock(scene):
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "Europe/Berlin")
    now = datetime(2026, 10, 28, 12, tzinfo=UTC)  # clocks went back on the 25th
    content = await scene.digests.preview(GUILD, None, now=now)
    assert content.period == "2026-W44"
    assert (content.since, content.until) == (now - timedelta(days=7, hours=1), now)


async def test_a_preview_is_of_the_week_that_it_is_on_the_servers_wall(scene):
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "Pacific/Apia")
    sunday_in_london = datetime(2026, 11, 8, 20, tzinfo=UTC)
    assert (await scene.digests.preview(GUILD, None, now=sunday_in_london)).period == "2026-W46"


async def test_what_is_no_week_is_refused(scene):
    with pytest.raises(NotFound, match="2026-W07"):
        await scene.digests.compose(GUILD, "last week", None)
