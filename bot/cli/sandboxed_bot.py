"""Helpers of `earworm demo` and `earworm sandbox`, which run the bot against the Discord sandbox."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from bot.embedders import weights

T = TypeVar("T")

BEST_FIRST = ("openl3", "musicnn", "mfcc")
START_SECONDS = 180.0


def best_embedder(home: Path) -> str:
    """The best embedder whose weights are here."""
    return next(name for name in BEST_FIRST if weights.available(name, home))


def embedder_notice(embedder: str) -> str:
    """Which embedder listens, and why."""
    if embedder == BEST_FIRST[0]:
        return f"Listening with {embedder}."
    return (
        f"Listening with {embedder}, the best that can be had without a download; the weights of {BEST_FIRST[0]} are "
        f"not here (earworm models pull {BEST_FIRST[0]})."
    )


def share_weights(home: Path, other: Path) -> None:
    """Let another home, which need not exist, use the weights of this one."""
    other.mkdir(parents=True, exist_ok=True)
    if (home / "weights").is_dir() and not (other / "weights").exists():
        (other / "weights").symlink_to((home / "weights").resolve())


async def while_running(bot: asyncio.Task[None], doing: Awaitable[T]) -> T:
    """The awaitable's result, unless the bot ends first.

    If the bot ends first, its error is raised, or KeyboardInterrupt if it was stopped by a signal.
    """
    task = asyncio.ensure_future(doing)
    try:
        await asyncio.wait([bot, task], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        bot.result()
        raise KeyboardInterrupt
    finally:
        task.cancel()
        await asyncio.wait([task])
