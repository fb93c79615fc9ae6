"""Each server's collaborative filtering model, learnt in a worker process and cached."""

import asyncio
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.library.visible_shares import VisibleChannels
from bot.taste.colike import CoLikeModel, usable_votes
from bot.taste.feedback import Feedback, Vote
from bot.workers.worker import Worker

log = logging.getLogger(__name__)

MODULE = "bot.taste.colike_worker"
FRESH_SECONDS = 600.0
# What is learnt serves readers of all channels, so no share may be seen in it: a 👍 of who shared the song counts here.
NOBODY_SEES: VisibleChannels = frozenset()
TIMEOUT_SECONDS = 60.0


class CoLikeCache:
    """Learns again in the background when what it knows has grown old; only the first time is waited for."""

    def __init__(self, feedback: Feedback, *, fresh: float = FRESH_SECONDS) -> None:
        self._feedback = feedback
        self._fresh = fresh
        self._known: dict[int, tuple[float, CoLikeModel | None]] = {}
        self._learning: dict[int, asyncio.Task[None]] = {}

    async def of(self, guild_id: int) -> CoLikeModel | None:
        """What a server's votes teach, or taught before learning failed; None while they are too few."""
        since = time.monotonic() - self._known[guild_id][0] if guild_id in self._known else None
        if (since is None or since > self._fresh) and guild_id not in self._learning:
            self._learning[guild_id] = asyncio.create_task(self._learn(guild_id))
        if since is None:
            await asyncio.shield(self._learning[guild_id])
        return self._known[guild_id][1]

    async def close(self) -> None:
        """Stop learning."""
        for task in list(self._learning.values()):
            task.cancel()
        await asyncio.gather(*self._learning.values(), return_exceptions=True)

    async def _learn(self, guild_id: int) -> None:
        _, model = self._known.get(guild_id, (0.0, None))
        try:
            votes = usable_votes(await self._feedback.votes(guild_id, channels=NOBODY_SEES))
            model = await learn_in_worker(votes) if votes else None
        except Exception:  # nothing but suggestions by others' likes depends on it
            log.exception("learning from the votes of server %s failed", guild_id)
        finally:
            self._known[guild_id] = (time.monotonic(), model)
            del self._learning[guild_id]


async def learn_in_worker(votes: Sequence[Vote]) -> CoLikeModel:
    """Learn in another process. Raises WorkerDied, TimeoutError, or what reading a damaged file raises."""
    with tempfile.TemporaryDirectory(prefix="earworm-votes-") as folder:
        columns, out = Path(folder) / "votes.npz", Path(folder) / "model.npz"
        await asyncio.to_thread(_write, columns, votes)
        async with Worker(MODULE) as worker:
            await worker.send({"votes": str(columns), "out": str(out)})
            await worker.receive(TIMEOUT_SECONDS)
        return await asyncio.to_thread(_read, out)


def _write(path: Path, votes: Sequence[Vote]) -> None:
    np.savez(
        path,
        users=np.array([vote.user_id for vote in votes], np.int64),
        tracks=np.array([vote.track_id for vote in votes], np.int64),
        kinds=np.array([vote.kind for vote in votes], np.int64),
    )


def _read(path: Path) -> CoLikeModel:
    with np.load(path) as arrays:
        return CoLikeModel(arrays["tracks"], arrays["vectors"], int(arrays["votes"]))
