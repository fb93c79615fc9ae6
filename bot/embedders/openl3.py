"""OpenL3 (Cramer et al. 2019) in PyTorch: the official weight files give the official package's numbers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from bot.embedders import EMBEDDERS, weights
from bot.embedders.base import Embedder, Embedding, Samples, Vectors
from bot.embedders.keras_weights import read_layers
from bot.embedders.openl3_net import FINAL_POOL, Network
from bot.embedders.resample import Resampler
from bot.embedders.spectrogram import RATE, SHAPES, WINDOW, Spectrogram
from bot.embedders.windows import check, spread
from bot.errors import EmbedderError

BATCH = {"cpu": 4, "cuda": 64}
"""Windows at once: on a processor few, so that they stay in its caches."""

CHOICES: dict[str, tuple[object, ...]] = {
    "input_repr": tuple(SHAPES),
    "content": ("music", "env"),
    "size": (512, 6144),
    "precision": ("fast", "fp32"),
}


@dataclass(frozen=True)
class Options:
    """What can be chosen about OpenL3; `hop` in seconds. Raises EmbedderError for what there isn't."""

    input_repr: str = "mel256"
    content: str = "music"
    size: int = 512
    hop: float = 1.0
    center: bool = True
    precision: str = "fast"

    def __post_init__(self) -> None:
        for option, choices in CHOICES.items():
            if getattr(self, option) not in choices:
                known = " or ".join(map(str, choices))
                raise EmbedderError(f"OpenL3's {option} is {known}, not {getattr(self, option)!r}.")
        if not RATE * self.hop >= 1:
            raise EmbedderError(f"A hop of {self.hop} seconds is too short; take 1, or 0.1 for more detail.")

    def find_weights(self, home: Path) -> Path:
        """The weight file for these options. Raises WeightsError if it isn't here."""
        return weights.find(weights.openl3_name(self.input_repr, self.content), home)


class OpenL3(Embedder):
    """The audio half of OpenL3, on the GPU where there is one; a window is one second."""

    def __init__(self, options: Options, path: Path) -> None:
        self.info = replace(EMBEDDERS["openl3"], dimension=options.size)
        self._options = options
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._spectrogram = Spectrogram(options.input_repr, self._device)
        pool = FINAL_POOL[options.input_repr, options.size]
        self._network = Network(read_layers(path), pool, self._device)

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """See `Embedder.embed`; the vector is the mean over the windows."""
        return self.embed_batch([(samples, rate)], budget=budget)[0]

    def embed_batch(
        self, tracks: Sequence[tuple[Samples, int]], *, budget: int | None = None
    ) -> list[Embedding]:
        """The same of several tracks, whose windows fill the batches together."""
        cuts = [_Cutter(samples, rate, self._options, budget) for samples, rate in tracks]
        windows = (window for cutter in cuts for window in cutter.windows())
        frames = np.concatenate(
            [self._frames(batch) for batch in _batches(windows, BATCH[self._device.type])]
        )
        ends = np.cumsum([len(cutter.timestamps) for cutter in cuts])
        return [
            Embedding(
                vector=part.mean(axis=0, dtype=np.float64).astype(np.float32), frames=part, timestamps=times
            )
            for part, times in zip(
                np.split(frames, ends[:-1]), (cutter.timestamps for cutter in cuts), strict=True
            )
        ]

    def _frames(self, windows: list[Samples]) -> Vectors:
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(windows)).to(self._device)
            frames: Vectors = self._network(self._spectrogram(batch)).cpu().numpy()
        return frames


class _Cutter:
    """Cuts one track into the official package's windows, resampling only what a window needs."""

    def __init__(self, samples: Samples, rate: int, options: Options, budget: int | None) -> None:
        check(samples, rate)
        self._samples = samples
        self._resampler = Resampler(rate, RATE)
        self._length = self._resampler.length(len(samples))
        self._lead = WINDOW // 2 if options.center else 0
        self._hop = int(RATE * options.hop)
        beyond = max(0, self._length + self._lead - WINDOW)
        self._chosen = spread(1 + -(-beyond // self._hop), budget)
        self.timestamps = (self._chosen * options.hop).astype(np.float64)

    def windows(self) -> Iterator[Samples]:
        """The chosen windows, (48000,) float32 each, zeros before and after the track."""
        for index in self._chosen:
            start = int(index) * self._hop - self._lead
            first, last = max(start, 0), min(start + WINDOW, self._length)
            window = np.zeros(WINDOW, np.float32)
            if first < last:
                window[first - start : last - start] = self._resampler.span(self._samples, first, last)
            yield window


def _batches(windows: Iterable[Samples], size: int) -> Iterator[list[Samples]]:
    windows = iter(windows)
    while batch := list(islice(windows, size)):
        yield batch
