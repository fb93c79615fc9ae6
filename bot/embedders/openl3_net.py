"""OpenL3's audio network (Cramer et al. 2019) with its batch norms folded into the convolutions."""

from collections.abc import Sequence

import numpy as np
import torch
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


class Network:
    """Decibels in, embeddings out: float32."""

    def __init__(self, layers: Sequence[Layer], pool: tuple[int, int], device: torch.device) -> None:
        self._pool = pool
        # The first norm stays: zeros are padded after it.
        self._scale, self._shift = float(layers[0].scale[0]), float(layers[0].shift[0])
        self._convolutions = [
            tuple(torch.from_numpy(array).to(device, memory_format=torch.preserve_format) for array in pair)
            for pair in _folded(layers)
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
        # Keras flattens frequency, time, channel.
        return functional.max_pool2d(x, self._pool).permute(0, 2, 3, 1).flatten(1)


def _folded(layers: Sequence[Layer]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels and biases that do the next layer's batch norm too."""
    ones = np.ones(len(layers[-1].bias), np.float32)
    norms = [(layer.scale, layer.shift) for layer in layers[1:]] + [(ones, 0 * ones)]
    return [
        (layer.kernel * scale[:, None, None, None], layer.bias * scale + shift)
        for layer, (scale, shift) in zip(layers, norms, strict=True)
    ]
