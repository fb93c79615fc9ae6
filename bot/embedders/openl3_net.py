"""OpenL3's audio network (Cramer et al. 2019) with its batch norms folded into the convolutions."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bot.embedders.keras_weights import Layer

POOLED = (1, 3, 5)
"""After these convolutions a 2×2 maximum."""

FINAL_POOL = {
    ("mel256", 512): (32, 24),
    ("mel256", 6144): (8, 8),
    ("mel128", 512): (16, 24),
    ("mel128", 6144): (4, 8),
    ("linear", 512): (32, 24),
    ("linear", 6144): (8, 8),
}

Weights = NDArray[np.float32]


class OpenL3Network:
    """Convolutions as PyTorch does them; float32, channels last, which is the faster layout."""

    def __init__(self, layers: Sequence[Layer], pool: tuple[int, int], device: torch.device) -> None:
        self._pool = pool
        self._scale, self._shift = float(layers[0].scale[0]), float(layers[0].shift[0])
        self._convolutions = [
            (
                torch.from_numpy(kernel).to(device, memory_format=torch.channels_last),
                torch.from_numpy(bias).to(device),
            )
            for kernel, bias in folded(layers)
        ]

    def __call__(self, decibels: Tensor) -> Tensor:
        """(b, frequencies, steps) to (b, 512 or 6144)."""
        x = (decibels * self._scale + self._shift).unsqueeze(1)
        for i, (kernel, bias) in enumerate(self._convolutions):
            x = functional.conv2d(x, kernel, bias, padding=1)
            if i + 1 < len(self._convolutions):
                x = x.relu_()
            if i in POOLED:
                x = functional.max_pool2d(x, 2)
        return pooled(x, self._pool)


def pooled(x: Tensor, pool: tuple[int, int]) -> Tensor:
    """The final maximum of (b, channels, frequencies, steps), flattened as Keras does: frequency, time, channel."""
    return functional.max_pool2d(x, pool).permute(0, 2, 3, 1).flatten(1)


def folded(layers: Sequence[Layer]) -> list[tuple[Weights, Weights]]:
    """Kernels and biases that do the next layer's batch norm too.

    The first norm can't be folded: the zeros around the image are put there after it.
    """
    nothing = (np.ones_like(layers[-1].bias), np.zeros_like(layers[-1].bias))
    norms = [(layer.scale, layer.shift) for layer in layers[1:]] + [nothing]
    return [
        (layer.kernel * scale[:, None, None, None], layer.bias * scale + shift)
        for layer, (scale, shift) in zip(layers, norms, strict=True)
    ]
