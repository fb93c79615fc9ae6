"""Every query of the Grafana dashboard asks for what the bot tells, and it shows everything that the bot tells."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.monitoring.gateway import GatewayState
from bot.monitoring.metrics import Metrics
from bot.shares.job_run import JobOutcome, JobReport, JobStage
from bot.shares.lane import Lane

DASHBOARD: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/grafana.json").read_text())
SERIES = re.compile(r"\b((?:earworm|process)_\w+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
SCRAPED = {"job"}  # which Prometheus itself adds


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """The labels of each series of a bot that has done everything once."""
    metrics = Metrics()
    report = JobReport(1, 2, JobStage.STORING, JobOutcome.STORED, {JobStage.STORING: 1.0})
    metrics.count_job(report)
    metrics.set_lanes([Lane("listening", 1, 1.0)])
    metrics.set_gateway(GatewayState(connected=True, latency=0.1, heartbeat_age=1.0))
    metrics.set_memory({"bot": 1})
    metrics.set_ready({"gateway": True})
    metrics.count_request("GET", "200")
    return {
        sample.name: set(sample.labels) for family in metrics.registry.collect() for sample in family.samples
    }


def words(selector: str) -> Iterator[str]:
    """The labels that a selector names."""
    for matcher in filter(None, map(str.strip, re.split(r",(?=\s*\w+[=!])", selector))):
        yield re.split(r"[=!]", matcher)[0]


@pytest.mark.parametrize("query", queries())
def test_a_query_asks_for_what_there_is(query: str, told: dict[str, set[str]]) -> None:
    series = SERIES.findall(query)
    assert series and not re.findall(r"\b(?:earworm|process)_\w+(?!\w|\{)", query), "each names its job"
    for name, selector in series:
        assert name in told
        assert set(words(selector)) <= told[name] | SCRAPED
        for labels in GROUPED.findall(query):
            assert set(labels.split(", ")) <= told[name]
    assert query.count("(") == query.count(")")


def test_counters_are_asked_for_their_rate(told: dict[str, set[str]]) -> None:
    for query in queries():
        for name, _ in SERIES.findall(query):
            counts = name.endswith(("_total", "_bucket", "_sum", "_count"))
            assert counts == (f"rate({name}{{" in query), query


def test_a_legend_names_labels_that_are_left(told: dict[str, set[str]]) -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            grouped = GROUPED.findall(target["expr"])
            kept = set(grouped[0].split(", ")) if grouped else told[SERIES.findall(target["expr"])[0][0]]
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_everything_of_the_bots_own_is_shown(told: dict[str, set[str]]) -> None:
    shown = {name for query in queries() for name, _ in SERIES.findall(query)}
    own = {name for name in told if name.startswith("earworm_") and not name.endswith("_created")}
    unused = {"earworm_event_loop_lag_seconds_count", "earworm_event_loop_lag_seconds_sum"}
    assert own - shown == unused


def test_panels_stand_beside_each_other() -> None:
    """No two share a place, none is wider than the page, and each has its own id."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
