"""Tests of bot/embedders/keras_weights.py."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from bot.embedders.keras_weights import read_layers
from bot.errors import WeightsError
from tests.support.weights import random_openl3, write_openl3


def test_layers_come_in_the_files_order(openl3_weights: Path) -> None:
    groups = random_openl3()
    layers = read_layers(openl3_weights)
    assert len(layers) == 8
    for layer, (gamma, beta, mean, variance), (kernel, bias) in zip(
        layers, groups[::2], groups[1::2], strict=True
    ):
        x = np.float32(0.7)
        assert np.allclose(
            x * layer.scale + layer.shift, gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta, atol=1e-5
        )
        assert np.array_equal(layer.kernel, kernel.transpose(3, 2, 0, 1))
        assert np.array_equal(layer.bias, bias)


def test_a_truncated_file_is_refused(openl3_weights: Path, tmp_path: Path) -> None:
    whole = openl3_weights.read_bytes()
    for length in (100, 5000, len(whole) // 2, len(whole) - 1000):
        (tmp_path / "half.h5").write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"half\.h5"):
            read_layers(tmp_path / "half.h5")


def test_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="another network"):
        read_layers(write_openl3(tmp_path / "w.h5", random_openl3()[:-2]))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    groups = random_openl3()
    groups[7][0][0, 0, 0, 0] = np.nan
    with pytest.raises(WeightsError, match="finite"):
        read_layers(write_openl3(tmp_path / "w.h5", groups))


def test_hdf5_of_something_else_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["data"] = np.ones(3)
    with pytest.raises(WeightsError, match="no Keras weight file"):
        read_layers(tmp_path / "w.h5")
