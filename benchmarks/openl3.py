"""How fast OpenL3 is here: whole path, from stereo samples at 44.1 kHz to embeddings, mel256, 512-d, hop 1 s.

Every way takes its turn in every round, so that a busy moment hits all alike; times are medians over the rounds.
`naive` is the network as written in PyTorch: batch norm and convolution one by one, batches of 32, behind our front
end. `official` is the package openl3 in another environment, whose Python is named with --official.

`cpu_ms` is processor time of all threads, which hardly changes when other programs run.

    python benchmarks/openl3.py [--windows 32] [--rounds 5] [--threads 2] [--weights FILE] [--official PYTHON] [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bot.embedders.keras_weights import CHANNELS, EPSILON, Layer, read_layers
from bot.embedders.openl3 import OpenL3, Options
from bot.embedders.openl3_net import POOLED, pooled

RATE = 44_100
POOL = (32, 24)
NAIVE_BATCH = 32
GFLOP = 20.4
"""A window's, counted as the network is written."""

Frames = NDArray[np.float32]

OFFICIAL = """
import sys, time
import numpy as np
import tensorflow as tf
threads, path = int(sys.argv[1]), sys.argv[2]
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
import openl3
model = openl3.models.load_audio_embedding_model("mel256", "music", 512)
samples = np.load(path)
print("ready", flush=True)
for line in sys.stdin:
    start, cpu = time.perf_counter(), time.process_time()
    openl3.get_audio_embedding(samples, 44100, model=model, hop_size=1.0, center=True, batch_size=32, verbose=0)
    print(time.perf_counter() - start, time.process_time() - cpu, flush=True)
"""


class Cost(NamedTuple):
    """Seconds by the clock, and of all the processors together."""

    clock: float
    cpu: float


Way = Callable[[], Cost]


class Naive:
    """The network as written."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = [[torch.from_numpy(a) for a in (x.scale, x.shift, x.kernel, x.bias)] for x in layers]

    def __call__(self, decibels: Tensor) -> Tensor:
        x = decibels.unsqueeze(1)
        for i, (scale, shift, kernel, bias) in enumerate(self._layers):
            channels = x.shape[1]
            # The norm with its statistics of training, as PyTorch computes one; scale and shift hold all four.
            x = functional.batch_norm(
                x, torch.zeros(channels), torch.ones(channels) - EPSILON, scale, shift, eps=EPSILON
            )
            if i:
                x = functional.relu(x)
            if i - 1 in POOLED:
                x = functional.max_pool2d(x, 2)
            x = functional.conv2d(x, kernel, bias, padding=1)
        return pooled(x, POOL)


class NaivePort(OpenL3):
    """The naive network behind our front end."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__(Options(precision="fp32"), layers)
        self._threads = None
        self._network = Naive(layers)

    def _frames(self, windows: Sequence[Any]) -> Frames:
        parts = [windows[start : start + NAIVE_BATCH] for start in range(0, len(windows), NAIVE_BATCH)]
        return np.concatenate([self._some_frames(part) for part in parts])


class Official:
    """The official package, in a process of its own."""

    def __init__(self, python: str, samples: Frames, threads: int) -> None:
        self._file = tempfile.NamedTemporaryFile(suffix=".npy")  # noqa: SIM115 - lives as long as this does
        np.save(self._file, samples)
        self._file.flush()
        command = [python, "-c", OFFICIAL, str(threads), self._file.name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        self._orders, self._replies = process.stdin, process.stdout
        if self._replies.readline() != "ready\n":
            sys.exit(f"{python} could not load openl3")

    def __call__(self) -> Cost:
        self._orders.write("go\n")
        self._orders.flush()
        return Cost(*map(float, self._replies.readline().split()))


def main() -> None:
    """Measure, and print a table or JSON."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    layers = read_layers(arguments.weights) if arguments.weights else _random_layers()
    # Half a second of zeros goes in front of the track, so this makes just as many windows.
    samples = _music(arguments.windows - 0.5)
    ports = {
        "naive": NaivePort(layers),
        "fp32": OpenL3(Options(precision="fp32"), layers),
        "fast": OpenL3(Options(), layers),
    }
    frames = {name: port.embed(samples, RATE).frames for name, port in ports.items()}
    ways: dict[str, Way] = {name: _timed(port, samples) for name, port in ports.items()}
    if arguments.official:
        ways["official"] = Official(arguments.official, samples, arguments.threads)
        ways["official"]()
    costs, peak = _measure(ways, arguments.rounds)
    rows = [_row(name, costs, len(frames["naive"]), peak, frames.get(name), frames["fp32"]) for name in costs]
    document = {
        "threads": arguments.threads,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "fast_engine": ports["fast"].engine,
        "windows": len(frames["naive"]),
        "rounds": arguments.rounds,
        "sgemm_gflops": round(peak, 1),
        "results": rows,
    }
    print(json.dumps(document, indent=2) if arguments.json else _table(document))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--windows", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--weights", type=Path, help="an OpenL3 mel256 weight file; random ones are as fast")
    parser.add_argument("--official", metavar="PYTHON", help="the Python of an environment with openl3")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _random_layers() -> list[Layer]:
    """Weights at a realistic scale, so that no number overflows and none is slow for being tiny."""
    rng = np.random.default_rng(0)
    layers = []
    for wide, wider in pairwise(CHANNELS):
        kernel = rng.normal(0, (2 / (9 * wide)) ** 0.5, (wider, wide, 3, 3))
        scale, shift = (np.full(1, 0.05), np.full(1, 2.0)) if wide == 1 else (np.ones(wide), np.zeros(wide))
        layers.append(Layer(*(array.astype(np.float32) for array in (scale, shift, kernel, np.zeros(wider)))))
    return layers


def _music(seconds: float) -> Frames:
    """Chords and noise in stereo: no window is silent, and no two are alike."""
    rng = np.random.default_rng(0)
    time_axis = np.arange(int(seconds * RATE)) / RATE
    hertz = np.array([[110], [277], [415], [660]])
    tones = np.sin(2 * np.pi * hertz * time_axis * (1 + time_axis / 200)).sum(axis=0) / 8
    noise = rng.normal(0, 0.05, (len(time_axis), 2))
    music: Frames = (tones[:, None] + noise).astype(np.float32)
    return music


def _timed(port: OpenL3, samples: Frames) -> Way:
    def run() -> Cost:
        start, cpu = time.perf_counter(), time.process_time()
        port.embed(samples, RATE)
        return Cost(time.perf_counter() - start, time.process_time() - cpu)

    return run


def _measure(ways: dict[str, Way], rounds: int) -> tuple[dict[str, list[Cost]], float]:
    """What every way cost in every round, and the best matrix product in GFLOP/s."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    peak = 0.0
    square = torch.randn(2048, 2048)
    for _ in range(rounds):
        for name, way in ways.items():
            costs[name].append(way())
            start = time.perf_counter()
            torch.mm(square, square)
            peak = max(peak, 2 * 2048**3 / (time.perf_counter() - start) / 1e9)
    return costs, peak


def _row(
    name: str,
    costs: dict[str, list[Cost]],
    windows: int,
    peak: float,
    frames: Frames | None,
    exact: Frames,
) -> dict[str, Any]:
    a_window = median(cost.clock for cost in costs[name]) / windows
    row = {
        "name": name,
        "ms_per_window": round(1000 * a_window, 2),
        "cpu_ms": round(1000 * median(cost.cpu for cost in costs[name]) / windows, 2),
        "gflops": round(GFLOP / a_window, 1),
        "share_of_peak": round(GFLOP / a_window / peak, 3),
    }
    for other in ("naive", "official"):
        if other in costs:
            ratios = [o.clock / cost.clock for o, cost in zip(costs[other], costs[name], strict=True)]
            row[f"times_{other}"] = round(median(ratios), 2)
    if frames is not None:
        a, b = frames.astype(np.float64), exact.astype(np.float64)
        cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        row["lowest_cosine_to_fp32"] = round(float(cosines.min()), 10)
    return row


def _table(document: dict[str, Any]) -> str:
    lines = [
        f"{document['windows']} windows, {document['rounds']} rounds, {document['threads']} threads, "
        f"{document['processor']}, matrix product {document['sgemm_gflops']} GFLOP/s; "
        f"fast: {document['fast_engine']}"
    ]
    columns = list(dict.fromkeys(column for row in document["results"] for column in row))
    lines.append("  ".join(f"{column:>14}" for column in columns))
    lines += ["  ".join(f"{row.get(column, '')!s:>14}" for column in columns) for row in document["results"]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
