"""Reads what playlists are made from: a server's songs as one audience may see them, votes, and what was posted."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.library.cards import TrackCard
from bot.library.catalog import Catalog
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels, visible
from bot.periods import Week
from bot.playlists.kinds import ThisWeek
from bot.playlists.records import PlaylistRecords
from bot.playlists.songs import MeasuredTrack, directions_of
from bot.taste.evidence import favourites
from bot.taste.feedback import Feedback, Vote
from models import NOBODY, Answer, Share, Suggestion, Track, VoteKind

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

REPEAT_AFTER_WEEKS = 4  # weeks during which what was posted stays out


class MusicReader:
    """Reads songs, votes, shares and what was posted."""

    def __init__(
        self,
        store: Store,
        vectors: "VectorStorage",
        catalog: Catalog,
        feedback: Feedback,
        records: PlaylistRecords,
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._catalog = catalog
        self._feedback = feedback
        self._records = records

    async def songs(self, guild_id: int, channels: VisibleChannels) -> dict[int, MeasuredTrack]:
        """The songs that an audience may see and that have a vector, by track."""
        _, songs = await self.library(guild_id, channels)
        return songs

    async def library(
        self, guild_id: int, channels: VisibleChannels
    ) -> tuple[dict[int, TrackCard], dict[int, MeasuredTrack]]:
        """The tracks that an audience may see, and those that have a vector, centred over all of the server's."""
        query = select(Track.id).where(Track.guild_id == guild_id).order_by(Track.id)
        async with self._store.session() as session:
            ids = list(await session.scalars(query))
        directions = await asyncio.to_thread(directions_of, await self._vectors.get(guild_id, ids), ids)
        cards = {card.id: card for card in await self._catalog.cards(guild_id, ids, channels)}
        songs = {
            track_id: MeasuredTrack.of(cards[track_id], direction)
            for track_id, direction in directions.items()
            if track_id in cards
        }
        return cards, songs

    async def newest(self, guild_id: int) -> datetime | None:
        """When the newest track came in."""
        query = select(func.max(Track.created_at)).where(Track.guild_id == guild_id)
        async with self._store.session() as session:
            return await session.scalar(query)

    async def votes(self, guild_id: int, channels: VisibleChannels) -> list[Vote]:
        """The votes of all members."""
        return await self._feedback.votes(guild_id, channels=channels)

    async def week(
        self,
        guild_id: int,
        votes: Sequence[Vote],
        now: datetime,
        channels: VisibleChannels,
        user_id: int = NOBODY,
    ) -> ThisWeek:
        """What the server likes, and what it saw when; what was posted lately also for this member."""
        this = Week.of(now.date())
        first = Week.of(this.day(-7 * REPEAT_AFTER_WEEKS))
        seen = await self._records.posted_at(guild_id, str(this))
        for track_id, at in [
            *await self._shown(guild_id, channels),
            *((vote.track_id, vote.at) for vote in votes),
        ]:
            seen[track_id] = max(seen.get(track_id, at), at)
        return ThisWeek(
            now=now,
            loved=dict(favourites(votes)),
            disliked={track_id for track_id, _ in favourites(votes, VoteKind.DISLIKE)},
            reacted={vote.track_id for vote in votes},
            seen=seen,
            lately=await self._records.posted_since(guild_id, str(first), str(this), user_id),
        )

    async def _shown(self, guild_id: int, channels: VisibleChannels) -> Sequence[tuple[int, datetime]]:
        """When tracks were shared last, and when they were suggested last where others could see it."""
        here = Share.guild_id == guild_id
        shared = select(Share.track_id, func.max(Share.shared_at)).where(here, visible(channels))
        suggested = (
            select(Suggestion.track_id, func.max(Suggestion.shown_at))
            .join(Answer)
            .where(Answer.guild_id == guild_id, Answer.private.is_(False), Suggestion.shown_at.is_not(None))
        )
        async with self._store.session() as session:
            rows = [
                *await session.execute(shared.group_by(Share.track_id)),
                *await session.execute(suggested.group_by(Suggestion.track_id)),
            ]
        return [(track_id, at) for track_id, at in rows]
