"""Songs written down, for playlists that need no database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from bot.library.cards import ShareLine, TrackCard
from bot.playlists.songs import MeasuredTrack
from tests.support.library import ANA, GUILD, PUBLIC, START


def card(
    track_id: int,
    title: str = "",
    artist: str = "",
    *,
    url: str = "",
    likes: int = 0,
    tags: Sequence[str] = (),
    at: datetime = START,
    seconds: float = 200.0,
    **features: Any,
) -> TrackCard:
    """A card that ana shared."""
    share = ShareLine(PUBLIC, 400 + track_id, ANA, at)
    title = title or f"song {track_id}"
    return TrackCard(
        track_id, GUILD, title, artist, "", seconds, url, (share,), likes, 0, tuple(tags), features
    )


def song(track_id: int, angle: float = 0.0, artist: str = "", **words: Any) -> MeasuredTrack:
    """A song on a circle: `angle` is where it stands; the rest as `card` takes it."""
    place = np.array([np.cos(angle), np.sin(angle)])
    return MeasuredTrack.of(card(track_id, artist=artist, **words), place)


def ids(songs: Sequence[MeasuredTrack]) -> list[int]:
    """Which songs these are."""
    return [each.card.id for each in songs]
