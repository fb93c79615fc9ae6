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

# What stands behind a title in brackets or behind a dash and says which version it is.
VERSION = (
    r"live|remaster(?:ed)?|original mix|radio mix|edit|version|acoustic|unplugged|demo|instrumental|karaoke|official|"
    r"video|audio|lyrics?|visuali[sz]er|hd|hq|4k|bonus|mono|stereo|session|extended|deluxe|anniversary|best of|feat|ft|"
    r"featuring"
)
BRACKETS = re.compile(rf"[(\[][^)\]]*\b(?:{VERSION})\b[^)\]]*[)\]]")
BEHIND_DASH = re.compile(rf"\s+-\s+[^-]*\b(?:{VERSION})\b[^-]*$")
GUEST = re.compile(r"\s+(?:feat|ft|featuring)\b\.?.*$")
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
        """From names as they are shown; an artist that is part of the title counts."""
        artist, title = artist_of(artist), base_title(title)
        if not artist and " - " in title:
            artist, title = (part.strip() for part in title.split(" - ", 1))
        elif artist:
            title = title.removeprefix(f"{artist} - ")
        return cls(track_id, _words(artist), _words(title) or title)


def base_title(title: str) -> str:
    """A title without "(live)", "- remastered 2011", "feat. somebody" and the like; never empty if it wasn't."""
    plain = searchable(title)
    bare = GUEST.sub("", BEHIND_DASH.sub("", BRACKETS.sub(" ", plain)))
    return " ".join(bare.split()) or plain


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
