"""What a track is called: as its page says, else as the file's tags say, else as the file is named."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

LONGEST = 200
UNTITLED = "Untitled"


@dataclass(frozen=True)
class Naming:
    """What one place says a track is called; empty where it says nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""


def name_track(page: Naming, tags: Naming, file_name: str, *, uploader: str = "") -> Naming:
    """The track's title (never empty), artist and album, cleaned, each at most 200 characters.

    A page title that is only the file's name loses to the tags. "Artist - Title" is taken apart where no
    artist is known and the dash stands there once. The uploader counts as the artist when nothing else does.
    """
    page, tags = _cleaned(page), _cleaned(tags)
    stem = _stem(file_name)
    page_title = "" if _spoken(page.title) in {_spoken(stem), _spoken(file_name)} else page.title
    title = page_title or tags.title or _from_file_name(stem) or _from_file_name(page.title) or UNTITLED
    artist = page.artist or tags.artist
    if not artist:
        artist, title = _split(title)
    return Naming(title, artist or _without_topic(uploader), page.album or tags.album)


def file_name_of(url: str) -> str:
    """The last part of a link's path."""
    return PurePosixPath(unquote(urlsplit(url).path)).name


def _cleaned(naming: Naming) -> Naming:
    return Naming(_clean(naming.title), _clean(naming.artist), _clean(naming.album))


def _clean(text: str) -> str:
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return " ".join(visible.split())[:LONGEST].strip()


def _stem(file_name: str) -> str:
    return re.sub(r"\.[A-Za-z0-9]{1,5}$", "", file_name)


def _from_file_name(stem: str) -> str:
    """A file's name as a person would write it: blanks for underscores, no track number in front."""
    spaced = stem if " " in stem else stem.replace("_", " ").replace("+", " ")
    return _clean(re.sub(r"^\d{1,3}(?:\s*[-.]\s+|\s+-\s*)(?=\S)", "", _clean(spaced)))


def _spoken(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _split(title: str) -> tuple[str, str]:
    parts = [part.strip() for part in re.split(r"\s[-–—]\s", title)]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else ("", title)


def _without_topic(uploader: str) -> str:
    return _clean(uploader).removesuffix(" - Topic")
