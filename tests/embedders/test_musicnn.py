"""Tests of bot/embedders/musicnn.py and musicnn_net.py."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bot.embedders import EMBEDDERS, load
from bot.embedders.base import Embedder
from bot.embedders.musicnn import TAGS, MusiCNN
from bot.embedders.musicnn_net import MusicnnNetwork
from bot.embedders.tf_checkpoint import read_checkpoint
from bot.embedders.windows import resampled
from bot.errors import EmbedderError, WeightsError
from tests.support.shared import SHARED, needs
from tests.support.weights import checkpoint, random_musicnn, write_musicnn

WHEELS = sorted((Path(sys.prefix) / "share" / "earworm").glob("musicnn-0.1.0-*.whl"))
needs_wheel = pytest.mark.skipif(not WHEELS, reason="needs the published wheel, which make setup fetches")

Noise = NDArray[np.float32]
Variables = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def musicnn(musicnn_weights: Path) -> Embedder:
    return load("musicnn", Path(), weights=musicnn_weights)


@needs("musicnn")
@needs_wheel
@pytest.mark.parametrize("model", ["MSD", "MTT"])
def test_the_network_agrees_with_the_published_one(model: str) -> None:
    with zipfile.ZipFile(WHEELS[0]) as wheel:
        folder = f"musicnn/{model}_musicnn/"
        variables = read_checkpoint(
            wheel.read(f"{folder}.index"), wheel.read(f"{folder}.data-00000-of-00001")
        )
    network = MusicnnNetwork(variables)
    reference = np.load(SHARED / "musicnn" / "reference.npz")
    for clip in ("clip0", "clip1", "clip2"):
        with torch.inference_mode():
            heard = network(torch.from_numpy(reference[f"{clip}_logmel"]))
        for kind, tolerance in {
            "tags": 1e-4,
            "penultimate": 1e-4,
            "mean_pool": 1e-4,
            "max_pool": 1e-3,
        }.items():
            difference = np.abs(getattr(heard, kind).numpy() - reference[f"{clip}_{model}_{kind}"])
            assert difference.max() <= tolerance


@needs("musicnn")
@needs("music")
def test_the_front_end_agrees_with_the_published_one(musicnn: MusiCNN, tmp_path: Path) -> None:
    import soundfile

    reference = np.load(SHARED / "musicnn" / "reference.npz")
    samples, rate = soundfile.read(SHARED / "music" / str(reference["clips"][0]), dtype="float32")
    sound = resampled(samples, rate, 16_000)
    patches = next(musicnn._patches(sound, np.arange(4)))
    assert np.abs(patches.numpy() - reference["clip0_logmel"]).max() <= 1e-4


def test_the_network_is_the_one_that_was_described() -> None:
    """Written out with the norms after the activations, and the maxima over bands taken last."""
    variables = random_musicnn(1)
    patches = torch.randn(2, 187, 96)
    with torch.inference_mode():
        heard = MusicnnNetwork(variables)(patches)
        penultimate, tags, mean_pool, max_pool = as_described(variables, patches)
    assert torch.allclose(heard.mean_pool, mean_pool, atol=1e-4)
    assert torch.allclose(heard.max_pool, max_pool, atol=1e-3)
    assert torch.allclose(heard.penultimate, penultimate, atol=1e-3)
    assert torch.allclose(heard.tags, tags, atol=1e-4)


def as_described(variables: Variables, patches: torch.Tensor) -> tuple[torch.Tensor, ...]:
    v = {name: torch.tensor(array) for name, array in variables.items()}

    def norm(x: torch.Tensor, i: int, dim: int) -> torch.Tensor:
        name = f"batch_normalization_{i}" if i else "batch_normalization"
        shape = [1] * x.ndim
        shape[dim] = -1
        mean, variance, gamma, beta = (
            v[f"{name}/{kind}"].view(shape) for kind in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return (x - mean) / (variance + 1e-3).sqrt() * gamma + beta

    image = norm(patches, 0, -1).unsqueeze(1)
    front = []
    for i, padding in enumerate([(3, 3), (3, 3), (63, 64), (31, 32), (15, 16)]):
        name = f"conv2d_{i}" if i else "conv2d"
        padded = functional.pad(image, (0, 0, *padding))
        x = functional.conv2d(padded, v[f"{name}/kernel"].permute(3, 2, 0, 1), v[f"{name}/bias"])
        front.append(norm(x.relu(), i + 1, 1).amax(3))
    x = torch.cat(front, 1)
    levels = [x]
    for i in (5, 6, 7):
        kernel = v[f"conv2d_{i}/kernel"][:, :, 0].permute(2, 1, 0)
        y = norm(functional.conv1d(x, kernel, v[f"conv2d_{i}/bias"], padding=3).relu(), i + 1, 1)
        x = y if i == 5 else y + x
        levels.append(x)
    features = torch.cat(levels, 1)
    mean_pool, max_pool = features.mean(2), features.amax(2)
    pooled = norm(torch.stack([max_pool, mean_pool], 2).reshape(len(patches), -1), 9, -1)
    hidden = (pooled @ v["dense/kernel"] + v["dense/bias"]).relu()
    penultimate = norm(hidden, 10, -1)
    tags = torch.sigmoid(penultimate @ v["dense_1/kernel"] + v["dense_1/bias"])
    return penultimate, tags, mean_pool, max_pool


def test_the_vector_is_mean_and_maximum_of_the_frames(musicnn: Embedder, noise: Noise) -> None:
    embedding = musicnn.embed(noise, 22_050)
    half = embedding.frames[:, :753]
    assert embedding.frames.shape == (2, EMBEDDERS["musicnn"].dimension)
    assert np.array_equal(embedding.vector, np.concatenate([half.mean(0), half.max(0)]))
    assert embedding.timestamps.tolist() == [0.0, 187 * 256 / 16_000]


def test_features_are_standardised_as_in_training(tmp_path: Path, noise: Noise) -> None:
    variables = random_musicnn()
    plain = load("musicnn", tmp_path, weights=write_musicnn(tmp_path / "a.whl", variables)).embed(
        noise, 22_050
    )
    variables["batch_normalization_9/moving_mean"] += 1
    variables["batch_normalization_9/moving_variance"] *= 4
    moved = load("musicnn", tmp_path, weights=write_musicnn(tmp_path / "b.whl", variables)).embed(
        noise, 22_050
    )
    deviation = np.sqrt(variables["batch_normalization_9/moving_variance"].reshape(-1, 2)[:, 1] + 1e-3)
    assert np.allclose(moved.frames[:, :753], plain.frames[:, :753] / 2 - 1 / deviation, atol=2e-2)


def test_tags_are_probabilities(musicnn: Embedder, noise: Noise) -> None:
    tags = musicnn.embed(noise, 22_050).tags
    assert list(tags) == TAGS["msd"].split(",")
    assert len(tags) == 50
    assert all(0 < share < 1 for share in tags.values())


def test_the_other_model_has_other_tags(tmp_path: Path, noise: Noise) -> None:
    wheel = write_musicnn(tmp_path / "w.whl", random_musicnn(), "MTT")
    assert "harpsichord" in load("musicnn", tmp_path, weights=wheel, model="mtt").embed(noise, 22_050).tags


def test_a_budget_spreads_the_patches(musicnn: Embedder) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 24 * 16_000).astype(np.float32)
    whole, some = musicnn.embed(sound, 16_000), musicnn.embed(sound, 16_000, budget=4)
    assert len(whole.frames) == 8
    assert np.allclose(some.timestamps, whole.timestamps[[1, 3, 5, 7]])
    assert np.allclose(some.frames, whole.frames[[1, 3, 5, 7]], atol=1e-4)


def test_a_short_sound_is_looped(musicnn: Embedder) -> None:
    second = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    short = musicnn.embed(second, 16_000)
    looped = musicnn.embed(np.resize(second, 186 * 256), 16_000)
    assert short.frames.shape == (1, 1506)
    assert np.array_equal(short.vector, looped.vector)


def test_loud_music_stays_finite(musicnn: Embedder) -> None:
    square = np.sign(np.sin(np.arange(5 * 16_000) / 10)).astype(np.float32)
    assert np.isfinite(musicnn.embed(square, 16_000).vector).all()


def test_an_unknown_model_is_refused(musicnn_weights: Path) -> None:
    with pytest.raises(EmbedderError, match="msd or mtt"):
        load("musicnn", Path(), weights=musicnn_weights, model="big")


def test_a_package_without_the_model_is_refused(musicnn_weights: Path) -> None:
    with pytest.raises(WeightsError, match=r"musicnn 0\.1\.0"):
        load("musicnn", Path(), weights=musicnn_weights, model="mtt")


def test_another_network_is_refused(tmp_path: Path) -> None:
    variables = random_musicnn()
    variables["dense/kernel"] = variables["dense/kernel"][:, :100]
    with pytest.raises(WeightsError, match="dense/kernel"):
        load("musicnn", tmp_path, weights=write_musicnn(tmp_path / "w.whl", variables))


@pytest.mark.parametrize("damage", ["cut short", "not deflated", "another number"])
def test_a_damaged_wheel_is_refused(tmp_path: Path, damage: str) -> None:
    path, name = tmp_path / "w.whl", "musicnn/MSD_musicnn/.data-00000-of-00001"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:  # as the published one
        index, data = checkpoint(random_musicnn())
        wheel.writestr("musicnn/MSD_musicnn/.index", index)
        wheel.writestr(name, data)
        start = wheel.getinfo(name).header_offset + 30 + len(name)
    whole = bytearray(path.read_bytes())
    if damage == "not deflated":
        whole[start] = 0xFF
    elif damage == "another number":
        whole[len(whole) // 2] ^= 1
    path.write_bytes(whole[: len(whole) // 2] if damage == "cut short" else whole)
    with pytest.raises(WeightsError, match=r"w\.whl is damaged"):
        load("musicnn", tmp_path, weights=path)
