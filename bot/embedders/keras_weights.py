"""Reads OpenL3's published weight files: Keras 2, HDF5."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from bot.errors import WeightsError

CHANNELS = (1, 64, 64, 128, 128, 256, 256, 512, 512)
EPSILON = 1e-3


@dataclass(frozen=True)
class Layer:
    """A batch norm, as the affine map it is after training, and the convolution that follows it.

    scale, shift: (channels in,); kernel: (channels out, channels in, 3, 3); bias: (channels out,); float32.
    """

    scale: NDArray[np.float32]
    shift: NDArray[np.float32]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def read_layers(path: Path) -> list[Layer]:
    """The eight layers of an OpenL3 audio network, in order. Raises WeightsError for any other file."""
    try:
        with h5py.File(path, "r") as file:
            groups = [_arrays(file[_text(name)]) for name in file.attrs["layer_names"]]
    except FileNotFoundError:
        raise WeightsError(f"There is no weight file {path}.") from None
    except (OSError, KeyError, TypeError, AttributeError, ValueError, RuntimeError):
        raise WeightsError(
            f"{path.name} is damaged or no Keras weight file. Fetch the right one with: earworm models pull openl3"
        ) from None
    # Keras numbers layers as a session creates them, so their order counts and their names say nothing.
    groups = [group for group in groups if group]
    expected = [
        shape
        for i in range(8)
        for shape in (_norm_shapes(CHANNELS[i]), _conv_shapes(CHANNELS[i], CHANNELS[i + 1]))
    ]
    if [[array.shape for array in group] for group in groups] != expected:
        raise WeightsError(f"{path.name} holds another network, not OpenL3's audio embedding.")
    if not all(np.isfinite(array).all() for group in groups for array in group):
        raise WeightsError(f"{path.name} is damaged: some weights are not finite numbers.")
    return [_layer(norm, conv) for norm, conv in zip(groups[::2], groups[1::2], strict=True)]


def _norm_shapes(channels: int) -> list[tuple[int, ...]]:
    return [(channels,)] * 4


def _conv_shapes(channels: int, wider: int) -> list[tuple[int, ...]]:
    return [(3, 3, channels, wider), (wider,)]


def _arrays(group: Any) -> list[NDArray[np.float32]]:
    return [np.asarray(group[_text(name)], dtype=np.float32) for name in group.attrs["weight_names"]]


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _layer(norm: list[NDArray[np.float32]], conv: list[NDArray[np.float32]]) -> Layer:
    gamma, beta, mean, variance = norm
    scale = gamma / np.sqrt(variance + EPSILON)
    kernel, bias = conv
    return Layer(scale, beta - mean * scale, np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), bias)
