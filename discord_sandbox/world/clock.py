"""Time and ids: snowflakes carry the moment they were made."""

import itertools
from datetime import UTC, datetime, timedelta

DISCORD_EPOCH_MS = 1_420_070_400_000


class Clock:
    """The sandbox's wall clock; it can be shifted, so that a scenario may begin last week."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC) + self._shift

    def travel(self, by: timedelta) -> None:
        """Move the clock by that much."""
        self._shift += by


class Snowflakes:
    """Makes unique, increasing ids in Discord's form: milliseconds in the upper bits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = itertools.count(1)

    def new(self, at: datetime | None = None) -> int:
        """An id made `at` that moment, now by default."""
        milliseconds = round((at or self._clock.now()).timestamp() * 1000) - DISCORD_EPOCH_MS
        return milliseconds << 22 | next(self._count) & 0x3FFFFF


def moment(snowflake: int) -> datetime:
    """When an id was made."""
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)


def iso(at: datetime) -> str:
    """A timestamp as Discord writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
