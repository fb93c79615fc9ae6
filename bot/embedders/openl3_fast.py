"""OpenL3's network by cache-blocked Winograd convolutions, for processors."""

from collections.abc import Sequence
from threading import local
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bot.embedders.keras_weights import Layer
from bot.embedders.openl3_net import POOLED, Weights, folded, pooled
from bot.embedders.winograd import PATCH, PRODUCTS, TILE, kernels, transformed_kernel

FLOAT_BYTES = 4

FIRST_CHANNELS = 64
"""Channels of the first convolution."""

MAX_CHANNELS_AT_ONCE = 128
"""Channels out at a time, at most: their products are still in the cache when they are added up."""

TILES_PER_BATCH = (100, 50, 100, 104, 96, 192, 192)
"""Tiles at a time, for each convolution but the first; measured."""

WINDOWS_PER_BATCH = 4
"""Windows whose last two convolutions are done at once: those kernels are too big for any cache."""

WINDOWWISE_CONVOLUTIONS = 5
"""Convolutions after the first that are done window by window."""


class FastNetwork:
    """What `Network` computes, by a quarter of the multiplications; several threads may call it at once.

    The first convolution is done row by row as the second needs it, and activations are kept with a border of zeros.
    """

    def __init__(self, layers: Sequence[Layer], pool: tuple[int, int], shape: tuple[int, int]) -> None:
        (first_kernel, first_bias), *others = folded(layers)
        self._pool = pool
        self._scale, self._shift = float(layers[0].scale[0]), float(layers[0].shift[0])
        self._first = (
            torch.from_numpy(first_kernel.reshape(FIRST_CHANNELS, 9).T.copy()),
            torch.from_numpy(first_bias),
        )
        self._steps: list[_Step] = []
        for i, (kernel, bias) in enumerate(others, 1):
            self._steps.append(_Step(i, shape, kernel, bias))
            shape = self._steps[-1].out_shape
        self._local = local()

    def __call__(self, decibels: Tensor) -> Tensor:
        """(b, frequencies, steps) to (b, 512 or 6144)."""
        return torch.cat([self._some(windows) for windows in _parts(decibels, WINDOWS_PER_BATCH, 0)])

    def _some(self, windows: Tensor) -> Tensor:
        count = len(windows)
        space = self._space()
        for place, image in enumerate(functional.pad(windows * self._scale + self._shift, (1, 1, 1, 1))):
            source: _Source = _FirstRows(image, *self._first, space.strip)
            for i in range(WINDOWWISE_CONVOLUTIONS):
                target = (
                    space.maps[i][place : place + 1] if i == WINDOWWISE_CONVOLUTIONS - 1 else space.maps[i]
                )
                self._steps[i].run(source, target, space)
                source = _Stored(target)
        for i in range(WINDOWWISE_CONVOLUTIONS, len(self._steps)):
            self._steps[i].run(_Stored(space.maps[i - 1][:count]), space.maps[i][:count], space)
        height, width = self._steps[-1].out_shape
        out = space.maps[-1][:count, 1 : 1 + height, 1 : 1 + width].permute(0, 3, 1, 2)
        return pooled(out, self._pool)

    def _space(self) -> "_Space":
        if not hasattr(self._local, "space"):
            self._local.space = _Space(self._steps)
        space: _Space = self._local.space
        return space


class _Step:
    """A 3×3 convolution, its activation and, after some, a 2×2 maximum."""

    def __init__(self, i: int, shape: tuple[int, int], kernel: Weights, bias: Weights) -> None:
        self.pooled = i in POOLED
        self.channels_out, self.channels = kernel.shape[:2]
        # The 2×2 maximum leaves out an odd last row or column, so that it needn't be computed.
        height, width = (side // 2 * 2 for side in shape) if self.pooled else shape
        self.out_shape = (height // 2, width // 2) if self.pooled else shape
        self.high, self.wide = -(-height // TILE), -(-width // TILE)
        self.step = TILE // 2 if self.pooled else TILE
        self.rows_at_once = max(1, TILES_PER_BATCH[i - 1] // self.wide)
        self._floor = np.float32(0 if i < len(TILES_PER_BATCH) else -np.inf)
        self._bias = torch.from_numpy(bias)
        self.chunk = min(MAX_CHANNELS_AT_ONCE, self.channels_out)
        whole = torch.from_numpy(transformed_kernel(kernel))
        self._kernels = [part.contiguous() for part in _parts(whole, self.chunk, 2)]
        self._do = kernels()

    def run(self, source: "_Source", target: Tensor, space: "_Space") -> None:
        """From every window of `source` to `target` (b, rows, columns, channels)."""
        rows = len(target) * self.high
        for start in range(0, rows, self.rows_at_once):
            self._run_rows(range(start, min(start + self.rows_at_once, rows)), source, target, space)
        # What lies beyond the last tile's useful part is the next convolution's border.
        height, width = self.out_shape
        target[:, 1 + height :] = 0
        target[:, :, 1 + width :] = 0

    def _run_rows(self, rows: range, source: "_Source", target: Tensor, space: "_Space") -> None:
        tiles = len(rows) * self.wide
        products = space.products[: tiles * PRODUCTS * self.channels].view(tiles, PRODUCTS, self.channels)
        sums = space.sums[: PRODUCTS * tiles * self.chunk].view(PRODUCTS, tiles, self.chunk)
        into, out_of = products.data_ptr(), sums.data_ptr()
        for place, row in enumerate(rows):
            start = into + place * self.wide * PRODUCTS * self.channels * FLOAT_BYTES
            self._do.into(
                source.patch(*divmod(row, self.high)), source.row_bytes, self.channels, start, self.wide
            )
        window_bytes, row_bytes, pixel_bytes, _ = (stride * FLOAT_BYTES for stride in target.stride())
        corner = target.data_ptr() + row_bytes + pixel_bytes
        for chunk, kernel in enumerate(self._kernels):
            torch.bmm(products.transpose(0, 1), kernel, out=sums)
            shift = chunk * self.chunk * FLOAT_BYTES
            for place, row in enumerate(rows):
                window, high = divmod(row, self.high)
                self._do.out(
                    out_of + place * self.wide * self.chunk * FLOAT_BYTES,
                    tiles * self.chunk * FLOAT_BYTES,
                    self.chunk,
                    self._bias.data_ptr() + shift,
                    self._floor,
                    self.pooled,
                    corner + window * window_bytes + high * self.step * row_bytes + shift,
                    row_bytes,
                    pixel_bytes,
                    self.wide,
                )


class _Source(Protocol):
    """Where a convolution's input comes from."""

    row_bytes: int

    def patch(self, window: int, row: int, /) -> int:
        """The address of the first patch of a row of tiles."""
        ...


class _Stored(_Source):
    """The output (b, rows, columns, channels) of the convolution before."""

    def __init__(self, stored: Tensor) -> None:
        self._stored = stored
        self.row_bytes = stored.stride(1) * FLOAT_BYTES

    def patch(self, window: int, row: int, /) -> int:
        return (
            self._stored.data_ptr()
            + window * self._stored.stride(0) * FLOAT_BYTES
            + row * TILE * self.row_bytes
        )


class _FirstRows(_Source):
    """The first convolution's output, six rows at a time, of one padded `image`."""

    def __init__(self, image: Tensor, kernel: Tensor, bias: Tensor, strip: Tensor) -> None:
        self._image, self._kernel, self._bias, self._strip = image, kernel, bias, strip
        self._do = kernels().first
        self._height, self._width = image.shape[0] - 2, image.shape[1] - 2
        self.row_bytes = strip.stride(0) * FLOAT_BYTES

    def patch(self, _window: int, row: int, /) -> int:
        image_row = self._image.stride(0) * FLOAT_BYTES
        for place, y in enumerate(range(row * TILE - 1, row * TILE + PATCH - 1)):
            if not 0 <= y < self._height:
                self._strip[place] = 0
                continue
            self._do(
                self._image.data_ptr() + y * image_row,
                image_row,
                self._kernel.data_ptr(),
                self._bias.data_ptr(),
                self._width,
                self._strip.data_ptr() + place * self.row_bytes + FIRST_CHANNELS * FLOAT_BYTES,
            )
        return self._strip.data_ptr()


class _Space:
    """A thread's memory for everything between the spectrogram and the embedding."""

    def __init__(self, steps: Sequence[_Step]) -> None:
        self.strip = torch.zeros(PATCH, steps[0].wide * TILE + 2, FIRST_CHANNELS)
        self.maps = []
        for i, step in enumerate(steps):
            rows, columns = 1 + step.high * step.step, 1 + step.wide * step.step
            if i + 1 < len(steps):
                following = steps[i + 1]
                rows = max(rows, following.high * TILE + 2)
                columns = max(columns, following.wide * TILE + 2)
            windows = 1 if i < WINDOWWISE_CONVOLUTIONS - 1 else WINDOWS_PER_BATCH
            self.maps.append(torch.zeros(windows, rows, columns, step.channels_out))
        most = [step.rows_at_once * step.wide for step in steps]
        self.products = torch.zeros(max(n * PRODUCTS * s.channels for n, s in zip(most, steps, strict=True)))
        self.sums = torch.zeros(max(n * PRODUCTS * s.chunk for n, s in zip(most, steps, strict=True)))


def _parts(whole: Tensor, size: int, dim: int) -> list[Tensor]:
    length = whole.shape[dim]
    return [whole.narrow(dim, start, min(size, length - start)) for start in range(0, length, size)]
