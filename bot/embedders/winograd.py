"""Winograd's F(4×4, 3×3) for 3×3 convolutions: four multiplications where a convolution as written has sixteen.

A tile of 4×4 outputs is Aᵀ[(GgGᵀ)·(BᵀdB)]A for a 6×6 piece d of the input and the kernel g (Lavin & Gray, Fast
Algorithms for Convolutional Neural Networks, CVPR 2016). Over many tiles the product in the middle is 36 matrix
products, which a BLAS does; what is left are the additions of the two transforms, written here as vector
instructions over 16 channels at a time, since compilers don't find them in loops. Everything is single precision.

Activations are (rows, columns, channels) with a border of zeros; the functions take addresses and byte strides.
"""

# What numba compiles is typed by its calls.
# mypy: disable-error-code="no-untyped-def, call-arg"

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES = 16
TILE = 4
PATCH = TILE + 2
PRODUCTS = PATCH * PATCH

VECTOR = ir.VectorType(ir.FloatType(), LANES)
INT = ir.IntType(64)
FLAGS = ("contract", "nsz")

G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24

Value = Any


def transformed_kernel(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """(out, in, 3, 3) to the 36 matrices (36, in, out) of the products; computed in double precision."""
    channels_out, channels = kernel.shape[:2]
    both = np.kron(G, G)
    wide = both @ kernel.astype(np.float64).reshape(-1, 9).T
    return wide.reshape(PRODUCTS, channels_out, channels).transpose(0, 2, 1).astype(np.float32)


@dataclass(frozen=True)
class Kernels:
    """The compiled functions; they run without Python's lock."""

    first: Callable[..., None]
    into: Callable[..., None]
    out: Callable[..., None]


@lru_cache(maxsize=1)
def kernels() -> Kernels:
    """Compile for this processor, or take what an earlier process compiled, where that could be kept."""
    functions = (_first_row, _into_products, _out_of_products)
    try:
        return Kernels(*(njit(nogil=True, cache=True)(function) for function in functions))
    except RuntimeError:  # no folder to keep it in
        return Kernels(*(njit(nogil=True)(function) for function in functions))


# -- loops -------------------------------------------------------------------------------------------------


def _first_row(image, image_row, weights, bias, columns, out):
    """A row of the first convolution, one channel to 64, and the maximum with 0.

    `image` points at the first pixel of the row above, with its border; `weights` are (9, 64).
    """
    for pair in range(0, columns, 2):
        column = min(pair, columns - 2)
        _first_pixels(image + column * 4, image_row, weights, bias, out + column * 256)


def _into_products(x, x_row, channels, products, tiles):
    """A row of tiles, `x` pointing at the first's corner, into (tiles, 36, channels)."""
    pixel = channels * 4
    for tile in range(tiles):
        source = x + tile * TILE * pixel
        target = products + tile * PRODUCTS * pixel
        for channel in range(0, pixel, LANES * 4):
            _into(source + channel, x_row, pixel, target + channel, pixel)


def _out_of_products(products, plane, channels, bias, floor, pooled, y, y_row, y_pixel, tiles):
    """(36, …, channels) products of a row of tiles to outputs at `y`, at least `floor`; `pooled`: 2×2 maxima."""
    for tile in range(tiles):
        source = products + tile * channels * 4
        for channel in range(0, channels * 4, LANES * 4):
            if pooled:
                target = y + tile * 2 * y_pixel + channel
                _out_pooled(source + channel, plane, bias + channel, floor, target, y_row, y_pixel)
            else:
                target = y + tile * TILE * y_pixel + channel
                _out_whole(source + channel, plane, bias + channel, floor, target, y_row, y_pixel)


# -- vector instructions -----------------------------------------------------------------------------------


class _Emitter:
    """Emits LLVM instructions on vectors of channels at byte addresses."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self._builder = builder

    def load(self, base: Value, offset: Value) -> Value:
        return self._builder.load(self._pointer(base, offset, VECTOR), align=4)

    def broadcast(self, base: Value, offset: Value) -> Value:
        return self.splat(self._builder.load(self._pointer(base, offset, ir.FloatType()), align=4))

    def splat(self, scalar: Value) -> Value:
        one = self._builder.insert_element(ir.Constant(VECTOR, ir.Undefined), scalar, ir.Constant(INT, 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self._builder.shuffle_vector(one, one, mask)

    def store(self, value: Value, base: Value, offset: Value) -> None:
        self._builder.store(value, self._pointer(base, offset, VECTOR), align=4)

    def times(self, stride: Value, count: int) -> Value:
        return self._builder.mul(stride, ir.Constant(INT, count))

    def at(self, row: Value, i: int, pixel: Value, j: int) -> Value:
        return self._builder.add(self.times(row, i), self.times(pixel, j))

    def add(self, a: Value, b: Value) -> Value:
        return self._builder.fadd(a, b, flags=FLAGS)

    def subtract(self, a: Value, b: Value) -> Value:
        return self._builder.fsub(a, b, flags=FLAGS)

    def fused(self, a: Value, factor: float | Value, b: Value) -> Value:
        """a·factor + b."""
        by = ir.Constant(VECTOR, [float(factor)] * LANES) if isinstance(factor, int | float) else factor
        return self.add(self._builder.fmul(a, by, flags=FLAGS), b)

    def maximum(self, *values: Value) -> Value:
        loudest = values[0]
        for value in values[1:]:
            loudest = self._builder.select(self._builder.fcmp_ordered(">", loudest, value), loudest, value)
        return loudest

    def _pointer(self, base: Value, offset: Value, kind: ir.Type) -> Value:
        return self._builder.inttoptr(self._builder.add(base, offset), kind.as_pointer())


def _input_transform(e: _Emitter, d: Sequence[Value]) -> list[Value]:
    """Bᵀd: six values to six."""
    even, odd = e.fused(d[2], -4, d[4]), e.fused(d[1], -4, d[3])
    even2, odd2 = e.subtract(d[4], d[2]), e.subtract(d[3], d[1])
    return [
        e.fused(d[0], 4, e.fused(d[2], -5, d[4])),
        e.add(even, odd),
        e.subtract(even, odd),
        e.fused(odd2, 2, even2),
        e.fused(odd2, -2, even2),
        e.fused(d[1], 4, e.fused(d[3], -5, d[5])),
    ]


def _output_transform(e: _Emitter, m: Sequence[Value]) -> list[Value]:
    """Aᵀm: six values to four."""
    sum1, difference1 = e.add(m[1], m[2]), e.subtract(m[1], m[2])
    sum2, difference2 = e.add(m[3], m[4]), e.subtract(m[3], m[4])
    return [
        e.add(e.add(m[0], sum1), sum2),
        e.fused(difference2, 2, difference1),
        e.fused(sum2, 4, sum1),
        e.add(e.fused(difference2, 8, difference1), m[5]),
    ]


def _both_ways(
    e: _Emitter, transform: Callable[[_Emitter, Sequence[Value]], list[Value]], patch: list[list[Value]]
) -> list[list[Value]]:
    columns = [transform(e, column) for column in zip(*patch, strict=True)]
    return [transform(e, row) for row in zip(*columns, strict=True)]


@intrinsic
def _first_pixels(_context, _image, _image_row, _weights, _bias, _out):
    def emit(context, builder, _signature, arguments):
        image, image_row, weights, bias, out = arguments
        e = _Emitter(builder)
        pixels = [
            [e.broadcast(image, e.at(image_row, i, ir.Constant(INT, 4), j)) for j in range(4)]
            for i in range(3)
        ]
        for channel in range(0, 64 * 4, LANES * 4):
            left = right = e.load(bias, ir.Constant(INT, channel))
            for tap in range(9):
                weight = e.load(weights, ir.Constant(INT, tap * 256 + channel))
                left = e.fused(weight, pixels[tap // 3][tap % 3], left)
                right = e.fused(weight, pixels[tap // 3][tap % 3 + 1], right)
            for place, total in enumerate((left, right)):
                loudest = e.maximum(total, ir.Constant(VECTOR, [0.0] * LANES))
                e.store(loudest, out, ir.Constant(INT, place * 256 + channel))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), emit


@intrinsic
def _into(_context, _x, _x_row, _x_pixel, _products, _plane):
    def emit(context, builder, _signature, arguments):
        x, x_row, x_pixel, products, plane = arguments
        e = _Emitter(builder)
        patch = [[e.load(x, e.at(x_row, i, x_pixel, j)) for j in range(PATCH)] for i in range(PATCH)]
        for i, row in enumerate(_both_ways(e, _input_transform, patch)):
            for j, value in enumerate(row):
                e.store(value, products, e.times(plane, i * PATCH + j))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), emit


def _out(pooled: bool) -> Any:
    @intrinsic
    def out(_context, _products, _plane, _bias, _floor, _y, _y_row, _y_pixel):
        def emit(context, builder, _signature, arguments):
            products, plane, bias, floor, y, y_row, y_pixel = arguments
            e = _Emitter(builder)
            patch = [
                [e.load(products, e.times(plane, i * PATCH + j)) for j in range(PATCH)] for i in range(PATCH)
            ]
            rows = _both_ways(e, _output_transform, patch)
            if pooled:
                rows = [
                    [e.maximum(*rows[i][j : j + 2], *rows[i + 1][j : j + 2]) for j in (0, 2)] for i in (0, 2)
                ]
            here = ir.Constant(INT, 0)
            shift, lowest = e.load(bias, here), e.splat(floor)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    e.store(e.maximum(e.add(value, shift), lowest), y, e.at(y_row, i, y_pixel, j))
            return context.get_dummy_value()

        integers = [types.intp] * 3
        return types.void(*integers, types.float32, *integers), emit

    return out


_out_pooled = _out(pooled=True)
_out_whole = _out(pooled=False)
