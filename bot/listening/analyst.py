"""The parent's side of the analysis worker: a process that lives as long as the bot, replaced when it dies."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.audio.decode import Decoded
from bot.embedders import EMBEDDERS
from bot.embedders.base import normalised
from bot.errors import EmbedderError, WeightsError, WorkerDied
from bot.workers.serving import WorkerMessage
from bot.workers.worker import Worker

log = logging.getLogger(__name__)

MODULE = "bot.listening.analysis_worker"
START_SECONDS = 180.0  # to import torch and to load weights on a busy machine


@dataclass(frozen=True)
class Analysis:
    """How a track sounds: a raw (d,) float32 vector by vector name, a fingerprint, tags with their probability.

    `features`: bot.audio.features.Features as a dict.
    """

    vectors: dict[str, NDArray[np.float32]]
    fingerprint: NDArray[np.uint32]
    seconds: float
    tags: dict[str, float] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class _Waiting:
    """A track in the queue, and what the worker said of it once it did."""

    decoded: Decoded
    out: Path
    answer: WorkerMessage | None = None

    @property
    def request(self) -> WorkerMessage:
        decoded = self.decoded
        return {
            "samples": str(decoded.path),
            "rate": decoded.rate,
            "channels": decoded.channels,
            "out": str(self.out),
        }


class Analyst:
    """Analyses tracks in the order in which they come; `patience` is the seconds one may take beside its own length.

    `together`: so many that wait anyway share the models' batches. That spares a tenth of the work at most, and each of
    them waits for all: it is for a backfill, or a GPU, not for members who look on.
    """

    def __init__(
        self, names: Sequence[str], home: Path, *, patience: float = 120.0, together: int = 1
    ) -> None:
        self.vector_names = tuple(EMBEDDERS[name].vector_name for name in names)
        self._names = list(names)
        self._home = home
        self._patience = patience
        self._together = together
        self._waiting: list[_Waiting] = []
        self._worker: Worker | None = None
        self._starts = True
        # The backlog queues in front of the turn, so that somebody who waits for an answer is always next.
        self._backlog = asyncio.Lock()
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and load its weights. Raises WeightsError, which says what to do, or WorkerDied."""
        async with self._turn:
            await self._living()

    async def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.kill()

    @property
    def pid(self) -> int | None:
        """The process that is at work, or ready for it."""
        return self._worker.pid if self._worker is not None else None

    @property
    def trouble(self) -> str:
        """What is wrong with the process; "" also where none runs, as the next song starts one."""
        if self._worker is not None and not self._worker.alive:
            return "the process that analyses songs has ended; the next song starts another"
        return "" if self._starts else "the process that analyses songs doesn't start; the log says why"

    async def analyse(self, decoded: Decoded, *, urgent: bool = False) -> Analysis:
        """Analyse a track; `urgent` goes before all that is not.

        Raises EmbedderError for samples that can't be embedded, WorkerDied if the process ended or hung.
        """
        mine = _Waiting(decoded, decoded.path.with_suffix(".npz"))
        if not urgent:
            self._waiting.append(mine)
        try:
            async with self._next_turn(urgent):
                if mine.answer is None:
                    await self._lead(mine)
        finally:
            if not urgent:
                self._waiting.remove(mine)
        answer = mine.answer
        assert answer is not None
        if "error" in answer:
            raise EmbedderError(answer["error"])
        arrays = await asyncio.to_thread(_load, mine.out)
        vectors = {name: arrays[name] for name in self.vector_names}
        for vector in vectors.values():
            normalised(vector)  # refuses now what could not be stored later
        return Analysis(
            vectors=vectors,
            fingerprint=arrays["fingerprint"],
            seconds=decoded.seconds,
            tags=answer["tags"],
            features=answer["features"],
        )

    async def _lead(self, mine: _Waiting) -> None:
        """Have a track analysed, and with it others that wait; alone if one of those is too much for the worker."""
        others = [each for each in self._waiting if each is not mine and each.answer is None]
        batch = [mine, *others[: self._together - 1]] if mine in self._waiting else [mine]
        try:
            await self._answer(batch)
        except WorkerDied:
            if len(batch) == 1:
                raise
            await self._answer([mine])

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        seconds = sum(self._patience + each.decoded.seconds for each in batch)
        answers = await self._ask({"tracks": [each.request for each in batch]}, seconds)
        for each, answer in zip(batch, answers["tracks"], strict=True):
            each.answer = answer

    @contextlib.asynccontextmanager
    async def _next_turn(self, urgent: bool) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if not urgent:
                await stack.enter_async_context(self._backlog)
            await stack.enter_async_context(self._turn)
            yield

    async def _ask(self, request: WorkerMessage, seconds: float) -> WorkerMessage:
        worker = await self._living()
        try:
            await worker.send(request)
            return await worker.receive(seconds)
        except BaseException as error:
            # Dead, hung, or at work for somebody who no longer waits: the next job gets a fresh process.
            await asyncio.shield(self.close())
            if isinstance(error, TimeoutError):
                raise WorkerDied("Analysing the track took too long.") from None
            raise

    async def _living(self) -> Worker:
        if self._worker is not None and self._worker.alive:
            return self._worker
        await self.close()
        try:
            worker = await self._started()
        except (WorkerDied, WeightsError):
            self._starts = False
            raise
        self._starts = True
        return worker

    async def _started(self) -> Worker:
        self._worker = await Worker(MODULE).__aenter__()
        try:
            await self._worker.send({"embedders": self._names, "home": str(self._home.resolve())})
            ready = await self._worker.receive(START_SECONDS)
        except BaseException as error:
            await asyncio.shield(self.close())
            if isinstance(error, TimeoutError):
                raise WorkerDied("The analysis worker did not start.") from None
            raise
        if "error" in ready:
            await self.close()
            raise WeightsError(ready["error"])
        for name, engine in ready["engines"].items():
            log.info("listening by %s%s", name, f": {engine}" if engine else "")
        return self._worker


def _load(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
