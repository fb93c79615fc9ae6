"""Drawings of what playlists and digests say: values for bot.playlists.pictures, made from cards (pure)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median

from bot.audio.loudness import SILENT
from bot.library.cards import TrackCard
from bot.playlists.content import DigestContent
from bot.playlists.pictures.values import Banner, Cover
from bot.playlists.playlist import Kind, Playlist
from bot.taste.explain import count

TAGS = 3


def cover_of(playlist: Playlist, name: str = "") -> Cover:
    """The cover of a playlist, under another name if it has one for its readers."""
    cards = playlist.cards
    keys = Counter(key for card in cards if isinstance(key := card.features.get("key"), str) and key)
    tags = Counter(tag.casefold() for card in cards for tag in set(card.tags))
    return Cover(
        name=name or title_of(playlist),
        track_ids=tuple(card.id for card in cards),
        caption=count(len(cards), "song"),
        tempo=middle_of(cards, "tempo") or 0.0,
        key=min(keys, key=lambda key: (-keys[key], key), default=""),
        loudness=middle_of(cards, "loudness", above=SILENT) or SILENT,
        brightness=middle_of(cards, "brightness") or 0.0,
        tags=tuple(sorted(tags, key=lambda tag: (-tags[tag], tag))[:TAGS]),
    )


def banner_of(content: DigestContent) -> Banner:
    """The head of a digest."""
    return Banner(content.title, period_of(content), content.numbers, content.bars, content.bar_labels)


def period_of(content: DigestContent) -> str:
    """The days of a digest on the server's calendar, as one says them: "September 2026", "28 to 30 November 2026"."""
    ends = content.since, content.until - timedelta(seconds=1)
    first, last = (at.astimezone(content.zone) for at in ends)
    if content.is_calendar:
        return f"{last:%Y}" if content.length == "year" else f"{last:%B %Y}"
    if first.year != last.year:
        return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
    if first.month != last.month:
        return f"{first.day} {first:%B} to {last.day} {last:%B %Y}"
    return f"{first.day} to {last.day} {last:%B %Y}"


def title_of(playlist: Playlist) -> str:
    """What a playlist is called where its name alone would say too little."""
    return {Kind.REDISCOVER: "Rediscover", Kind.SLEEPERS: "Sleepers", Kind.MEMBER: "For one of you"}.get(
        playlist.kind, playlist.name
    )


def numbers_of(cards: Iterable[TrackCard], name: str, *, above: float = 0.0) -> list[float]:
    """What was measured of songs under that name."""
    values = (card.features.get(name) for card in cards)
    return [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v > above]


def middle_of(cards: Sequence[TrackCard], name: str, *, above: float = 0.0) -> float | None:
    """The median of it; None if it wasn't measured of any."""
    values = numbers_of(cards, name, above=above)
    return median(values) if values else None
