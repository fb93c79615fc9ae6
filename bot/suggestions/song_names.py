"""Normalises titles and artists so that versions of a song compare equal (pure)."""

import functools
import re
from dataclasses import dataclass

from models.track import searchable

# Words that say which version of a song it is, what else is said beside them, and what makes it another song.
VERSION_WORDS = (
    r"live|remaster(?:ed)?|edit|version|acoustic|unplugged|demo|instrumental|karaoke|original|radio|official|video|audio|"
    r"lyrics?|visuali[sz]er|hd|hq|4k|bonus|mono|stereo|sessions?|extended|deluxe|anniversary"
)
VERSION_FILLER_WORDS = (
    r"\d+(?:st|nd|rd|th)?|the|in|from|single|album|music|track|mix|edition|digital(?:ly)?|mtv|bbc|studio"
)
SAYS_VERSION = re.compile(rf"\b(?:{VERSION_WORDS})\b")
ONLY_VERSION = re.compile(
    rf"\W*+(?:(?:{VERSION_WORDS}|{VERSION_FILLER_WORDS})\b\W*+)++"
)  # "2009 Remaster", not "Live Forever"
LIVE_AT = re.compile(r"(?:recorded )?live,? (?:at|from|in|on)\b|live @")
DIFFERENT_SONG_WORDS = re.compile(r"\b(?:remix|rmx|mashup|reprise|interlude|part|pt)\b")
BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
WITH_GUEST = re.compile(r"(feat|ft|featuring)\b")
GUEST = re.compile(r"(\s+feat\b\.?|\s+featuring\b|(?<!\d)\s+ft\.)\s*\w.*$")  # but "10 ft. tall"
DASH = " - "
NOT_A_WORD = re.compile(r"[^\w]+")
NAMES_REMEMBERED = (
    1 << 14
)  # 6 MB; a question compares hundreds, each of which takes up to 70 µs of Python's time
CREDITS = re.compile(r"\s+(?:feat|ft|featuring)\b\.?\s.*$|,.*$")


@dataclass(frozen=True)
class SongName:
    """A track as it is called: comparable artist and title, without what only says which version it is."""

    track_id: int
    artist: str
    title: str

    @classmethod
    def of(cls, track_id: int, artist: str, title: str) -> "SongName":
        """From names as they are shown; an artist that stands before the title counts."""
        return cls(track_id, *_comparable(artist, title))

    @property
    def song(self) -> tuple[str, str] | None:
        """What all versions of a song have in common: artist and title; None where either isn't known."""
        return (self.artist, self.title) if self.artist and self.title else None


def base_title(title: str) -> str:
    """A title without "(live)", "- remastered 2011", "feat. somebody" and the like; never empty if it wasn't."""
    return _without_version(_without_brackets(searchable(title)))


def artist_of(artist: str) -> str:
    """The first artist of several, comparable."""
    plain = searchable(artist)
    return CREDITS.sub("", plain).strip() or plain


@functools.lru_cache(NAMES_REMEMBERED)
def _comparable(artist: str, title: str) -> tuple[str, str]:
    artist, title = artist_of(artist), _without_brackets(searchable(title))
    named, behind = _before_dash(title)
    artist, named = _words(artist), _words(artist_of(named))
    if named and artist in {"", named}:
        artist, title = named, behind
    title = _without_version(title)
    return artist, _words(title) or title


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
    return bool(
        WITH_GUEST.match(text) or (SAYS_VERSION.search(text) and not DIFFERENT_SONG_WORDS.search(text))
    )


def _is_version(text: str) -> bool:
    return bool(SAYS_VERSION.search(text) and (LIVE_AT.match(text) or ONLY_VERSION.fullmatch(text)))
