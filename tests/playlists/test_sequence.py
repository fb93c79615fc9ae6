"""An order that flows."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playlists.sequence import (
    KEY_WEIGHT,
    SEGMENT_LENGTH,
    TEMPO_WEIGHT,
    arc,
    arrange,
    energy,
    jumps,
    problem_of,
    total_jump,
)
from bot.playlists.songs import MeasuredTrack
from tests.support.playlists import card, ids, song

songs_of_few_artists = st.lists(
    st.tuples(st.floats(0, 6.28), st.sampled_from("abcd"), st.sampled_from([None, 0.0, 60.0, 90.0, 128.0])),
    max_size=14,
).map(lambda rows: [song(i, angle, artist, tempo=tempo) for i, (angle, artist, tempo) in enumerate(rows)])


def scattered(count: int, seed: int = 0, dimension: int = 6) -> list[MeasuredTrack]:
    """Songs anywhere, each with a tempo, a key and an energy of its own."""
    random = np.random.default_rng(seed)
    places = random.normal(size=(count, dimension))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    return [
        MeasuredTrack.of(
            card(
                i,
                tempo=float(random.uniform(60, 180)),
                loudness=float(random.uniform(-25, -7)),
                brightness=float(random.uniform(400, 3000)),
                key=f"{random.choice(list('CDEFGAB'))} {random.choice(['major', 'minor'])}",
            ),
            place,
        )
        for i, place in enumerate(places)
    ]


def test_songs_are_followed_by_what_sounds_like_them():
    order = ids(arrange([song(i, angle) for i, angle in enumerate([0.4, 0.0, 0.9, 0.2, 0.6])]))
    assert order in ([1, 3, 0, 4, 2], [2, 4, 0, 3, 1])


def test_a_jump_is_a_cosine_distance_a_step_in_tempo_and_one_in_key():
    one = song(1, 0.0, tempo=100.0, key="C major")
    other = song(2, np.pi / 2, tempo=100.0 * 2**0.5, key="F# minor")
    assert jumps([one, other])[0, 1] == pytest.approx(1 + TEMPO_WEIGHT + KEY_WEIGHT * 4 / 7)
    assert jumps([one, one])[0, 1] == pytest.approx(0)


def test_double_tempo_is_the_same_pulse():
    assert jumps([song(1, tempo=70.0), song(2, tempo=140.0)])[0, 1] == pytest.approx(KEY_WEIGHT / 2)


def test_what_was_not_measured_is_neither_close_nor_far():
    assert jumps([song(1), song(2, tempo=100.0, key="C major")])[0, 1] == pytest.approx(
        (TEMPO_WEIGHT + KEY_WEIGHT) / 2
    )


def test_it_starts_rises_and_lands():
    wanted = arc(12)
    assert 0 < wanted[0] < np.median(wanted) < wanted.max()
    assert wanted.argmax() in (7, 8)
    assert wanted.argmin() == 11


def test_lists_drive_most_in_the_third_quarter_and_least_at_the_end():
    energies = np.mean([energy(arrange(scattered(24, seed))) for seed in range(6)], axis=0)
    quarters = energies.reshape(4, 6).mean(axis=1)
    assert quarters[0] < quarters[1] < quarters[2]
    assert max(quarters[0], energies[-2:].mean()) < quarters[2] - 0.2


def test_energy_goes_by_tempo_loudness_and_brightness_and_ignores_what_was_not_measured():
    calm = song(1, tempo=60.0, loudness=-30.0, brightness=300.0)
    unknown = song(2)
    wild = song(3, tempo=170.0, loudness=-8.0, brightness=3000.0)
    assert energy([wild, unknown, calm]).tolist() == [1, 0.5, 0]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_close_to_the_best_there_is(seed):
    songs = scattered(7, seed)
    problem = problem_of(songs)
    best = problem.cost(np.array(list(permutations(range(7))))).min()
    places = {each.card.id: i for i, each in enumerate(songs)}
    found = problem.cost(np.array([places[i] for i in ids(arrange(songs))]))
    assert best <= found + 1e-9
    assert found <= 1.03 * best


def test_jumps_are_far_smaller_than_in_a_random_order():
    songs = scattered(40)
    between = jumps(songs)
    random = np.random.default_rng(0)
    by_chance = np.mean([total_jump(between, random.permutation(40)) for _ in range(200)])
    assert total_jump(between, ids(arrange(songs))) < 0.6 * by_chance


def test_a_list_longer_than_what_is_improved_at_a_time_is_ordered_too():
    songs = scattered(2 * SEGMENT_LENGTH + 7)
    order = ids(arrange(songs))
    assert sorted(order) == list(range(len(songs)))
    random = np.random.default_rng(0)
    by_chance = total_jump(jumps(songs), random.permutation(len(songs)))
    assert total_jump(jumps(songs), order) < 0.6 * by_chance


@settings(max_examples=60, deadline=None)
@given(songs_of_few_artists)
def test_every_song_stands_in_it_once(songs):
    assert sorted(ids(arrange(songs))) == ids(songs)


@settings(max_examples=60, deadline=None)
@given(songs_of_few_artists)
def test_no_artist_follows_themselves_if_that_can_be(songs):
    order = [each.artist for each in arrange(songs)]
    most = max(Counter(order).values(), default=0)
    unavoidable = max(0, 2 * most - len(order) - 1)
    assert sum(one == other for one, other in pairwise(order)) == unavoidable


@settings(max_examples=30, deadline=None)
@given(songs_of_few_artists, st.randoms())
def test_the_same_songs_always_stand_in_the_same_order(songs, random):
    shuffled = list(songs)
    random.shuffle(shuffled)
    assert ids(arrange(shuffled)) == ids(arrange(songs))


def test_songs_without_an_artist_may_follow_each_other():
    songs = [song(i, 0.1 * i) for i in range(4)]
    assert total_jump(jumps(songs), ids(arrange(songs))) < 0.6 * 3
    assert problem_of(songs).pairs.max() < 10
