"""PANNs CNN14 (Kong et al. 2020): the penultimate layer of a general audio tagger."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bot.arrays import Samples
from bot.embedders.base import Embedder, Embedding
from bot.embedders.pickles import read_tensors
from bot.embedders.registry import EMBEDDERS
from bot.embedders.windows import clips, resampled
from bot.errors import WeightsError

N_FFT = 1024
HOP = 320
BANDS = 64
POWER_FLOOR = 1e-10
EPSILON = 1e-5
BLOCKS = 6
NORM_PARTS = ("running_mean", "running_var", "weight", "bias")

SECONDS = 10
"""The length of the clips it was trained on."""


class Panns(Embedder):
    """The mean over ten-second clips of CNN14's 2048 features."""

    def __init__(self, path: Path) -> None:
        self._network = Cnn14(read_tensors(path, "panns"))
        self.info = EMBEDDERS["panns"]

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """See `Embedder.embed`; a window is ten seconds, the last one filled up with zeros."""
        sound = resampled(samples, rate, self.info.rate)
        length = SECONDS * self.info.rate
        chosen, timestamps = clips(sound, length, self.info.rate, budget)
        whole = [torch.from_numpy(np.pad(clip, (0, length - len(clip)))[None]) for clip in chosen]
        with torch.inference_mode():
            frames = np.concatenate([self._network(clip).numpy() for clip in whole])
        return Embedding(vector=frames.mean(axis=0), frames=frames, timestamps=timestamps)


class Cnn14:
    """The published network, as wide as the given weights are. Raises WeightsError for another network's."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        missing = [name for name in _names() if name not in tensors]
        if missing:
            raise WeightsError(f"These are not CNN14's weights: {missing[0]} is missing.")
        self._tensors = tensors
        self._mel = tensors["logmel_extractor.melW"]
        if self._mel.shape != (N_FFT // 2 + 1, BANDS):
            raise WeightsError("These are CNN14's weights for another sample rate; take Cnn14_mAP=0.431.pth.")
        self._taper = torch.hann_window(N_FFT, periodic=True)

    def __call__(self, sound: Tensor) -> Tensor:
        """(b, n) samples at 32 kHz to (b, 2048)."""
        x = self._norm(self._log_mel(sound).transpose(1, 2), "bn0").transpose(1, 2).unsqueeze(1)
        for block in range(1, BLOCKS + 1):
            for half in (1, 2):
                name = f"conv_block{block}."
                x = functional.conv2d(x, self._tensors[f"{name}conv{half}.weight"], padding=1)
                x = self._norm(x, f"{name}bn{half}").relu_()
            if block < BLOCKS:
                x = functional.avg_pool2d(x, 2)
        x = x.mean(dim=3)
        x = x.amax(dim=2) + x.mean(dim=2)
        return functional.linear(x, self._tensors["fc1.weight"], self._tensors["fc1.bias"]).relu()

    def _log_mel(self, sound: Tensor) -> Tensor:
        """(b, steps, bands) decibels."""
        padded = functional.pad(sound.unsqueeze(1), (N_FFT // 2, N_FFT // 2), mode="reflect").squeeze(1)
        spectrum: Tensor = torch.fft.rfft(padded.unfold(1, N_FFT, HOP) * self._taper)
        return 10 * (spectrum.abs() ** 2 @ self._mel).clamp(min=POWER_FLOOR).log10()

    def _norm(self, x: Tensor, name: str) -> Tensor:
        mean, variance, weight, bias = (self._tensors[f"{name}.{part}"] for part in NORM_PARTS)
        return functional.batch_norm(x, mean, variance, weight, bias, eps=EPSILON)


def _names() -> list[str]:
    norms = ["bn0"] + [f"conv_block{block}.bn{half}" for block in range(1, BLOCKS + 1) for half in (1, 2)]
    kernels = [f"conv_block{block}.conv{half}.weight" for block in range(1, BLOCKS + 1) for half in (1, 2)]
    return ["logmel_extractor.melW", "fc1.weight", "fc1.bias", *kernels] + [
        f"{norm}.{part}" for norm in norms for part in NORM_PARTS
    ]
