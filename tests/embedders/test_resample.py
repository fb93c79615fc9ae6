"""Tests of bot/embedders/resample.py: against resampy 0.2.2's loop, written out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.embedders.resample import BETA, ROLL_OFF, STEPS, ZEROS, Resampler

Signal = NDArray[np.float64]


def resampy(x: Signal, rate: int, wanted: int, outputs: range) -> Signal:
    """resampy 0.2.2, interpn.py: one output at a time."""
    ratio = wanted / rate
    scale = min(1.0, ratio)
    size = ZEROS * STEPS
    grid = np.linspace(0, ZEROS, size + 1)
    table = ROLL_OFF * np.sinc(ROLL_OFF * grid) * np.kaiser(2 * size + 1, BETA)[size:] * scale
    slope = np.append(np.diff(table), 0)
    step = int(scale * STEPS)
    y = np.zeros(len(outputs))
    for t, output in enumerate(outputs):
        time = output * rate / wanted
        n = int(time)
        fraction = scale * (time - n)
        for first, towards, room in ((n, -1, n + 1), (n + 1, 1, len(x) - n - 1)):
            offset = int(fraction * STEPS)
            eta = fraction * STEPS - offset
            for i in range(min(room, (len(table) - offset) // step)):
                weight = table[offset + i * step] + eta * slope[offset + i * step]
                y[t] += weight * x[first + towards * i]
            fraction = scale - fraction
    return y


def noise(rate: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.1, rate // 20).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 44_056, 88_200, 96_000, 192_000])
def test_samples_are_those_of_resampy(rate: int) -> None:
    samples = noise(rate)
    resampler = Resampler(rate, 48_000)
    length = resampler.length(len(samples))
    for outputs in (range(300), range(length // 2, length // 2 + 100), range(length - 100, length)):
        expected = resampy(samples.astype(np.float64), rate, 48_000, outputs)
        assert np.abs(resampler.span(samples, outputs.start, outputs.stop) - expected).max() < 1e-7


@pytest.mark.parametrize("rate", [16_000, 44_056, 44_100, 96_000])
def test_a_stretch_is_a_part_of_the_whole(rate: int) -> None:
    samples = noise(rate)
    resampler = Resampler(rate, 48_000)
    whole = resampler.span(samples, 0, resampler.length(len(samples)))
    assert np.allclose(resampler.span(samples, 777, 2001), whole[777:2001], atol=1e-14)


def test_channels_are_averaged() -> None:
    left, right = noise(44_100), noise(48_000)[: 44_100 // 20]
    resampler = Resampler(44_100, 48_000)
    both = resampler.span(np.stack([left, right], axis=1), 0, 500)
    expected = (resampler.span(left, 0, 500) + resampler.span(right, 0, 500)) / 2
    assert np.allclose(both, expected, atol=1e-15)


def test_the_same_rate_changes_nothing() -> None:
    samples = noise(48_000)
    resampler = Resampler(48_000, 48_000)
    assert np.array_equal(resampler.span(samples, 10, 2000), samples[10:2000].astype(np.float64))


@pytest.mark.parametrize(
    ("rate", "count", "expected"), [(44_100, 44_100, 48_000), (44_100, 100, 108), (96_000, 3, 1)]
)
def test_the_length_is_cut_off_not_rounded(rate: int, count: int, expected: int) -> None:
    assert Resampler(rate, 48_000).length(count) == expected
