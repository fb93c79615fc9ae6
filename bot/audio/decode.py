"""Decodes an audio or video file to samples in a process of its own; this is the parent's side."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.errors import Failure, Refused
from bot.workers.serving import WorkerMessage
from bot.workers.template import ForkedWorker, Template

START_SECONDS = 60
MIN_READ_BYTES_PER_SECOND = 250_000  # pessimistic: a busy machine reads and decodes at least this much
MIN_DECODE_SPEED = 50  # and at least so many times faster than the music plays
MAX_SECONDS = 24 * 3600
TOO_SLOW = "Decoding that file took too long, so I stopped. Share it in another format."


@dataclass(frozen=True)
class Decoded:
    """The sound of one file on disk, and what its tags say.

    `path` holds float32 little-endian samples, channels interleaved; `seconds` is their length.
    """

    path: Path
    rate: int
    channels: int
    seconds: float
    title: str = ""
    artist: str = ""
    album: str = ""
    genre: str = ""

    def samples(self) -> NDArray[np.float32]:
        """Map the samples into memory, full scale ±1: (n,) for one channel, else (n, channels)."""
        mapped: NDArray[np.float32] = np.memmap(self.path, dtype="<f4", mode="r")
        return mapped if self.channels == 1 else mapped.reshape(-1, self.channels)


def decode_template() -> Template:
    """What a Decoder's workers are forked from."""
    return Template("bot.audio.decode_worker", environment={"OPENBLAS_NUM_THREADS": "1"})


class Decoder:
    """Decodes files, each in a process of its own; to be closed in the end, or used as a context manager."""

    def __init__(self) -> None:
        self._template = decode_template()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End what makes the next job start sooner."""
        await self._template.close()

    async def decode(
        self,
        path: Path,
        into: Path,
        *,
        max_seconds: float,
        mono: bool = True,
        max_rate: int | None = 48_000,
        allow_silence: bool = False,
    ) -> Decoded:
        """Decode the sound of an audio or video file to a new file in the directory `into`.

        Channels are averaged if `mono`; a rate above `max_rate` Hz is lowered to it, None keeps every rate. Samples
        that aren't numbers become silence. The caller removes the new file; nothing is left there on failure.
        Raises Refused (NOT_AUDIO, TOO_LONG, or SILENT unless `allow_silence`) or WorkerDied.
        """
        request = _request(path, into, max_seconds)
        request |= {"mono": mono, "max_rate": max_rate, "allow_silence": allow_silence}
        try:
            answer = await self._ask(request)
            if "refused" in answer:
                raise Refused(Failure(answer["refused"]), detail=answer["detail"])
            return Decoded(Path(request["into"]), **answer)
        except BaseException:
            _remove(request["into"])
            raise

    async def _ask(self, request: WorkerMessage) -> WorkerMessage:
        async with ForkedWorker(self._template) as worker:
            await worker.send(request)
            try:
                return await worker.receive(request["time_limit"])
            except TimeoutError:
                raise Refused(Failure.NOT_AUDIO, TOO_SLOW, detail="the time is up") from None


def _request(path: Path, into: Path, max_seconds: float) -> WorkerMessage:
    if not path.is_file():  # nor a pipe or a device, which could be read for ever
        raise Refused(Failure.NOT_AUDIO, f"There is no file named {path.name}.")
    time_limit = (
        START_SECONDS
        + path.stat().st_size / MIN_READ_BYTES_PER_SECOND
        + min(max_seconds, MAX_SECONDS) / MIN_DECODE_SPEED
    )
    handle, name = tempfile.mkstemp(prefix="samples-", suffix=".f32", dir=into)
    os.close(handle)
    return {"path": str(path.absolute()), "into": name, "max_seconds": max_seconds, "time_limit": time_limit}


def _remove(name: str) -> None:
    Path(name).unlink(missing_ok=True)
