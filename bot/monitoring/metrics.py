"""The metrics by their names, in a registry of their own; no label tells of a member, a title or a server."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import aiohttp
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from bot.errors import StorageFailed
from bot.monitoring.gateway import GatewayState
from bot.shares.job_run import JobReport
from bot.shares.lane import Lane

STAGE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SWITCHING_PROTOCOLS = 101  # the gateway's connection is no REST call


class Metrics:
    """What was counted and measured since the start."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._songs = Counter(
            "earworm_songs",
            "Tries at songs, by the stage in which they ended and what became of them: stored, announced, again "
            "(tried again later), lost (taken over or deleted), waiting (for the storage), or why it failed for good; "
            "every song ends in the stage announcing",
            ["stage", "outcome"],
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "earworm_stage_seconds",
            "Seconds that a song was in a stage",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._queue = Gauge("earworm_queue_songs", "Songs in a queue", ["lane"], registry=registry)
        self._oldest = Gauge(
            "earworm_queue_oldest_seconds", "Age of a queue's oldest song", ["lane"], registry=registry
        )
        self._events = Gauge(
            "earworm_events_waiting",
            "Events in Discord that wait until the database can be written to",
            registry=registry,
        )
        self._latency = Gauge(
            "earworm_gateway_latency_seconds",
            "Seconds between the gateway's last heartbeat and its answer",
            registry=registry,
        )
        self._heartbeat_age = Gauge(
            "earworm_gateway_heartbeat_age_seconds",
            "Seconds since the gateway last answered a heartbeat",
            registry=registry,
        )
        self._requests = Counter(
            "earworm_rest_requests",
            "Requests to Discord's REST API by status (429: a rate limit; error: no answer)",
            ["method", "status"],
            registry=registry,
        )
        self._vector_failures = Counter(
            "earworm_vector_failures", "Failures of the vector engine", registry=registry
        )
        self._lag = Histogram(
            "earworm_event_loop_lag_seconds",
            "Seconds by which the event loop was late",
            buckets=LAG_BUCKETS,
            registry=registry,
        )
        self._memory = Gauge(
            "earworm_memory_bytes",
            "Memory of the bot and of its worker processes; what they share counts once",
            ["of"],
            registry=registry,
        )
        self._ready = Gauge(
            "earworm_ready", "1 if a part of the bot does its work, else 0", ["part"], registry=registry
        )

    # -- what happens --------------------------------------------------------------------------------------

    def count_job(self, report: JobReport) -> None:
        """A try at a job has ended."""
        self._songs.labels(report.stage, report.outcome).inc()
        for stage, seconds in report.seconds.items():
            self._stage_seconds.labels(stage).observe(seconds)

    def count_vector_failure(self, _error: StorageFailed) -> None:
        """The vector engine failed."""
        self._vector_failures.inc()

    def count_request(self, method: str, status: str) -> None:
        """A request to Discord was answered, or failed."""
        self._requests.labels(method, status).inc()

    def rest_trace(self) -> aiohttp.TraceConfig:
        """What counts the requests of an aiohttp session."""
        trace = aiohttp.TraceConfig()

        async def ended(
            _session: aiohttp.ClientSession, _context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
        ) -> None:
            if end.response.status != SWITCHING_PROTOCOLS:
                self.count_request(end.method, str(end.response.status))

        async def broke(
            _session: aiohttp.ClientSession,
            _context: SimpleNamespace,
            end: aiohttp.TraceRequestExceptionParams,
        ) -> None:
            self.count_request(end.method, "error")

        trace.on_request_end.append(ended)
        trace.on_request_exception.append(broke)
        return trace

    async def watch_the_loop(self, interval: float = 0.5) -> None:
        """Measure how late the event loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + interval
            await asyncio.sleep(interval)
            self._lag.observe(max(0.0, loop.time() - due))

    # -- what is so when it is asked for -------------------------------------------------------------------

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """How long the queues are; without any, nobody knows."""
        self._queue.clear()
        self._oldest.clear()
        for lane in lanes:
            self._queue.labels(lane.name).set(lane.length)
            self._oldest.labels(lane.name).set(lane.oldest_seconds)

    def set_events_waiting(self, events: int) -> None:
        """How many events wait for the database."""
        self._events.set(events)

    def set_gateway(self, state: GatewayState) -> None:
        """How the gateway is."""
        self._latency.set(state.latency if math.isfinite(state.latency) else math.nan)
        self._heartbeat_age.set(state.heartbeat_age if math.isfinite(state.heartbeat_age) else math.nan)

    def set_memory(self, used: Mapping[str, int]) -> None:
        """How many bytes the bot's own process and its workers use."""
        for name, size in used.items():
            self._memory.labels(name).set(size)

    def set_ready(self, parts: Mapping[str, bool]) -> None:
        """Which parts do their work."""
        self._ready.clear()
        for part, ready in parts.items():
            self._ready.labels(part).set(ready)

    def exposition(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)
