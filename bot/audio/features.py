"""Audio features of a track that can be checked by ear: tempo, key, loudness, brightness, speech or music."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.arrays import Samples
from bot.audio.key import find_key
from bot.audio.loudness import integrated_loudness
from bot.audio.tempo import find_tempo

Power = NDArray[np.float32]

MAX_EXCERPT_SECONDS = 300  # seconds: of a longer track its middle says enough, and the cost stays bounded
RATE = 22_050
BEAT_WINDOW, BEAT_HOP = 1024, 256
PITCH_RATE = 11_025
PITCH_WINDOW, PITCH_HOP = 8192, 2048
FRAMES_PER_BATCH = 512  # at a time
STEADINESS_LAG_FRAMES = 9  # frames: a tenth of a second
VOICE_BINS = slice(5, 186)  # bins: 100 to 4,000 Hz


@dataclass(frozen=True)
class Features:
    """What was measured; JSON-able by `dataclasses.asdict`.

    tempo: beats a minute, 0 without a pulse; key: like "A minor", "" without pitches; their confidences: 0 to 1;
    loudness: LUFS, -70 for silence; brightness: Hz, the middle of the spectrum; speech: 0 (music) to 1 (talk).
    """

    tempo: float
    tempo_confidence: float
    key: str
    key_confidence: float
    loudness: float
    brightness: float
    speech: float


def measure(samples: Samples, rate: int) -> Features:
    """Measure (n,) or (n, channels) samples at `rate` Hz, full scale ±1; well below 1 s of CPU a minute."""
    excerpt = _middle(samples, rate)
    beats = _spectrogram(excerpt, BEAT_WINDOW, BEAT_HOP)
    pitches = _spectrogram(_resampled(excerpt, RATE, PITCH_RATE), PITCH_WINDOW, PITCH_HOP)
    tempo = find_tempo(beats, RATE / BEAT_HOP)
    key = find_key(pitches, PITCH_RATE / PITCH_WINDOW)
    return Features(
        tempo=round(tempo.bpm, 1),
        tempo_confidence=round(tempo.confidence, 3),
        key=key.name,
        key_confidence=round(key.confidence, 3),
        loudness=round(integrated_loudness(samples, rate), 1),
        brightness=round(_brightness(beats)),
        speech=round(_speech(beats, tempo.confidence), 3),
    )


def _middle(samples: Samples, rate: int) -> Samples:
    """One channel at 22.05 kHz of at most five minutes from the middle."""
    start = max(0, (len(samples) - MAX_EXCERPT_SECONDS * rate) // 2)
    excerpt = np.asarray(samples[start : start + MAX_EXCERPT_SECONDS * rate], dtype=np.float32)
    mono = excerpt if excerpt.ndim == 1 else excerpt.mean(axis=1)
    return _resampled(np.nan_to_num(mono, posinf=0, neginf=0), rate, RATE)


def _resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    return np.asarray(soxr.resample(samples, rate, wanted, quality="MQ"), dtype=np.float32)


def _spectrogram(samples: Samples, window: int, hop: int) -> Power:
    """Power (frames, bins); no frames for less than one window."""
    if len(samples) < window:
        return np.zeros((0, window // 2 + 1), np.float32)
    hann = np.hanning(window + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    power = np.empty((len(frames), window // 2 + 1), np.float32)
    for start in range(0, len(frames), FRAMES_PER_BATCH):
        power[start : start + FRAMES_PER_BATCH] = (
            np.abs(np.fft.rfft(frames[start : start + FRAMES_PER_BATCH] * hann)) ** 2
        )
    return power


def _brightness(power: Power) -> float:
    """The spectrum's centre of gravity in Hz, loud moments counting more."""
    strengths = np.sqrt(power).sum(axis=0, dtype=np.float64)
    hertz = np.arange(len(strengths)) * RATE / BEAT_WINDOW
    return float(strengths @ hertz / max(strengths.sum(), 1e-12))


def _speech(power: Power, pulse: float) -> float:
    """How likely somebody talks: pauses between syllables, pitches that don't stay, and no beat.

    The first is Scheirer & Slaney's share of low-energy frames (ICASSP 1997); the weights are set by hand between
    synthetic speech in seven languages and the quietest, least steady music at hand.
    """
    if len(power) <= STEADINESS_LAG_FRAMES or not power.any():
        return 0.0
    score = 18 * (_pauses(power) - 0.30) + 10 * (0.5 - _steadiness(power)) - 20 * (pulse - 0.08)
    return float(1 / (1 + np.exp(-score)))


def _pauses(power: Power) -> float:
    """The share of frames with less than half the strength of the second around them."""
    strengths = np.sqrt(power.sum(axis=1))
    second = np.ones(min(len(strengths), RATE // BEAT_HOP))
    around = np.convolve(strengths, second / len(second), "same")
    return float(np.mean(strengths < 0.5 * around))


def _steadiness(power: Power) -> float:
    """How alike the spectrum is to that of a tenth of a second before: the median of their correlations."""
    levels = np.log1p(1e4 / power.max() * power[:, VOICE_BINS])
    levels -= levels.mean(axis=1, keepdims=True)
    levels /= np.sqrt(np.sum(levels**2, axis=1, keepdims=True)) + 1e-9
    return float(np.median(np.sum(levels[STEADINESS_LAG_FRAMES:] * levels[:-STEADINESS_LAG_FRAMES], axis=1)))
