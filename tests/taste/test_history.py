"""What was suggested and what became of it."""

from datetime import timedelta

import pytest

from bot.errors import NotFound
from bot.taste.evidence import Signal
from bot.taste.history import History
from tests.support.library import BEN, CLEO, GUILD, START
from tests.support.scene import DISLIKE, LIKE, Scene, near, suggest

ROCK = 0
LATER = START + timedelta(days=3)


@pytest.fixture
def history(scene: Scene) -> History:
    return History(scene.store, scene.feedback)


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
