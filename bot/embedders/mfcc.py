"""MFCC: the plain baseline of music retrieval, no weights needed."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bot.arrays import Samples, Vector
from bot.embedders.base import Embedder, Embedding
from bot.embedders.mel import mel_filters
from bot.embedders.registry import EMBEDDERS
from bot.embedders.windows import resampled, spread

COEFFICIENTS = 20
N_FFT = 2048
HOP = 512
FRAMES_A_WINDOW = 129
"""Three seconds."""

FRAMES_AT_ONCE = 1024
POWER_FLOOR = 1e-10
DYNAMIC_RANGE = 80.0  # decibels

BANDS = 128
MEL = mel_filters(EMBEDDERS["mfcc"].rate, N_FFT, BANDS)
TAPER = np.hanning(N_FFT + 1)[:-1]


class Mfcc(Embedder):
    """Mean, standard deviation, maximum and minimum over time of librosa's 20 MFCCs."""

    info = EMBEDDERS["mfcc"]

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """The vector is taken over all the chosen windows' time steps at once; a frame over one window's."""
        coefficients = _mfcc(resampled(samples, rate, self.info.rate))
        windows = _split(coefficients)
        chosen = spread(len(windows), budget)
        heard = np.concatenate([windows[i] for i in chosen], axis=1)
        return Embedding(
            vector=_statistics(heard),
            frames=np.stack([_statistics(windows[i]) for i in chosen]),
            timestamps=(chosen * (FRAMES_A_WINDOW * HOP / self.info.rate)).astype(np.float64),
        )


def _mfcc(samples: Samples) -> NDArray[np.float32]:
    """What librosa.feature.mfcc gives, (20, steps): the cosine transform of the mel spectrum in decibels."""
    padded = np.pad(samples, N_FFT // 2)
    steps = 1 + len(samples) // HOP
    frames = sliding_window_view(padded, N_FFT)[::HOP]
    blocks = [_mel_power(frames[at : at + FRAMES_AT_ONCE]) for at in range(0, steps, FRAMES_AT_ONCE)]
    decibels = 10 * np.log10(np.maximum(np.concatenate(blocks, axis=1), POWER_FLOOR))
    mfcc: NDArray[np.float32] = _cosines() @ np.maximum(decibels, decibels.max() - DYNAMIC_RANGE)
    return mfcc


def _mel_power(frames: Samples) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(frames * TAPER)
    return MEL @ (spectrum.real**2 + spectrum.imag**2).astype(np.float32).T


def _cosines() -> NDArray[np.float32]:
    """The first rows of the orthonormal discrete cosine transform, (20, bands)."""
    waves = np.cos(np.pi / BANDS * np.outer(np.arange(COEFFICIENTS), np.arange(BANDS) + 0.5))
    waves[0] /= np.sqrt(2)
    cosines: NDArray[np.float32] = (waves * np.sqrt(2 / BANDS)).astype(np.float32)
    return cosines


def _split(coefficients: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    count = max(1, round(coefficients.shape[1] / FRAMES_A_WINDOW))
    edges = [i * FRAMES_A_WINDOW for i in range(1, count)]
    return np.split(coefficients, edges, axis=1)


def _statistics(coefficients: NDArray[np.float32]) -> Vector:
    kinds = (coefficients.mean(1), coefficients.std(1), coefficients.max(1), coefficients.min(1))
    return np.concatenate(kinds).astype(np.float32)
