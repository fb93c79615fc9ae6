"""Draws pictures in a child process, which ends when it is done (the parent's side)."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from bot.errors import WorkerDied
from bot.pictures.values import Drawing, Picture
from bot.workers.worker import Worker

MODULE = "bot.pictures.worker"


class Painter:
    """Draws, one batch at a time; `patience` is the seconds that a picture may take, its process's start included."""

    def __init__(self, *, patience: float = 60.0) -> None:
        self._patience = patience
        self._turn = asyncio.Lock()
        self._worker: Worker | None = None

    @property
    def pid(self) -> int | None:
        """The process that is at work."""
        return self._worker.pid if self._worker is not None else None

    async def paint(self, *drawings: Drawing) -> list[Picture]:
        """A picture of each, in order. Raises WorkerDied if the process ended, or took too long."""
        async with self._turn, Worker(MODULE) as worker:
            self._worker = worker
            try:
                return [await self._paint(worker, drawing) for drawing in drawings]
            except TimeoutError:
                raise WorkerDied("Drawing took too long.") from None
            finally:
                self._worker = None

    async def _paint(self, worker: Worker, drawing: Drawing) -> Picture:
        with TemporaryDirectory(prefix="earworm-") as folder:
            file, out = Path(folder, "drawing.json"), Path(folder, "picture.png")
            await asyncio.to_thread(_write, drawing, file)
            await worker.send({"kind": type(drawing).__name__, "drawing": str(file), "out": str(out)})
            answer = await worker.receive(self._patience)
            return Picture(await asyncio.to_thread(out.read_bytes), answer["alt"])


def _write(drawing: Drawing, path: Path) -> None:
    path.write_bytes(TypeAdapter(type(drawing)).dump_json(drawing))
