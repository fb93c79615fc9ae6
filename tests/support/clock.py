"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Tells the time that it was told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def jump(self, **by: float) -> None:
        """Go on, or back, by timedelta's arguments."""
        self.now += timedelta(**by)
