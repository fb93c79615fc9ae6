"""Tests of bot/embedders/panns.py, on a narrow CNN14 with random weights."""

import itertools
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.embedders import load
from bot.embedders.panns import Cnn14
from bot.errors import WeightsError

WIDTHS = (1, 4, 5, 6, 7, 8, 16)


def random_cnn14() -> dict[str, Tensor]:
    torch.manual_seed(0)
    mel = librosa.filters.mel(sr=32_000, n_fft=1024, n_mels=64, fmin=50, fmax=14_000)
    tensors = {"logmel_extractor.melW": torch.from_numpy(mel.T.copy())}
    tensors |= {f"fc1.{name}": tensor for name, tensor in nn.Linear(16, 16).state_dict().items()}
    norms = {"bn0": 64}
    for block, (wide, wider) in enumerate(itertools.pairwise(WIDTHS), 1):
        for half, channels in ((1, wide), (2, wider)):
            tensors[f"conv_block{block}.conv{half}.weight"] = torch.randn(wider, channels, 3, 3) / (
                3 * channels**0.5
            )
            norms[f"conv_block{block}.bn{half}"] = wider
    for name, width in norms.items():
        tensors[f"{name}.running_mean"] = torch.randn(width) / 10
        tensors[f"{name}.running_var"] = torch.rand(width) + 0.5
        tensors[f"{name}.weight"] = torch.rand(width) + 0.5
        tensors[f"{name}.bias"] = torch.randn(width) / 10
        tensors[f"{name}.num_batches_tracked"] = torch.tensor(7)
    return tensors


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("panns") / "Cnn14.pth"
    torch.save({"iteration": 600_000, "model": random_cnn14()}, path)
    return path


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(32_000 * seconds)).astype(np.float32)


def test_the_front_end_is_that_of_torchlibrosa() -> None:
    sound = noise(1)
    mel = librosa.feature.melspectrogram(
        y=sound, sr=32_000, n_fft=1024, hop_length=320, n_mels=64, fmin=50, fmax=14_000, pad_mode="reflect"
    )
    expected = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None).T
    decibels = Cnn14(random_cnn14())._log_mel(torch.from_numpy(sound[None]))[0].numpy()
    assert np.abs(decibels - expected).max() < 1e-2


def test_the_network_is_the_published_one(weights: Path) -> None:
    """As in audioset_tagging_cnn's models.py."""
    tensors = random_cnn14()
    network = Cnn14(tensors)
    sound = torch.from_numpy(noise(2)[None])
    with torch.inference_mode():
        x = network._log_mel(sound)[:, None].transpose(1, 3)
        x = batch_norm(x, tensors, "bn0").transpose(1, 3)
        for block in range(1, 7):
            for half in (1, 2):
                x = functional.conv2d(x, tensors[f"conv_block{block}.conv{half}.weight"], padding=1)
                x = functional.relu(batch_norm(x, tensors, f"conv_block{block}.bn{half}"))
            x = functional.avg_pool2d(x, (2, 2) if block < 6 else (1, 1))
        x = torch.mean(x, dim=3)
        x = torch.max(x, dim=2).values + torch.mean(x, dim=2)
        expected = functional.relu(functional.linear(x, tensors["fc1.weight"], tensors["fc1.bias"]))
        assert torch.allclose(network(sound), expected, atol=1e-5)


def batch_norm(x: Tensor, tensors: dict[str, Tensor], name: str) -> Tensor:
    norm = nn.BatchNorm2d(x.shape[1]).eval()
    norm.load_state_dict({part: tensors[f"{name}.{part}"] for part in norm.state_dict()})
    return norm(x)


def test_the_vector_is_the_mean_over_ten_second_clips(weights: Path) -> None:
    embedding = load("panns", Path(), weights=weights).embed(noise(17), 32_000)
    assert embedding.frames.shape == (2, 16)
    assert embedding.timestamps.tolist() == [0, 10]
    assert np.array_equal(embedding.vector, embedding.frames.mean(axis=0))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    tensors = random_cnn14()
    del tensors["conv_block6.conv1.weight"]
    torch.save({"model": tensors}, tmp_path / "Cnn10.pth")
    with pytest.raises(WeightsError, match=r"conv_block6\.conv1"):
        load("panns", tmp_path, weights=tmp_path / "Cnn10.pth")


def test_weights_for_another_rate_are_refused(tmp_path: Path) -> None:
    tensors = random_cnn14() | {"logmel_extractor.melW": torch.zeros(257, 64)}
    torch.save({"model": tensors}, tmp_path / "Cnn14_16k.pth")
    with pytest.raises(WeightsError, match="sample rate"):
        load("panns", tmp_path, weights=tmp_path / "Cnn14_16k.pth")


def test_a_file_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"model": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match="damaged"):
        load("panns", tmp_path, weights=tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_a_truncated_file_is_refused(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "half.pth").write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="damaged"):
        load("panns", tmp_path, weights=tmp_path / "half.pth")
