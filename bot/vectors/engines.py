"""Opens the vector engine that the settings name."""

import platform
import sys
from collections.abc import Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, cast

from bot.errors import SettingsError, StorageFailed
from bot.settings import Settings
from bot.vectors.engine import VectorEngine


async def open_engine(settings: Settings, folder: Path | None = None) -> VectorEngine:
    """The engine that the settings name, embedded in its usual folder or in another one.

    Raises StorageBusy if another process holds the folder, SettingsError.
    """
    if settings.qdrant_url:
        from bot.vectors.server import ServerEngine  # takes a second to import, which only this pays

        return await ServerEngine.open(settings)
    try:
        from bot.vectors.edge import EdgeEngine
    except ImportError as error:
        raise SettingsError(
            f"Qdrant Edge, which keeps the vectors in EARWORM_HOME, isn't installed or has no build for this platform "
            f"({sys.platform}, {platform.machine()}): run a Qdrant server and name it in QDRANT_URL."
        ) from error
    return await EdgeEngine.open(folder or settings.home / "vectors", floor=settings.disk_floor)


def watched(engine: VectorEngine, listener: Callable[[StorageFailed], None]) -> VectorEngine:
    """The same engine, but that `listener` is told of each of its failures."""
    return cast(VectorEngine, _WatchedEngine(engine, listener))


class _WatchedEngine:
    """Passes everything on."""

    def __init__(self, engine: VectorEngine, listener: Callable[[StorageFailed], None]) -> None:
        self._engine = engine
        self._listener = listener

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._engine, name)
        if not iscoroutinefunction(method):
            return method

        async def told(*arguments: Any, **options: Any) -> Any:
            try:
                return await method(*arguments, **options)
            except StorageFailed as error:
                self._listener(error)
                raise

        return told
