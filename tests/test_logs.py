"""Log lines as text and as JSON."""

import io
import json
import logging
from typing import Any

import pytest

from bot import logs
from bot.shares.job_run import JobOutcome, JobReport, JobStage

REPORT = JobReport(12, 81384788765712384, JobStage.STORING, JobOutcome.STORED, {JobStage.FETCHING: 1.25})


def written(form: str, monkeypatch: pytest.MonkeyPatch, log: logging.Logger) -> str:
    """What is written of a line about a job, and of a traceback."""
    told = io.StringIO()
    monkeypatch.setattr("sys.stderr", told)
    logs.configure("INFO", ("PASSWORD",), form)
    log.info("%s", REPORT, extra=REPORT.fields)
    try:
        raise ValueError("a PASSWORD\nin two lines")
    except ValueError:
        log.exception("Zoë broke it")
    monkeypatch.undo()
    return told.getvalue()


def test_json_is_one_object_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in written("json", monkeypatch, logging.getLogger("bot.x")).splitlines()
    ]
    job, broken = lines
    assert job.pop("time").endswith("+00:00")
    assert job == {
        "level": "INFO",
        "logger": "bot.x",
        "message": "job 12: stored (fetching 1.25 s)",
        "job": 12,
        "guild": "81384788765712384",
        "stage": "storing",
        "outcome": "stored",
        "seconds": 1.25,
    }
    assert broken["message"] == "Zoë broke it"
    assert broken["traceback"].startswith("Traceback") and "ValueError: a •••\nin two" in broken["traceback"]
    assert "job" not in broken


def test_text_says_the_same_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    told = written("text", monkeypatch, logging.getLogger("bot.x"))
    assert "INFO    bot.x: job 12: stored (fetching 1.25 s)\n" in told
    assert "PASSWORD" not in told
