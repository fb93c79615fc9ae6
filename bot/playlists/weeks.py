"""Weeks as a server counts them: when its digest is due, and which days a digest covers."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import NotFound
from models import Guild


@dataclass(frozen=True, order=True)
class Week:
    """An ISO week; `str()` writes it as 2026-W47, which sorts by time."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @classmethod
    def parse(cls, text: str) -> "Week":
        """Read 2026-W47. Raises NotFound for anything that is no week."""
        written = re.fullmatch(r"(2\d{3})-W(\d{1,2})", text.strip().upper(), re.ASCII)
        try:
            if written:
                return cls.of(date.fromisocalendar(int(written[1]), int(written[2]), 1))
        except ValueError:
            pass  # a year without a week 53
        raise NotFound(f"There is no week “{text[:20]}”. Write it like 2026-W07.")

    @classmethod
    def of(cls, day: date) -> "Week":
        """The week that a day belongs to."""
        return cls(*day.isocalendar()[:2])

    def day(self, weekday: int) -> date:
        """A day of this week: Monday is 0, next week's Monday 7."""
        return date.fromisocalendar(self.year, self.number, 1) + timedelta(days=weekday)

    def before(self) -> "Week":
        """The week before this one."""
        return Week.of(self.day(-7))

    def after(self) -> "Week":
        """The week after this one."""
        return Week.of(self.day(7))


@dataclass(frozen=True)
class Schedule:
    """The day of the week (as Week.day counts) and hour at which a server's digest is due, in its own time zone."""

    weekday: int
    hour: int
    zone: ZoneInfo

    @classmethod
    def of(cls, guild: Guild) -> "Schedule":
        """A server's schedule; a server without a digest counts calendar weeks, which end on Monday at 0:00.

        In UTC if the tz database no longer has its zone.
        """
        try:
            zone = ZoneInfo(guild.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("UTC")
        if guild.digest_channel_id is None:
            return cls(7, 0, zone)
        return cls(guild.digest_weekday, guild.digest_hour, zone)

    def due(self, week: Week) -> datetime:
        """The moment (UTC) in `week` at which its digest is due.

        Where clocks skip that hour it is the moment after the gap, where they repeat it the first of the two:
        that is what PEP 495's fold=0 gives.
        """
        local = datetime.combine(week.day(self.weekday), time(self.hour), self.zone)
        return local.astimezone(UTC)

    def latest(self, now: datetime) -> Week:
        """The newest week whose digest was due by `now`."""
        week = Week.of(now.astimezone(self.zone).date()).after()
        while self.due(week) > now:
            week = week.before()
        return week

    def covers(self, week: Week) -> tuple[datetime, datetime]:
        """The seven days before a week's digest: from (inclusive) when the last one was due, until it is due."""
        return self.due(week.before()), self.due(week)
