"""What counts as liked and disliked, and for how much."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.taste.evidence import (
    DECAY_FLOOR,
    HALF_LIFE_DAYS,
    NO_EXTRA,
    Event,
    ExtraEvidence,
    Signal,
    favourites,
    strength,
    taste_of,
    vote_events,
    with_extra,
)
from bot.taste.feedback import Vote
from models import VoteKind
from tests.support.library import ANA, BEN, CLEO, START

events = st.builds(
    Event,
    track_id=st.integers(1, 4),
    user_id=st.sampled_from([ANA, BEN, CLEO]),
    signal=st.sampled_from(Signal),
    at=st.integers(0, 900).map(lambda days: START - timedelta(days=days)),
)
moments = st.builds(
    replace, events, visible_to_reader=st.booleans(), at=st.sampled_from([START, START - timedelta(days=1)])
)
histories = st.lists(events, max_size=12, unique_by=lambda e: (e.track_id, e.user_id, e.signal))


def event(track: int, signal: Signal, *, user: int = BEN, days: float = 0) -> Event:
    return Event(track, user, signal, START - timedelta(days=days))


def votes(*rows: tuple[int, int, int]) -> list[Vote]:
    """Votes (track, member, kind), newest first."""
    return [
        Vote(track, user, VoteKind(kind), START - timedelta(minutes=i))
        for i, (track, user, kind) in enumerate(rows)
    ]


def test_favourites_are_ahead_most_first_then_the_latest_liked():
    found = votes((1, ANA, 1), (2, ANA, 1), (3, ANA, 1), (3, BEN, 1), (4, ANA, 1), (4, BEN, -1), (5, ANA, -1))
    assert favourites(found) == [(3, 2), (1, 1), (2, 1)]
    assert favourites(found, VoteKind.DISLIKE) == [(5, 1)]


# -- weights ------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(histories, st.randoms())
def test_taking_back_is_the_exact_inverse(history, random):
    """Whatever came and went, and in whatever order, only what stands now counts."""
    for event_ in list(history):
        without = [each for each in history if each is not event_]
        shuffled = random.sample([*without, event_], len(history))
        assert taste_of(shuffled, START, own=True).weights == taste_of(history, START, own=True).weights
        assert taste_of([each for each in shuffled if each is not event_], START, own=True) == taste_of(
            without, START, own=True
        )


@settings(deadline=None, max_examples=40)
@given(histories, st.integers(1, 4), st.integers(0, 300))
def test_a_like_raises_a_tracks_weight_and_a_dislike_lowers_it(history, track, days):
    before = taste_of(history, START, own=True).weights.get(track, 0)
    liked = taste_of([*history, event(track, Signal.LIKED, user=99, days=days)], START, own=True)
    disliked = taste_of([*history, event(track, Signal.DISLIKED, user=99, days=days)], START, own=True)
    assert disliked.weights.get(track, 0) < before < liked.weights.get(track, 0)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(Signal), st.floats(0, 2000), st.floats(0, 2000))
def test_evidence_fades_and_never_changes_sides(signal, one, other):
    younger, older = sorted((one, other))
    now, then = (strength(event(1, signal, days=days), START, HALF_LIFE_DAYS) for days in (younger, older))
    assert abs(then) <= abs(now) and now * then > 0


def test_after_a_half_life_it_counts_half_and_never_less_than_a_tenth():
    fresh = strength(event(1, Signal.LIKED), START, 30)
    assert strength(event(1, Signal.LIKED, days=30), START, 30) == pytest.approx(fresh / 2)
    assert strength(event(1, Signal.LIKED, days=9999), START, 30) == pytest.approx(fresh * DECAY_FLOOR)
    assert strength(event(1, Signal.LIKED, days=-5), START, 30) == fresh  # a clock that is behind


def test_a_dislike_outweighs_a_like_and_everything_else_is_mild():
    assert (
        taste_of([event(1, Signal.LIKED), event(1, Signal.DISLIKED, user=CLEO)], START, own=True).weights[1]
        < 0
    )
    for signal in (Signal.SHARED, Signal.MORE, Signal.IGNORED):
        assert (
            0
            < abs(strength(event(1, signal), START, HALF_LIFE_DAYS))
            < strength(event(1, Signal.LIKED), START, HALF_LIFE_DAYS) / 2
        )


def test_the_same_thing_done_again_counts_once_when_it_was_done_last():
    again = [event(1, Signal.SHARED, days=300), event(1, Signal.SHARED, days=0)]
    assert taste_of(again, START, own=True).weights == taste_of(again[1:], START, own=True).weights


def test_members_evidence_adds_up():
    alone = taste_of([event(1, Signal.LIKED)], START, own=True).weights[1]
    together = taste_of([event(1, Signal.LIKED, user=user) for user in (ANA, BEN, CLEO)], START, own=True)
    assert together.weights[1] == pytest.approx(3 * alone)
    assert together.likes[1] == 3


def test_what_says_most_is_what_is_told():
    taste = taste_of([event(1, Signal.SHARED), event(1, Signal.LIKED, days=90)], START, own=True)
    assert taste.best[1].signal is Signal.LIKED
    taste = taste_of([event(1, Signal.LIKED), event(1, Signal.DISLIKED, user=CLEO)], START, own=True)
    assert taste.best[1].signal is Signal.DISLIKED


def test_only_what_a_member_really_knows_is_known():
    done = [event(track, signal) for track, signal in enumerate(Signal)]
    known = {done[track].signal for track in taste_of(done, START, own=True).known}
    assert known == set(Signal) - {Signal.IGNORED}


# -- order --------------------------------------------------------------------------------------------------

AT_ONCE = [some for size in (1, 2, 3) for some in combinations(Signal, size)]


@pytest.mark.parametrize("signals", AT_ONCE, ids="+".join)
@pytest.mark.parametrize("own", [True, False])
def test_of_events_at_one_time_none_counts_for_coming_first(signals, own):
    """One member alone, and two of them, one of whom did it where the reader can't look."""
    alone = [event(1, signal, user=BEN) for signal in signals]
    both = alone[:2] + [replace(each, user_id=CLEO, visible_to_reader=False) for each in alone[:2]]
    for done in (alone, both):
        tastes = [taste_of(order, START, own=own) for order in permutations(done)]
        assert all(taste == tastes[0] for taste in tastes)


def test_of_equals_the_signal_declared_first_says_most():
    done = [event(1, Signal.MORE), event(1, Signal.SHARED)]
    for order in permutations(done):
        assert taste_of(order, START, own=True).best[1].signal is Signal.SHARED


def test_of_equals_the_member_with_the_smaller_number_says_most():
    done = [event(1, Signal.LIKED, user=user) for user in (ANA, BEN, CLEO)]
    for order in permutations(done):
        assert taste_of(order, START, own=True).best[1].user_id == min(ANA, BEN, CLEO)


def test_the_same_thing_done_at_one_time_where_the_reader_can_look_and_where_not_is_known_to_them():
    done = [event(1, Signal.SHARED), replace(event(1, Signal.SHARED), visible_to_reader=False)]
    for order in permutations(done):
        assert taste_of(order, START, own=False).known == {1}


@settings(deadline=None, max_examples=40)
@given(st.lists(moments, max_size=12), st.randoms())
def test_no_order_of_any_events_changes_the_taste(history, random):
    shuffled = random.sample(history, len(history))
    for own in (True, False):
        assert taste_of(shuffled, START, own=own) == taste_of(history, START, own=own)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, -1])), max_size=12),
    st.randoms(),
)
def test_no_order_of_votes_changes_the_favourites(rows, random):
    at_once = [Vote(track, user, kind, START) for track, user, kind in rows]
    assert favourites(random.sample(at_once, len(rows))) == favourites(at_once)


# -- one question -------------------------------------------------------------------------------------------


def test_extra_feedback_takes_the_place_of_what_was_said():
    said = vote_events(votes((1, BEN, 1), (2, BEN, -1)))
    taste = taste_of(with_extra(said, ExtraEvidence(likes=(2, 7), dislikes=(1,)), START), START, own=True)
    assert {track for track, weight in taste.weights.items() if weight > 0} == {2, 7}
    assert {track for track, weight in taste.weights.items() if weight < 0} == {1}
    assert with_extra(said, NO_EXTRA, START) == said


def test_what_may_not_be_told_counts_for_their_own_eyes_only():
    hidden = Event(1, BEN, Signal.SHARED, START, visible_to_reader=False)
    assert (
        taste_of([hidden], START, own=True).weights.keys() == taste_of([hidden], START, own=True).known == {1}
    )
    others = taste_of([hidden], START, own=False)
    assert not others.weights and not others.known and not others.best
