"""Tests of bot/embedders/openl3.py."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.embedders import load
from bot.embedders.openl3 import Backend, OpenL3, Options, choose_engine
from bot.errors import EmbedderError
from tests.support.shared import SHARED, needs

OPENL3 = SHARED / "openl3"
Noise = NDArray[np.float32]

TOLERANCES = {
    "synth_48k_mono": (0.99999, 0.05, 0.003),
    "synth_96k_mono": (0.9999, 0.15, 0.008),
    "vibe_44k_stereo": (0.9998, 0.3, 0.015),
    "short_44k_mono": (0.9998, 0.3, 0.015),
    "synth_16k_mono": (0.9995, 0.5, 0.03),
    "plum_22k_mono": (0.9995, 0.5, 0.03),
    "silence_48k_mono": (0.999999, 1e-3, 1e-4),
}
"""Lowest cosine of a window, largest and mean difference in standard deviations of the reference."""


@pytest.fixture(scope="module")
def openl3(openl3_weights: Path) -> OpenL3:
    loaded = load("openl3", Path(), weights=openl3_weights)
    assert isinstance(loaded, OpenL3)
    return loaded


def cosines(a: Noise, b: Noise) -> NDArray[np.float64]:
    a, b = np.atleast_2d(a).astype(np.float64), np.atleast_2d(b).astype(np.float64)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def noise(seconds: float, rate: int, seed: int = 0) -> Noise:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32)


@needs("openl3")
@pytest.mark.parametrize("name", TOLERANCES)
def test_windows_agree_with_the_official_package(name: str) -> None:
    compare(name, precision="fp32", size=512)


@needs("openl3")
@pytest.mark.parametrize("name", ["synth_48k_mono", "vibe_44k_stereo", "silence_48k_mono"])
def test_windows_agree_in_fast_mode_too(name: str) -> None:
    compare(name, precision="fast", size=512)


@needs("openl3")
def test_many_numbers_a_window_agree_too() -> None:
    compare("vibe_44k_stereo", precision="fast", size=6144)


@needs("openl3")
def test_a_short_hop_agrees_too() -> None:
    reference = np.load(OPENL3 / "ref_mel256_kapre_plum_22k_mono.npz")
    openl3 = load("openl3", Path(), weights=OPENL3 / "openl3_audio_mel256_music.h5", hop=0.1)
    # The last windows of a piece hear its end.
    embedding = openl3.embed(reference["audio"][: 2 * 22_050], 22_050)
    assert np.array_equal(embedding.timestamps, reference["ts_hop0.1"][:16])
    assert (
        cosines(embedding.frames[:14], reference["emb512_hop0.1"][:14]).min()
        >= TOLERANCES["plum_22k_mono"][0]
    )


def compare(name: str, *, precision: str, size: int) -> None:
    reference = np.load(OPENL3 / f"ref_mel256_kapre_{name}.npz")
    expected, times = reference[f"emb{size}_hop1.0"], reference["ts_hop1.0"]
    weights = OPENL3 / "openl3_audio_mel256_music.h5"
    openl3 = load("openl3", Path(), weights=weights, precision=precision, size=size)
    embedding = openl3.embed(reference["audio"], int(reference["sr"]))
    difference = np.abs(embedding.frames - expected) / expected.std()
    cosine, largest, mean = TOLERANCES[name]
    assert np.array_equal(embedding.timestamps, times)
    assert cosines(embedding.frames, expected).min() >= cosine
    assert difference.max() <= largest
    assert difference.mean() <= mean
    assert cosines(embedding.vector, expected.mean(axis=0)).min() >= 0.9999


@needs("openl3")
@pytest.mark.parametrize(("input_repr", "cosine"), [("mel128", 0.9995), ("linear", 0.98)])
@pytest.mark.parametrize("name", ["plum_22k_mono", "vibe_44k_stereo"])
def test_other_inputs_agree_too(input_repr: str, cosine: float, name: str) -> None:
    audio = np.load(OPENL3 / f"ref_mel256_kapre_{name}.npz")
    reference = np.load(OPENL3 / f"ref_{input_repr}_kapre_{name}.npz")
    weights = OPENL3 / f"openl3_audio_{input_repr}_music.h5"
    openl3 = load("openl3", Path(), weights=weights, input_repr=input_repr)
    frames = openl3.embed(audio["audio"], int(audio["sr"])).frames
    assert cosines(frames, reference["emb512_hop1.0"]).min() >= cosine


def test_fast_is_as_good_as_exact(openl3: OpenL3, openl3_weights: Path) -> None:
    exact = load("openl3", Path(), weights=openl3_weights, precision="fp32")
    sound = noise(3, 44_100) * np.linspace(0, 1, 3 * 44_100, dtype=np.float32)
    fast, slow = openl3.embed(sound, 44_100), exact.embed(sound, 44_100)
    assert cosines(fast.frames, slow.frames).min() >= 0.99999
    assert "Winograd" in openl3.engine
    assert "Winograd" not in exact.engine


@pytest.mark.parametrize(
    ("seconds", "hop", "center", "windows"),
    [(0.2, 1.0, True, 1), (0.5, 1.0, True, 1), (0.6, 1.0, True, 2), (2.0, 1.0, True, 3), (2.0, 1.0, False, 2),
     (1.0, 0.25, True, 3), (1.0, 0.7, False, 1)],
)  # fmt: skip
def test_windows_are_counted_like_the_official_package(
    openl3_weights: Path, seconds: float, hop: float, center: bool, windows: int
) -> None:
    openl3 = load("openl3", Path(), weights=openl3_weights, hop=hop, center=center)
    embedding = openl3.embed(noise(seconds, 48_000), 48_000)
    assert embedding.frames.shape == (windows, 512)
    assert np.array_equal(embedding.timestamps, np.arange(windows) * hop)


@pytest.mark.parametrize(
    ("rate", "channels"), [(8000, 1), (22_050, 2), (44_100, 6), (96_000, 1), (192_000, 8)]
)
def test_any_rate_and_number_of_channels(openl3: OpenL3, rate: int, channels: int) -> None:
    sound = np.stack([noise(0.4, rate, seed) for seed in range(channels)], axis=1)
    embedding = openl3.embed(sound, rate)
    assert embedding.frames.shape == (1, 512)
    assert np.isfinite(embedding.vector).all()


def test_the_vector_is_the_mean_of_the_windows(openl3: OpenL3) -> None:
    embedding = openl3.embed(noise(2, 22_050), 22_050)
    assert embedding.vector.dtype == np.float32
    assert np.allclose(embedding.vector, embedding.frames.mean(axis=0), atol=1e-5)


def test_a_budget_takes_windows_from_the_whole_track(openl3: OpenL3) -> None:
    sound = noise(5, 22_050)
    whole, some = openl3.embed(sound, 22_050), openl3.embed(sound, 22_050, budget=2)
    assert some.timestamps.tolist() == [1, 4]
    assert np.allclose(some.frames, whole.frames[[1, 4]], atol=1e-3)


def test_several_tracks_at_once_are_the_same_as_each(openl3: OpenL3) -> None:
    tracks = [(noise(1.2, 22_050), 22_050), (noise(0.3, 48_000, 1), 48_000), (noise(2, 16_000, 2), 16_000)]
    together = openl3.embed_batch(tracks)
    for embedding, track in zip(together, tracks, strict=True):
        alone = openl3.embed(*track)
        assert np.array_equal(embedding.timestamps, alone.timestamps)
        assert np.allclose(embedding.frames, alone.frames, atol=1e-3)


def test_silence_has_an_embedding(openl3: OpenL3) -> None:
    assert np.isfinite(openl3.embed(np.zeros(48_000, np.float32), 48_000).vector).all()


@pytest.mark.parametrize("length", [0, 1])
def test_nothing_is_refused(openl3: OpenL3, length: int) -> None:
    with pytest.raises(EmbedderError, match="nothing to listen to"):
        openl3.embed(np.zeros(length, np.float32), 48_000)


def test_other_threads_of_the_process_keep_their_number(openl3: OpenL3) -> None:
    from threading import Thread

    import torch

    seen: list[int] = []
    thread = Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [torch.get_num_threads()]


@pytest.mark.parametrize(
    ("option", "value"),
    [("size", 1024), ("input_repr", "mel64"), ("content", "speech"), ("precision", "bf16"), ("hop", 0.0),
     ("hop", -1.0), ("hop", float("nan"))],
)  # fmt: skip
def test_what_there_is_not_is_refused(option: str, value: Any) -> None:
    with pytest.raises(EmbedderError):
        Options(**{option: value})


def engine(precision: str = "fast", *, gpu: str = "", capability: str = "AVX2", threads: int = 2) -> Backend:
    return choose_engine(precision, gpu=gpu, capability=capability, threads=threads)


def test_a_gpu_is_used_where_there_is_one() -> None:
    chosen = engine(gpu="NVIDIA L4")
    assert (chosen.device, chosen.winograd, chosen.threads) == ("cuda", False, 0)
    assert "NVIDIA L4" in chosen.says


@pytest.mark.parametrize(
    ("precision", "capability", "winograd", "why"),
    [("fast", "AVX512", True, "has AVX512"), ("fast", "DEFAULT", False, "without vector instructions"),
     ("fp32", "AVX512", False, "exactness was asked for")],
)  # fmt: skip
def test_a_processor_computes_by_what_it_has(
    precision: str, capability: str, winograd: bool, why: str
) -> None:
    chosen = engine(precision, capability=capability)
    assert (chosen.device, chosen.winograd, chosen.threads) == ("cpu", winograd, 2)
    assert "2 threads" in chosen.says
    assert why in chosen.says
