"""Near-duplicate removal, an artist cap, and team-draft interleaving of several rankings (pure)."""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.suggestions.left_out import LeftOut
from bot.suggestions.song_names import SongName

MAX_PER_ARTIST = 2
NEAR_DUPLICATE = 0.85
"""A match (calibrated for each embedder) from which two tracks may be one recording.

Measured on 38 clips of real music: copies of lower quality and cut ones have .9 and more, different songs at most .81
with MusiCNN and .90 with MFCC.
"""


@dataclass(frozen=True)
class Likeness:
    """Which tracks sound much the same (a match of NEAR_DUPLICATE), and of which of these the fingerprints agree."""

    near: Mapping[int, Collection[int]]
    same: Collection[frozenset[int]] = ()

    def are_versions(self, one: SongName, other: SongName) -> bool:
        """Whether two tracks are one song: the same names, or much the same sound and a second sign.

        Two titles without an artist are no sign: many files are called "voice message".
        """
        if one.song and one.song == other.song:
            return True
        if other.track_id not in self.near.get(one.track_id, ()):
            return False
        titles = bool(one.title) and one.title == other.title
        # One has no artist.
        return (titles and bool(one.artist) != bool(other.artist)) or frozenset(
            (one.track_id, other.track_id)
        ) in self.same


@dataclass(frozen=True)
class Draft:
    """Tracks, best first; by which ranking each came; and which others were left out as what."""

    tracks: tuple[int, ...]
    turns: tuple[int, ...]
    left_out: Mapping[int, LeftOut]


def team_draft(
    rankings: Sequence[Iterable[SongName]],
    known: Iterable[SongName],
    limit: int,
    likeness: Likeness,
) -> Draft:
    """The first `limit` tracks of rankings: of each song one version, none of a known song's, few of one artist.

    `known`: a track under several names is there several times. Several rankings take turns, and in each round chance
    decides who begins: team-draft interleaving (Radlinski, Kurup & Joachims, "How Does Clickthrough Data Reflect
    Retrieval Quality?", CIKM 2008).
    """
    rules = _Rules(likeness, known)
    queues = [(turn, iter(ranking)) for turn, ranking in enumerate(rankings)]
    shown: dict[int, int] = {}
    while queues and len(shown) < limit:
        for turn, queue in random.sample(queues, len(queues)):
            if len(shown) == limit:
                break
            song = next((song for song in queue if song.track_id not in shown and rules.allow(song)), None)
            if song is None:
                queues.remove((turn, queue))
            else:
                shown[song.track_id] = turn
    return Draft(tuple(shown), tuple(shown.values()), rules.left_out)


class _Rules:
    """Songs that need not come again; looking one up takes no walk through all of them."""

    def __init__(self, likeness: Likeness, known: Iterable[SongName]) -> None:
        self._likeness = likeness
        self._names: set[tuple[str, str]] = set()
        self._songs: dict[int, list[SongName]] = defaultdict(list)
        self._artists: Counter[str] = Counter()
        self.left_out: dict[int, LeftOut] = {}
        for song in known:
            self._add(song)

    def allow(self, song: SongName) -> bool:
        """Whether a song may be shown, which then counts as shown."""
        if song.track_id in self.left_out:
            return False
        if self._has_version_of(song):
            self.left_out[song.track_id] = LeftOut.OTHER_VERSION
            return False
        self._add(song)
        self._artists[song.artist] += 1
        if song.artist and self._artists[song.artist] > MAX_PER_ARTIST:
            self.left_out[song.track_id] = LeftOut.ARTIST_LIMIT
            return False
        return True

    def _add(self, song: SongName) -> None:
        self._songs[song.track_id].append(song)
        if song.song:
            self._names.add(song.song)

    def _has_version_of(self, song: SongName) -> bool:
        near = self._likeness.near.get(song.track_id, ())
        return song.song in self._names or any(
            self._likeness.are_versions(song, other)
            for track_id in near
            for other in self._songs.get(track_id, ())
        )


def capped_per_artist(songs: Iterable[SongName], limit: int, most: int) -> Iterator[tuple[SongName, bool]]:
    """Songs until `limit` of them are kept, and whether each is: of an artist at most so many."""
    artists: Counter[str] = Counter()
    kept = 0
    for song in songs:
        if kept == limit:
            return
        artists[song.artist] += 1
        keep = not song.artist or artists[song.artist] <= most
        kept += keep
        yield song, keep
