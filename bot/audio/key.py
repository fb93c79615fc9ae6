"""Musical key estimation: a track's chroma correlated with the profiles of the 24 keys."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# How well each degree fits a key: Krumhansl, "Cognitive Foundations of Musical Pitch" (1990), probe-tone ratings.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
# A note is heard with its overtones, so a profile gets them too: Gómez, "Tonal Description of Music Audio" (2006).
OVERTONES = (0, 0, 7, 0, 4, 7)  # semitones, without octaves
OVERTONE_DECAY = 0.6  # each overtone than the one below
LOWEST, HIGHEST = 60.0, 2_000.0  # Hz
CERTAIN_LEAD = 0.2  # lead over the second best key that leaves no doubt


@dataclass(frozen=True)
class Key:
    """A key like "A minor" ("" where there are no pitches), and how much better it fits than the others, 0 to 1."""

    name: str
    confidence: float


def find_key(power: NDArray[np.float32], bin_hertz: float) -> Key:
    """The key of a power spectrogram (frames, bins) whose bins are `bin_hertz` apart."""
    chroma = _chroma(power, bin_hertz)
    if not chroma.any() or np.ptp(chroma) < 1e-9:
        return Key("", 0.0)
    profiles = np.array([np.roll(_sounding(mode), tonic) for mode in (MAJOR, MINOR) for tonic in range(12)])
    fits = np.array([np.corrcoef(chroma, profile)[0, 1] for profile in profiles])
    best, second = np.argsort(-fits)[:2]
    name = f"{NAMES[best % 12]} {'major' if best < 12 else 'minor'}"
    return Key(name, float(np.clip((fits[best] - fits[second]) / CERTAIN_LEAD, 0, 1)))


def _sounding(profile: Sequence[float]) -> NDArray[np.float64]:
    heard = np.zeros(12)
    for number, semitones in enumerate(OVERTONES):
        heard += OVERTONE_DECAY**number * np.roll(profile, semitones)
    return heard


def _chroma(power: NDArray[np.float32], bin_hertz: float) -> NDArray[np.float64]:
    """How much of each of the twelve pitch classes is heard, from the peaks of each frame's spectrum."""
    first, last = int(LOWEST / bin_hertz), int(HIGHEST / bin_hertz)
    strengths = np.sqrt(power[:, first - 1 : last + 1])
    middle = strengths[:, 1:-1]
    weights = np.where((middle > strengths[:, :-2]) & (middle >= strengths[:, 2:]), middle, 0)
    heard = np.sum(weights / np.maximum(weights.max(axis=1, keepdims=True), 1e-12), axis=0, dtype=np.float64)
    pitches = 69 + 12 * np.log2(np.arange(first, last) * bin_hertz / 440)
    mistuned = np.angle(np.sum(heard * np.exp(2j * np.pi * pitches))) / (2 * np.pi)  # semitones
    classes = np.round(pitches - mistuned).astype(int) % 12
    return np.bincount(classes, weights=heard, minlength=12).astype(np.float64)
