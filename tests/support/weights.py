"""Weight files as their publishers lay them out, with random numbers in them."""

import itertools
import zipfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from bot.embedders.keras_weights import CHANNELS

Array = NDArray[np.float32]


def random_openl3(seed: int = 0) -> list[list[Array]]:
    """Eight times a batch norm (gamma, beta, mean, variance) and a convolution (HWIO kernel, bias)."""
    rng = np.random.default_rng(seed)
    groups = []
    for wide, wider in itertools.pairwise(CHANNELS):
        norm = [1 + rng.normal(size=wide) / 10, rng.normal(size=wide) / 10, rng.normal(size=wide) / 10]
        groups.append([*norm, rng.uniform(0.5, 2, wide)])
        groups.append(
            [rng.normal(size=(3, 3, wide, wider)) * (2 / (9 * wide)) ** 0.5, rng.normal(size=wider) / 10]
        )
    # The first norm sees decibels.
    groups[0][2:] = [np.array([-40.0]), np.array([400.0])]
    return [[array.astype(np.float32) for array in group] for group in groups]


def write_openl3(path: Path, groups: list[list[Array]]) -> Path:
    """A Keras 2 weight file; the names are in no useful order, as in the published ones."""
    with h5py.File(path, "w") as file:
        names = ["input_1"]
        file.create_group("input_1").attrs["weight_names"] = []
        for number, arrays in enumerate(groups):
            name = f"layer_{97 - number}"
            names.append(name)
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/w{i}:0".encode() for i in range(len(arrays))]
            for i, array in enumerate(arrays):
                group.create_dataset(f"{name}/w{i}:0", data=array)
        file.attrs["layer_names"] = [name.encode() for name in names]
    return path


def random_musicnn(seed: int = 0) -> dict[str, Array]:
    """Every variable of a MusiCNN model."""
    from bot.embedders.musicnn_net import SHAPES  # loads torch

    rng = np.random.default_rng(seed)
    variables = {}
    for name, shape in SHAPES.items():
        variables[name] = rng.normal(size=shape) * (2 / np.prod(shape[:-1])) ** 0.5
        variables[name.replace("kernel", "bias")] = rng.normal(size=shape[-1]) / 10
    for number, wide in enumerate((1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200)):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        variables[f"{name}/gamma"] = rng.normal(size=wide)
        variables[f"{name}/beta"] = rng.normal(size=wide) / 10
        variables[f"{name}/moving_mean"] = rng.normal(size=wide) / 10
        variables[f"{name}/moving_variance"] = rng.uniform(0.5, 2, wide)
    return {name: array.astype(np.float32) for name, array in variables.items()}


def write_musicnn(path: Path, variables: Mapping[str, Array], model: str = "MSD") -> Path:
    """A wheel that carries a TensorFlow checkpoint."""
    index, data = checkpoint(variables)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"musicnn/{model}_musicnn/.index", index)
        wheel.writestr(f"musicnn/{model}_musicnn/.data-00000-of-00001", data)
    return path


def checkpoint(variables: Mapping[str, Array]) -> tuple[bytes, bytes]:
    """TensorFlow's `.index` (several table blocks, shared key prefixes) and `.data`."""
    data = b"".join(variables[name].tobytes() for name in sorted(variables))
    entries, offset = [(b"", b"\x08\x01")], 0
    for name in sorted(variables):
        size = variables[name].nbytes
        entries.append((name.encode(), _entry(variables[name].shape, offset, size)))
        offset += size
    table, index_entries = b"", []
    for start in range(0, len(entries), 7):
        block = _block(entries[start : start + 7])
        handle = _varint(len(table)) + _varint(len(block))
        index_entries.append((entries[start : start + 7][-1][0] + b"\xff", handle))
        table += block + bytes(5)
    meta = _varint(len(table)) + _varint(0)
    index_block = _block(index_entries)
    footer = (meta + _varint(len(table)) + _varint(len(index_block))).ljust(40, b"\0")
    return table + index_block + bytes(5) + footer + bytes.fromhex("57fb808b247547db"), data


def _entry(shape: tuple[int, ...], offset: int, size: int) -> bytes:
    dimensions = b"".join(_field(2, b"\x08" + _varint(n)) for n in shape)
    message = b"\x08\x01" + _field(2, dimensions)
    if offset:
        message += b"\x20" + _varint(offset)
    return message + b"\x28" + _varint(size) + b"\x35" + bytes(4)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _block(entries: list[tuple[bytes, bytes]]) -> bytes:
    out, last = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        out += _varint(shared) + _varint(len(key) - shared) + _varint(len(value)) + key[shared:] + value
        last = key
    return out + bytes(4) + (1).to_bytes(4, "little")


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
