"""From raw vectors to those whose cosines are compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.embedders.base import normalised
from bot.errors import EmbedderError
from bot.vectors.calibration import (
    MIN_RELATIVE_DEVIATION,
    MIN_TRACKS,
    Calibration,
    Calibrator,
    remeasuring_is_due,
    typical_cosine,
)
from tests.support.library import info, vector

PLAIN, STANDARDISED = info("plain", 6), info("first", 6, standardise=True)


def raw(tracks, seed=0):
    """Vectors whose features differ in scale, the last of which never speaks."""
    rows = np.random.default_rng(seed).normal(5, [1, 10, 100, 1, 0.01, 0], (tracks, 6))
    return rows.astype(np.float32)


def measured(rows, embedder=STANDARDISED, piece=7):
    calibrator = Calibrator(embedder, len(rows))
    for start in range(0, len(rows), piece):
        calibrator.add(rows[start : start + piece])
    return calibrator.build()


def test_statistics_are_those_of_all_rows_however_they_come():
    rows = raw(120)
    calibration = measured(rows)
    deviations = rows.astype(np.float64).std(axis=0)
    assert calibration.tracks == 120
    assert calibration.mean == pytest.approx(rows.astype(np.float64).mean(axis=0), rel=1e-6)
    assert calibration.scale[:4] == pytest.approx(deviations[:4], rel=1e-5)


def test_large_means_cost_no_digits():
    rows = (raw(60) + np.float32(10_000)).astype(np.float32)
    calibration = measured(rows)
    assert calibration.scale[0] == pytest.approx(rows.astype(np.float64).std(axis=0)[0], rel=1e-6)


def test_small_deviations_are_floored():
    rows = raw(80)
    deviations = rows.astype(np.float64).std(axis=0)
    floor = MIN_RELATIVE_DEVIATION * np.median(deviations[:5])  # the last one doesn't vary
    assert measured(rows).scale[4:] == pytest.approx([floor, floor], rel=1e-5)


def test_a_feature_that_hardly_speaks_does_not_outweigh_the_others():
    rows = raw(80)
    rows[0, 5] += 0.05
    calibration = measured(rows)
    assert np.abs(calibration.apply(rows[0])[5]) < 0.5


def test_placed_vectors_are_standardised_and_of_length_one():
    rows = raw(100)
    placed = np.stack([measured(rows).apply(row) for row in rows])
    assert np.linalg.norm(placed, axis=1) == pytest.approx(np.ones(100), abs=1e-5)
    assert np.abs(placed[:, :4].mean(axis=0)).max() < 0.1
    assert placed[:, 0].std() == pytest.approx(placed[:, 2].std(), rel=0.3)


def test_below_fifty_tracks_vectors_stay_as_they_are():
    calibration = measured(raw(MIN_TRACKS - 1))
    assert (calibration.tracks, calibration.mean, calibration.chance) == (0, None, STANDARDISED.chance)
    assert calibration.apply(raw(1)[0]) == pytest.approx(normalised(raw(1)[0]))
    assert measured(raw(MIN_TRACKS)).tracks == MIN_TRACKS


def test_an_embedder_that_gains_nothing_by_it_is_only_calibrated():
    rows = raw(60)
    calibration = measured(rows, PLAIN)
    assert (calibration.mean, calibration.scale, calibration.tracks) == (None, None, 60)
    assert calibration.chance == pytest.approx(typical_cosine([normalised(row) for row in rows]))


def test_chance_is_the_typical_cosine_of_what_is_in_the_calibration():
    rows = raw(400)
    calibration = measured(rows)
    placed = np.stack([calibration.apply(row) for row in rows])
    everything = np.median((placed @ placed.T)[np.triu_indices(400, 1)])
    assert calibration.chance == pytest.approx(everything, abs=0.05)


def test_equal_vectors_stay_as_they_are_and_match():
    calibration = measured(np.ones((60, 6), np.float32))
    assert calibration.apply(np.ones(6, np.float32)) == pytest.approx(np.full(6, 6**-0.5))
    assert calibration.match(np.float32(1)) == pytest.approx(1)


def test_the_mean_itself_has_a_place():
    calibration = Calibration(2, 0.0, 60, vector(1, 1), vector(1, 1))
    assert np.linalg.norm(calibration.apply(vector(1, 1))) == pytest.approx(1)


@pytest.mark.parametrize(("cosine", "expected"), [(1, 1), (0.8, 0.6), (0.5, 0), (0.2, -0.6), (-1, -3)])
def test_a_match_is_0_at_chance_and_1_for_the_same_recording(cosine, expected):
    assert Calibration(2, 0.5).match(np.array([cosine], np.float32)) == pytest.approx([expected], abs=1e-6)


@pytest.mark.parametrize("bad", [vector(1, 2), vector(0, 0, 0), vector(np.nan, 1, 1), vector(np.inf, 1, 1)])
def test_a_vector_without_direction_or_of_another_size_is_refused(bad):
    with pytest.raises(EmbedderError):
        Calibration(3, 0.5, 60, vector(1, 1, 1), vector(1, 1, 1)).apply(bad)


def test_the_moments_at_which_a_frame_is_made_anew():
    calibrated, moments = 0, []
    for tracks in range(1, 1000):
        if remeasuring_is_due(calibrated, tracks):
            calibrated = tracks
            moments.append(tracks)
    assert moments == [50, 100, 200, 400, 800]


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_frame_that_was_just_made_is_not_due(calibrated, tracks):
    assert not remeasuring_is_due(tracks if tracks >= MIN_TRACKS else 0, tracks)
    assert (
        remeasuring_is_due(calibrated, tracks)
        or tracks < MIN_TRACKS
        or calibrated / 2 < tracks < calibrated * 2
    )


def test_a_library_that_shrinks_below_fifty_loses_its_calibration():
    assert remeasuring_is_due(50, 49)
    assert not remeasuring_is_due(120, 61)
    assert remeasuring_is_due(120, 60)
