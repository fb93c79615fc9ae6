"""Who posts which digest, and when: each once, whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bot.digest.posting import CLAIM_LEASE, LONGEST_DELAY, Digests, DueDigest
from bot.library.store import Store
from bot.periods import Week
from models import Digest, Guild
from tests.support.library import BEN, CLEO, GUILD, PUBLIC
from tests.support.scene import DISLIKE, LIKE, Scene, near

SET_UP = datetime(2026, 11, 4, 12, tzinfo=UTC)  # a Wednesday
FRIDAY = datetime(2026, 11, 6, 17, tzinfo=UTC)  # 18:00 in Berlin, of 2026-W45
MESSAGE = 8800
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def digests(scene: Scene) -> Digests:
    await set_up(scene.store, scene)
    return scene.digests


async def set_up(store: Store, scene: Scene, guild: int = GUILD, zone: str = "Europe/Berlin") -> None:
    """A digest on Fridays at 18:00, set up on that Wednesday."""
    await scene.guilds.set_digest(guild, PUBLIC, 4, 18, zone)
    async with store.begin() as session:
        await session.execute(update(Guild).where(Guild.id == guild).values(digest_since=SET_UP))


async def weeks(digests: Digests, now: datetime) -> list[str]:
    return [due.period for due in await digests.due(now)]


async def post(digests: Digests, now: datetime) -> None:
    (due,) = await digests.due(now)
    assert await digests.claim(due, now=now)
    await digests.posted(due, MESSAGE, now=now)


async def test_it_is_due_at_its_hour_not_before(digests):
    assert await digests.due(FRIDAY - timedelta(seconds=1)) == []
    (due,) = await digests.due(FRIDAY)
    assert (due.guild_id, due.period, due.channel_id, due.due_at) == (GUILD, "2026-W45", PUBLIC, FRIDAY)


async def test_weeks_before_it_was_set_up_are_not_posted(digests):
    assert await digests.due(SET_UP + timedelta(minutes=1)) == []


async def test_a_server_that_switched_it_off_gets_none(scene, digests):
    await scene.guilds.digest_off(GUILD)
    assert await digests.due(FRIDAY) == []


async def test_posted_is_posted(digests):
    await post(digests, FRIDAY)
    assert await weeks(digests, FRIDAY + timedelta(minutes=1)) == []
    assert await weeks(digests, FRIDAY + timedelta(days=6, hours=23)) == []
    assert await weeks(digests, FRIDAY + timedelta(days=7)) == ["2026-W46"]


async def test_after_downtime_it_is_posted_once_late_and_missed_weeks_are_skipped(digests):
    late = FRIDAY + timedelta(days=24)
    assert await weeks(digests, late) == ["2026-W48"]
    await post(digests, late)
    assert await weeks(digests, late) == []


async def test_a_clock_that_jumps_back_posts_nothing_again(digests):
    await post(digests, FRIDAY + timedelta(days=7))
    assert await weeks(digests, FRIDAY + timedelta(days=6)) == []
    assert await weeks(digests, FRIDAY) == []
    assert await weeks(digests, FRIDAY + timedelta(days=14)) == ["2026-W47"]


async def test_moving_the_hour_within_the_week_posts_no_second_one(scene, digests):
    await post(digests, FRIDAY)
    await scene.guilds.set_digest(GUILD, PUBLIC, 5, 9, "Europe/Berlin")
    async with scene.store.begin() as session:
        await session.execute(update(Guild).values(digest_since=SET_UP))
    assert await weeks(digests, FRIDAY + timedelta(days=1)) == []


async def test_of_many_that_try_one_gets_the_claim(settings, scene, digests):
    (due,) = await digests.due(FRIDAY)
    other = await Store.open(settings)
    try:
        second = Digests(other, scene.guilds, scene.answers, scene.composer, scene.playlists)
        tries = [each.claim(due, now=FRIDAY) for each in (digests, second) for _ in range(5)]
        assert sorted(await asyncio.gather(*tries)) == [0] * 9 + [1]
    finally:
        await other.close()


async def test_a_claim_is_left_alone_until_whoever_made_it_must_have_crashed(digests):
    (due,) = await digests.due(FRIDAY)
    assert await digests.claim(due, now=FRIDAY)
    soon, later = FRIDAY + CLAIM_LEASE - timedelta(seconds=1), FRIDAY + CLAIM_LEASE
    assert await digests.due(soon) == []
    assert not await digests.claim(due, now=soon)
    assert await digests.due(later) == [due]
    assert await digests.claim(due, now=later) == 2
    assert not await digests.claim(due, now=later)


async def test_after_a_restart_the_former_lifes_claim_is_taken_over_at_once(digests):
    (due,) = await digests.due(FRIDAY)
    await digests.claim(due, now=FRIDAY)
    await digests.take_over()
    assert await digests.due(FRIDAY) == [due]
    assert await digests.claim(due, now=FRIDAY)


async def test_a_restart_does_not_post_again_what_was_posted(digests):
    await post(digests, FRIDAY)
    await digests.take_over()
    assert await digests.due(FRIDAY) == []


async def test_what_failed_to_be_posted_is_due_again_later_and_later(digests):
    now, waited = FRIDAY, []
    for number in range(1, 10):
        (due,) = await digests.due(now)
        assert await digests.claim(due, now=now) == number
        await digests.put_off(due, number, now=now)
        delay = 1
        while not await digests.due(now + timedelta(minutes=delay)):
            delay += 1
        assert not await digests.claim(due, now=now + timedelta(minutes=delay, seconds=-1))
        waited.append(delay)
        now += timedelta(minutes=delay)
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    await digests.put_off(due, 10**9, now=now)  # never too late to try
    assert await digests.due(now + LONGEST_DELAY) == [due]


async def test_what_cannot_be_posted_there_is_nobodys(digests):
    (due,) = await digests.due(FRIDAY)
    await digests.claim(due, now=FRIDAY)
    await digests.release(due)
    assert await digests.due(FRIDAY) == [due]
    assert await digests.claim(due, now=FRIDAY) == 1


async def test_giving_up_late_does_not_undo_that_it_was_posted(digests):
    (due,) = await digests.due(FRIDAY)
    await post(digests, FRIDAY)
    await digests.release(due)
    await digests.put_off(due, 1, now=FRIDAY)
    assert await digests.due(FRIDAY) == []


async def test_each_server_by_its_own_clock(scene, digests):
    await set_up(scene.store, scene, GUILD + 1, "Asia/Kathmandu")
    await set_up(scene.store, scene, GUILD + 2, "America/Sao_Paulo")
    kathmandu, sao_paulo = datetime(2026, 11, 6, 12, 15, tzinfo=UTC), datetime(2026, 11, 6, 21, tzinfo=UTC)
    assert [due.guild_id for due in await digests.due(kathmandu)] == [GUILD + 1]
    assert [due.guild_id for due in await digests.due(sao_paulo)] == [GUILD, GUILD + 1, GUILD + 2]


async def test_it_is_kept_where_it_stands(scene, digests):
    await post(digests, FRIDAY)
    async with scene.store.session() as session:
        row = await session.get_one(Digest, (GUILD, "2026-W45"))
    assert (row.state, row.channel_id, row.message_id, row.posted_at) == ("posted", PUBLIC, MESSAGE, FRIDAY)


async def test_marks_on_the_posted_digest_are_about_its_recommendation(scene, digests):
    liked = await scene.add("liked", near(0, 0))
    first = await scene.add("first", near(0, 0.1))
    await scene.add("second", near(0, -0.2))
    await scene.vote(BEN, LIKE, liked)
    (due,) = await digests.due(FRIDAY)
    await digests.claim(due, now=FRIDAY)
    assert (await digests.prepare(due, None)).pick.card.id == first  # posting it failed
    await scene.vote(BEN, DISLIKE, first)
    content = await digests.prepare(due, None)
    await digests.posted(due, MESSAGE, now=FRIDAY)
    await scene.feedback.add_reaction(GUILD, MESSAGE, CLEO, LIKE)
    assert [vote.track_id for vote in await scene.feedback.votes(GUILD, CLEO)] == [content.pick.card.id]


async def test_the_next_digest(scene, digests):
    guild = await scene.guilds.get(GUILD)
    assert await digests.next_due(guild, FRIDAY - timedelta(minutes=1)) == FRIDAY
    assert await digests.next_due(guild, FRIDAY) == FRIDAY + timedelta(days=7)


async def test_the_next_digest_is_one_that_comes_also_after_the_weekday_was_moved(scene, digests):
    monday, tuesday = datetime(2026, 11, 16, 18, tzinfo=UTC), datetime(2026, 11, 17, 12, tzinfo=UTC)
    await move(scene, 0)
    await post(digests, monday)
    await move(scene, 6)
    promised = await digests.next_due(await scene.guilds.get(GUILD), tuesday)
    assert promised == datetime(2026, 11, 29, 18, tzinfo=UTC)
    came = [day for day in range(1, 14) if await digests.due(tuesday + timedelta(days=day, hours=6))]
    assert came[0] == 12
    (due,) = await digests.due(promised)
    assert (due.period, due.since, due.until) == ("2026-W48", monday, promised)


async def test_the_next_digest_is_none_that_a_year_or_another_server_had(scene, digests):
    async with scene.store.begin() as session:
        session.add(Guild(id=GUILD + 1))
        await session.flush()
        at = {"claimed_until": FRIDAY, "since": FRIDAY, "until": FRIDAY + timedelta(days=1)}
        about = {"state": "posted", "channel_id": PUBLIC, **at}
        session.add(Digest(guild_id=GUILD, period="2027", **about))
        session.add(Digest(guild_id=GUILD + 1, period="2026-W46", **about))
    guild = await scene.guilds.get(GUILD)
    assert await digests.next_due(guild, FRIDAY) == FRIDAY + timedelta(days=7)
    [due] = await digests.due(FRIDAY + timedelta(days=7))
    assert (due.since, due.until) == (FRIDAY, FRIDAY + timedelta(days=7))


async def move(scene: Scene, weekday: int) -> None:
    """The digest comes on another day, at 18:00 in London."""
    await scene.guilds.set_digest(GUILD, PUBLIC, weekday, 18, "UTC")
    async with scene.store.begin() as session:
        await session.execute(update(Guild).values(digest_since=SET_UP))


async def test_a_time_zone_that_is_gone_counts_as_utc(scene, digests):
    async with scene.store.begin() as session:
        await session.execute(update(Guild).values(timezone="Mars/Olympus"))
    assert await digests.next_due(await scene.guilds.get(GUILD), FRIDAY) == FRIDAY + timedelta(hours=1)


async def test_a_month_is_posted_once_on_the_first_such_day_after_it(scene, digests):
    await scene.guilds.set_digest(GUILD, PUBLIC, 4, 18, "Europe/Berlin", every="month")
    async with scene.store.begin() as session:
        await session.execute(update(Guild).values(digest_since=SET_UP))
    first = datetime(2026, 12, 4, 17, tzinfo=UTC)  # the first Friday of December, in Berlin
    october, november = [datetime(2026, month, 1, tzinfo=BERLIN).astimezone(UTC) for month in (10, 11)]
    assert await digests.due(first - timedelta(seconds=1)) == [
        DueDigest(GUILD, "2026-10", PUBLIC, FRIDAY, october, november)
    ]  # October's, since it was set up before that was due
    assert await weeks(digests, first) == ["2026-11"]
    await post(digests, first)
    assert await weeks(digests, first + timedelta(days=20)) == []
    content = await digests.compose(GUILD, "2026-11", None)
    assert content.since == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert content.until == datetime(2026, 11, 30, 23, tzinfo=UTC)


async def test_a_year_is_posted_beside_the_weeks_and_neither_hides_the_other(digests):
    new_year = datetime(2027, 1, 1, 17, tzinfo=UTC)  # a Friday
    assert await weeks(digests, new_year) == ["2026-W53", "2026"]
    for due in await digests.due(new_year):
        assert await digests.claim(due, now=new_year)
        await digests.posted(due, None if due.period == "2026" else MESSAGE, now=new_year)
    assert await weeks(digests, new_year + timedelta(days=1)) == []
    assert await weeks(digests, new_year + timedelta(days=7)) == ["2027-W01"]


async def test_what_a_digest_said_is_kept_as_posted_and_once(scene, digests):
    for number in range(20):
        await scene.add(f"song {number}", near(number % 2, 0.02 * number), minutes=number)
    now = datetime.now(UTC)
    due = DueDigest(GUILD, str(Week.of(now.date())), PUBLIC, now, now - timedelta(days=7), now)
    content = await digests.prepare(due, None)
    again = await digests.prepare(due, None)
    assert content.playlists and content.playlists == again.playlists
    kept = await scene.playlists.history(GUILD, None)
    assert sorted(each.playlist.key for each in kept) == sorted(p.key for p in content.playlists)
