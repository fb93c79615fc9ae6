"""Which tracks are the same song to a listener, and how many of an artist are enough (pure).

Closeness alone hides nothing: two tracks are twins if they are called the same, or sound the same and the fingerprints
or the titles agree.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from models.track import searchable

OF_AN_ARTIST = 2
NEAR = 0.85
"""A match (calibrated for each embedder by its frame) from which two tracks may be one recording.

Measured on 38 clips of real music: copies of lower quality and cut ones have .9 and more, different songs at most .81
with MusiCNN and .90 with MFCC.
"""

# Words that say which version of a song it is, what else is said beside them, and what makes it another song.
VERSION = (
    r"live|remaster(?:ed)?|edit|version|acoustic|unplugged|demo|instrumental|karaoke|original|radio|official|video|audio|"
    r"lyrics?|visuali[sz]er|hd|hq|4k|bonus|mono|stereo|sessions?|extended|deluxe|anniversary"
)
BESIDE = r"\d+(?:st|nd|rd|th)?|the|in|from|single|album|music|track|mix|edition|digital(?:ly)?|mtv|bbc|studio"
SAYS_VERSION = re.compile(rf"\b(?:{VERSION})\b")
ONLY_VERSION = re.compile(rf"\W*+(?:(?:{VERSION}|{BESIDE})\b\W*+)++")  # "2009 Remaster", not "Live Forever"
SOMEWHERE = re.compile(r"(?:recorded )?live,? (?:at|from|in|on)\b|live @")
ANOTHER = re.compile(r"\b(?:remix|rmx|mashup|reprise|interlude|part|pt)\b")
BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
WITH_GUEST = re.compile(r"(feat|ft|featuring)\b")
GUEST = re.compile(r"(\s+feat\b\.?|\s+featuring\b|(?<!\d)\s+ft\.)\s*\w.*$")  # but "10 ft. tall"
DASH = " - "
NOT_A_WORD = re.compile(r"[^\w]+")
CREDITS = re.compile(r"\s+(?:feat|ft|featuring)\b\.?\s.*$|,.*$")


@dataclass(frozen=True)
class Song:
    """A track as it is called: comparable artist and title, without what only says which version it is."""

    track_id: int
    artist: str
    title: str

    @classmethod
    def of(cls, track_id: int, artist: str, title: str) -> "Song":
        """From names as they are shown; an artist that stands before the title counts."""
        artist, title = artist_of(artist), _without_brackets(searchable(title))
        named, behind = _before_dash(title)
        artist, named = _words(artist), _words(artist_of(named))
        if named and artist in {"", named}:
            artist, title = named, behind
        title = _without_version(title)
        return cls(track_id, artist, _words(title) or title)


def base_title(title: str) -> str:
    """A title without "(live)", "- remastered 2011", "feat. somebody" and the like; never empty if it wasn't."""
    return _without_version(_without_brackets(searchable(title)))


def artist_of(artist: str) -> str:
    """The first artist of several, comparable."""
    plain = searchable(artist)
    return CREDITS.sub("", plain).strip() or plain


@dataclass(frozen=True)
class Likeness:
    """Which tracks sound much the same (a match of NEAR), and of which of these the fingerprints agree."""

    near: Mapping[int, Collection[int]]
    same: Collection[frozenset[int]] = ()

    def are_twins(self, one: Song, other: Song) -> bool:
        """Whether two tracks are one song: the same names, or much the same sound and a second sign.

        Two titles without an artist are no sign: many files are called "voice message".
        """
        titles = bool(one.title) and one.title == other.title
        if titles and one.artist and one.artist == other.artist:
            return True
        if other.track_id not in self.near.get(one.track_id, ()):
            return False
        # One has no artist.
        return (titles and bool(one.artist) != bool(other.artist)) or frozenset(
            (one.track_id, other.track_id)
        ) in self.same


def chosen(
    ranked: Iterable[Song],
    known: Iterable[Song],
    limit: int,
    likeness: Likeness,
    *,
    without_artists: Iterable[str] = (),
    fill: bool = False,
) -> list[int]:
    """The first `limit` tracks of a ranking, of twins the first, none of a known song's, and few of one artist.

    `known`: a track under several names is there several times. `fill`: what is too much of one artist comes last,
    rather than not at all.
    """
    unwanted = {_words(artist_of(artist)) for artist in without_artists}
    seen = _Seen(likeness, known)
    shown: list[int] = []
    spare: list[int] = []
    artists: Counter[str] = Counter()
    for song in ranked:
        if len(shown) == limit:
            break
        if (song.artist and song.artist in unwanted) or seen.has_twin_of(song):
            continue
        seen.add(song)
        artists[song.artist] += 1
        too_many = song.artist and artists[song.artist] > OF_AN_ARTIST
        (spare if too_many else shown).append(song.track_id)
    return [*shown, *(spare[: limit - len(shown)] if fill else [])]


class _Seen:
    """Songs that need not come again; looking one up takes no walk through all of them."""

    def __init__(self, likeness: Likeness, songs: Iterable[Song]) -> None:
        self._likeness = likeness
        self._names: set[tuple[str, str]] = set()
        self._songs: dict[int, list[Song]] = defaultdict(list)
        for song in songs:
            self.add(song)

    def add(self, song: Song) -> None:
        self._songs[song.track_id].append(song)
        if song.artist and song.title:
            self._names.add((song.artist, song.title))

    def has_twin_of(self, song: Song) -> bool:
        near = self._likeness.near.get(song.track_id, ())
        return (song.artist, song.title) in self._names or any(
            self._likeness.are_twins(song, other)
            for track_id in near
            for other in self._songs.get(track_id, ())
        )


def _words(text: str) -> str:
    return " ".join(NOT_A_WORD.sub(" ", text).split())


def _before_dash(title: str) -> tuple[str, str]:
    """The artist and the title in "artist - title"; no artist where only a version stands behind the dash.

    One word may well be a title ("Regina Spektor - Edit"), and a place that of a concert ("Nirvana - Live at Reading").
    """
    named, dash, behind = title.partition(DASH)
    is_version = " " in behind and SAYS_VERSION.search(behind) and ONLY_VERSION.fullmatch(behind)
    return (named, behind) if dash and not is_version else ("", title)


def _without_brackets(title: str) -> str:
    """A title without what stands in brackets and says which version it is, or who else sings."""
    bare = " ".join(BRACKETS.sub(lambda found: " " if _is_aside(found[1]) else found[0], title).split())
    return bare or title


def _without_version(title: str) -> str:
    """A title without brackets, also without what stands behind its dashes and says which version it is."""
    head, dash, tail = title.rpartition(DASH)
    while dash and _is_version(tail):
        title = head
        head, dash, tail = title.rpartition(DASH)
    return GUEST.sub("", title)


def _is_aside(text: str) -> bool:
    return bool(WITH_GUEST.match(text) or (SAYS_VERSION.search(text) and not ANOTHER.search(text)))


def _is_version(text: str) -> bool:
    return bool(SAYS_VERSION.search(text) and (SOMEWHERE.match(text) or ONLY_VERSION.fullmatch(text)))
