"""Members beside each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.taste.similarity import LikeMatches, least_misery, taste_match

STYLES = np.eye(4)


def library(seed: int, each: int = 25):
    random = np.random.default_rng(seed)
    tracks = np.repeat(STYLES, each, axis=0) + random.normal(0, 0.15, (4 * each, 4))
    return tracks / np.linalg.norm(tracks, axis=1, keepdims=True)


def compared(tracks, one, other):
    matches = tracks @ tracks.T
    return taste_match(
        LikeMatches(matches[np.ix_(one, other)], matches[one]),
        LikeMatches(matches[np.ix_(other, one)], matches[other]),
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 200))
def test_the_match_is_the_same_whoever_is_named_first(seed):
    random = np.random.default_rng(seed)
    tracks = library(seed)
    one, other = random.choice(100, 5, replace=False), random.choice(100, 9, replace=False)
    assert compared(tracks, one, other) == compared(tracks, other, one)


def test_the_same_songs_are_100_per_cent():
    tracks, likes = library(0), [3, 30, 60]
    assert compared(tracks, likes, likes) == 100


def test_the_same_songs_are_100_per_cent_also_where_the_library_has_no_others():
    tracks = STYLES[:3]
    assert compared(tracks, [0, 1, 2], [0, 1, 2]) == 100


def test_the_same_style_without_a_song_in_common_is_a_match_and_another_style_is_none():
    tracks = library(1)
    assert compared(tracks, [0, 1, 2], [10, 11, 12]) > 60
    assert compared(tracks, [0, 1, 2], [40, 41, 42]) == 0


def test_chance_is_0_on_the_average():
    random = np.random.default_rng(2)
    tracks = random.normal(size=(300, 8))
    tracks /= np.linalg.norm(tracks, axis=1, keepdims=True)
    found = [
        compared(tracks, random.choice(300, 6, replace=False), random.choice(300, 6, replace=False))
        for _ in range(30)
    ]
    assert np.mean(found) < 8


def test_who_likes_two_styles_matches_who_likes_one_of_them_in_part():
    tracks = library(3)
    both, one, other = [0, 1, 30, 31], [5, 6, 7, 8], [80, 81, 82, 83]
    assert (
        compared(tracks, both, other) < compared(tracks, both, one) < compared(tracks, one, [9, 10, 11, 12])
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 500), st.integers(2, 4))
def test_nobody_is_less_pleased_than_with_the_mean(seed, members):
    scores = list(np.random.default_rng(seed).normal(size=(members, 20)))
    nobody = np.zeros(20, np.bool_)
    ranks = np.argsort(np.argsort(scores, axis=1), axis=1)
    ours = int(np.argmax(least_misery(scores, nobody)))
    mean = int(np.argmax(np.mean(ranks, axis=0)))
    assert ranks[:, ours].min() >= ranks[:, mean].min()


def test_a_veto_is_a_veto_and_scales_do_not_matter():
    scores = [np.array([3.0, 2.0, 1.0]), np.array([0.03, 0.02, 0.01])]
    vetoed = np.array([True, False, False])
    assert np.argsort(-least_misery(scores, vetoed)).tolist() == [1, 2, 0]
    assert least_misery(scores, vetoed)[0] == -np.inf
    loud = [scores[0] * 1000, scores[1]]
    assert least_misery(loud, vetoed)[1:] == pytest.approx(least_misery(scores, vetoed)[1:])
