"""Backoff: the delay between attempts grows up to a limit, with jitter so that retries don't meet."""

import random
from datetime import timedelta

MAX_STEPS = 64  # far beyond any limit, and still a number that a float holds


def backoff(
    attempts: int, *, first: timedelta, longest: timedelta, factor: float = 2.0, jitter: float = 0.0
) -> timedelta:
    """How long to wait after so many failed attempts (at least 1).

    `factor`: how many times as long after each attempt; `jitter`: the part of the delay that chance may take away,
    from 0 to 1.
    """
    grown = first.total_seconds() * factor ** min(attempts - 1, MAX_STEPS)
    return timedelta(seconds=min(grown, longest.total_seconds()) * random.uniform(1 - jitter, 1))
