"""Resampling as resampy 0.2.2 does with its filter `kaiser_best`, which OpenL3's published weights expect.

The filter: a sinc of 64 zero crossings, 512 table steps each, rolled off at 0.9475937167399596 under a Kaiser
window of beta 14.769656459379492; weights between steps are interpolated linearly. Another filter, also resampy
0.4's of the same name, moves OpenL3's windows to a cosine of 0.99. Everything is in double precision.

The ratio of two rates is a fraction, so the weights repeat: a bank of them turns blocks of input into blocks of
output by one matrix product, which is several times faster than resampy itself.
"""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array, Samples
from bot.embedders.windows import mono

ZEROS = 64
STEPS = 512
ROLL_OFF = 0.9475937167399596
BETA = 14.769656459379492

BLOCK = 128
"""Input samples that a block has at least."""

LARGEST_BANK = 4_000_000
"""Weights; for odd rates, such as 44,099 Hz, weights are computed as they are needed."""

OUTPUTS_AT_ONCE = 4096


class Resampler:
    """Turns samples at `rate` Hz into samples at `wanted` Hz, any stretch of them at a time."""

    def __init__(self, rate: int, wanted: int) -> None:
        self._ratio = wanted / rate
        divisor = gcd(rate, wanted)
        self._in, self._out = rate // divisor, wanted // divisor
        self._scale = min(1.0, self._ratio)
        self._step = int(self._scale * STEPS)
        self._taps = (ZEROS * STEPS + 1) // self._step
        self._blocks = -(-BLOCK // self._in)
        rows = self._blocks * self._in + 2 * self._taps - 1
        self._bank = self._make_bank(rows) if rows * self._blocks * self._out <= LARGEST_BANK else None

    def length(self, count: int) -> int:
        """How many samples come out of `count`."""
        return int(count * self._ratio)

    def span(self, samples: Samples, start: int, stop: int) -> Array:
        """Output samples `start` to `stop`, float64 (stop - start,), of (n,) or (n, channels) samples."""
        if self._in == self._out:
            return _cut(samples, start, stop)
        if self._bank is None:
            pieces = range(start, stop, OUTPUTS_AT_ONCE)
            return np.concatenate(
                [self._gather(samples, np.arange(a, min(a + OUTPUTS_AT_ONCE, stop))) for a in pieces]
            )
        return self._multiply(samples, start, stop, self._bank)

    def _multiply(self, samples: Samples, start: int, stop: int, bank: Array) -> Array:
        rows, columns = bank.shape
        stride = self._blocks * self._in
        first, last = start // columns, -(-stop // columns)
        begin = first * stride - (self._taps - 1)
        signal = _cut(samples, begin, begin + (last - first - 1) * stride + rows)
        blocks = np.lib.stride_tricks.sliding_window_view(signal, rows)[::stride]
        out: Array = (blocks @ bank).reshape(-1)
        return out[start - first * columns : stop - first * columns]

    def _gather(self, samples: Samples, outputs: NDArray[np.int64]) -> Array:
        at, weights = self._weights(outputs)
        begin = int(at[0]) - (self._taps - 1)
        signal = _cut(samples, begin, int(at[-1]) + self._taps + 1)
        neighbours = np.lib.stride_tricks.sliding_window_view(signal, 2 * self._taps)[at - at[0]]
        result: Array = np.einsum("ij,ij->i", neighbours, weights)
        return result

    def _make_bank(self, rows: int) -> Array:
        at, weights = self._weights(np.arange(self._blocks * self._out))
        bank = np.zeros((rows, len(at)))
        for column, (n, taps) in enumerate(zip(at, weights, strict=True)):
            bank[n : n + 2 * self._taps, column] = taps
        return bank

    def _weights(self, outputs: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
        """For each output the input at or before it, n, and the weights of inputs n-taps+1 … n+taps."""
        at, phase = np.divmod(outputs * self._in, self._out)
        fraction = self._scale * phase / self._out
        before = self._one_side(fraction)
        after = self._one_side(self._scale - fraction)
        return at, np.concatenate([before[:, ::-1], after], axis=1)

    def _one_side(self, fraction: Array) -> Array:
        table, slope = _filter()
        place = fraction * STEPS
        offset = place.astype(np.int64)
        index = offset[:, None] + np.arange(self._taps) * self._step
        # resampy leaves out a last tap that would start beyond the table, and with it this index.
        within = np.arange(self._taps) < ((len(table) - offset) // self._step)[:, None]
        index = np.where(within, index, len(table) - 1)
        weights = (table[index] + (place - offset)[:, None] * slope[index]) * within
        # A filter for fewer samples is wider and lower.
        scaled: Array = weights * self._scale
        return scaled


@lru_cache(maxsize=1)
def _filter() -> tuple[Array, Array]:
    """Half of the filter, and the difference from each of its steps to the next."""
    size = ZEROS * STEPS
    sinc = ROLL_OFF * np.sinc(ROLL_OFF * np.linspace(0, ZEROS, size + 1))
    table = sinc * np.kaiser(2 * size + 1, BETA)[size:]
    return table, np.append(np.diff(table), 0.0)


def _cut(samples: Samples, start: int, stop: int) -> Array:
    """Mono samples from `start` to `stop`, zeros where there are none."""
    out = np.zeros(stop - start)
    low, high = max(start, 0), min(stop, len(samples))
    if low < high:
        out[low - start : high - start] = mono(samples[low:high])
    return out
