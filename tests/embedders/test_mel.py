"""The mel scale is librosa's, to the bit: vectors that were stored before stay comparable."""

import librosa
import numpy as np
import pytest

from bot.embedders.mel import mel_filters


@pytest.mark.parametrize(
    ("rate", "n_fft", "bands"),
    [(22_050, 2048, 128), (48_000, 2048, 256), (48_000, 2048, 128), (16_000, 512, 96)],
    ids=["mfcc", "openl3 mel256", "openl3 mel128", "musicnn"],
)
def test_the_filters_are_librosas(rate: int, n_fft: int, bands: int) -> None:
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands)
    filters = mel_filters(rate, n_fft, bands)
    assert filters.dtype == expected.dtype == np.float32
    assert np.array_equal(filters, expected)
