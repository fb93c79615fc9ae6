"""MFCC: the plain baseline of music retrieval, no weights needed."""

from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray

from bot.arrays import Samples, Vector
from bot.embedders.base import Embedder, Embedding
from bot.embedders.registry import EMBEDDERS
from bot.embedders.windows import resampled, spread

COEFFICIENTS = 20
N_FFT = 2048
HOP = 512
FRAMES_A_WINDOW = 129
"""Three seconds."""

FRAMES_AT_ONCE = 8192


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
    """What librosa.feature.mfcc gives, (20, steps), without its memory for the whole spectrum."""
    padded = np.pad(samples, N_FFT // 2)
    steps = 1 + len(samples) // HOP
    blocks = [
        _mel_power(padded[start * HOP : (min(start + FRAMES_AT_ONCE, steps) - 1) * HOP + N_FFT])
        for start in range(0, steps, FRAMES_AT_ONCE)
    ]
    decibels = librosa.power_to_db(np.concatenate(blocks, axis=1))
    mfcc: NDArray[np.float32] = librosa.feature.mfcc(S=decibels, n_mfcc=COEFFICIENTS)
    return mfcc


def _mel_power(samples: Samples) -> Any:
    return librosa.feature.melspectrogram(
        y=samples, sr=EMBEDDERS["mfcc"].rate, n_fft=N_FFT, hop_length=HOP, center=False
    )


def _split(coefficients: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    count = max(1, round(coefficients.shape[1] / FRAMES_A_WINDOW))
    edges = [i * FRAMES_A_WINDOW for i in range(1, count)]
    return np.split(coefficients, edges, axis=1)


def _statistics(coefficients: NDArray[np.float32]) -> Vector:
    kinds = (coefficients.mean(1), coefficients.std(1), coefficients.max(1), coefficients.min(1))
    return np.concatenate(kinds).astype(np.float32)
