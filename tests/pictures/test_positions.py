"""Where on the map each track stands."""

import numpy as np
import pytest

from bot.pictures.positions import map_positions

Server = tuple[np.ndarray, list[int | None]]


def server(tracks: int, vibes: int, *, seed: int = 0, noise: float = 0.7) -> Server:
    """Vectors of length 1 in vibes, with their vibes; every tenth track in none."""
    random = np.random.default_rng(seed)
    fall = np.exp(-np.arange(128) / 30)
    centres = random.normal(size=(max(1, vibes), 128)) * fall
    of = random.integers(max(1, vibes), size=tracks)
    vectors = centres[of] + noise * random.normal(size=(tracks, 128)) * fall
    labels = [int(vibe) if vibes and number % 10 else None for number, vibe in enumerate(of)]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels


def size(places: np.ndarray) -> float:
    """How far the places are from their middle, as a root mean square."""
    return float(np.sqrt(np.mean(np.sum((places - places.mean(axis=0)) ** 2, axis=1))))


def neighbours(places: np.ndarray, k: int = 5) -> np.ndarray:
    """The k nearest of each, (n, k)."""
    return np.argsort(np.sum((places[:, None] - places) ** 2, axis=2), axis=1)[:, 1 : k + 1]


def test_tracks_of_a_vibe_stand_together():
    vectors, vibes = server(300, 8)
    near = neighbours(map_positions(vectors, vibes))
    labels = np.array([-1 if vibe is None else vibe for vibe in vibes])
    known = labels >= 0
    assert np.mean(labels[near][known] == labels[known, None]) > 0.7


def test_a_vibe_keeps_more_neighbours_than_principal_components_alone():
    vectors, vibes = server(300, 12)
    truth = neighbours(vectors, 10)
    kept = [
        np.mean([len(set(a) & set(b)) for a, b in zip(neighbours(found, 10), truth, strict=True)])
        for found in (map_positions(vectors, vibes), map_positions(vectors, [None] * 300))
    ]
    assert kept[0] > 1.3 * kept[1]


def test_the_same_tracks_stand_where_they_stood():
    vectors, vibes = server(200, 6)
    first = map_positions(vectors, vibes)
    assert np.array_equal(first, map_positions(vectors, vibes))


@pytest.mark.parametrize("vibes", [0, 1, 2, 3, 9])
def test_adding_a_few_tracks_moves_the_others_little(vibes):
    vectors, labels = server(305, vibes, seed=3)
    first = map_positions(vectors[:300], labels[:300])
    before = np.vstack([first, np.full((5, 2), np.nan)])
    second = map_positions(vectors, labels, before)
    moved = np.linalg.norm(second[:300] - first, axis=1)
    assert np.median(moved) < 0.03 * size(first)
    assert np.quantile(moved, 0.95) < 0.15 * size(first)


def test_a_map_that_was_mirrored_turned_and_moved_stays_so():
    vectors, labels = server(200, 5)
    mirrored = map_positions(vectors, labels) @ np.array([[0.0, 1.0], [1.0, 0.0]]) + 3
    assert np.allclose(map_positions(vectors, labels, mirrored), mirrored, atol=0.05 * size(mirrored))


def test_a_new_vibe_leaves_the_others_where_they_were():
    vectors, labels = server(300, 6, seed=5)
    old = np.array([vibe != 5 for vibe in labels])
    first = map_positions(vectors[old], [vibe for vibe in labels if vibe != 5])
    before = np.full((300, 2), np.nan)
    before[old] = first
    moved = np.linalg.norm(map_positions(vectors, labels, before)[old] - first, axis=1)
    assert np.median(moved) < 0.5 * size(first)


@pytest.mark.parametrize("tracks", [0, 1, 2, 3])
@pytest.mark.parametrize("vibe", [None, 7])
def test_a_few_tracks_have_places(tracks, vibe):
    vectors, _ = server(tracks, 1)
    found = map_positions(vectors, [vibe] * tracks)
    assert found.shape == (tracks, 2)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("vibes", [[1] * 6, [1, 2, 3] * 2, [None] * 6])
def test_tracks_that_sound_the_same_stand_at_one_point(vibes):
    found = map_positions(np.ones((6, 8)) / 8**0.5, vibes)
    assert np.isfinite(found).all()
    assert np.allclose(found, found[0])
