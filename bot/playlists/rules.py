"""Rules of which songs a playlist may hold; the last ones are relaxed when they leave too few songs."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

from bot.playlists.songs import MeasuredTrack

MIN_LENGTH = 4  # songs that make a playlist
MAX_PER_ARTIST = 3

Songs = list[MeasuredTrack]


@dataclass(frozen=True)
class Rule:
    """Keeps some of the songs, in their order; `relaxed` says what it means that it doesn't hold."""

    keep: Callable[[Sequence[MeasuredTrack]], Songs]
    relaxed: str


def not_posted_lately(lately: Collection[int]) -> Rule:
    """Nothing that was posted lately; the last rule, which gives way first."""
    return Rule(
        lambda songs: [song for song in songs if song.card.id not in lately],
        "too few others are left, so some songs that were posted lately are back",
    )


def max_per_artist(most: int = MAX_PER_ARTIST) -> Rule:
    """At most so many songs of one artist: the first of them."""

    def keep(songs: Sequence[MeasuredTrack]) -> Songs:
        so_far: Counter[str] = Counter()
        kept = []
        for song in songs:
            so_far[song.artist] += 1
            if not song.artist or so_far[song.artist] <= most:
                kept.append(song)
        return kept

    return Rule(keep, f"too few others are left, so there are more than {most} songs by one artist")


def one_of_each_song(songs: Sequence[MeasuredTrack]) -> Songs:
    """Of several versions of a song only the first; a track whose artist isn't known is a song of its own."""
    first: dict[Hashable, MeasuredTrack] = {}
    for song in songs:
        first.setdefault(song.name.song or song.card.id, song)
    return list(first.values())


def chosen(songs: Sequence[MeasuredTrack], rules: Sequence[Rule], length: int) -> tuple[Songs, str]:
    """The first `length` songs that the rules keep, and which rules had to be relaxed ("" if none).

    While fewer than MIN_LENGTH are kept, the last rule that still holds is dropped; what it would have kept goes first.
    No songs if there are too few without any rule.
    """
    ranked = one_of_each_song(songs)
    places: dict[int, int] = {}
    for holding in range(len(rules), -1, -1):
        kept = ranked
        for rule in rules[:holding]:
            kept = rule.keep(kept)
        for song in kept:
            places.setdefault(song.card.id, len(places))
        if len(kept) >= MIN_LENGTH:
            first = sorted(kept, key=lambda song: places[song.card.id])
            return first[:length], "; ".join(rule.relaxed for rule in rules[holding:])
    return [], ""
