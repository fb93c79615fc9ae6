"""Tests of bot/embedders/mfcc.py."""

from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.embedders import EMBEDDERS, load
from bot.embedders.base import Embedder

Noise = NDArray[np.float32]


@pytest.fixture
def mfcc(tmp_path: Path) -> Embedder:
    return load("mfcc", tmp_path)


def statistics(coefficients: Noise) -> Noise:
    axis = 1
    kinds = (np.mean, np.std, np.max, np.min)
    return np.concatenate([kind(coefficients, axis=axis) for kind in kinds])


def test_the_vector_is_librosas(mfcc: Embedder, noise: Noise) -> None:
    expected = statistics(librosa.feature.mfcc(y=noise, sr=22_050, n_mfcc=20))
    vector = mfcc.embed(noise, 22_050).vector
    assert vector.shape == (EMBEDDERS["mfcc"].dimension,)
    assert vector.dtype == np.float32
    assert np.allclose(vector, expected, atol=1e-4)


def test_a_long_track_is_read_in_blocks(mfcc: Embedder) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 200 * 22_050).astype(np.float32)
    expected = statistics(librosa.feature.mfcc(y=sound, sr=22_050, n_mfcc=20))
    assert np.allclose(mfcc.embed(sound, 22_050).vector, expected, atol=1e-3)


def test_a_frame_is_three_seconds(mfcc: Embedder, noise: Noise) -> None:
    embedding = mfcc.embed(noise, 22_050)
    expected = statistics(librosa.feature.mfcc(y=noise, sr=22_050, n_mfcc=20)[:, 129:])
    assert embedding.timestamps.tolist() == [0.0, 129 * 512 / 22_050]
    assert np.allclose(embedding.frames[1], expected, atol=1e-4)


def test_a_budget_bounds_what_is_heard(mfcc: Embedder) -> None:
    quiet_then_loud = np.random.default_rng(1).normal(0, 1, 60 * 22_050).astype(np.float32)
    quiet_then_loud[: 40 * 22_050] *= 1e-3
    embedding = mfcc.embed(quiet_then_loud, 22_050, budget=2)
    assert embedding.timestamps.tolist() == [5 * 129 * 512 / 22_050, 15 * 129 * 512 / 22_050]
    assert len(embedding.frames) == 2


def test_another_rate_and_two_channels_sound_the_same(mfcc: Embedder) -> None:
    time = np.arange(5 * 44_100) / 44_100
    tone = (np.sin(2 * np.pi * 440 * time) + np.sin(2 * np.pi * 3000 * time)).astype(np.float32) / np.float32(
        4
    )
    stereo = mfcc.embed(np.stack([tone, tone], axis=1), 44_100).vector
    mono = mfcc.embed(tone[::2].copy(), 22_050).vector
    assert stereo @ mono / np.linalg.norm(stereo) / np.linalg.norm(mono) > 0.99


def test_a_tenth_of_a_second_is_a_window(mfcc: Embedder) -> None:
    assert mfcc.embed(np.ones(2205, np.float32), 22_050).frames.shape == (1, 80)
