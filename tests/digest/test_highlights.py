"""What stands out in a week of music."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.digest.content import Sharer, Tally
from bot.digest.highlights import bars_of, divisive_of, movement, outlier_of, sharers_of, tally_of, with_votes
from bot.library.cards import ShareLine
from bot.periods import PeriodLength
from bot.playlists.vibes import Vibe
from bot.taste.feedback import Vote
from models import VoteKind
from tests.support.library import ANA, BEN, CLEO, PUBLIC, START
from tests.support.playlists import card, song


def votes(**tracks: str) -> list[Vote]:
    """t1="++-": two likes and a dislike of track 1."""
    return [
        Vote(int(track[1:]), 3000 + number, VoteKind.LIKE if sign == "+" else VoteKind.DISLIKE, START)
        for track, signs in tracks.items()
        for number, sign in enumerate(signs)
    ]


def by(user: int, track_id: int):
    return replace(card(track_id), shares=(ShareLine(PUBLIC, 400 + track_id, user, START),))


CARDS = {track_id: card(track_id) for track_id in range(1, 6)}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (votes(t1="+++--", t2="+-"), 1),
        (votes(t1="++++-", t2="+-"), 2),
        (votes(t1="+++", t2="--"), None),
        (votes(t9="+-"), None),
    ],
)
def test_divisive_is_what_has_both_sides(given, found):
    divisive = divisive_of(with_votes(CARDS.values(), given).values())
    assert (divisive.id if divisive else None) == found


def test_likes_are_credited_to_the_first_sharer():
    cards = {1: by(ANA, 1), 2: by(BEN, 2), 3: by(BEN, 3), 4: by(0, 4)}
    found = sharers_of(cards, votes(t1="+", t2="+-", t3="++", t4="+++", t9="++"))
    assert found == [Sharer(BEN, 3), Sharer(ANA, 1)]


def test_the_numbers():
    assert tally_of([by(ANA, 1), by(BEN, 2), by(ANA, 3), by(0, 4)], votes(t1="++-")) == Tally(4, 2, 2)


def test_the_outlier_stands_apart_from_all_others():
    songs = {number: song(number, 0.05 * number) for number in range(1, 9)}
    songs[9] = song(9, 3.0)
    tracks = [songs[2].card, songs[9].card]
    found = outlier_of(tracks, songs)
    assert found is not None and (found.card.id, found.percent) == (9, 0)
    assert outlier_of([songs[2].card], songs) is None
    assert outlier_of(tracks, {number: songs[number] for number in (2, 9)}) is None


def test_how_the_sound_moved():
    others = [card(n, tempo=104.0, loudness=-14.0, brightness=2000.0) for n in range(10, 20)]
    week = [card(n, tempo=118.0, loudness=-10.0, brightness=2000.0) for n in range(4)]
    vibes = [Vibe(1, "restless · 118 bpm", False, frozenset(range(4)))]
    said = movement(PeriodLength.WEEK, week, [*week, *others], vibes)
    assert said == "This week was faster (118 against 104 bpm), louder and leaned towards “restless”."
    alike = [*vibes, Vibe(2, "restless · jazz · 90 bpm", False, frozenset(range(10, 20)))]
    assert movement(PeriodLength.WEEK, week, [*week, *others], alike).endswith(
        "towards “restless · 118 bpm”."
    )
    same = [card(n, tempo=104.0) for n in range(4)]
    assert (
        movement(PeriodLength.YEAR, same, [*same, *others], [])
        == "This year sounded as this server usually does."
    )
    assert movement(PeriodLength.WEEK, week[:2], [*week, *others], vibes) == ""


def test_the_bars_are_days_of_the_servers_clock():
    until = datetime(2026, 11, 6, 17, tzinfo=UTC)
    since = until - timedelta(days=7)
    shared = [replace(card(1), shares=(ShareLine(PUBLIC, 1, CLEO, since + timedelta(days=6, hours=20)),))]
    bars, labels = bars_of(PeriodLength.WEEK, since, until, shared, ZoneInfo("Europe/Berlin"))
    assert bars == (0, 0, 0, 0, 0, 0, 1)
    assert labels == ("Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def test_the_bars_of_a_month_keep_to_its_days_when_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    since, until = (datetime(2026, month, 1, tzinfo=berlin) for month in (10, 11))
    late = datetime(2026, 10, 26, 23, 30, tzinfo=berlin)  # clocks went back on the 25th
    shared = [replace(card(1), shares=(ShareLine(PUBLIC, 1, CLEO, late.astimezone(UTC)),))]
    bars, labels = bars_of(PeriodLength.MONTH, since.astimezone(UTC), until.astimezone(UTC), shared, berlin)
    assert len(bars) == 31
    assert dict(zip(labels, bars, strict=True))["26 October"] == 1


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), "January", "December"),
        (
            datetime(2025, 11, 21, tzinfo=UTC),
            datetime(2026, 11, 21, tzinfo=UTC),
            "November 2025",
            "November 2026",
        ),
    ],
)
def test_the_bars_of_a_year_are_its_months_from_the_first_on(since, until, first, last):
    shares = tuple(ShareLine(PUBLIC, 1, CLEO, at) for at in (since, until - timedelta(seconds=1)))
    bars, labels = bars_of(
        PeriodLength.YEAR, since, until, [replace(card(1), shares=shares)], ZoneInfo("UTC")
    )
    assert (labels[0], labels[-1], bars[0], bars[-1]) == (first, last, 1, 1)
    assert sum(bars) == 2
