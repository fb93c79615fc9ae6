"""Which songs belong together, and which vibe is which from week to week."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playlists.songs import centred
from bot.playlists.vibes import (
    MAX_TREE_SIZE,
    MAX_VIBES,
    MIN_SONGS,
    MIN_VIBE_SIZE,
    NO_VIBE,
    find_vibes,
    match_vibes,
)


def groups_of(sizes: list[int], *, noise: float = 0.3, seed: int = 0, dimension: int = 12) -> np.ndarray:
    """Places around as many middles as there are sizes."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(len(sizes), dimension))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return centred(middles[labels] + noise * random.normal(size=(len(labels), dimension)))


def far_apart(sizes: list[int], *, noise: float = 0.1, seed: int = 0) -> np.ndarray:
    """Places around middles that are at right angles."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return centred(np.eye(10)[labels] + noise * np.random.default_rng(seed).normal(size=(len(labels), 10)))


@pytest.mark.parametrize("sizes", [[10, 9, 8], [8, 7, 6, 5, 4], [14, 12, 4], [12, 11, 10, 9, 8, 7, 6]])
def test_the_number_of_vibes_comes_from_the_data(sizes):
    labels = find_vibes(far_apart(sizes))
    assert labels.tolist() == np.repeat(np.arange(len(sizes)), sizes).tolist()


def test_with_too_few_songs_there_are_none():
    assert set(find_vibes(groups_of([8, 7]))) == {NO_VIBE}
    assert len(find_vibes(np.zeros((0, 4)))) == 0
    assert find_vibes(groups_of([8, MIN_SONGS - 8])).max() == 1


def test_songs_that_stand_alone_belong_nowhere():
    places = far_apart([9, 8, 7, 1])
    assert find_vibes(places).tolist() == [0] * 9 + [1] * 8 + [2] * 7 + [NO_VIBE]


def test_songs_that_are_all_the_same_are_no_vibes():
    assert set(find_vibes(np.zeros((30, 4)))) == {NO_VIBE}


def test_songs_in_any_order_are_in_the_same_vibes():
    places = groups_of([9, 8, 7, 6], noise=0.8)
    shuffle = np.random.default_rng(1).permutation(len(places))
    labels, shuffled = find_vibes(places), find_vibes(places[shuffle])
    together = labels[:, None] == labels[None, :]
    assert np.array_equal(shuffled[:, None] == shuffled[None, :], together[np.ix_(shuffle, shuffle)])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 1000))
def test_vibes_of_anything_are_large_enough_few_and_numbered_by_size(count, seed):
    labels = find_vibes(centred(np.random.default_rng(seed).normal(size=(count, 5))))
    sizes = [int((labels == label).sum()) for label in range(labels.max(initial=NO_VIBE) + 1)]
    assert len(labels) == count
    assert len(sizes) <= MAX_VIBES
    assert all(size >= MIN_VIBE_SIZE for size in sizes)
    assert sizes == sorted(sizes, reverse=True)


def test_in_a_large_library_the_songs_beyond_the_tree_join_the_nearest_vibe():
    sizes = [MAX_TREE_SIZE // 2, MAX_TREE_SIZE // 3, MAX_TREE_SIZE // 3]
    labels = find_vibes(far_apart(sizes))
    assert [set(part) for part in np.split(labels, np.cumsum(sizes)[:-1])] == [{0}, {1}, {2}]


# -- from week to week -------------------------------------------------------------------------------------


def test_a_vibe_is_itself_while_most_of_its_songs_stay():
    old = {7: {1, 2, 3, 4, 5}, 9: {6, 7, 8, 9}}
    assert match_vibes(old, [{6, 7, 8, 20}, {1, 2, 3, 9, 21, 22}]) == {0: 9, 1: 7}


def test_a_vibe_that_falls_into_halves_is_gone():
    assert match_vibes({7: {1, 2, 3, 4}}, [{1, 2}, {3, 4}]) == {}


def test_of_a_vibe_that_splits_the_larger_part_lives_on():
    assert match_vibes({7: {1, 2, 3, 4, 5}}, [{1, 2}, {3, 4, 5}]) == {1: 7}


def test_of_vibes_that_come_together_the_one_that_brings_most_lives_on():
    assert match_vibes({7: {1, 2, 3}, 8: {4, 5, 6, 7}}, [{1, 2, 3, 4, 5, 6, 7}]) == {0: 8}


def test_songs_that_left_the_library_do_not_count():
    assert match_vibes({7: {1, 2, 3, 4, 5, 6}}, [{1, 2, 30, 31}]) == {0: 7}


def test_each_vibe_is_only_one_even_where_the_nearest_is_taken():
    old = {1: {1, 2, 3, 4}, 2: {5, 6, 7, 8}}
    assert match_vibes(old, [{1, 2, 3, 5, 6, 7}, {4, 8}]) in ({0: 1}, {0: 2})


def test_without_vibes_before_or_after_nothing_matches():
    assert match_vibes({}, [{1, 2}]) == {}
    assert match_vibes({1: {1, 2}}, []) == {}


def test_vibes_stay_themselves_when_a_tenth_of_the_songs_changes():
    places = groups_of([20, 18, 16, 14], noise=0.6)
    random = np.random.default_rng(3)
    here, there = (random.permutation(len(places))[: int(0.9 * len(places))] for _ in range(2))
    before, after = (find_vibes(places[np.sort(chosen)]) for chosen in (here, there))
    old = {label: set(np.sort(here)[before == label].tolist()) for label in range(before.max() + 1)}
    new = [set(np.sort(there)[after == label].tolist()) for label in range(after.max() + 1)]
    assert len(match_vibes(old, new)) == 4
