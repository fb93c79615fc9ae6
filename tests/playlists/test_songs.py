"""Where songs stand, and what is known of them."""

import numpy as np
import pytest

from bot.playlists.camelot import Camelot, camelot, steps
from bot.playlists.songs import MeasuredTrack, centred, centroid
from tests.support.playlists import card


def test_places_are_directions_from_the_middle_of_all_songs():
    places = centred(np.array([[1, 0.1], [1, -0.1], [0.8, 0], [1.2, 0]], dtype=np.float32))
    assert np.allclose(places, [[0, 1], [0, -1], [-1, 0], [1, 0]], atol=1e-6)


def test_unrelated_songs_have_a_cosine_around_zero_however_alike_their_vectors_are():
    raw = np.random.default_rng(0).normal(100, 1, (60, 40))
    places = centred(raw)
    cosines = (places @ places.T)[np.triu_indices(60, 1)]
    assert abs(cosines.mean()) < 0.05


@pytest.mark.parametrize("count", [0, 1, 3])
def test_songs_that_are_all_the_same_stand_nowhere(count):
    places = centred(np.ones((count, 5), np.float32))
    assert places.shape == (count, 5)
    assert not places.any()
    assert count == 0 or not centroid(places).any()


def test_what_was_measured_is_read_and_what_makes_no_sense_is_not():
    song = MeasuredTrack.of(card(1, tempo=120, loudness=-9.5, brightness=900.0, key="A minor"), np.ones(2))
    assert (song.tempo, song.loudness, song.brightness, str(song.key)) == (120.0, -9.5, 900.0, "8A")
    odd = card(2, tempo=0.0, loudness=-70.0, brightness=float("nan"), key="")
    odder = card(3, tempo="fast", loudness=None, brightness=True, key=7)
    for nothing in (odd, odder, card(4)):
        song = MeasuredTrack.of(nothing, np.ones(2))
        assert (song.tempo, song.loudness, song.brightness, song.key) == (None, None, None, None)


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("C major", "8B"),
        ("A minor", "8A"),
        ("G major", "9B"),
        ("F major", "7B"),
        ("F# minor", "11A"),
        ("Bb major", "6B"),
        ("B major", "1B"),
        ("Ab minor", "1A"),
        ("C# minor", "12A"),
    ],
)
def test_keys_stand_on_the_camelot_wheel(key, place):
    assert str(camelot(key)) == place


@pytest.mark.parametrize("key", ["", "H major", "C", "C dorian", None, 5, "C## major"])
def test_what_is_no_key_stands_nowhere(key):
    assert camelot(key) is None


def test_steps_go_the_short_way_round():
    assert steps(Camelot(8, True), Camelot(8, True)) == 0
    assert steps(Camelot(12, True), Camelot(1, True)) == 1
    assert steps(Camelot(8, True), Camelot(8, False)) == 1
    assert steps(Camelot(2, True), Camelot(8, False)) == 7
