"""`earworm embed`: audio files to vectors in an .npz file, without a library."""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from bot.audio.decode import MAX_SECONDS, Decoder
from bot.embedders import EMBEDDERS, load
from bot.errors import EmbedderError, Failure, Refused
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.embedders.base import Embedder, Embedding

OPENL3_ONLY = {
    "size": "--size",
    "hop": "--hop",
    "input_repr": "--input-repr",
    "content": "--content",
    "center": "--no-center",
}
WEIGHTLESS_EMBEDDER = "mfcc"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="an audio or video file")
    parser.add_argument("--embedder", default="openl3", metavar="NAME", help=", ".join(EMBEDDERS))
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="instead of the ones that were pulled")
    parser.add_argument("--precision", default="fast", metavar="fast|fp32", help="OpenL3's arithmetic")
    parser.add_argument("--hop", type=float, metavar="S", help="seconds from window to window (OpenL3; 1.0)")
    parser.add_argument("--size", type=int, metavar="512|6144", help="numbers a vector (OpenL3; 512)")
    parser.add_argument("--input-repr", metavar="REPR", help="mel256, mel128 or linear (OpenL3; mel256)")
    parser.add_argument("--content", metavar="KIND", help="trained on music or env (OpenL3; music)")
    parser.add_argument(
        "--no-center", dest="center", action="store_false", default=None, help="first window at 0 s (OpenL3)"
    )
    parser.add_argument("--model", metavar="msd|mtt", help="what MusiCNN was trained on (msd)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Embed every window of every file. Raises EarwormError, and then writes nothing, if one can't be."""
    for path in arguments.paths:
        _require_file(path)
    if not arguments.out.absolute().parent.is_dir():
        raise EmbedderError(f"There is no folder {arguments.out.parent} to write to. Make it first.")
    if arguments.out.is_dir():
        raise EmbedderError(f"{arguments.out} is a folder. Name a file to write to, like vectors.npz.")
    embeddings = await _embed_all(arguments, settings)
    _write(arguments.out, arguments.paths, embeddings)
    if arguments.json:
        print(json.dumps(_document(arguments, embeddings), indent=2))
    else:
        windows, dimension = sum(len(e.frames) for e in embeddings), len(embeddings[0].vector)
        print(f"{len(embeddings)} × {dimension} numbers from {windows} windows are in {arguments.out}")
    return 0


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise Refused(Failure.NOT_AUDIO, f"{path.name or path} is a folder. Name the audio files in it.")
    if not path.is_file():
        raise Refused(Failure.NOT_AUDIO, f"There is no file named {path.name}. Name an audio or video file.")


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    options = {name: getattr(arguments, name) for name in OPENL3_ONLY if getattr(arguments, name) is not None}
    if options and arguments.embedder != "openl3":
        flags = ", ".join(OPENL3_ONLY[name] for name in options)
        raise EmbedderError(f"Only OpenL3 has a choice of {flags}. Leave it out, or take --embedder openl3.")
    if arguments.model is not None and arguments.embedder != "musicnn":
        raise EmbedderError("Only MusiCNN has a choice of --model. Leave it out, or take --embedder musicnn.")
    if arguments.weights is not None and arguments.embedder == WEIGHTLESS_EMBEDDER:
        raise EmbedderError(
            f"{WEIGHTLESS_EMBEDDER} has no weights. Leave --weights out, or take another --embedder."
        )
    return options | ({"model": arguments.model} if arguments.model is not None else {})


async def _embed_all(arguments: argparse.Namespace, settings: Settings) -> list["Embedding"]:
    """At each file's own rate and channels: the embedder resamples and mixes as its model expects."""
    options = _options(arguments)
    embedder: Embedder | None = None
    embeddings = []
    async with Decoder() as decoder:
        for path in tqdm(arguments.paths, unit="file", leave=False, disable=None, delay=1):
            with tempfile.TemporaryDirectory() as folder:
                decoded = await decoder.decode(
                    path, Path(folder), max_seconds=MAX_SECONDS, mono=False, max_rate=None, allow_silence=True
                )
                # To load a model takes seconds, which a file that is none needn't wait for.
                if embedder is None:
                    embedder = await asyncio.to_thread(_load, arguments, settings, options)
                embeddings.append(await asyncio.to_thread(embedder.embed, decoded.samples(), decoded.rate))
    return embeddings


def _load(arguments: argparse.Namespace, settings: Settings, options: dict[str, Any]) -> "Embedder":
    return load(
        arguments.embedder,
        settings.home,
        weights=arguments.weights,
        precision=arguments.precision,
        **options,
    )


def _write(out: Path, paths: Sequence[Path], embeddings: Sequence["Embedding"]) -> None:
    """The arrays of DESIGN's `embed`, whole or not at all."""
    import numpy as np

    arrays: dict[str, Any] = {
        "paths": np.array([str(path) for path in paths]),
        "vectors": np.stack([embedding.vector for embedding in embeddings]),
    }
    if len(embeddings) == 1:
        arrays |= {"frames": embeddings[0].frames, "timestamps": embeddings[0].timestamps}
    part = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            np.savez(file, **arrays)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _document(arguments: argparse.Namespace, embeddings: Sequence["Embedding"]) -> dict[str, Any]:
    return {
        "out": str(arguments.out),
        "embedder": arguments.embedder,
        "results": [
            {"path": str(path), "dimension": len(e.vector), "windows": len(e.frames), "tags": e.tags}
            for path, e in zip(arguments.paths, embeddings, strict=True)
        ],
    }
