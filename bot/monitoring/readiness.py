"""Whether every part that the bot needs does its work, and if not, why."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from contextlib import asynccontextmanager
from typing import Protocol

from pydantic import ByteSize

from bot.errors import StorageFailed
from bot.monitoring.gateway import GatewayState
from bot.services import Services
from bot.settings import Settings

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0
CLOSING = "the bot stops"
NOT_RUNNING = {"bot": "it starts, or stops"}


class WatchedClient(Protocol):
    """What is asked of the discord.py client; `backlog` are the events that wait for the database."""

    @property
    def gateway(self) -> GatewayState:
        """How the gateway is."""

    @property
    def backlog(self) -> Sized:
        """The events that wait for the database."""


class Probe:
    """Asks a storage for something, one question at a time: where it hangs, no second one hangs beside it."""

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[str] | None = None

    async def failure(self) -> str:
        """Why there is no answer; "" if there is one."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_once())
        answered, _ = await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        if not answered:
            return f"no answer within {PATIENCE_SECONDS:.0f} seconds"
        return self._asking.result()

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    async def _ask_once(self) -> str:
        try:
            await self._ask()
        except StorageFailed as error:
            return str(error)
        except asyncio.CancelledError:
            return CLOSING
        except Exception as error:  # the edge of a probe: whatever it is, whoever asks is told
            log.exception("asking a storage broke")
            return type(error).__name__
        return ""


class Readiness:
    """Asks each part; `open` one to use it."""

    def __init__(self, services: Services, client: WatchedClient) -> None:
        self._services = services
        self._client = client
        self._database = Probe(self._write_nothing)
        self._vectors = Probe(services.vectors.engine.reach)

    @classmethod
    @asynccontextmanager
    async def open(cls, services: Services, client: WatchedClient) -> AsyncIterator["Readiness"]:
        """Over these services, which stay open for as long."""
        made = cls(services, client)
        try:
            yield made
        finally:
            await made._database.close()
            await made._vectors.close()

    async def parts(self) -> dict[str, str]:
        """Each part, and what is wrong with it; "" if it does its work."""
        database, vectors = await asyncio.gather(self._database.failure(), self._vectors.failure())
        return {
            "gateway": "" if self._client.gateway.connected else "not connected to Discord",
            "database": self._backlog() or database,
            "vectors": vectors,
            "workers": self._services.analyst.trouble,
            "disk": await asyncio.to_thread(disk_trouble, self._services.settings),
        }

    def _backlog(self) -> str:
        waiting = len(self._client.backlog)
        return f"can't be written to; events in Discord that wait for it: {waiting}" if waiting else ""

    async def _write_nothing(self) -> None:
        """Begin to write, for which a database that is locked or gone lets nobody."""
        async with self._services.store.begin():
            pass


def disk_trouble(settings: Settings) -> str:
    """What is wrong with the disk that the home is on; "" if nothing is."""
    try:
        free = shutil.disk_usage(settings.home).free
    except OSError as error:
        return f"EARWORM_HOME can't be looked at: {error.strerror}"
    if free >= settings.disk_floor:
        return ""
    floor = ByteSize(settings.disk_floor).human_readable(decimal=True)
    return f"less than {floor} are free where EARWORM_HOME is"
