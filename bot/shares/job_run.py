"""What one try at a job did: which stage it was in, how long each took, and what became of it."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import Failure


class JobStage(StrEnum):
    """A step of a job."""

    FETCHING = "fetching"
    ANALYSING = "analysing"
    STORING = "storing"
    ANNOUNCING = "announcing"


class JobOutcome(StrEnum):
    """What became of a try, unless the job failed for good, or that was announced: then it is the Failure."""

    STORED = "stored"
    ANNOUNCED = "announced"
    AGAIN = "again"
    """It didn't work this time, and is tried again later."""
    LOST = "lost"
    """Another worker has the job now, or its message was deleted."""
    WAITING = "waiting"
    """The storage failed; the job is tried again once its lease is over."""


@dataclass(frozen=True)
class JobReport:
    """One try at a job: `stage` is where it ended, `seconds` how long it was in each stage."""

    job_id: int
    guild_id: int
    stage: JobStage
    outcome: JobOutcome | Failure
    seconds: Mapping[JobStage, float]
    detail: str = ""

    @property
    def fields(self) -> dict[str, object]:
        """What a log line says of it, as values."""
        return {
            "job": self.job_id,
            "guild": str(self.guild_id),  # as Discord writes ids: a double doesn't hold all of them
            "stage": self.stage,
            "outcome": self.outcome,
            "seconds": round(sum(self.seconds.values()), 3),
        }

    def __str__(self) -> str:
        each = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items())
        ended = self.outcome if self.outcome in JobOutcome else f"{self.outcome} in {self.stage}"
        return f"job {self.job_id}: {ended} ({each}){f': {self.detail}' if self.detail else ''}"


class JobRun:
    """A try at a job that is going on; `detail` says more of why it failed, to the log alone."""

    def __init__(self, job_id: int, guild_id: int, stage: JobStage = JobStage.STORING) -> None:
        self.detail = ""
        self._job_id, self._guild_id = job_id, guild_id
        self._stage = stage
        self._since = time.monotonic()
        self._seconds: defaultdict[JobStage, float] = defaultdict(float)

    def begin(self, stage: JobStage) -> None:
        """Another stage begins, and so the one before it is over."""
        now = time.monotonic()
        self._seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now

    def end(self, outcome: JobOutcome | Failure) -> JobReport:
        """What became of it."""
        self.begin(self._stage)
        return JobReport(self._job_id, self._guild_id, self._stage, outcome, dict(self._seconds), self.detail)
