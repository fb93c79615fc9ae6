"""A song's metadata from yt-dlp's info dictionary: title, artist, tags, …; pure, without importing yt-dlp."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

MAX_LENGTH = 300  # characters of a title or name
MAX_TAGS = 30  # tags or genres
# Their ids come from file names: not one medium's own.
NAMELESS_EXTRACTORS = ("Generic", "HTML5MediaEmbed")
NO_TITLE = "video"  # what yt-dlp calls a page without one


def page_metadata(info: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The fields of a `Fetched` but its path; `name` is the file's name where the link doesn't tell it."""
    url = urldefrag(str(info.get("webpage_url") or "")).url
    extractor = str(info.get("extractor_key") or "")
    is_nameless = extractor in NAMELESS_EXTRACTORS
    stem = _stem(urlsplit(url).path)
    title = _line(info.get("track") or info.get("title"))
    if (
        is_nameless and info.get("id") == f"{stem}-1"
    ):  # yt-dlp counts the players in a page, even a single one
        title = title.removesuffix(" (1)")
    uploader = _line(info.get("uploader") or info.get("channel"))
    return {
        "key": None if is_nameless else f"{extractor.lower()}:{info.get('id')}",
        "url": url,
        "title": "" if is_nameless and title in {stem, NO_TITLE} else title,
        "artist": ", ".join(_lines(info.get("artists") or [info.get("artist")])),
        "album": _line(info.get("album")),
        "seconds": _seconds(info.get("duration")),
        "thumbnail": _link(info.get("thumbnail")),
        "tags": _lines([*(info.get("tags") or []), *(info.get("categories") or [])]),
        "genres": _lines(info.get("genres") or [info.get("genre")]),
        "uploader": "" if uploader == urlsplit(url).hostname else uploader,
        "name": _stem(name) or stem,
    }


def _line(value: object) -> str:
    return " ".join(str(value or "").split())[:MAX_LENGTH]


def _lines(values: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(_line, values))))[:MAX_TAGS]


def _stem(path: str) -> str:
    return _line(PurePosixPath(unquote(path)).stem)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _link(value: object) -> str:
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else ""
