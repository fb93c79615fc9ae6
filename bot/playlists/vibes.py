"""One vibe playlist: some of a server's own tracks that sound alike, in an order that flows."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.library.cards import Channels, TrackCard
from bot.library.catalog import Catalog
from bot.library.vectors import Vectors
from bot.taste.explain import shorten
from bot.taste.recommend import Recommender

LENGTH = 9
SHORTEST = 4
COHERENT = 30  # per cent of a match that each track must have with the one that the playlist is around


@dataclass(frozen=True)
class Playlist:
    """Tracks in playing order under a name."""

    name: str
    cards: tuple[TrackCard, ...]


class Vibes:
    """Finds playlists in a server's library."""

    def __init__(self, vectors: Vectors, catalog: Catalog, recommender: Recommender) -> None:
        self._vectors = vectors
        self._catalog = catalog
        self._recommender = recommender

    async def around(
        self, guild_id: int, track_id: int, channels: Channels, *, unwanted: Collection[int] = ()
    ) -> Playlist | None:
        """A playlist around a track; None if too little in the library sounds like it."""
        seeds = await self._catalog.cards(guild_id, [track_id], channels)
        if not seeds or track_id not in await self._vectors.get(guild_id, [track_id]):
            return None
        picks = await self._recommender.similar(
            guild_id, track_id=track_id, channels=channels, exclude=unwanted, limit=LENGTH - 1
        )
        cards = seeds + [pick.card for pick in picks if pick.percent >= COHERENT]
        if len(cards) < SHORTEST:
            return None
        tracks = [card.id for card in cards]
        order = flow((await self._vectors.get(guild_id, tracks)).matrix(tracks))
        return Playlist(name_of(cards), tuple(cards[i] for i in order))


def flow(vectors: NDArray[np.float32]) -> list[int]:
    """An order of (n, d) vectors of length 1 in which each is followed by what sounds most like it.

    Always on to the nearest that is left, from the start that makes the whole way shortest (in cosine distance).
    """
    distances = 1 - vectors @ vectors.T
    walks = (_walk(distances, start) for start in range(len(vectors)))
    return min(walks, key=lambda walk: round(float(distances[walk[:-1], walk[1:]].sum()), 6))


def name_of(cards: Sequence[TrackCard]) -> str:
    """A name from facts: the tag that most of the tracks have, and the track that the playlist is around (first)."""
    around = f"around {shorten(cards[0].title)}"
    tags = Counter(tag.casefold() for card in cards for tag in set(card.tags))
    common = [tag for tag, tracks in tags.most_common(1) if tracks > len(cards) / 2]
    return f"{common[0]}, {around}" if common else around


def _walk(distances: NDArray[np.float32], start: int) -> list[int]:
    walk = [start]
    left = [i for i in range(len(distances)) if i != start]
    while left:
        nearest = min(left, key=lambda i: distances[walk[-1], i])
        left.remove(nearest)
        walk.append(nearest)
    return walk
