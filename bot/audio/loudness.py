"""Integrated loudness by EBU R 128, which is ITU-R BS.1770-4.

Not pyloudnorm: with its filters "DeMan" it was measured to agree, but it copies the whole track and filters it in
double precision; here a mapped file is read in chunks.
"""

import numpy as np
from numpy.typing import NDArray

ABSOLUTE_GATE_LUFS = -70.0  # LUFS: the gate below which nothing counts
RELATIVE_GATE_LU = -10.0  # LU below the average: what is quieter doesn't count either
OFFSET = -0.691
STEP_SECONDS = 0.1  # seconds; a block is four steps
SETTLING_STEPS = 5  # steps until what was before can't be heard any more in the filter's output


def integrated_loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Loudness in LUFS of (n,) or (n, channels) samples at `rate` Hz; -70 for silence or less than 0.4 s.

    One channel counts as played by two loudspeakers.
    """
    steps = _step_energies(samples, rate)
    if len(steps) < 4:
        return ABSOLUTE_GATE_LUFS
    blocks = np.convolve(steps, np.ones(4) / 4, "valid")
    heard = blocks[_level(blocks) > ABSOLUTE_GATE_LUFS]
    if not len(heard):
        return ABSOLUTE_GATE_LUFS
    return float(_level(heard[_level(heard) > _level(heard.mean()) + RELATIVE_GATE_LU].mean()))


def _step_energies(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """The channels' summed mean squares after the filter, of each tenth of a second."""
    step = round(STEP_SECONDS * rate)
    channels = samples[:, None] if samples.ndim == 1 else samples
    twice = 2 if channels.shape[1] == 1 else 1
    size = 1 << (32 * step).bit_length()
    response = _k_weighting(rate, size)[:, None]
    at_once = (size // step - SETTLING_STEPS) * step
    energies = [np.zeros(0)]
    for start in range(0, len(channels) // step * step, at_once):
        chunk = np.zeros((size, channels.shape[1]), np.float32)
        before = min(start, SETTLING_STEPS * step)
        heard = channels[start - before : start + at_once]
        chunk[SETTLING_STEPS * step - before :][: len(heard)] = np.nan_to_num(heard, posinf=0, neginf=0)
        weighted = np.fft.irfft(np.fft.rfft(chunk, axis=0) * response, size, axis=0)
        steps = (len(heard) - before) // step
        new = weighted[SETTLING_STEPS * step : (SETTLING_STEPS + steps) * step].reshape(steps, -1)
        energies.append(twice * np.square(new).sum(axis=1, dtype=np.float64) / step)
    return np.concatenate(energies)


def _level(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return OFFSET + 10 * np.log10(np.maximum(energy, 1e-12))


def _k_weighting(rate: int, size: int) -> NDArray[np.complex64]:
    """The filter's response at the frequencies of a real Fourier transform: a shelf for the head and a high-pass.

    The standard gives its coefficients at 48 kHz; the analogue parameters for other rates are libebur128's.
    """
    gain = 10 ** (3.999843853973347 / 20)
    bend = gain**0.4996667741545416
    tangent, quality = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    shelf = (
        (
            gain + bend * tangent / quality + tangent**2,
            2 * (tangent**2 - gain),
            gain - bend * tangent / quality + tangent**2,
        ),
        (1 + tangent / quality + tangent**2, 2 * (tangent**2 - 1), 1 - tangent / quality + tangent**2),
    )
    tangent, quality = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    below = 1 + tangent / quality + tangent**2
    high_pass = (
        (below, -2 * below, below),
        (below, 2 * (tangent**2 - 1), 1 - tangent / quality + tangent**2),
    )
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(delay), complex)
    for above, under in (shelf, high_pass):
        response *= np.polyval(above[::-1], delay) / np.polyval(under[::-1], delay)
    return response.astype(np.complex64)
