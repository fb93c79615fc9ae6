"""Tempo estimation: the autocorrelation of onset strengths, with a prior that settles half and double time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array

SLOWEST, FASTEST = 50.0, 210.0

STEP = 1.003  # ratio of neighbouring candidates
MULTIPLES = 8  # beats over which a tempo has to hold
PRIOR_MEDIAN_BPM, PRIOR_OCTAVES = (
    128.0,
    1.0,
)  # the prior's middle in beats a minute, and its standard deviation in octaves
BANDS, GROUPS = 32, 4  # the drums of a kit fall into groups of their own
CONTRAST = 1e3
MIN_OVERLAP = 0.3  # of the track, for a lag to count


@dataclass(frozen=True)
class Tempo:
    """Beats a minute (0 where nothing repeats), and how clearly they are heard: 0 to 1 (a metronome)."""

    bpm: float
    confidence: float


def find_tempo(power: NDArray[np.float32], frames_a_second: float) -> Tempo:
    """The tempo of a power spectrogram (frames, bins)."""
    if len(power) < 2:
        return Tempo(0.0, 0.0)
    candidates = np.geomspace(SLOWEST, FASTEST, 1 + round(np.log(FASTEST / SLOWEST) / np.log(STEP)))
    periods = 60 * frames_a_second / candidates
    repeats = _repeats(_onsets(power, frames_a_second), 2 + round(MULTIPLES * periods[0]))
    lags = np.arange(len(repeats))
    strength = np.mean([np.interp(n * periods, lags, repeats) for n in range(1, MULTIPLES + 1)], axis=0)
    prior = np.exp(-0.5 * (np.log2(candidates / PRIOR_MEDIAN_BPM) / PRIOR_OCTAVES) ** 2)
    best = int(np.argmax(strength * prior))
    if strength[best] <= 0:
        return Tempo(0.0, 0.0)
    return Tempo(float(candidates[best]), min(1.0, float(strength[best])))


def _onsets(power: NDArray[np.float32], frames_a_second: float) -> Array:
    """How much louder it gets (frames, groups of bands) than it does on average in the second around."""
    edges = np.unique(np.geomspace(2, power.shape[1], BANDS + 1).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    levels = np.log1p(CONTRAST * bands / max(float(bands.max(initial=0)), 1e-12))
    rises = np.maximum(np.diff(levels, axis=0), 0)
    groups = np.add.reduceat(rises, np.arange(0, rises.shape[1], rises.shape[1] // GROUPS), axis=1)
    second = np.ones(min(len(groups), round(frames_a_second)))
    weight = np.convolve(np.ones(len(groups)), second, "same")
    usual = np.stack([np.convolve(group, second, "same") / weight for group in groups.T], axis=1)
    return np.maximum(groups - usual, 0)


def _repeats(onsets: Array, lags: int) -> NDArray[np.float64]:
    """How alike the track is to itself some frames later.

    Each group by itself tells a beat from three half-beats; all together tell it from a bar of kick and snare.
    """
    together = onsets.sum(axis=1, keepdims=True)
    return (_autocorrelation(onsets, lags) + _autocorrelation(together, lags)) / 2


def _autocorrelation(onsets: Array, lags: int) -> NDArray[np.float64]:
    """The mean over the groups: 1 at lag 0, 0 where too little of the track overlaps."""
    centred = onsets - onsets.mean(axis=0)
    size = 1 << (len(onsets) + lags).bit_length()
    products = np.fft.irfft(np.abs(np.fft.rfft(centred, size, axis=0)) ** 2, size, axis=0)[:lags]
    both = np.sum(products / np.sqrt(products[0] + 1e-9), axis=1)
    overlap = 1 - np.arange(lags) / len(onsets)
    usable = (overlap > MIN_OVERLAP) & (both[0] > 1e-9)
    return np.where(usable, both / np.where(usable, overlap * both[0], 1), 0)
