"""OpenL3 (Cramer et al. 2019) in PyTorch: the official weight files give the official package's numbers."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from threading import Barrier

import numpy as np
import torch
from torch import Tensor

from bot.arrays import Samples, Vector
from bot.embedders import weights
from bot.embedders.base import Embedder, Embedding
from bot.embedders.keras_weights import Layer
from bot.embedders.openl3_net import FINAL_POOL, OpenL3Network
from bot.embedders.registry import EMBEDDERS
from bot.embedders.resample import Resampler
from bot.embedders.spectrogram import RATE, SHAPES, WINDOW, Spectrogram
from bot.embedders.windows import check, spread
from bot.errors import EmbedderError

CHOICES: dict[str, tuple[object, ...]] = {
    "input_repr": tuple(SHAPES),
    "content": ("music", "env"),
    "size": (512, 6144),
    "precision": ("fast", "fp32"),
}

BATCH = 4
"""Windows at once on a processor."""

GPU_BATCH = 64

MAX_THREADS = 8
"""Each has 50 MB of its own."""


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
        if not 1 <= RATE * self.hop < float("inf"):
            raise EmbedderError(
                f"A hop of {self.hop} seconds makes no sense; take 1, or 0.1 for more detail."
            )

    def find_weights(self, home: Path) -> Path:
        """The weight file for these options. Raises WeightsError if it isn't here."""
        return weights.find(weights.openl3_name(self.input_repr, self.content), home)


class OpenL3(Embedder):
    """The audio half of OpenL3, on the GPU where there is one; a window is one second.

    On a processor each thread works through windows of its own, which is faster than sharing each of them.
    """

    def __init__(self, options: Options, layers: Sequence[Layer]) -> None:
        self.info = replace(EMBEDDERS["openl3"], dimension=options.size)
        self._options = options
        engine = engine_here(options.precision)
        self.engine = engine.says
        self._device = torch.device(engine.device)
        self._spectrogram = Spectrogram(options.input_repr, self._device)
        pool = FINAL_POOL[options.input_repr, options.size]
        self._network: Callable[[Tensor], Tensor]
        if engine.winograd:
            from bot.embedders.openl3_fast import FastNetwork

            self._network = FastNetwork(layers, pool, SHAPES[options.input_repr])
        else:
            self._network = OpenL3Network(layers, pool, self._device)
        if engine.threads:
            self._threads: _Threads | None = _Threads(engine.threads)
        else:
            self._threads = None
            # Else cuDNN rounds to ten binary digits.
            torch.backends.cudnn.allow_tf32 = False

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """See `Embedder.embed`; the vector is the mean over the windows."""
        return self.embed_batch([(samples, rate)], budget=budget)[0]

    def embed_batch(
        self, tracks: Sequence[tuple[Samples, int]], *, budget: int | None = None
    ) -> list[Embedding]:
        """The same of several tracks, whose windows fill the batches together."""
        if not tracks:
            return []
        cutters = [_Cutter(samples, rate, self._options, budget) for samples, rate in tracks]
        frames = self._frames([(cutter, index) for cutter in cutters for index in cutter.chosen])
        ends = np.cumsum([len(cutter.chosen) for cutter in cutters])
        return [
            Embedding(part.mean(axis=0, dtype=np.float64).astype(np.float32), part, cutter.timestamps)
            for part, cutter in zip(np.split(frames, ends[:-1]), cutters, strict=True)
        ]

    def _frames(self, windows: "Sequence[tuple[_Cutter, int]]") -> Vector:
        if self._threads is None:
            parts = _split(windows, -(-len(windows) // GPU_BATCH))
            return np.concatenate([self._some_frames(part) for part in parts])
        rounds = -(-len(windows) // (BATCH * self._threads.count))
        parts = _split(windows, rounds * self._threads.count)
        return np.concatenate(list(self._threads.map(self._some_frames, parts)))

    def _some_frames(self, windows: "Sequence[tuple[_Cutter, int]]") -> Vector:
        batch = np.stack([cutter.window(index) for cutter, index in windows])
        with torch.inference_mode():
            decibels = self._spectrogram(torch.from_numpy(batch).to(self._device))
            frames: Vector = self._network(decibels).cpu().numpy()
        return frames


@dataclass(frozen=True)
class Backend:
    """How the network is computed: on `device` (cpu, cuda), `threads` of the processor's, and why, in words."""

    device: str
    winograd: bool
    threads: int
    says: str


def engine_here(precision: str = "fast") -> Backend:
    """What this machine computes with."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    threads = min(torch.get_num_threads(), MAX_THREADS)
    return choose_engine(
        precision, gpu=gpu, capability=torch.backends.cpu.get_cpu_capability(), threads=threads
    )


def choose_engine(precision: str, *, gpu: str, capability: str, threads: int) -> Backend:
    """Choose by the GPU's name ("": none), and by what instructions PyTorch finds in the processor.

    Measured by benchmarks/openl3.py on 2 cores with AVX-512 that other programs used as well, whole path, against
    the network as written in batches of 32: PyTorch's convolutions with folded norms, channels last, few windows at
    a time: 1.8 to 2.2 times as fast; Winograd: 3.5 to 5.1 times, every window's cosine above 0.999999. OpenVINO's
    float32 network takes twice as long as Winograd's; bfloat16 is no gain on processors without it.
    """
    plain = "PyTorch's convolutions, float32"
    if gpu:
        return Backend("cuda", False, 0, f"{plain}, on {gpu}: there is a GPU")
    here = f"{threads} threads" if threads > 1 else "1 thread"
    if precision != "fast":
        return Backend("cpu", False, threads, f"{plain}, {here}: exactness was asked for")
    if capability == "DEFAULT":
        why = "Winograd's transforms don't pay without vector instructions"
        return Backend("cpu", False, threads, f"{plain}, {here}: {why}")
    why = f"the fastest measured where the processor has {capability}"
    return Backend("cpu", True, threads, f"Winograd convolutions, float32, {here}: {why}")


class _Threads:
    """Threads that each compute alone."""

    def __init__(self, count: int) -> None:
        self.count = count
        started, usual = Barrier(count), torch.get_num_threads()
        self._pool = ThreadPoolExecutor(count, "openl3", initializer=torch.set_num_threads, initargs=(1,))
        list(self._pool.map(lambda _: started.wait(), range(count)))
        # What a thread sets holds for threads to come as well.
        torch.set_num_threads(usual)

    def map(self, function: Callable[..., Vector], parts: Iterable[object]) -> Iterable[Vector]:
        """Each part's result, in order."""
        return self._pool.map(function, parts)


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
        self.chosen = spread(1 + -(-beyond // self._hop), budget)
        self.timestamps = (self.chosen * options.hop).astype(np.float64)

    def window(self, index: int) -> Samples:
        """A window, (48000,) float32, with zeros before and after the track."""
        start = int(index) * self._hop - self._lead
        first, last = max(start, 0), min(start + WINDOW, self._length)
        window = np.zeros(WINDOW, np.float32)
        if first < last:
            window[first - start : last - start] = self._resampler.span(self._samples, first, last)
        return window


def _split(windows: "Sequence[tuple[_Cutter, int]]", count: int) -> "list[Sequence[tuple[_Cutter, int]]]":
    """At most `count` parts, none empty, of nearly equal size."""
    edges = np.linspace(0, len(windows), min(count, len(windows)) + 1).astype(int)
    return [windows[start:stop] for start, stop in pairwise(edges)]
