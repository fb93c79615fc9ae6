"""How long to wait before the next attempt."""

from datetime import timedelta

import pytest

from bot.backoff import backoff

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_the_delay_doubles_after_each_attempt() -> None:
    waited = [backoff(attempts, first=SECOND, longest=MINUTE) for attempts in range(1, 5)]
    assert waited == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]


def test_it_may_grow_faster() -> None:
    assert backoff(3, first=SECOND, longest=MINUTE, factor=4) == 16 * SECOND


@pytest.mark.parametrize("attempts", [7, 100, 10**6])
def test_it_grows_up_to_a_limit(attempts: int) -> None:
    assert backoff(attempts, first=SECOND, longest=MINUTE) == MINUTE


def test_jitter_only_shortens_it_and_by_its_part_at_most() -> None:
    waited = {backoff(3, first=SECOND, longest=MINUTE, jitter=0.5) for _ in range(100)}
    assert 2 * SECOND <= min(waited) < max(waited) <= 4 * SECOND
