"""`earworm eval`: compares embedders by retrieval over labelled folders of songs."""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bot.audio.decode import Decoder
from bot.cli import eval_report
from bot.cli.eval_report import Ranking, Report
from bot.embedders import EMBEDDERS, load, retrieval_measures
from bot.embedders.base import EmbedderInfo
from bot.errors import EmbedderError, NotFound, Refused, WorkerDied
from bot.intake.links import is_media_file
from bot.settings import Settings
from bot.vectors.calibration import MIN_TRACKS, Calibrator

if TYPE_CHECKING:
    from bot.embedders.base import Embedder

DISTRACTORS = "single"
"""The folder of songs that have nothing in common."""

VectorsByEmbedder = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class LabelledFile:
    """An audio file and the folder it belongs to; None: to nobody."""

    path: Path
    label: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        metavar="DIR",
        help=f"a folder of folders of songs; songs in {DISTRACTORS}/ belong to no other",
    )
    parser.add_argument(
        "--embedder", nargs="+", action="extend", metavar="NAME", help="all that can be loaded"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Listen to every song as the bot would, and compare what the embedders rank. Raises EarwormError."""
    folder, names = _folder_and_names(arguments)
    songs = await asyncio.to_thread(_songs, folder)
    _require_company(songs, folder)
    embedders, left_out = await asyncio.to_thread(_load, names, settings)
    heard, skipped = await _listen(songs, embedders, settings)
    _require_company(list(heard), folder)
    report = await asyncio.to_thread(_report, folder, heard, embedders)
    document = eval_report.document(report, left_out, skipped)
    print(document if arguments.json else eval_report.text(report, left_out))
    return 0


def _folder_and_names(arguments: argparse.Namespace) -> tuple[Path, list[str]]:
    """In `--embedder mfcc DIR` the parser takes the folder for one more name."""
    names = list(arguments.embedder or ())
    if arguments.folder is None and names and names[-1] not in EMBEDDERS:
        return Path(names.pop()), names
    if arguments.folder is None:
        raise NotFound("Name the folder that holds a folder of songs for each label: earworm eval DIR")
    return arguments.folder, names


def _songs(folder: Path) -> list[LabelledFile]:
    """Every audio file below, in order; hidden ones are nobody's business."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}. Name one that holds a folder of songs for each label.")
    return [
        LabelledFile(path, _label(path.relative_to(folder).parts))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and is_media_file(path.name, "") and not _is_hidden(path.relative_to(folder))
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _label(parts: Sequence[str]) -> str | None:
    return parts[0] if len(parts) > 1 and parts[0] != DISTRACTORS else None


def _require_company(songs: Sequence[LabelledFile], folder: Path) -> None:
    """Raise NotFound unless some song has another of its label to be found."""
    if not songs:
        raise NotFound(f"There is no audio that can be listened to in {folder}, nor in its folders.")
    if not len(retrieval_measures.queries([song.label for song in songs])):
        raise NotFound(
            f"No folder in {folder} holds two songs to find each other. Put songs that belong together into "
            f"a folder of their own; {DISTRACTORS}/ is for those that don't."
        )


def _load(names: Sequence[str], settings: Settings) -> "tuple[list[Embedder], dict[str, str]]":
    """The embedders named, or all that there are; of these, why one is left out. Raises EmbedderError."""
    loaded: list[Embedder] = []
    left_out: dict[str, str] = {}
    for name in dict.fromkeys(names or EMBEDDERS):
        try:
            loaded.append(load(name, settings.home))
        except EmbedderError as error:
            if names:
                raise
            left_out[name] = str(error)
    return loaded, left_out


async def _listen(
    songs: Sequence[LabelledFile], embedders: "Sequence[Embedder]", settings: Settings
) -> tuple[dict[LabelledFile, VectorsByEmbedder], dict[str, str]]:
    """Each song's vectors by embedder, and why a file was skipped."""
    heard: dict[LabelledFile, VectorsByEmbedder] = {}
    skipped: dict[str, str] = {}
    async with Decoder() as decoder:
        for song in tqdm(songs, unit="song", leave=False, disable=None):
            try:
                heard[song] = await _hear(song.path, decoder, embedders, settings)
            except (Refused, EmbedderError, WorkerDied) as error:
                skipped[str(song.path)] = str(error)
                tqdm.write(f"skipped {song.path}: {error}", file=sys.stderr)
    return heard, skipped


async def _hear(
    path: Path, decoder: Decoder, embedders: "Sequence[Embedder]", settings: Settings
) -> VectorsByEmbedder:
    """With the rate, the limit of length and the budgets that a shared song gets."""
    with tempfile.TemporaryDirectory() as folder:
        decoded = await decoder.decode(path, Path(folder), max_seconds=settings.max_seconds)
        samples = decoded.samples()
        return {
            e.info.name: (
                await asyncio.to_thread(e.embed, samples, decoded.rate, budget=e.info.budget)
            ).vector
            for e in embedders
        }


def _report(
    folder: Path, heard: dict[LabelledFile, VectorsByEmbedder], embedders: "Sequence[Embedder]"
) -> Report:
    labels = [song.label for song in heard]
    ranked = list(rankings(list(heard.values()), [EMBEDDERS[e.info.name] for e in embedders]))
    sizes = Counter(label for label in labels if label)
    comparison = retrieval_measures.compare({r.name: r.scores for r in ranked}, labels)
    return Report(
        folder=folder,
        songs=len(labels),
        folders=sum(size > 1 for size in sizes.values()),
        rankings={ranking.name: ranking for ranking in ranked},
        unrelated={
            r.name: retrieval_measures.unrelated(r.scores, labels) for r in ranked if len(r.embedders) == 1
        },
        comparison=comparison,
    )


def rankings(heard: Sequence[VectorsByEmbedder], infos: Sequence[EmbedderInfo]) -> Iterator[Ranking]:
    """What each embedder finds, what they find together in a library, and chance: all songs are equally near.

    With as many songs as a library needs for it, vectors are compared as they are and standardised.
    """
    in_library: dict[str, Ranking] = {}
    for info in infos:
        raw = np.stack([vectors[info.name] for vectors in heard])
        in_library[info.name] = plain = Ranking(info.name, (info.name,), retrieval_measures.cosines(raw))
        yield plain
        if len(raw) >= MIN_TRACKS:
            scores = retrieval_measures.cosines(_standardised(raw, info))
            ranking = Ranking(f"{info.name} standardised", (info.name,), scores, (info.name,))
            yield ranking
            if info.standardise:
                in_library[info.name] = ranking
    if len(infos) > 1:
        fused = retrieval_measures.fused([ranking.scores for ranking in in_library.values()])
        standardised = [name for ranking in in_library.values() for name in ranking.standardised]
        yield Ranking("fusion", tuple(in_library), fused, tuple(standardised))
    yield Ranking("random", (), np.zeros((len(heard), len(heard))))


def _standardised(raw: NDArray[np.float32], info: EmbedderInfo) -> NDArray[np.float32]:
    """(n, d) vectors as a library of just these songs would keep them, if it standardised them."""
    calibrator = Calibrator(replace(info, standardise=True), len(raw))
    calibrator.add(raw)
    calibration = calibrator.build()
    return np.stack([calibration.apply(vector) for vector in raw])
