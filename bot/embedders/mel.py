"""The filters of the mel scale that librosa has by default: Slaney's, each of the same area.

Computed here, since to import librosa takes seconds. Source: Slaney, Auditory Toolbox, 1998; librosa.filters.mel.
"""

import numpy as np
from numpy.typing import NDArray

LINEAR_HZ = 200 / 3
"""Hertz a mel, up to where the scale becomes logarithmic."""

LOGARITHMIC_FROM_HZ = 1000.0
LOGARITHMIC_FROM = LOGARITHMIC_FROM_HZ / LINEAR_HZ
LOGARITHMIC_STEP = np.log(6.4) / 27


def mel_filters(rate: int, n_fft: int, bands: int) -> NDArray[np.float32]:
    """Triangles from 0 Hz to half the rate, (bands, 1 + n_fft // 2), to be applied to a magnitude or power spectrum."""
    corners = _hertz(np.linspace(0, _mel(rate / 2), bands + 2))
    distances = np.subtract.outer(corners, np.fft.rfftfreq(n_fft, 1 / rate))
    widths = np.diff(corners)[:, None]
    rising, falling = -distances[:-2] / widths[:-1], distances[2:] / widths[1:]
    filters: NDArray[np.float32] = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    filters *= (2 / (corners[2:] - corners[:-2]))[:, None]
    return filters


def _mel(hertz: float) -> float:
    """Of a frequency in the logarithmic part of the scale."""
    return float(LOGARITHMIC_FROM + np.log(hertz / LOGARITHMIC_FROM_HZ) / LOGARITHMIC_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithmic = LOGARITHMIC_FROM_HZ * np.exp(LOGARITHMIC_STEP * (mels - LOGARITHMIC_FROM))
    return np.where(mels >= LOGARITHMIC_FROM, logarithmic, LINEAR_HZ * mels)
