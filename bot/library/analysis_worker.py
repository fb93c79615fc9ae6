"""The process that holds the embedders: samples in a file in, vectors and a fingerprint in a file out."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import EmbedderError
from bot.workers import Message, reply, requests

if TYPE_CHECKING:
    from bot.embedders.base import Embedder, Samples


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
        try:
            reply(_analyse(embedders, request))
        except EmbedderError as error:
            reply({"error": str(error)})


def _analyse(embedders: "Sequence[Embedder]", request: Message) -> Message:
    """Embed, fingerprint and measure one track's samples; arrays go to the file that the request names."""
    import numpy as np

    from bot.audio.features import measure
    from bot.audio.fingerprint import fingerprint

    samples: Samples = np.memmap(request["samples"], dtype="<f4", mode="r")
    if request["channels"] > 1:
        samples = samples.reshape(-1, request["channels"])
    heard = {e.info.vector_name: e.embed(samples, request["rate"], budget=e.info.budget) for e in embedders}
    arrays: dict[str, Any] = {name: embedding.vector for name, embedding in heard.items()}
    np.savez(request["out"], fingerprint=fingerprint(samples, request["rate"]), **arrays)
    tags = {tag: float(share) for embedding in heard.values() for tag, share in embedding.tags.items()}
    return {"tags": tags, "features": asdict(measure(samples, request["rate"]))}


if __name__ == "__main__":
    main()
