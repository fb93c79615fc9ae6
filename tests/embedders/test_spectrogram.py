"""Tests of bot/embedders/spectrogram.py."""

import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bot.embedders.spectrogram import SHAPES, Spectrogram
from tests.support.shared import SHARED, needs

CPU = torch.device("cpu")


def spectrogram(kind: str, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    return Spectrogram(kind, CPU)(torch.from_numpy(windows)).numpy()


def noise(count: int = 2) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.1, (count, 48_000)).astype(np.float32)


@pytest.mark.parametrize("kind", SHAPES)
def test_it_is_decibels_under_the_loudest(kind: str) -> None:
    """Against librosa's transform in double precision."""
    window = noise()[0].astype(np.float64)
    n_fft = 512 if kind == "linear" else 2048
    if kind != "linear":
        window = np.pad(window, (0, 198 * 242 + 2048 - 48_000))
    magnitude = np.abs(librosa.stft(window, n_fft=n_fft, hop_length=242, center=False))
    if kind != "linear":
        magnitude = librosa.filters.mel(sr=48_000, n_fft=2048, n_mels=int(kind[3:])) @ magnitude
    decibels = 10 * np.log10(np.maximum(magnitude, 1e-10))
    expected = np.maximum(decibels - decibels.max(), -80)
    heard = spectrogram(kind, noise())
    assert heard.shape == (2, *SHAPES[kind])
    assert np.abs(heard[0] - expected).max() < 1e-2


@pytest.mark.parametrize("kind", SHAPES)
def test_silence_is_all_zero(kind: str) -> None:
    assert not spectrogram(kind, np.zeros((1, 48_000), np.float32)).any()


def test_a_windows_loudness_does_not_count() -> None:
    assert np.allclose(
        spectrogram("mel256", noise()), spectrogram("mel256", noise() / np.float32(8)), atol=1e-3
    )


def test_what_is_far_below_the_loudest_is_cut_off() -> None:
    click = np.zeros((1, 48_000), np.float32)
    click[0, 24_000] = 1
    assert spectrogram("mel256", click).min() == -80


@needs("openl3")
def test_it_agrees_with_the_official_front_end() -> None:
    reference = np.load(SHARED / "openl3" / "ref_frontend_mel256_vibe_44k_stereo.npz")
    difference = np.abs(spectrogram("mel256", reference["frames48k"][:, 0]) - reference["kapre_mel256"])
    assert np.median(difference) < 1e-4
    # Where only rounding noise is heard, beyond the old rate's reach, nobody agrees with anybody.
    assert np.percentile(difference, 90) < 1e-2
