"""Exports playlists as M3U8, XSPF, JSPF, CSV, and as a link that opens the songs on YouTube as a queue."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from bot.errors import Refused
from bot.foreign_text import BIDI_CONTROLS
from bot.intake.identity import identify
from bot.library.cards import TrackCard
from bot.playlists.playlist import Playlist
from models.track import searchable

CREATOR = "Earworm"
XSPF_NAMESPACE = "http://xspf.org/ns/0/"
COLUMNS = ("place", "artist", "title", "album", "seconds", "url")
YOUTUBE_QUEUE = "https://www.youtube.com/watch_videos"
MAX_QUEUED = 50  # videos that YouTube takes from one link
MAX_STEM_LENGTH = 60
MAX_DEVICE_NAME_LENGTH = 4  # letters of the longest names that Windows keeps for devices: con, lpt1
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")  # that escapes nothing
URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"  # what a link holds already; anything else is written as %xx
BEHIND_HOST = re.compile(r"(?<![:/])[/?#].*")  # from the path on
FORMULA_PREFIXES = ("=", "+", "-", "@")  # what a spreadsheet would run (OWASP, CSV injection)
# Controls, halves of characters and line breaks; then what turns the direction of the text around it.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
HIDDEN_MARKS = BIDI_CONTROLS | {"\ufeff"}


def m3u8(playlist: Playlist) -> str:
    """For any player; a song without a link stands in it as a remark."""
    lines = ["#EXTM3U", f"#PLAYLIST:{plain(playlist.name)}"]
    for card in playlist.cards:
        if link := link_of(card):
            lines += [f"#EXTINF:{round(card.seconds)},{plain(card.label)}", link]
        else:
            lines.append(f"# without a link: {plain(card.label)}")
    return "\n".join(lines) + "\n"


def xspf(playlist: Playlist) -> str:
    """XSPF version 1 (xspf.org/spec)."""
    root = ElementTree.Element("playlist", {"version": "1", "xmlns": XSPF_NAMESPACE})
    for name, value in _about(playlist).items():
        ElementTree.SubElement(root, name).text = value
    tracks = ElementTree.SubElement(root, "trackList")
    for place, card in enumerate(playlist.cards, 1):
        track = ElementTree.SubElement(tracks, "track")
        for name, value in _track(place, card).items():
            ElementTree.SubElement(track, name).text = str(value)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def jspf(playlist: Playlist) -> str:
    """JSPF, which is XSPF in JSON."""
    tracks = [_track(place, card) for place, card in enumerate(playlist.cards, 1)]
    listed = [track | ({"location": [track["location"]]} if "location" in track else {}) for track in tracks]
    return (
        json.dumps({"playlist": {**_about(playlist), "track": listed}}, ensure_ascii=False, indent=2) + "\n"
    )


def as_csv(playlist: Playlist) -> str:
    """A table with a heading; what a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for place, card in enumerate(playlist.cards, 1):
        words = (_harmless(plain(words)) for words in (card.artist, card.title, card.album))
        writer.writerow([place, *words, f"{card.seconds:.1f}", link_of(card)])
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Playlist], str]] = MappingProxyType(
    {"m3u8": m3u8, "xspf": xspf, "jspf": jspf, "csv": as_csv}
)


def queue_link(playlist: Playlist) -> str | None:
    """The link that opens those of the songs that are on YouTube as a queue, at most MAX_QUEUED; None if none is."""
    videos = list(dict.fromkeys(filter(None, map(_video, playlist.cards))))[:MAX_QUEUED]
    return f"{YOUTUBE_QUEUE}?{urlencode({'video_ids': ','.join(videos)}, safe=',')}" if videos else None


def stem(playlist: Playlist) -> str:
    """What a playlist's files are called: its name where it can be written everywhere, else its key."""
    letters = re.sub(r"[^a-z0-9]+", "-", searchable(playlist.name)).strip("-")[:MAX_STEM_LENGTH].strip("-")
    if len(letters) < len(playlist.name) / 3:
        return playlist.key
    return letters if len(letters) > MAX_DEVICE_NAME_LENGTH else f"{letters}-{playlist.key}"


def write(playlist: Playlist, folder: Path, taken: frozenset[str] = frozenset()) -> list[Path]:
    """Write a playlist in every format into a folder, by its stem, or with its key if that is `taken`."""
    folder.mkdir(parents=True, exist_ok=True)
    name = stem(playlist)
    if name in taken:
        name = f"{name}-{playlist.key}"
    paths = [folder / f"{name}.{suffix}" for suffix in FORMATS]
    for path, render in zip(paths, FORMATS.values(), strict=True):
        path.write_bytes(render(playlist).encode())
    return paths


def plain(text: str) -> str:
    """One line that every format and every player takes: no control characters, nothing that turns its direction."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or not _is_unseen(c))
    return " ".join("".join(kept).split())


def link_of(card: TrackCard) -> str:
    """A song's link with nothing in it but what a URI may hold; "" if it has none."""
    if not card.url.startswith(("http://", "https://")) or any(map(_is_unseen, card.url)):
        return ""
    return quote(STRAY_PERCENT.sub("%25", card.url), safe=URL_CHARACTERS)


def _about(playlist: Playlist) -> dict[str, str]:
    about = {"title": plain(playlist.name), "creator": CREATOR, "annotation": plain(playlist.note)}
    return {name: value for name, value in about.items() if value}


def _track(place: int, card: TrackCard) -> dict[str, Any]:
    """A song by the names of XSPF's elements, without those that there is nothing to say in."""
    track = {
        "location": _as_uri(link_of(card)),
        "title": plain(card.title),
        "creator": plain(card.artist),
        "album": plain(card.album),
        "trackNum": place,
        "duration": round(1000 * card.seconds),
    }
    return {name: value for name, value in track.items() if value}


def _as_uri(link: str) -> str:
    """A link whose brackets are escaped outside of its host, where alone RFC 3986 has them."""
    page = BEHIND_HOST.search(link)
    if page is None:
        return link
    return link[: page.start()] + page[0].replace("[", "%5B").replace("]", "%5D")


def _video(card: TrackCard) -> str | None:
    try:
        site, _, video = identify(card.url).key.partition(":")
    except Refused:
        return None
    return video if site == "youtube" else None


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_PREFIXES) else text


def _is_unseen(character: str) -> bool:
    no_character = ord(character) & 0xFFFE == 0xFFFE  # XML refuses these too
    return unicodedata.category(character) in HIDDEN_CATEGORIES or character in HIDDEN_MARKS or no_character
