"""What counts as liked and disliked."""

from datetime import timedelta

from bot.taste.evidence import EXAMPLES, FEW_LIKES, NO_EXTRA, Extra, favourites, member_taste, server_taste
from bot.taste.explain import Evidence
from bot.taste.feedback import Vote
from tests.support.library import ANA, BEN, CLEO, START


def votes(*rows: tuple[int, int, int]) -> list[Vote]:
    """Votes (track, member, kind), newest first."""
    return [
        Vote(track, user, kind, START - timedelta(minutes=i)) for i, (track, user, kind) in enumerate(rows)
    ]


def test_favourites_are_ahead_most_first_then_the_latest_liked():
    found = votes((1, ANA, 1), (2, ANA, 1), (3, ANA, 1), (3, BEN, 1), (4, ANA, 1), (4, BEN, -1), (5, ANA, -1))
    assert favourites(found) == [(3, 2), (1, 1), (2, 1)]
    assert favourites(found, -1) == [(5, 1)]


def test_a_members_taste_newest_first():
    found = votes((1, BEN, 1), (3, BEN, -1), (4, BEN, 1), (5, BEN, 1))
    taste = member_taste(found, [9], NO_EXTRA)
    assert list(taste.positives) == [1, 4, 5]
    assert taste.negatives == [3]
    assert taste.known == {1, 3, 4, 5, 9}
    assert taste.note == ""


def test_shares_speak_only_while_there_are_few_likes_and_not_against_a_dislike():
    few = votes((1, BEN, 1), (8, BEN, -1))
    assert member_taste(few, [9, 8], NO_EXTRA).positives == {1: Evidence.LIKED, 9: Evidence.SHARED}
    enough = votes(*((track, BEN, 1) for track in range(FEW_LIKES)))
    assert Evidence.SHARED not in member_taste(enough, [9], NO_EXTRA).positives.values()


def test_examples_are_limited_to_the_newest_but_all_that_is_known_stays_known():
    found = votes(
        *((track, BEN, 1) for track in range(100)), *((track, BEN, -1) for track in range(100, 200))
    )
    taste = member_taste(found, [], NO_EXTRA)
    assert list(taste.positives) == list(range(EXAMPLES))
    assert taste.negatives == list(range(100, 100 + EXAMPLES))
    assert taste.known == set(range(200))


def test_likes_of_a_track_are_counted_over_all_members():
    taste = server_taste(votes((1, BEN, 1), (1, CLEO, 1), (1, ANA, -1)), NO_EXTRA)
    assert taste.likes[1] == 2


def test_extra_feedback_comes_first_and_wins():
    found = votes((1, BEN, 1), (2, BEN, -1))
    taste = member_taste(found, [], Extra(likes=(2, 7), dislikes=(1,)))
    assert list(taste.positives) == [2, 7]
    assert taste.negatives == [1]
    taste = server_taste(found, Extra(likes=(2,), dislikes=(1,)))
    assert taste.positives == {2: Evidence.LIKED}
    assert taste.negatives == [1]
