"""Lays out a server's songs on a 2-D map, and stores their positions so that the map stays stable."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import delete, insert, select

from bot.library.cards import BATCH_TRACKS, TrackCard, batches
from bot.library.catalog import Catalog
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.periods import Week
from bot.pictures.positions import map_positions
from bot.pictures.values import Dot, MapVibe, MusicMap
from bot.playlists.kinds import NEW_FOR
from bot.playlists.music import VisibleMusic, VisibleVibes
from bot.playlists.reader import MusicReader
from bot.playlists.service import Playlists
from models import MapPosition, Track

MapPositions = dict[int, tuple[float, float]]


class MusicMaps:
    """Computes positions again in a new week and when songs came in, each song near where it stood before."""

    def __init__(self, store: Store, catalog: Catalog, reader: MusicReader, playlists: Playlists) -> None:
        self._store = store
        self._catalog = catalog
        self._reader = reader
        self._playlists = playlists
        self._drawing_up: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def map_of(
        self,
        guild_id: int,
        server: str,
        channels: VisibleChannels,
        *,
        user_id: int | None = None,
        since: datetime | None = None,
        now: datetime | None = None,
    ) -> MusicMap:
        """The map as an audience may see it: `user_id`'s songs are theirs, those first shared after `since` new.

        All of the server's songs have their positions, so that the same song stands where it stands for everybody.
        """
        now = now or datetime.now(UTC)
        found = await self._playlists.vibes(guild_id, channels)
        positions = await self.positions(guild_id, now=now)
        cards = await self._catalog.cards(guild_id, list(positions), channels)
        return _map(server, cards, positions, found, user_id, since or now - NEW_FOR)

    async def map_among(
        self, guild_id: int, server: str, music: VisibleMusic, *, since: datetime
    ) -> MusicMap:
        """The map of music that was read already, nobody's songs ringed."""
        positions = await self.positions(guild_id)
        cards = [music.cards[track_id] for track_id in positions if track_id in music.cards]
        return _map(server, cards, positions, music.vibes, None, since)

    async def positions(self, guild_id: int, *, now: datetime | None = None) -> MapPositions:
        """Where each song stands that any embedder has heard, without a unit."""
        now = now or datetime.now(UTC)
        async with self._drawing_up[guild_id]:
            positions, placed_at = await self._kept(guild_id)
            if placed_at is None or await self._is_stale(guild_id, placed_at, now):
                positions = await self._draw_up(guild_id, positions)
                await self._keep(guild_id, positions, now)
            return positions

    async def _is_stale(self, guild_id: int, placed_at: datetime, now: datetime) -> bool:
        newest = await self._reader.newest(guild_id)
        is_new = newest is not None and newest > placed_at
        return is_new or Week.of(placed_at.date()) != Week.of(now.date())

    async def _draw_up(self, guild_id: int, before: MapPositions) -> MapPositions:
        songs = await self._reader.songs(guild_id, None)
        if not songs:
            return {}
        found = await self._playlists.vibes(guild_id, None)
        vibes = _vibe_of(found)
        stood = np.array([before.get(track_id, (np.nan, np.nan)) for track_id in songs])
        sounds = np.stack([song.direction for song in songs.values()])
        spots = await asyncio.to_thread(
            map_positions, sounds, [vibes.get(track_id) for track_id in songs], stood
        )
        return {track_id: (float(x), float(y)) for track_id, (x, y) in zip(songs, spots, strict=True)}

    async def _kept(self, guild_id: int) -> tuple[MapPositions, datetime | None]:
        async with self._store.session() as session:
            rows = (await session.scalars(select(MapPosition).where(MapPosition.guild_id == guild_id))).all()
        return {row.track_id: (row.x, row.y) for row in rows}, max((r.placed_at for r in rows), default=None)

    async def _keep(self, guild_id: int, positions: MapPositions, now: datetime) -> None:
        there = select(Track.id).where(Track.guild_id == guild_id).with_for_update(read=True, key_share=True)
        async with self._store.begin() as session:
            still_there = set(await session.scalars(there))
            await session.execute(delete(MapPosition).where(MapPosition.guild_id == guild_id))
            rows = [
                {"track_id": track_id, "guild_id": guild_id, "x": x, "y": y, "placed_at": now}
                for track_id, (x, y) in positions.items()
                if track_id in still_there
            ]
            for batch in batches(rows, BATCH_TRACKS):
                await session.execute(insert(MapPosition), batch)


def _map(
    server: str,
    cards: list[TrackCard],
    positions: Mapping[int, tuple[float, float]],
    found: VisibleVibes,
    user_id: int | None,
    since: datetime,
) -> MusicMap:
    vibes = _vibe_of(found)
    dots = tuple(
        Dot(
            *positions[card.id],
            vibe=vibes.get(card.id),
            mine=any(share.user_id == user_id for share in card.shares),
            new=card.first is not None and card.first.shared_at >= since,
        )
        for card in cards
    )
    named = tuple(MapVibe(vibe.id, vibe.name) for vibe in found.vibes)
    return MusicMap(server, dots, named, found.note)


def _vibe_of(found: VisibleVibes) -> dict[int, int]:
    return {track_id: vibe.id for vibe in found.vibes for track_id in vibe.track_ids}
