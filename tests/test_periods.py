"""When a digest is due, and what it covers, through every oddity of local time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFound
from bot.periods import Month, Schedule, Week, Year, length_of, read_period
from models import Guild

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6


def schedule(zone: str, weekday: int = FRIDAY, hour: int = 18) -> Schedule:
    return Schedule(weekday, hour, ZoneInfo(zone))


def local(plan: Schedule, week: str) -> str:
    return f"{plan.due(Week.parse(week)).astimezone(plan.zone):%Y-%m-%d %H:%M %z}"


@pytest.mark.parametrize("text", ["2026-W07", " 2026-w7 "])
def test_a_week_is_read(text):
    assert str(Week.parse(text)) == "2026-W07"


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-W54", "2025-W53", "2026-W0", "0001-W01", "2026-W-1", "W07-2026", "٢٠٢٦-W07"]
)
def test_what_is_no_week_is_refused(text):
    with pytest.raises(NotFound, match="2026-W07"):
        Week.parse(text)


def test_weeks_follow_each_other_over_a_year_of_53():
    assert str(Week.parse("2026-W53").after()) == "2027-W01"
    assert str(Week.parse("2027-W01").before()) == "2026-W53"
    assert Week.of(date(2027, 1, 3)) == Week(2026, 53)


@pytest.mark.parametrize(
    ("zone", "weekday", "hour", "week", "expected"),
    [
        ("Europe/Berlin", FRIDAY, 18, "2026-W12", "2026-03-20 18:00 +0100"),
        ("Europe/Berlin", FRIDAY, 18, "2026-W14", "2026-04-03 18:00 +0200"),
        ("Europe/Berlin", SUNDAY, 2, "2026-W13", "2026-03-29 03:00 +0200"),  # 2:00 doesn't exist
        ("Europe/Berlin", SUNDAY, 2, "2026-W43", "2026-10-25 02:00 +0200"),  # 2:00 comes twice
        ("America/Sao_Paulo", SUNDAY, 0, "2018-W44", "2018-11-04 01:00 -0200"),  # midnight doesn't exist
        ("America/Sao_Paulo", SATURDAY, 23, "2018-W07", "2018-02-17 23:00 -0200"),  # 23:00 comes twice
        ("Asia/Kathmandu", FRIDAY, 18, "2026-W12", "2026-03-20 18:00 +0545"),
        ("Pacific/Apia", FRIDAY, 18, "2011-W52", "2011-12-31 18:00 +1400"),  # that Friday doesn't exist
    ],
)
def test_the_digest_is_due_at_the_hour_on_the_wall(zone, weekday, hour, week, expected):
    assert local(schedule(zone, weekday, hour), week) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"])
@given(
    moment=st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    weekday=st.integers(0, 7),
    hour=st.integers(0, 23),
)
def test_of_all_weeks_the_latest_is_due_and_the_next_is_not(zone, moment, weekday, hour):
    plan = schedule(zone, weekday, hour)
    week = plan.latest(moment)
    assert plan.due(week) <= moment < plan.due(week.after())


def test_the_weeks_leave_no_gap_when_clocks_change():
    plan = schedule("Europe/Berlin")
    week = Week.parse("2026-W13")
    since, until = plan.covers(week)
    assert (since, until) == (datetime(2026, 3, 20, 17, tzinfo=UTC), datetime(2026, 3, 27, 17, tzinfo=UTC))
    assert plan.covers(week.after()) == (until, until + timedelta(days=7, hours=-1))


@pytest.mark.parametrize(
    ("days", "begins"),
    [
        (1, 1),  # moved from Sunday to Monday
        (13, 13),  # moved from Monday to Sunday
        (14, 14),  # one was missed
        (16, 7),  # more were: they are skipped
        (0, 7),
    ],
)
def test_a_week_begins_where_the_last_one_ended_unless_that_is_long_ago(days, begins):
    plan, week = schedule("UTC"), Week.parse("2026-W12")
    until = plan.due(week)
    assert plan.covers(week, until - timedelta(days=days)) == (until - timedelta(days=begins), until)


@pytest.mark.parametrize(
    ("former", "later"), [("Pacific/Kiritimati", "Pacific/Pago_Pago"), ("UTC", "Asia/Kathmandu")]
)
def test_however_far_it_is_moved_within_a_week_nothing_falls_out(former, later):
    posted = schedule(former, 0, 0).due(Week.parse("2026-W12"))
    since, _ = schedule(later, SUNDAY, 23).covers(Week.parse("2026-W13"), posted)
    assert since == posted


def test_a_month_covers_its_days_wherever_the_last_one_ended():
    plan = schedule("UTC")
    assert plan.covers(Month(2026, 11), datetime(2026, 10, 25, tzinfo=UTC)) == plan.covers(Month(2026, 11))


def test_a_server_without_a_digest_counts_calendar_weeks():
    plan = Schedule.of(Guild(id=1, timezone="Asia/Kathmandu", digest_weekday=4, digest_hour=18))
    since, until = plan.covers(Week.parse("2026-W12"))
    assert since == datetime(2026, 3, 16, tzinfo=plan.zone)
    assert until == datetime(2026, 3, 23, tzinfo=plan.zone)


@pytest.mark.parametrize(("text", "length"), [("2026-W07", "week"), ("2026-02", "month"), ("2026", "year")])
def test_weeks_months_and_years_are_read(text, length):
    assert str(read_period(text)) == text
    assert length_of(text) == length


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26", "1999", "2026-2"])
def test_what_is_none_of_them_is_refused(text):
    with pytest.raises(NotFound):
        read_period(text)


def test_months_follow_each_other():
    assert Month(2026, 12).after() == Month(2027, 1) and Month(2027, 1).before() == Month(2026, 12)
    assert Year(2026).after().before() == Year(2026)
