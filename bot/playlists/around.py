"""Playlists grown from one seed song: those of a server's tracks that sound most like it."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from bot.library.cards import TrackCard
from bot.library.catalog import Catalog
from bot.library.visible_shares import VisibleChannels
from bot.playlists.playlist import Entry, Playlist, PlaylistKind
from bot.playlists.sequence import arrange
from bot.playlists.songs import MeasuredTrack
from bot.suggestions.recommender import Recommender
from bot.suggestions.wording import shorten

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

PLAYLIST_LENGTH = 9
MIN_LENGTH = 4
MIN_PERCENT = 30  # per cent of a match that each track must have with the one that the playlist is around


class SeedPlaylists:
    """Makes them from a server's library."""

    def __init__(self, vectors: "VectorStorage", catalog: Catalog, recommender: Recommender) -> None:
        self._vectors = vectors
        self._catalog = catalog
        self._recommender = recommender

    async def playlist(
        self, guild_id: int, track_id: int, channels: VisibleChannels, *, unwanted: Collection[int] = ()
    ) -> Playlist | None:
        """A playlist around a track; None if too little in the library sounds like it."""
        seeds = await self._catalog.cards(guild_id, [track_id], channels)
        if not seeds or track_id not in await self._vectors.get(guild_id, [track_id]):
            return None
        found = await self._recommender.similar(
            guild_id, track_id=track_id, channels=channels, exclude=unwanted, limit=PLAYLIST_LENGTH - 1
        )
        cards = seeds + [pick.card for pick in found.picks if pick.percent >= MIN_PERCENT]
        if len(cards) < MIN_LENGTH:
            return None
        tracks = [card.id for card in cards]
        places = (await self._vectors.get(guild_id, tracks)).matrix(tracks)
        songs = arrange([MeasuredTrack.of(card, place) for card, place in zip(cards, places, strict=True)])
        return Playlist(
            PlaylistKind.AROUND, name_of(cards), tuple(Entry(song.card) for song in songs), str(track_id)
        )


def name_of(cards: Sequence[TrackCard]) -> str:
    """A name from facts: the tag that most of the tracks have, and the track that the playlist is around (first)."""
    around = f"around {shorten(cards[0].title)}"
    tags = Counter(tag.casefold() for card in cards for tag in set(card.tags))
    common = [tag for tag, tracks in tags.most_common(1) if tracks > len(cards) / 2]
    return f"{common[0]}, {around}" if common else around
