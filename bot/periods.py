"""Weeks, months and years as a server counts them: when a digest is due, and which days it covers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import NotFound
from models import Guild


class PeriodLength(StrEnum):
    """How long a digest's period is."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


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
        raise NotFound("There is no week “{week}”. Write it like 2026-W07.", week=text)

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


@dataclass(frozen=True, order=True)
class Month:
    """A month; `str()` writes it as 2026-11, which sorts by time."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month that a day belongs to."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    def before(self) -> "Month":
        """The month before this one."""
        return Month.of(self.first - timedelta(days=1))

    def after(self) -> "Month":
        """The month after this one."""
        return Month.of(self.first + timedelta(days=31))


@dataclass(frozen=True, order=True)
class Year:
    """A year; `str()` writes it as 2026."""

    year: int

    def __str__(self) -> str:
        return f"{self.year:04}"

    @classmethod
    def of(cls, day: date) -> "Year":
        """The year that a day belongs to."""
        return cls(day.year)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 1, 1)

    def before(self) -> "Year":
        """The year before this one."""
        return Year(self.year - 1)

    def after(self) -> "Year":
        """The year after this one."""
        return Year(self.year + 1)


Period = Week | Month | Year
PERIODS: Mapping[PeriodLength, type[Week] | type[Month] | type[Year]] = MappingProxyType(
    {PeriodLength.WEEK: Week, PeriodLength.MONTH: Month, PeriodLength.YEAR: Year}
)
# That a week's digest may cover: moved from Monday to Sunday, and its hour and zone from one end to the other.
MAX_WEEK = timedelta(days=15, hours=2)
PREVIEW_DAYS: Mapping[PeriodLength, int] = MappingProxyType(
    {PeriodLength.WEEK: 7, PeriodLength.MONTH: 30, PeriodLength.YEAR: 365}
)


def length_of(written: str) -> PeriodLength:
    """Whether a written period is a week, a month or a year."""
    if "W" in written:
        return PeriodLength.WEEK
    return PeriodLength.MONTH if "-" in written else PeriodLength.YEAR


def read_period(text: str) -> Period:
    """Read 2026-W47, 2026-11 or 2026. Raises NotFound for anything else."""
    written = re.fullmatch(r"(2\d{3})(?:-(0[1-9]|1[0-2]))?", text.strip(), re.ASCII)
    if written is None:
        return Week.parse(text)
    return Month(int(written[1]), int(written[2])) if written[2] else Year(int(written[1]))


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

    def due(self, period: Period) -> datetime:
        """The moment (UTC) at which the digest of a period is due: in its week, or first after its month or year.

        Where clocks skip that hour it is the moment after the gap, where they repeat it the first of the two:
        that is what PEP 495's fold=0 gives.
        """
        if isinstance(period, Week):
            day = period.day(self.weekday)
        else:
            end = period.after().first
            day = end + timedelta(days=(self.weekday - end.weekday()) % 7)
        return self._moment(day, self.hour)

    def latest(self, now: datetime, kind: type[Period] = Week) -> Period:
        """The newest period of a kind whose digest was due by `now`."""
        period: Period = kind.of(now.astimezone(self.zone).date()).after()
        while self.due(period) > now:
            period = period.before()
        return period

    def covers(self, period: Period, last: datetime | None = None) -> tuple[datetime, datetime]:
        """What a digest covers, from (inclusive) until; of a month or year its days.

        Of a week what came since the `last` one ended, until this one is due: up to 15 days, where its weekday was
        moved or one week had no digest. If that is longer ago, or there was none: the seven days before it is due.
        """
        if isinstance(period, Week):
            until = self.due(period)
            follows = last is not None and until - MAX_WEEK <= last < until
            return last if last and follows else self.due(period.before()), until
        return self._moment(period.first, 0), self._moment(period.after().first, 0)

    def _moment(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), self.zone).astimezone(UTC)
