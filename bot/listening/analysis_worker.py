"""The process that holds the embedders: samples in a file in, vectors and a fingerprint in a file out."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import EmbedderError
from bot.workers.serving import WorkerMessage, reply, requests

if TYPE_CHECKING:
    from bot.arrays import Samples
    from bot.embedders.base import Embedder


def main() -> None:
    """Load the embedders that the first request names; then answer every request."""
    inbox = requests()
    wanted = next(inbox)
    from bot.embedders import load

    try:
        embedders = [load(name, Path(wanted["home"])) for name in wanted["embedders"]]
    except EmbedderError as error:
        reply({"error": str(error)})
        return
    reply({"engines": {embedder.info.name: embedder.engine for embedder in embedders}})
    for request in inbox:
        reply({"tracks": _answers(embedders, request["tracks"])})


def _answers(embedders: "Sequence[Embedder]", tracks: Sequence[WorkerMessage]) -> list[WorkerMessage]:
    """An answer for each track; one that can't be embedded doesn't keep the others from it."""
    try:
        return _analyse(embedders, tracks)
    except EmbedderError as error:
        if len(tracks) == 1:
            return [{"error": str(error)}]
        return [answer for track in tracks for answer in _answers(embedders, [track])]


def _analyse(embedders: "Sequence[Embedder]", tracks: Sequence[WorkerMessage]) -> list[WorkerMessage]:
    """Embed, fingerprint and measure tracks; each one's arrays go to the file that it names."""
    import numpy as np

    from bot.audio.features import measure
    from bot.audio.fingerprint import fingerprint

    sounds = [(_samples(track), track["rate"]) for track in tracks]
    heard = {e.info.vector_name: e.embed_batch(sounds, budget=e.info.budget) for e in embedders}
    answers: list[WorkerMessage] = []
    for place, (track, (samples, rate)) in enumerate(zip(tracks, sounds, strict=True)):
        mine = {name: embeddings[place] for name, embeddings in heard.items()}
        arrays: dict[str, Any] = {name: embedding.vector for name, embedding in mine.items()}
        np.savez(track["out"], fingerprint=fingerprint(samples, rate), **arrays)
        tags = {tag: float(share) for embedding in mine.values() for tag, share in embedding.tags.items()}
        answers.append({"tags": tags, "features": asdict(measure(samples, rate))})
    return answers


def _samples(track: WorkerMessage) -> "Samples":
    import numpy as np

    samples: Samples = np.memmap(track["samples"], dtype="<f4", mode="r")
    return samples.reshape(-1, track["channels"]) if track["channels"] > 1 else samples


if __name__ == "__main__":
    main()
