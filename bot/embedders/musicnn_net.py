"""MusiCNN's network (Pons & Serra 2019, `MSD_musicnn` and `MTT_musicnn`) for inference, float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bot.errors import WeightsError

Variables = Mapping[str, NDArray[np.float32]]

BANDS = 96
STEPS = 187
EPSILON = 1e-3

KERNELS = ((7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51))
"""Time, mel bands and channels of the front end's convolutions: two for timbre, three for rhythm."""

SHAPES = (
    {
        f"conv2d{n}/kernel": (k[0], k[1], 1, k[2])
        for n, k in zip(("", "_1", "_2", "_3", "_4"), KERNELS, strict=True)
    }
    | {
        "conv2d_5/kernel": (7, 561, 1, 64),
        "conv2d_6/kernel": (7, 64, 1, 64),
        "conv2d_7/kernel": (7, 64, 1, 64),
    }
    | {"dense/kernel": (1506, 200), "dense_1/kernel": (200, 50)}
)


@dataclass(frozen=True)
class MusicnnOutput:
    """What the network says of (b) patches: tags (b, 50) probabilities, penultimate (b, 200), pooled (b, 753)."""

    tags: Tensor
    penultimate: Tensor
    mean_pool: Tensor
    max_pool: Tensor


@dataclass(frozen=True)
class _Norm:
    """A batch norm after training."""

    scale: Tensor
    shift: Tensor

    def __call__(self, x: Tensor, dim: int = -1) -> Tensor:
        shape = [1] * x.ndim
        shape[dim] = -1
        return x * self.scale.view(shape) + self.shift.view(shape)


class MusicnnNetwork:
    """Log-mel patches in, tags and features out. Raises WeightsError for variables of another network."""

    def __init__(self, variables: Variables) -> None:
        wrong = [
            name for name, shape in SHAPES.items() if name not in variables or variables[name].shape != shape
        ]
        if wrong:
            raise WeightsError(f"These are not MusiCNN's weights: {wrong[0]} is missing or of another shape.")
        self._norms = [_norm(variables, i) for i in range(11)]
        self._convolutions = [_convolution(variables, i) for i in range(8)]
        # Where a norm turns answers over, the loudest comes from the lowest; with signs the maximum finds both.
        self._signs = [norm.scale.sign() for norm in self._norms[1:6]]
        self._dense = [_dense(variables, name) for name in ("dense", "dense_1")]

    def __call__(self, patches: Tensor) -> MusicnnOutput:
        """(b, 187, 96) log-mel patches, time before bands."""
        front = self._front(self._norms[0](patches))
        features = torch.cat([front, *self._middle(front)], dim=1)
        mean_pool, max_pool = features.mean(2), features.amax(2)
        pooled = torch.stack([max_pool, mean_pool], dim=2).flatten(1)
        hidden = functional.linear(self._norms[9](pooled), *self._dense[0]).relu()
        penultimate = self._norms[10](hidden)
        tags = functional.linear(penultimate, *self._dense[1]).sigmoid()
        return MusicnnOutput(tags, penultimate, mean_pool, max_pool)

    def _front(self, patches: Tensor) -> Tensor:
        """(b, 561, 187): the loudest answer over the mel bands of each of the five kinds of kernel."""
        image = patches.unsqueeze(1)
        parts = []
        for (height, _, _), (kernel, bias), sign, norm in zip(
            KERNELS, self._convolutions[:5], self._signs, self._norms[1:6], strict=True
        ):
            # As TensorFlow pads "same": the odd one behind.
            padded = functional.pad(image, (0, 0, (height - 1) // 2, height // 2))
            answers = functional.conv2d(padded, kernel * sign.view(-1, 1, 1, 1), bias * sign)
            parts.append(norm((answers.amax(3) * sign.view(-1, 1)).relu(), 1))
        return torch.cat(parts, dim=1)

    def _middle(self, front: Tensor) -> list[Tensor]:
        """Three times (b, 64, 187), the second and third on top of the one before."""
        out: list[Tensor] = []
        x = front
        for (kernel, bias), norm in zip(self._convolutions[5:], self._norms[6:9], strict=True):
            answer = norm(functional.conv1d(x, kernel, bias, padding=3).relu(), 1)
            x = answer + x if out else answer
            out.append(x)
        return out


def _norm(variables: Variables, i: int) -> _Norm:
    name = f"batch_normalization_{i}" if i else "batch_normalization"
    gamma, beta, mean, variance = (
        torch.tensor(variables[f"{name}/{kind}"])
        for kind in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / (variance + EPSILON).sqrt()
    return _Norm(scale, beta - mean * scale)


def _convolution(variables: Variables, i: int) -> tuple[Tensor, Tensor]:
    name = f"conv2d_{i}" if i else "conv2d"
    kernel = torch.tensor(variables[f"{name}/kernel"])
    # The middle's kernels span all channels: (time, in, 1, out) is a convolution over time.
    kernel = kernel.permute(3, 2, 0, 1) if i < len(KERNELS) else kernel.squeeze(2).permute(2, 1, 0)
    return kernel.contiguous(), torch.tensor(variables[f"{name}/bias"])


def _dense(variables: Variables, name: str) -> tuple[Tensor, Tensor]:
    return torch.tensor(variables[f"{name}/kernel"]).T.contiguous(), torch.tensor(variables[f"{name}/bias"])
