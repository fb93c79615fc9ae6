"""What was suggested and what became of it."""

from datetime import timedelta

import pytest

from bot.errors import NotFound
from bot.taste.evidence import Signal
from bot.taste.explain import Evidence, Reason
from bot.taste.history import History
from bot.taste.picks import Pick
from models import Suggestion
from tests.support.library import ANA, BEN, CLEO, GUILD, PUBLIC, START
from tests.support.scene import DISLIKE, LIKE, Scene, near

ROCK = 0
LATER = START + timedelta(days=3)


@pytest.fixture
def history(scene: Scene) -> History:
    return History(scene.store, scene.feedback)


async def suggest(
    scene: Scene,
    user: int,
    *tracks: int,
    at=START,
    arm: str = "",
    asked: int | None = None,
    kind: str = "recommend",
) -> int:
    """An answer that showed these tracks."""
    cards = await scene.catalog.cards(GUILD, tracks, None)
    picks = [Pick(card, 0.5, Reason(Evidence.LIKED, 50), arm=arm) for card in cards]
    answer = await scene.answers.save(
        GUILD,
        channel_id=PUBLIC,
        user_id=user,
        kind=kind,
        private=False,
        heading="",
        picks=picks,
        track_id=asked,
    )
    page = await scene.answers.page(answer, 0, None)
    await scene.answers.shown(page, 10**7 + answer, now=at)
    return answer


async def signals(history: History, user: int | None = BEN, now=LATER) -> set[tuple[int, Signal]]:
    return {(event.track_id, event.signal) for event in await history.events(GUILD, user, now=now)}


async def test_everything_that_a_member_did_is_evidence(scene, history):
    mine = await scene.add("mine", near(ROCK, 0), user=BEN)
    liked, disliked, hidden, asked, shown = [await scene.add(f"song {i}", near(ROCK, 0.1)) for i in range(5)]
    await scene.vote(BEN, LIKE, liked)
    await scene.vote(BEN, DISLIKE, disliked)
    await history.hide(GUILD, BEN, hidden, at=START)
    await suggest(scene, BEN, shown, asked=asked)
    assert await signals(history) == {
        (mine, Signal.SHARED),
        (liked, Signal.LIKED),
        (disliked, Signal.DISLIKED),
        (hidden, Signal.HIDDEN),
        (asked, Signal.MORE),
        (shown, Signal.IGNORED),
    }
    assert await signals(history, CLEO) == set()
    assert {track for track, signal in await signals(history, None) if signal is Signal.SHARED} >= {
        mine,
        liked,
    }


async def test_a_suggestion_is_ignored_only_after_a_day_and_without_a_word(scene, history):
    voted, silent = [await scene.add(f"song {i}", near(ROCK, 0.1)) for i in range(2)]
    await suggest(scene, BEN, voted, silent, at=START)
    await scene.vote(BEN, LIKE, voted, at=START + timedelta(hours=1))
    assert (silent, Signal.IGNORED) not in await signals(history, now=START + timedelta(hours=2))
    assert (silent, Signal.IGNORED) in await signals(history)
    assert (voted, Signal.IGNORED) not in await signals(history)


async def test_hiding_can_be_taken_back_and_is_each_members_own(scene, history):
    track = await scene.add("song", near(ROCK, 0))
    await history.hide(GUILD, BEN, track)
    await history.hide(GUILD, BEN, track)
    assert (track, Signal.HIDDEN) in await signals(history)
    assert (track, Signal.HIDDEN) not in await signals(history, CLEO)
    await history.unhide(GUILD, BEN, track)
    assert (track, Signal.HIDDEN) not in await signals(history)
    with pytest.raises(NotFound):
        await history.hide(GUILD, BEN, 999)


async def test_acceptance_by_week_reason_and_arm(scene, history):
    tracks = [await scene.add(f"song {i}", near(ROCK, 0.1)) for i in range(4)]
    await scene.vote(CLEO, LIKE, tracks[3], at=START - timedelta(days=1))  # before it was suggested
    await suggest(scene, BEN, *tracks[:3], at=START, arm="ours")
    await suggest(scene, BEN, tracks[3], at=START - timedelta(hours=1), arm="plain")
    await scene.vote(BEN, LIKE, tracks[0], at=START + timedelta(hours=1))
    await scene.vote(ANA, LIKE, tracks[0], at=START + timedelta(hours=2))
    await scene.vote(BEN, DISLIKE, tracks[1], at=START + timedelta(hours=1))
    found = await history.acceptance(GUILD, now=LATER)
    assert [(row.week, row.evidence, row.arm, row.shown, row.liked, row.disliked) for row in found] == [
        ("2026-W45", Evidence.LIKED, "plain", 1, 0, 0),
        ("2026-W45", Evidence.LIKED, "ours", 3, 1, 1),
    ]


async def taken(history: History) -> list[tuple[str, int, int]]:
    """The arm, and how many were liked and disliked; one arm for each answer tells them apart."""
    return [(row.arm, row.liked, row.disliked) for row in await history.acceptance(GUILD, now=LATER)]


async def test_only_the_vote_of_whoever_asked_accepts_a_suggestion(scene, history):
    track = await scene.add("song", near(ROCK, 0.1))
    await suggest(scene, BEN, track, arm="ben")
    await scene.vote(CLEO, LIKE, track, at=START + timedelta(hours=1))
    assert await taken(history) == [("ben", 0, 0)]
    await scene.vote(BEN, DISLIKE, track, at=START + timedelta(hours=2))
    assert await taken(history) == [("ben", 0, 1)]


async def test_a_vote_counts_for_the_latest_suggestion_before_it_alone(scene, history):
    track = await scene.add("song", near(ROCK, 0.1))
    for hours, user, arm in (
        (0, BEN, "first"),
        (1, BEN, "second"),
        (2, CLEO, "another's"),
        (4, BEN, "third"),
    ):
        await suggest(scene, user, track, at=START + timedelta(hours=hours), arm=arm)
    await scene.vote(BEN, LIKE, track, at=START + timedelta(hours=3))
    assert sorted(await taken(history)) == [
        ("another's", 0, 0),
        ("first", 0, 0),
        ("second", 1, 0),
        ("third", 0, 0),
    ]


async def test_what_the_bot_posted_itself_anybody_accepts(scene, history):
    track = await scene.add("song", near(ROCK, 0.1))
    await suggest(scene, 0, track, arm="posted", kind="digest")
    await scene.vote(BEN, LIKE, track, at=START + timedelta(hours=1))
    await scene.vote(CLEO, DISLIKE, track, at=START + timedelta(hours=1))
    assert await taken(history) == [("posted", 1, 1)]


async def test_suggestions_to_somebody_who_is_forgotten_count_no_more(scene, history):
    track = await scene.add("song", near(ROCK, 0.1))
    await suggest(scene, 0, track, arm="forgotten")
    await scene.vote(CLEO, LIKE, track, at=START + timedelta(hours=1))
    assert await taken(history) == []


async def test_two_strategies_can_be_compared_and_no_others(scene, history):
    await scene.add("song", near(ROCK, 0))
    assert await history.arms(GUILD) == ()
    await history.compare(GUILD, ["ours", "plain"])
    assert await history.arms(GUILD) == ("ours", "plain")
    await history.compare(GUILD, [])
    assert await history.arms(GUILD) == ()
    for wrong in (["ours"], ["ours", "ours"], ["ours", "magic"]):
        with pytest.raises(NotFound):
            await history.compare(GUILD, wrong)


async def test_a_suggestion_keeps_its_arm(scene):
    track = await scene.add("song", near(ROCK, 0))
    answer = await suggest(scene, BEN, track, arm="plain")
    async with scene.store.session() as session:
        assert (await session.get(Suggestion, (answer, 1))).arm == "plain"
