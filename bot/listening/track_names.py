"""What a track is called: as its page says, else as the file's tags say, else as the file is named."""

import re
import unicodedata
from dataclasses import dataclass

MAX_NAME_CHARACTERS = 200
UNTITLED = "Untitled"


@dataclass(frozen=True)
class TrackName:
    """What one place says a track is called; empty where it says nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""


def name_track(page: TrackName, tags: TrackName, stem: str, *, uploader: str = "") -> TrackName:
    """The track's title (never empty), artist and album, cleaned, each at most 200 characters.

    `stem` is the file's name without its suffix. "Artist - Title" is taken apart where no artist is known and
    the dash stands there once. The uploader counts as the artist when nothing else does.
    """
    page, tags = _cleaned(page), _cleaned(tags)
    title = page.title or tags.title or _from_file_name(stem) or UNTITLED
    artist = page.artist or tags.artist
    if not artist:
        artist, title = _split(title)
    return TrackName(title, artist or _without_topic(uploader), page.album or tags.album)


def _cleaned(naming: TrackName) -> TrackName:
    return TrackName(_clean(naming.title), _clean(naming.artist), _clean(naming.album))


def _clean(text: str) -> str:
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return " ".join(visible.split())[:MAX_NAME_CHARACTERS].strip()


def _from_file_name(stem: str) -> str:
    """A file's name as a person would write it: blanks for underscores, no track number in front."""
    spaced = stem if " " in stem else stem.replace("_", " ").replace("+", " ")
    return _clean(re.sub(r"^\d{1,3}(?:\s*[-.]\s+|\s+-\s*)(?=\S)", "", _clean(spaced)))


def _split(title: str) -> tuple[str, str]:
    parts = [part.strip() for part in re.split(r"\s[-–—]\s", title)]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else ("", title)


def _without_topic(uploader: str) -> str:
    return _clean(uploader).removesuffix(" - Topic")
