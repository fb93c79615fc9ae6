"""Tests of bot/embedders/windows.py."""

import numpy as np
import pytest
import soxr

from bot.embedders.windows import CHUNK, check, clips, mono, resampled, spread
from bot.errors import EmbedderError


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(bad: float) -> None:
    samples = np.zeros(3 * CHUNK, np.float32)
    samples[-1] = bad
    with pytest.raises(EmbedderError, match="damaged"):
        check(samples, 48_000)


@pytest.mark.parametrize("length", [0, 1, 479])
def test_less_than_ten_milliseconds_is_nothing_to_listen_to(length: int) -> None:
    with pytest.raises(EmbedderError, match="nothing to listen to"):
        check(np.zeros(length, np.float32), 48_000)


def test_ten_milliseconds_are_enough() -> None:
    check(np.zeros((480, 2), np.float32), 48_000)


@pytest.mark.parametrize(("shape", "rate"), [((480, 0), 48_000), ((2, 480, 2), 48_000), ((480,), 0)])
def test_samples_of_another_form_are_refused(shape: tuple[int, ...], rate: int) -> None:
    with pytest.raises(EmbedderError):
        check(np.zeros(shape, np.float32), rate)


def test_channels_are_averaged_in_double_precision() -> None:
    mixed = mono(np.array([[1.0, 2e-9], [0.5, 0.25]], np.float32))
    assert mixed.dtype == np.float64
    assert mixed.tolist() == [(1 + float(np.float32(2e-9))) / 2, 0.375]


def test_resampling_in_pieces_is_resampling_at_once() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, CHUNK + 5000).astype(np.float32)
    expected = soxr.resample(samples, 44_100, 16_000)
    assert np.allclose(resampled(samples, 44_100, 16_000), expected, atol=1e-6)


def test_samples_at_the_wanted_rate_are_only_mixed() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, (5000, 2)).astype(np.float32)
    assert np.array_equal(resampled(samples, 16_000, 16_000), mono(samples).astype(np.float32))


def test_every_window_is_heard_without_a_budget() -> None:
    assert spread(5, None).tolist() == spread(5, 5).tolist() == [0, 1, 2, 3, 4]


def test_a_budget_is_spread_evenly() -> None:
    assert spread(100, 4).tolist() == [12, 37, 62, 87]


def test_clips_leave_out_a_short_rest() -> None:
    cut, starts = clips(np.zeros(24, np.float32), 10, 2, None)
    assert [len(clip) for clip in cut] == [10, 10]
    assert starts.tolist() == [0, 5]


def test_clips_keep_a_long_rest() -> None:
    cut, _ = clips(np.zeros(26, np.float32), 10, 2, None)
    assert [len(clip) for clip in cut] == [10, 10, 6]
