"""How loud a track is as a whole: EBU R 128, which is ITU-R BS.1770-4."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

SILENT = -70.0  # LUFS: the gate below which nothing counts
GATE = -10.0  # LU below the average: what is quieter doesn't count either
OFFSET = -0.691
STEP = 0.1  # seconds; a block is four steps
CHUNK = 600  # steps


def integrated_loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Loudness in LUFS of (n,) or (n, channels) samples at `rate` Hz; -70 for silence or less than 0.4 s.

    One channel counts as played by two loudspeakers.
    """
    steps = _step_energies(samples, rate)
    if len(steps) < 4:
        return SILENT
    blocks = np.convolve(steps, np.ones(4) / 4, "valid")
    heard = blocks[_level(blocks) > SILENT]
    if not len(heard):
        return SILENT
    return float(_level(heard[_level(heard) > _level(heard.mean()) + GATE].mean()))


def _step_energies(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """The channels' summed mean squares after the filter, of each tenth of a second."""
    step = round(STEP * rate)
    channels = samples[:, None] if samples.ndim == 1 else samples
    twice = 2 if channels.shape[1] == 1 else 1
    filters = _k_weighting(rate)
    state = np.zeros((len(filters), 2, channels.shape[1]))
    energies = [np.zeros(0)]
    for start in range(0, len(channels) // step * step, CHUNK * step):
        chunk = channels[start : start + CHUNK * step]
        whole = np.nan_to_num(chunk[: len(chunk) // step * step], posinf=0, neginf=0)
        weighted, state = sosfilt(filters, whole, axis=0, zi=state)
        energies.append(
            twice * np.square(weighted).reshape(-1, step, weighted.shape[1]).mean(axis=1).sum(axis=1)
        )
    return np.concatenate(energies)


def _level(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return OFFSET + 10 * np.log10(np.maximum(energy, 1e-12))


def _k_weighting(rate: int) -> NDArray[np.float64]:
    """Two second-order sections: a shelf for the head, a high-pass.

    The standard gives them at 48 kHz; their analogue parameters for other rates are libebur128's.
    """
    tangent = np.tan(np.pi * 1681.974450955533 / rate)
    quality, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    bend = gain**0.4996667741545416
    first = 1 + tangent / quality + tangent**2
    shelf = [
        (gain + bend * tangent / quality + tangent**2) / first,
        2 * (tangent**2 - gain) / first,
        (gain - bend * tangent / quality + tangent**2) / first,
        1,
        2 * (tangent**2 - 1) / first,
        (1 - tangent / quality + tangent**2) / first,
    ]
    tangent, quality = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    first = 1 + tangent / quality + tangent**2
    high_pass = [1, -2, 1, 1, 2 * (tangent**2 - 1) / first, (1 - tangent / quality + tangent**2) / first]
    return np.array([shelf, high_pass])
