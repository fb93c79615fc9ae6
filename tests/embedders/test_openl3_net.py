"""Tests of bot/embedders/openl3_net.py, openl3_fast.py and winograd.py."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bot.embedders.keras_weights import Layer, read_layers
from bot.embedders.openl3_fast import WINDOWS_PER_BATCH, FastNetwork
from bot.embedders.openl3_net import FINAL_POOL, OpenL3Network
from bot.embedders.spectrogram import SHAPES
from bot.embedders.winograd import PRODUCTS, transformed_kernel
from tests.support.shared import SHARED, needs

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def layers(openl3_weights: Path) -> list[Layer]:
    return read_layers(openl3_weights)


def decibels(kind: str, count: int = 1) -> Tensor:
    torch.manual_seed(0)
    return -80 * torch.rand(count, *SHAPES[kind])


def as_written(layers: list[Layer], x: Tensor, pool: tuple[int, int]) -> Tensor:
    """Norm, activation, pooling and convolution one by one, in double precision."""
    x = x.double().unsqueeze(1)
    for i, layer in enumerate(layers):
        scale, shift, kernel, bias = (
            torch.from_numpy(a).double() for a in (layer.scale, layer.shift, layer.kernel, layer.bias)
        )
        x = x * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)
        x = x if i == 0 else x.relu()
        x = functional.max_pool2d(x, 2) if i in (2, 4, 6) else x
        x = functional.conv2d(x, kernel, bias, padding=1)
    x = functional.max_pool2d(x, pool)
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


@pytest.mark.parametrize(("kind", "size"), [("mel256", 512), ("mel128", 6144), ("linear", 512)])
def test_both_networks_are_the_one_that_was_described(layers: list[Layer], kind: str, size: int) -> None:
    x, pool = decibels(kind), FINAL_POOL[kind, size]
    with torch.inference_mode():
        expected = as_written(layers, x, pool)
        plain = OpenL3Network(layers, pool, CPU)(x)
        fast = FastNetwork(layers, pool, SHAPES[kind])(x)
    assert plain.shape == fast.shape == (1, size)
    assert (plain - expected).abs().max() < 1e-4 * expected.std()
    assert (fast - expected).abs().max() < 2e-4 * expected.std()


def test_what_was_computed_before_leaves_no_trace(layers: list[Layer]) -> None:
    x = decibels("mel128", WINDOWS_PER_BATCH + 1)
    network = FastNetwork(layers, FINAL_POOL["mel128", 512], SHAPES["mel128"])
    with torch.inference_mode():
        together = network(x)
        one_by_one = torch.cat([network(window[None]) for window in x.flip(0)]).flip(0)
    assert torch.allclose(together, one_by_one, atol=1e-4)


def test_threads_do_not_meet(layers: list[Layer]) -> None:
    x = decibels("mel128", 4)
    network = FastNetwork(layers, FINAL_POOL["mel128", 512], SHAPES["mel128"])

    def compute(window: Tensor) -> Tensor:
        with torch.inference_mode():
            return network(window[None])

    with ThreadPoolExecutor(2) as pool:
        at_once = torch.cat(list(pool.map(compute, x)))
    assert torch.allclose(at_once, torch.cat([compute(window) for window in x]), atol=1e-4)


def test_a_transformed_kernel_convolves_a_tile() -> None:
    """Lavin & Gray's formula for one tile, with Bᵀ and Aᵀ as they print them."""
    b = np.array(
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ]
    )
    a = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])
    rng = np.random.default_rng(0)
    kernel, patch = rng.normal(size=(1, 1, 3, 3)).astype(np.float32), rng.normal(size=(6, 6))
    product = transformed_kernel(kernel)[:, 0, 0].reshape(6, 6) * (b @ patch @ b.T)
    direct = functional.conv2d(torch.from_numpy(patch)[None, None], torch.from_numpy(kernel).double())
    assert transformed_kernel(kernel).shape == (PRODUCTS, 1, 1)
    assert np.allclose(a @ product @ a.T, direct[0, 0].numpy(), atol=1e-5)


@needs("openl3")
@pytest.mark.parametrize("size", [512, 6144])
def test_both_networks_agree_with_the_official_one(size: int) -> None:
    layers = read_layers(SHARED / "openl3" / "openl3_audio_mel256_music.h5")
    front = np.load(SHARED / "openl3" / "ref_frontend_mel256_vibe_44k_stereo.npz")["kapre_mel256"][:3]
    expected = np.load(SHARED / "openl3" / "ref_mel256_kapre_vibe_44k_stereo.npz")[f"emb{size}_hop1.0"][:3]
    pool = FINAL_POOL["mel256", size]
    for network in (OpenL3Network(layers, pool, CPU), FastNetwork(layers, pool, SHAPES["mel256"])):
        with torch.inference_mode():
            frames = network(torch.from_numpy(front)).numpy()
        assert np.abs(frames - expected).max() <= 1e-4
