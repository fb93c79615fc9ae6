"""Walks and mixtures of sounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.suggestions.paths import mixture, walk


def longest_step(vectors, way) -> float:
    """The greatest cosine distance between two that follow each other."""
    steps = vectors[list(way)]
    return float((1 - np.sum(steps[1:] * steps[:-1], axis=1)).max())


def arc(count: int, noise: float = 0.0, seed: int = 0):
    """Tracks along a quarter of a circle, in a mixed order; where each stands."""
    random = np.random.default_rng(seed)
    angles = random.permutation(np.linspace(0, np.pi / 2, count))
    vectors = np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], axis=1)
    vectors += random.normal(0, noise, vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), angles


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 300), st.integers(3, 12))
def test_a_walk_has_its_length_and_no_song_twice(seed, length):
    vectors = np.random.default_rng(seed).normal(size=(40, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    usable = np.random.default_rng(seed).random(40) < 0.7
    way = walk(vectors, 0, 1, length, usable)
    assert (way[0], way[-1]) == (0, 1)
    assert len(way) == len(set(way)) == length
    assert all(usable[place] for place in way[1:-1])


def test_a_walk_goes_steadily_from_one_to_the_other():
    vectors, angles = arc(60, noise=0.02)
    start, end = int(np.argmin(angles)), int(np.argmax(angles))
    way = walk(vectors, start, end, 8, np.ones(60, np.bool_))
    assert (np.diff(angles[way]) > 0).all()
    assert longest_step(vectors, way) < (1 - vectors[start] @ vectors[end]) / 6


@pytest.mark.parametrize("seed", range(5))
def test_a_walk_jumps_less_than_taking_the_nearest_to_each_waypoint(seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(200, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    way = walk(vectors, 0, 1, 8, np.ones(200, np.bool_))
    by_chance = [
        longest_step(vectors, [0, *random.choice(range(2, 200), 6, replace=False), 1]) for _ in range(50)
    ]
    assert longest_step(vectors, way) < np.min(by_chance)


def test_a_walk_through_too_few_is_shorter():
    vectors, _ = arc(4)
    assert len(walk(vectors, 0, 1, 8, np.ones(4, np.bool_))) == 4
    assert walk(vectors, 0, 1, 8, np.zeros(4, np.bool_)) == [0, 1]


def test_between_opposites_and_the_same_there_is_a_walk_too():
    vectors = np.array([[1, 0], [-1, 0], [0, 1], [1, 0]], np.float32)
    assert sorted(walk(vectors, 0, 1, 4, np.ones(4, np.bool_))) == [0, 1, 2, 3]
    assert walk(vectors, 0, 3, 3, np.ones(4, np.bool_))[1] in {1, 2}


def test_a_mixture_has_something_of_everything_added():
    both, one, neither = [0.7, 0.7], [1.0, -0.2], [0.0, 0.0]
    matches = np.array([both, one, neither])
    scores, out = mixture([matches[:, :1], matches[:, 1:]], [])
    assert np.argmax(scores) == 0 and not out.any()


def test_what_is_subtracted_is_left_out_and_what_is_like_it_sinks():
    added = np.array([[0.8], [0.8], [0.6]])
    taken = np.array([[0.1], [0.9], [0.1]])
    scores, out = mixture([added], [taken])
    assert out.tolist() == [False, True, False]
    assert scores[0] > scores[2] > scores[1]


def test_an_ingredient_of_many_tracks_speaks_with_the_closest_few():
    many = np.array([[0.9, 0.9, 0.9, -np.inf, -1.0, -1.0]])
    scores, _ = mixture([many], [])
    assert scores[0] == pytest.approx(0.9)
