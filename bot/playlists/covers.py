"""Covers of playlists: values for bot.pictures, made from cards (pure)."""

from collections import Counter

from bot.audio.loudness import ABSOLUTE_GATE_LUFS
from bot.pictures.values import Cover
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.songs import median_of
from bot.suggestions.wording import count

MAX_TAGS = 3


def cover_of(playlist: Playlist, name: str = "") -> Cover:
    """The cover of a playlist, under another name if it has one for its readers."""
    cards = playlist.cards
    keys = Counter(key for card in cards if isinstance(key := card.features.get("key"), str) and key)
    tags = Counter(tag.casefold() for card in cards for tag in set(card.tags))
    return Cover(
        name=name or title_of(playlist),
        track_ids=tuple(card.id for card in cards),
        caption=count(len(cards), "song"),
        tempo=median_of(cards, "tempo") or 0.0,
        key=min(keys, key=lambda key: (-keys[key], key), default=""),
        loudness=median_of(cards, "loudness", above=ABSOLUTE_GATE_LUFS) or ABSOLUTE_GATE_LUFS,
        brightness=median_of(cards, "brightness") or 0.0,
        tags=tuple(sorted(tags, key=lambda tag: (-tags[tag], tag))[:MAX_TAGS]),
    )


def title_of(playlist: Playlist) -> str:
    """What a playlist is called where its name alone would say too little."""
    return {
        PlaylistKind.REDISCOVER: "Rediscover",
        PlaylistKind.SLEEPERS: "Sleepers",
        PlaylistKind.MEMBER: "For one of you",
    }.get(playlist.kind, playlist.name)
