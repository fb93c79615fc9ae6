"""The links in a message, and which files are media; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_LINKS = 10
BEGINNING = re.compile(r"(?<![a-z0-9+.-])https?://", re.IGNORECASE)
# At a space, a character that no link holds, the next link, a spoiler's end; at a bracket if it closes what is around.
ENDING = re.compile(r"""\|\||[,;|](?=https?:)|[\s<>"`“”«»{}\\^]|[()\[\]]""", re.IGNORECASE)
CLOSERS = {")": "(", "]": "["}
TRAILING = ".,;:!?'*~|…’。，、！？；：）」』】"
PATH = "path:"  # in front of a file that was named on the command line
PLAYLIST_TYPES = ("mpegurl", "scpls", "xspf")
MEDIA_SUFFIXES = (
    ".aac", ".ac3", ".aif", ".aiff", ".alac", ".amr", ".ape", ".au", ".caf", ".flac", ".m4a", ".m4b", ".mka",
    ".mp2", ".mp3", ".oga", ".ogg", ".opus", ".spx", ".tta", ".wav", ".wma", ".wv",
    ".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv",
)  # fmt: skip


@dataclass(frozen=True)
class PostedMedia:
    """A posted link or file; the rest is known for files only, `size` in bytes."""

    url: str
    name: str = ""
    attachment_id: int | None = None
    content_type: str = ""
    size: int = 0


def find_links(text: str, limit: int = MAX_LINKS) -> list[PostedMedia]:
    """The different http(s) links of a message in order, at most `limit`; those in code are quoted, not shared."""
    return [PostedMedia(url) for url in dict.fromkeys(_links(_without_code(text)))][:limit]


def is_media_file(name: str, content_type: str) -> bool:
    """Whether an attachment claims to be audio or video, by its type or else its name."""
    kind, _, subtype = content_type.lower().partition(";")[0].strip().partition("/")
    if any(playlist in subtype for playlist in PLAYLIST_TYPES):
        return False
    if kind in {"audio", "video"} or subtype == "ogg":
        return True
    is_untold = not kind or subtype in {"octet-stream", "binary"}
    return is_untold and name.lower().endswith(MEDIA_SUFFIXES)


def _links(text: str) -> Iterator[str]:
    position = 0
    while begun := BEGINNING.search(text, position):
        start = begun.start()
        link = _trimmed(text[start : _end(text, begun.end())], before=text[:start])
        position = start + max(len(link), len("http://"))
        if _has_host(link):
            yield link


def _end(text: str, position: int) -> int:
    """Where a link ends that goes on at `position`, not looking further: a message may hold hundreds."""
    open_brackets: list[str] = []
    for mark in ENDING.finditer(text, position):
        if mark[0] in CLOSERS.values():
            open_brackets.append(mark[0])
        elif mark[0] not in CLOSERS or not open_brackets or open_brackets.pop() != CLOSERS[mark[0]]:
            return mark.start()
    return len(text)


def _trimmed(link: str, *, before: str) -> str:
    """The link without the marks at its end: a sentence's, and those of `__…__`."""
    link = link.rstrip(TRAILING)
    underscores = len(before) - len(before.rstrip("_"))
    if underscores and link.endswith("_" * underscores):
        link = link[:-underscores].rstrip(TRAILING)
    return link


def _has_host(link: str) -> bool:
    try:
        return bool((urlsplit(link).hostname or "").strip("."))
    except ValueError:
        return False


def _without_code(text: str) -> str:
    """The text with `code` and blocks of it cut out; a run of backticks ends at the next one of its length."""
    runs = list(re.finditer("`+", text))
    kept, position, number = [], 0, 0
    while number < len(runs):
        run = runs[number]
        end = next((n for n in range(number + 1, len(runs)) if runs[n][0] == run[0]), None)
        if end is not None:
            kept.append(text[position : run.start()])
            position, number = runs[end].end(), end
        number += 1
    return " ".join([*kept, text[position:]])
