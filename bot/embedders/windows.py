"""Preprocessing that embedders share: checking samples, mixing channels, resampling, choosing windows."""

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.arrays import Samples
from bot.errors import EmbedderError

MIN_SECONDS = 0.01
"""Seconds; less is a click, not a sound."""

CHUNK = 1 << 20


def check(samples: Samples, rate: int) -> None:
    """Raise EmbedderError unless `samples`, (n,) or (n, channels), are finite and long enough to hear."""
    if rate <= 0:
        raise EmbedderError(f"A sample rate of {rate} Hz makes no sense.")
    if samples.ndim not in (1, 2) or 0 in samples.shape[1:]:
        raise EmbedderError("Samples must have the shape (samples,) or (samples, channels).")
    if len(samples) < max(2, MIN_SECONDS * rate):
        raise EmbedderError("There is nothing to listen to: the audio is empty or shorter than 10 ms.")
    if not all(np.isfinite(chunk).all() for chunk in _chunks(samples)):
        raise EmbedderError("The audio is damaged: some of its samples are not finite numbers.")


def mono(samples: Samples) -> NDArray[np.float64]:
    """The mean over the channels of (n,) or (n, channels) samples, in double precision."""
    precise = np.asarray(samples, dtype=np.float64)
    return precise if precise.ndim == 1 else precise.mean(axis=1)


def resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    """Mono samples (n,) at `wanted` Hz by soxr, mixed and converted a piece at a time; checks them first.

    Raises EmbedderError as `check` does.
    """
    check(samples, rate)
    if rate == wanted:
        return np.concatenate([mono(chunk).astype(np.float32) for chunk in _chunks(samples)])
    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32")
    pieces = [stream.resample_chunk(mono(chunk).astype(np.float32)) for chunk in _chunks(samples)]
    pieces.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(pieces)


def spread(count: int, budget: int | None) -> NDArray[np.int64]:
    """Which of `count` windows to hear: all, or `budget` of them, each in the middle of its share."""
    if budget is None or count <= budget:
        return np.arange(count)
    return ((np.arange(budget) + 0.5) * count / budget).astype(np.int64)


def clips(
    sound: Samples, length: int, rate: int, budget: int | None
) -> tuple[list[Samples], NDArray[np.float64]]:
    """Cut mono samples (n,) into clips of `length`, and say when each starts.

    At most `budget` of them, spread evenly; the last may be shorter, but less than half a clip is left out.
    """
    chosen = spread(max(1, round(len(sound) / length)), budget)
    return [sound[start : start + length] for start in chosen * length], chosen * length / rate


def _chunks(samples: Samples) -> Iterator[Samples]:
    return (samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK))
