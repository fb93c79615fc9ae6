"""What is counted, and that no label tells of anybody."""

import math

import aiohttp
import pytest
from aiohttp import web

from bot.errors import Failure, StorageFailed
from bot.monitoring.gateway import GatewayState
from bot.monitoring.memory import memory_in_use
from bot.monitoring.metrics import Metrics
from bot.shares.job_run import JobOutcome, JobReport, JobRun, JobStage
from bot.shares.lane import Lane
from tests.support.http import site

GUILD = 4242424242


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def report(outcome: JobOutcome | Failure, stage: JobStage, **seconds: float) -> JobReport:
    return JobReport(7, GUILD, stage, outcome, {JobStage(name): took for name, took in seconds.items()})


def test_songs_are_counted_by_stage_and_outcome(metrics: Metrics) -> None:
    metrics.count_job(report(JobOutcome.STORED, JobStage.STORING, fetching=2.0, storing=0.2))
    metrics.count_job(report(Failure.DRM, JobStage.FETCHING, fetching=40.0))
    assert value(metrics, "earworm_songs_total", stage="storing", outcome="stored") == 1
    assert value(metrics, "earworm_songs_total", stage="fetching", outcome="drm") == 1
    assert value(metrics, "earworm_stage_seconds_sum", stage="fetching") == 42.0
    assert value(metrics, "earworm_stage_seconds_bucket", stage="fetching", le="2.5") == 1


def test_a_run_tells_how_long_it_was_in_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 5.0, 5.5, 6.0])
    monkeypatch.setattr("bot.shares.job_run.time.monotonic", lambda: next(times))
    run = JobRun(7, GUILD)
    for stage in (JobStage.FETCHING, JobStage.ANALYSING, JobStage.STORING):
        run.begin(stage)
    told = run.end(JobOutcome.STORED)
    assert told.seconds == {JobStage.STORING: 1.5, JobStage.FETCHING: 4.0, JobStage.ANALYSING: 0.5}
    assert str(told) == "job 7: stored (storing 1.50 s, fetching 4.00 s, analysing 0.50 s)"


def test_a_run_that_failed_says_where_and_why() -> None:
    told = JobReport(7, GUILD, JobStage.FETCHING, Failure.DRM, {JobStage.FETCHING: 0.5}, "a DRM error")
    assert str(told) == "job 7: drm in fetching (fetching 0.50 s): a DRM error"


def test_what_is_not_known_any_more_is_not_told(metrics: Metrics) -> None:
    metrics.set_lanes([Lane("listening", 3, 12.0)])
    assert value(metrics, "earworm_queue_oldest_seconds", lane="listening") == 12.0
    metrics.set_lanes([])
    assert value(metrics, "earworm_queue_songs", lane="listening") is None
    metrics.set_gateway(GatewayState(connected=False, latency=math.inf, heartbeat_age=math.nan))
    assert math.isnan(value(metrics, "earworm_gateway_latency_seconds") or 0)


def test_failures_of_the_engine_are_counted(metrics: Metrics) -> None:
    metrics.count_vector_failure(StorageFailed("gone"))
    assert value(metrics, "earworm_vector_failures_total") == 1


def test_labels_are_few_and_name_nobody(metrics: Metrics) -> None:
    """A label with an id, a title or an address would tell of members, and make as many series as there are of them."""
    metrics.count_job(report(Failure.GONE, JobStage.FETCHING, fetching=1.0))
    metrics.set_lanes([Lane("listening", 1, 1.0)])
    metrics.set_ready({"gateway": True})
    metrics.set_memory({"bot": 1})
    labels = {name for family in metrics.registry.collect() for s in family.samples for name in s.labels}
    assert labels == {"stage", "outcome", "le", "lane", "part", "of"}
    assert str(GUILD) not in metrics.exposition().decode()


@pytest.mark.live
async def test_requests_are_counted_by_their_status(metrics: Metrics) -> None:
    async with site() as there, aiohttp.ClientSession(trace_configs=[metrics.rest_trace()]) as session:
        limited = there.on("/limited", _too_many)
        for _ in range(2):
            async with session.get(limited):
                pass
        nowhere = f"http://127.0.0.1:{there.port}"
    async with aiohttp.ClientSession(trace_configs=[metrics.rest_trace()]) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(nowhere)
    assert value(metrics, "earworm_rest_requests_total", method="GET", status="429") == 2
    assert value(metrics, "earworm_rest_requests_total", method="POST", status="error") == 1


async def _too_many(_request: web.Request) -> web.Response:
    return web.Response(status=429)


def test_the_memory_of_this_process_is_known() -> None:
    if not (used := memory_in_use()):
        pytest.skip("this system doesn't tell (no /proc/*/smaps_rollup)")
    assert used["bot"] > 10_000_000
    assert used["workers"] >= 0
