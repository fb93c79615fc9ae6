"""Serves /metrics, /healthz and /readyz on the address that EARWORM_METRICS names."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.errors import SettingsError, StorageFailed
from bot.monitoring.memory import memory_in_use
from bot.monitoring.metrics import Metrics
from bot.monitoring.readiness import NOT_RUNNING, PATIENCE_SECONDS, Readiness, WatchedClient
from bot.services import Services
from bot.settings import host_and_port
from bot.shares.lane import Lane

log = logging.getLogger(__name__)


class MonitoringEndpoint:
    """Answers from the bot's own event loop, so that an answer says that the loop turns."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self._services: Services | None = None
        self._client: WatchedClient | None = None
        self._readiness: Readiness | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, address: tuple[str, int]) -> AsyncIterator["MonitoringEndpoint"]:
        """Serve on a host and a port, any if it is 0. Raises SettingsError if that can't be."""
        made = cls()
        app = web.Application()
        app.router.add_get("/metrics", made._serve_metrics)
        app.router.add_get("/healthz", _alive)
        app.router.add_get("/readyz", made._serve_readiness)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        watching = asyncio.create_task(made.metrics.watch_the_loop())
        try:
            await _bind(runner, address)
            yield made
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            await runner.cleanup()

    def measure(self, services: Services) -> None:
        """Count from now on what these services do."""
        self._services = services
        services.pipeline.subscribe(self.metrics.count_job)
        services.vectors.when_failing(self.metrics.count_vector_failure)

    @asynccontextmanager
    async def watching(self, services: Services, client: WatchedClient) -> AsyncIterator[None]:
        """Tell of the readiness of a client; before and after, the bot isn't ready."""
        async with Readiness.open(services, client) as readiness:
            self._client, self._readiness = client, readiness
            try:
                yield
            finally:
                self._client = self._readiness = None

    async def _parts(self) -> dict[str, str]:
        return await self._readiness.parts() if self._readiness is not None else NOT_RUNNING

    async def _serve_readiness(self, _request: web.Request) -> web.Response:
        degraded = {part: why for part, why in (await self._parts()).items() if why}
        return web.json_response(
            {"ready": not degraded, "degraded": degraded}, status=503 if degraded else 200
        )

    async def _serve_metrics(self, _request: web.Request) -> web.Response:
        parts, lanes, memory = await asyncio.gather(
            self._parts(), self._lanes(), asyncio.to_thread(memory_in_use)
        )
        self.metrics.set_ready({part: not why for part, why in parts.items()})
        self.metrics.set_lanes(lanes)
        self.metrics.set_memory(memory)
        if self._client is not None:
            self.metrics.set_gateway(self._client.gateway)
            self.metrics.set_events_waiting(len(self._client.backlog))
        return web.Response(
            body=self.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    async def _lanes(self) -> list[Lane]:
        """How long the queues are; none where the database doesn't tell."""
        if self._services is None:
            return []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._services.pipeline.lanes()
        except (StorageFailed, TimeoutError):
            return []
        except Exception:  # the edge of an answer: the other metrics are needed all the more
            log.exception("asking how long the queues are broke")
            return []


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _bind(runner: web.AppRunner, address: tuple[str, int]) -> None:
    host, port = address
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, UnicodeError) as error:  # the latter of what can't be a host's name
        raise SettingsError(
            f"EARWORM_METRICS={host_and_port(host, port)}: nothing can be served there ({_reason(error)}). "
            "Name another host and port of this machine, or leave it out."
        ) from None
    for bound in runner.addresses:
        log.info("metrics on http://%s/metrics, beside /healthz and /readyz", host_and_port(*bound[:2]))


def _reason(error: OSError | UnicodeError) -> str:
    """In few words; asyncio's own are many, and a resolver numbers its errors otherwise than the system."""
    if isinstance(error, socket.gaierror):
        return error.strerror or "no such host"
    return os.strerror(error.errno or 0) if isinstance(error, OSError) else "that is no host's name"
