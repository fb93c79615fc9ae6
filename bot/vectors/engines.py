"""Opens the vector engine that the settings name."""

import platform
import sys
from pathlib import Path

from bot.errors import SettingsError
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
