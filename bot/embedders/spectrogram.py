"""OpenL3's input spectrogram of one second, as kapre 0.3.7 computes it (librosa's front end differs by up to 74 dB)."""

import torch
from torch import Tensor
from torch.nn import functional

from bot.embedders.mel import mel_filters

RATE = 48_000
WINDOW = RATE
HOP = 242
POWER_FLOOR = 1e-10
DYNAMIC_RANGE = 80.0

MEL_BANDS = {"mel256": 256, "mel128": 128}
SHAPES = {"mel256": (256, 199), "mel128": (128, 199), "linear": (257, 197)}
"""Frequencies and time steps of a window."""


class Spectrogram:
    """Windows of samples to decibels; `input_repr` is mel256, mel128 or linear."""

    def __init__(self, input_repr: str, device: torch.device) -> None:
        self._bands = MEL_BANDS.get(input_repr)
        self._n_fft = 512 if self._bands is None else 2048
        self._taper = torch.hann_window(self._n_fft, periodic=True, device=device)
        if self._bands is not None:
            self._mel = torch.from_numpy(mel_filters(RATE, self._n_fft, self._bands)).to(device)
            steps = -(-WINDOW // HOP)
            self._tail = (steps - 1) * HOP + self._n_fft - WINDOW

    def __call__(self, windows: Tensor) -> Tensor:
        """(b, 48000) samples to (b, frequencies, steps) decibels under each window's own maximum, from −80 to 0."""
        if self._bands is None:
            return _decibels(self._magnitude(windows))
        return _decibels(self._mel @ self._magnitude(functional.pad(windows, (0, self._tail))))

    def _magnitude(self, windows: Tensor) -> Tensor:
        frames = windows.unfold(1, self._n_fft, HOP) * self._taper
        spectrum: Tensor = torch.fft.rfft(frames)
        # abs() guards against overflow, which samples can't cause, and takes three times as long.
        return torch.addcmul(spectrum.real**2, spectrum.imag, spectrum.imag).sqrt_().transpose(1, 2)


def _decibels(magnitude: Tensor) -> Tensor:
    decibels = 10 * magnitude.clamp(min=POWER_FLOOR).log10()
    loudest = decibels.amax(dim=(1, 2), keepdim=True)
    return (decibels - loudest).clamp(min=-DYNAMIC_RANGE)
