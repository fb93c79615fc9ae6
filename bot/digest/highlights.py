"""Finds what stands out in a period: divisive songs, outliers, top sharers, how the sound moved (pure)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bot.audio.loudness import ABSOLUTE_GATE_LUFS
from bot.digest.content import Outlier, Sharer, Tally
from bot.library.cards import TrackCard, batches
from bot.periods import Month, PeriodLength
from bot.playlists.songs import MeasuredTrack, median_of
from bot.playlists.vibe_names import short_name
from bot.playlists.vibes import Vibe
from bot.taste.feedback import Vote
from models import VoteKind

NEIGHBOURS = 3  # that an outlier is measured by
BATCH = 256  # songs that are compared with all others at a time
MIN_COMPARED = 8  # songs that it takes to say that one of them stands apart
MAX_OUTLIER_COSINE = 0.25  # to its nearest neighbours, on average
MIN_SONGS = 3  # songs that have a sound together
MIN_TEMPO_CHANGE, MIN_BRIGHTNESS_CHANGE = 0.05, 0.15  # of what is usual
MIN_LOUDNESS_CHANGE = 2.0  # LUFS
MIN_VIBE_LEAD = 0.15  # by which a vibe's share is larger than usual
DIVISIVE_PART = 3  # the smaller side of a divisive song's votes is at least such a part of them
DAY = timedelta(days=1)


def tally_of(tracks: Sequence[TrackCard], votes: Iterable[Vote]) -> Tally:
    """The numbers of a time: what was shared in it, and the likes among these votes of it."""
    members = {share.user_id for card in tracks for share in card.shares if share.by_member}
    return Tally(len(tracks), len(members), sum(vote.kind == VoteKind.LIKE for vote in votes))


def with_votes(cards: Iterable[TrackCard], votes: Iterable[Vote]) -> dict[int, TrackCard]:
    """The cards, by track, with the likes and dislikes among these votes in place of all that they ever got."""
    sides: dict[int, Counter[int]] = defaultdict(Counter)
    for vote in votes:
        sides[vote.track_id][vote.kind] += 1
    return {
        card.id: replace(card, likes=sides[card.id][VoteKind.LIKE], dislikes=sides[card.id][VoteKind.DISLIKE])
        for card in cards
    }


def divisive_of(cards: Iterable[TrackCard]) -> TrackCard | None:
    """The song with the most likes and dislikes at the same time; None if nobody disagrees."""

    def rank(card: TrackCard) -> tuple[int, int, int]:
        return min(card.likes, card.dislikes), card.likes + card.dislikes, -card.id

    split = [
        card
        for card in cards
        if card.dislikes and min(card.likes, card.dislikes) * DIVISIVE_PART >= card.likes + card.dislikes
    ]
    return max(split, key=rank, default=None)


def sharers_of(cards: Mapping[int, TrackCard], votes: Iterable[Vote]) -> list[Sharer]:
    """Who shared first what was liked, by how many likes, most first."""
    likes: Counter[int] = Counter()
    for vote in votes:
        card = cards.get(vote.track_id)
        if vote.kind == VoteKind.LIKE and card and card.first and card.first.by_member:
            likes[card.first.user_id] += 1
    return [
        Sharer(who, number) for who, number in sorted(likes.items(), key=lambda item: (-item[1], item[0]))
    ]


def outlier_of(tracks: Sequence[TrackCard], songs: Mapping[int, MeasuredTrack]) -> Outlier | None:
    """The one of these songs that sounds least like those of the server that it sounds most like.

    It comes with its card among `songs`, which has all of its shares.
    """
    there = [card for card in tracks if card.id in songs]
    if not there or len(songs) < MIN_COMPARED:
        return None
    rows = {track_id: row for row, track_id in enumerate(songs)}
    everything = np.stack([song.direction for song in songs.values()])
    nearest: list[float] = []
    for batch in batches(there, BATCH):
        own = [rows[card.id] for card in batch]
        cosines = everything[own] @ everything.T
        cosines[np.arange(len(own)), own] = -np.inf
        nearest += np.partition(cosines, -NEIGHBOURS)[:, -NEIGHBOURS:].mean(axis=1).tolist()
    farthest = int(np.argmin(nearest))
    close = nearest[farthest]
    if close > MAX_OUTLIER_COSINE:
        return None
    return Outlier(songs[there[farthest].id].card, round(100 * max(0.0, close)))


def movement(
    length: PeriodLength, tracks: Sequence[TrackCard], everything: Sequence[TrackCard], vibes: Sequence[Vibe]
) -> str:
    """How the songs of a period differ from the server's others, in one sentence; "" if too few."""
    new = {card.id for card in tracks}
    others = [card for card in everything if card.id not in new]
    if min(len(tracks), len(others)) < MIN_SONGS:
        return ""
    parts = [_tempo(tracks, others), _loudness(tracks, others), _brightness(tracks, others)]
    said = [part for part in parts if part]
    lean = _lean(new, {card.id for card in everything}, vibes)
    if lean:
        said.append(f"leaned towards “{lean}”")
    if not said:
        return f"This {length} sounded as this server usually does."
    listed = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    verb = "" if said[0].startswith("leaned") else "was "
    return f"This {length} {verb}{listed}."


def _tempo(tracks: Sequence[TrackCard], others: Sequence[TrackCard]) -> str:
    here, usual = median_of(tracks, "tempo"), median_of(others, "tempo")
    if not here or not usual or abs(here - usual) < MIN_TEMPO_CHANGE * usual:
        return ""
    return f"{'faster' if here > usual else 'slower'} ({here:.0f} against {usual:.0f} bpm)"


def _loudness(tracks: Sequence[TrackCard], others: Sequence[TrackCard]) -> str:
    here, usual = (median_of(cards, "loudness", above=ABSOLUTE_GATE_LUFS) for cards in (tracks, others))
    if here is None or usual is None or abs(here - usual) < MIN_LOUDNESS_CHANGE:
        return ""
    return "louder" if here > usual else "quieter"


def _brightness(tracks: Sequence[TrackCard], others: Sequence[TrackCard]) -> str:
    here, usual = median_of(tracks, "brightness"), median_of(others, "brightness")
    if not here or not usual or abs(here - usual) < MIN_BRIGHTNESS_CHANGE * usual:
        return ""
    return "brighter" if here > usual else "warmer"


def _lean(new: set[int], everything: set[int], vibes: Sequence[Vibe]) -> str:
    """The vibe that has clearly more of the new songs than of all; "" if none has."""

    def gain(vibe: Vibe) -> float:
        return len(vibe.track_ids & new) / len(new) - len(vibe.track_ids & everything) / len(everything)

    most = max(vibes, key=gain, default=None)
    if most is None or gain(most) < MIN_VIBE_LEAD:
        return ""
    return short_name(most, vibes)


def bars_of(
    length: PeriodLength, since: datetime, until: datetime, tracks: Sequence[TrackCard], zone: ZoneInfo
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """How much was shared on each day (of a year: in each month), and what these are called."""
    begin, end = since.astimezone(zone), until.astimezone(zone)
    shared = [share.shared_at.astimezone(zone) for card in tracks for share in card.shares]
    if length == PeriodLength.YEAR:
        return _months(begin, end, shared)
    # Times of one zone are compared by what the clock says, so that a day is a day when clocks change.
    days = max(1, round((end - begin) / DAY))
    places = Counter(min(days - 1, max(0, int((at - begin) / DAY))) for at in shared)
    noons = [begin + (day + 0.5) * DAY for day in range(days)]
    labels = tuple(f"{noon:%A}" if length == PeriodLength.WEEK else f"{noon.day} {noon:%B}" for noon in noons)
    return tuple(places[day] for day in range(days)), labels


def _months(
    begin: datetime, end: datetime, shared: Iterable[datetime]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """How much was shared in each month from the first to the last, and their names, with the year if it changes."""
    month, last = Month.of(begin.date()), Month.of((end - timedelta(seconds=1)).date())
    months = [month]
    while month < last:
        month = month.after()
        months.append(month)
    counts = Counter(Month.of(at.date()) for at in shared)
    written = "%B" if months[0].year == last.year else "%B %Y"
    return tuple(counts[month] for month in months), tuple(f"{month.first:{written}}" for month in months)
