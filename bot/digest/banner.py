"""The values of the banner picture at the head of a digest (pure)."""

from datetime import timedelta

from bot.digest.content import DigestContent
from bot.periods import PeriodLength
from bot.pictures.values import Banner


def banner_of(content: DigestContent) -> Banner:
    """The banner of a digest: title, period, numbers and bars."""
    return Banner(content.title, period_of(content), content.numbers, content.bars, content.bar_labels)


def period_of(content: DigestContent) -> str:
    """The days of a digest on the server's calendar, as one says them: "September 2026", "28 to 30 November 2026"."""
    ends = content.since, content.until - timedelta(seconds=1)
    first, last = (at.astimezone(content.zone) for at in ends)
    if content.is_calendar:
        return f"{last:%Y}" if content.length is PeriodLength.YEAR else f"{last:%B %Y}"
    if first.year != last.year:
        return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
    if first.month != last.month:
        return f"{first.day} {first:%B} to {last.day} {last:%B %Y}"
    return f"{first.day} to {last.day} {last:%B %Y}"
