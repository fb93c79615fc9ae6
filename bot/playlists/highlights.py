"""What stands out in a week of music (pure)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bot.library.cards import TrackCard, batches
from bot.playlists.content import Outlier, Sharer, Tally
from bot.playlists.illustrations import SILENT, middle_of
from bot.playlists.naming import JOINT
from bot.playlists.songs import Song
from bot.playlists.vibes import Vibe
from bot.taste.feedback import Vote

NEIGHBOURS = 3  # that an outlier is measured by
BATCH = 256  # songs that are compared with all others at a time
COMPARED = 8  # songs that it takes to say that one of them stands apart
ALONE = 0.25  # cosine of places: nothing sounds much like it
ENOUGH = 3  # songs that have a sound together
FASTER, LOUDER, BRIGHTER = 0.05, 2.0, 0.15  # of the tempo; LUFS; of the brightness
LEANS = 0.15  # by which a vibe's share is larger than usual
SPLIT = 3  # the smaller side of a divisive song's votes is at least such a part of them
MONTHS = "JFMAMJJASOND"


def tally_of(tracks: Sequence[TrackCard], votes: Iterable[Vote]) -> Tally:
    """The numbers of a time: what was shared in it, and the likes among these votes of it."""
    members = {share.user_id for card in tracks for share in card.shares if share.user_id > 0}
    return Tally(len(tracks), len(members), sum(vote.kind > 0 for vote in votes))


def divisive_of(cards: Mapping[int, TrackCard], votes: Iterable[Vote]) -> TrackCard | None:
    """The song with the most likes and dislikes at the same time; None if nobody disagrees."""
    sides: dict[int, Counter[int]] = defaultdict(Counter)
    for vote in votes:
        sides[vote.track_id][vote.kind] += 1

    def rank(track_id: int) -> tuple[int, int, int]:
        likes, dislikes = sides[track_id][+1], sides[track_id][-1]
        return min(likes, dislikes), likes + dislikes, -track_id

    split = [
        track_id
        for track_id, side in sides.items()
        if track_id in cards and min(side[+1], side[-1]) * SPLIT >= side.total()
    ]
    return cards[max(split, key=rank)] if split else None


def sharers_of(cards: Mapping[int, TrackCard], votes: Iterable[Vote]) -> list[Sharer]:
    """Who shared first what was liked, by how many likes, most first."""
    likes: Counter[int] = Counter()
    for vote in votes:
        card = cards.get(vote.track_id)
        if vote.kind > 0 and card and card.first and card.first.user_id > 0:
            likes[card.first.user_id] += 1
    return [
        Sharer(who, number) for who, number in sorted(likes.items(), key=lambda item: (-item[1], item[0]))
    ]


def outlier_of(tracks: Sequence[TrackCard], songs: Mapping[int, Song]) -> Outlier | None:
    """The one of these songs that sounds least like those of the server that it sounds most like."""
    there = [card for card in tracks if card.id in songs]
    if not there or len(songs) < COMPARED:
        return None
    rows = {track_id: row for row, track_id in enumerate(songs)}
    everything = np.stack([song.place for song in songs.values()])
    nearest: list[float] = []
    for batch in batches(there, BATCH):
        own = [rows[card.id] for card in batch]
        cosines = everything[own] @ everything.T
        cosines[np.arange(len(own)), own] = -np.inf
        nearest += np.partition(cosines, -NEIGHBOURS)[:, -NEIGHBOURS:].mean(axis=1).tolist()
    farthest = int(np.argmin(nearest))
    close = nearest[farthest]
    return Outlier(there[farthest], round(100 * max(0.0, close))) if close <= ALONE else None


def movement(
    name: str, tracks: Sequence[TrackCard], everything: Sequence[TrackCard], vibes: Sequence[Vibe]
) -> str:
    """How songs of a time (`name`: "week") differ from the server's others, in one sentence; "" if too few."""
    new = {card.id for card in tracks}
    others = [card for card in everything if card.id not in new]
    if min(len(tracks), len(others)) < ENOUGH:
        return ""
    parts = [_tempo(tracks, others), _loudness(tracks, others), _brightness(tracks, others)]
    said = [part for part in parts if part]
    lean = _lean(new, {card.id for card in everything}, vibes)
    if lean:
        said.append(f"leaned towards “{lean}”")
    if not said:
        return f"This {name} sounded as this server usually does."
    listed = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    verb = "" if said[0].startswith("leaned") else "was "
    return f"This {name} {verb}{listed}."


def _tempo(tracks: Sequence[TrackCard], others: Sequence[TrackCard]) -> str:
    here, usual = middle_of(tracks, "tempo"), middle_of(others, "tempo")
    if not here or not usual or abs(here - usual) < FASTER * usual:
        return ""
    return f"{'faster' if here > usual else 'slower'} ({here:.0f} against {usual:.0f} bpm)"


def _loudness(tracks: Sequence[TrackCard], others: Sequence[TrackCard]) -> str:
    here, usual = (middle_of(cards, "loudness", above=SILENT) for cards in (tracks, others))
    if here is None or usual is None or abs(here - usual) < LOUDER:
        return ""
    return "louder" if here > usual else "quieter"


def _brightness(tracks: Sequence[TrackCard], others: Sequence[TrackCard]) -> str:
    here, usual = middle_of(tracks, "brightness"), middle_of(others, "brightness")
    if not here or not usual or abs(here - usual) < BRIGHTER * usual:
        return ""
    return "brighter" if here > usual else "warmer"


def _lean(new: set[int], everything: set[int], vibes: Sequence[Vibe]) -> str:
    """The vibe that has clearly more of the new songs than of all; "" if none has."""

    def gain(vibe: Vibe) -> float:
        return len(vibe.track_ids & new) / len(new) - len(vibe.track_ids & everything) / len(everything)

    most = max(vibes, key=gain, default=None)
    if most is None or gain(most) < LEANS:
        return ""
    return most.name if most.named else most.name.partition(JOINT)[0]


def bars_of(
    length: str, since: datetime, until: datetime, tracks: Sequence[TrackCard], zone: ZoneInfo
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """How much was shared on each day (of a year: in each month), and what to write below."""
    shared = [share.shared_at for card in tracks for share in card.shares]
    if length == "year":
        months = Counter(at.astimezone(zone).month for at in shared)
        return tuple(months[number] for number in range(1, 13)), tuple(MONTHS)
    days = max(1, round((until - since) / timedelta(days=1)))
    places = Counter(min(days - 1, int((at - since) / timedelta(days=1))) for at in shared)
    noons = [(since + timedelta(days=day + 0.5)).astimezone(zone) for day in range(days)]
    labels = tuple(f"{noon:%a}"[:2] for noon in noons) if length == "week" else ()
    return tuple(places[day] for day in range(days)), labels
