"""How many windows of a track are enough for OpenL3, and does the fast engine find the same neighbours?

    python -m benchmarks.windows DIR [--weights FILE] [--minutes 4] [--tracks 60] [--fast-only] [--json]

Clips in DIR (searched with its folders) are heard window by window once, with both engines. Tracks are medleys of
clips in random order, cut to `--minutes`: they change more within than songs do, so that a song needs no more
windows. For every budget, against the vector of all windows: how far the vector moved, as a share of the way from one
clip to another (1: as far as two clips typically are apart), and how many of its ten nearest it kept among medleys,
which are far more alike than songs are.

Over 38 clips with random weights: 60 windows of 240 move a vector by 1.2% of that way (2.0% at most, cosine .9997), 30
by 3%, 10 by 11%; fast and fp32 agree on all neighbours, every window's cosine above .999999.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bot.arrays import Array
from bot.audio.decode import Decoder
from bot.embedders import load
from bot.embedders.base import Embedder
from bot.embedders.retrieval_measures import cosines
from bot.embedders.windows import spread
from bot.intake.links import is_media_file

BUDGETS = (5, 10, 20, 30, 60, 120)
NEAREST = 10
ENGINES = ("fast", "fp32")

Clips = list[NDArray[np.float32]]


def main() -> None:
    """Measure, and print a table or JSON."""
    arguments = _arguments()
    paths = sorted(p for p in arguments.folder.rglob("*") if is_media_file(p.name, ""))
    if len(paths) < 3:
        sys.exit(f"{arguments.folder} holds fewer than three audio files")
    engines = ENGINES[:1] if arguments.fast_only else ENGINES
    embedders = [load("openl3", Path("data"), weights=arguments.weights, precision=e) for e in engines]
    heard = asyncio.run(_hear(paths, embedders))
    document: dict[str, Any] = {
        "clips": len(paths),
        "windows": sum(map(len, heard[0])),
        "results": budgets(heard[0], round(60 * arguments.minutes), arguments.tracks),
    }
    if not arguments.fast_only:
        document["fast_against_fp32"] = _engines(*heard)
    print(json.dumps(document, indent=2) if arguments.json else _table(document))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="an OpenL3 mel256 weight file")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--tracks", type=int, default=60)
    parser.add_argument("--fast-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


async def _hear(paths: Sequence[Path], embedders: Sequence[Embedder]) -> list[Clips]:
    """Every window of every clip by each embedder."""
    heard: list[Clips] = [[] for _ in embedders]
    async with Decoder() as decoder:
        for path in tqdm(paths, unit="clip", disable=None):
            with tempfile.TemporaryDirectory() as folder:
                decoded = await decoder.decode(path, Path(folder), max_seconds=3600)
                for clips, embedder in zip(heard, embedders, strict=True):
                    clips.append(embedder.embed(decoded.samples(), decoded.rate).frames)
    return heard


def budgets(clips: Clips, length: int, tracks: int) -> list[dict[str, Any]]:
    """What each budget does to medleys of `length` windows."""
    random = np.random.default_rng(0)
    medleys = [
        np.concatenate([clips[i] for i in random.permutation(len(clips))])[:length] for _ in range(tracks)
    ]
    whole = np.stack([medley.mean(axis=0) for medley in medleys])
    among = cosines(whole)
    songs = cosines(np.stack([clip.mean(axis=0) for clip in clips]))
    apart = 1 - np.median(songs[~np.eye(len(clips), dtype=bool)])
    rows = []
    for budget in BUDGETS:
        if budget >= min(map(len, medleys)):
            break
        some = np.stack([medley[spread(len(medley), budget)].mean(axis=0) for medley in medleys])
        both = cosines(np.concatenate([whole, some]))
        same = both[np.arange(tracks), tracks + np.arange(tracks)]
        rows.append(
            {
                "budget": budget,
                "windows": int(np.median([len(medley) for medley in medleys])),
                "lowest_cosine": round(float(same.min()), 6),
                "median_moved": round(float(np.median(1 - same) / apart), 4),
                "most_moved": round(float((1 - same).max() / apart), 4),
                "nearest_kept": round(kept(among, both[tracks:, :tracks]), 3),
            }
        )
    return rows


def _engines(fast: Clips, exact: Clips) -> dict[str, float]:
    windows = [_between(a, b) for a, b in zip(fast, exact, strict=True)]
    vectors = [np.stack([clip.mean(axis=0) for clip in clips]) for clips in (fast, exact)]
    return {
        "lowest_cosine_of_a_window": round(float(np.concatenate(windows).min()), 9),
        "nearest_kept": round(kept(cosines(vectors[1]), cosines(vectors[0])), 4),
    }


def _between(a: NDArray[np.float32], b: NDArray[np.float32]) -> Array:
    x, y = a.astype(np.float64), b.astype(np.float64)
    found: Array = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    return found


def kept(before: Array, after: Array) -> float:
    """The share of each row's ten nearest, itself apart, that are among its ten nearest after."""
    count = min(NEAREST, len(before) - 2)
    shares = []
    for i, rows in enumerate(zip(before, after, strict=True)):
        nearest = [set(np.argsort(-np.delete(row, i))[:count]) for row in rows]
        shares.append(len(nearest[0] & nearest[1]) / count)
    return float(np.mean(shares))


def _table(document: dict[str, Any]) -> str:
    rows = document["results"]
    lines = [f"{document['clips']} clips, {document['windows']} windows"]
    if rows:
        lines.append("  ".join(f"{name:>14}" for name in rows[0]))
        lines += ["  ".join(f"{value:>14}" for value in row.values()) for row in rows]
    lines += (
        [f"fast against fp32: {document['fast_against_fp32']}"] if "fast_against_fp32" in document else []
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
