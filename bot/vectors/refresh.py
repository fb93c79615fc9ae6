"""Keeps a server's points in step with its tracks in the database."""

import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.errors import VectorsFailed
from bot.library.store import Store
from bot.library.unsharing import GoneReply, drop_shares
from bot.vectors.points import load_points
from models import Share, Track

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

log = logging.getLogger(__name__)


class PointRefresher:
    """After a change of shares or tracks, writes what follows from it to the vectors."""

    def __init__(self, store: Store, vectors: "VectorStorage") -> None:
        self._store = store
        self._vectors = vectors

    async def drop_share(
        self, guild_id: int, message_id: int, track_id: int | None = None
    ) -> list[GoneReply]:
        """Take back what a message shares, or one track of it; gives the replies that are now about nothing.

        A track goes with its last share. Doing it twice is doing it once.
        """
        which = [Share.message_id == message_id]
        if track_id is not None:
            which.append(Share.track_id == track_id)
        async with self._store.begin() as session:
            shares = await session.scalars(select(Share).where(Share.guild_id == guild_id, *which))
            dropped = await drop_shares(session, guild_id, shares.all(), [message_id])
        await self.follow(guild_id, dropped.tracks)
        return list(dropped.replies)

    async def follow(self, guild_id: int, track_ids: Collection[int]) -> None:
        """Refresh the points of tracks that changed in the database, now or once the vectors can be written to."""
        try:
            for track_id in sorted(track_ids):
                await self.refresh_point(guild_id, track_id)
        except VectorsFailed as error:
            # The storage has said so to what makes a server's points agree with the database again.
            log.warning("the points of server %d are changed later: %s", guild_id, error)

    async def refresh_point(self, guild_id: int, track_id: int) -> None:
        """Make a track's point say what the database says, or be gone like the track; any number of times."""
        await self.refresh_points(guild_id, [track_id])

    async def refresh_points(self, guild_id: int, track_ids: Sequence[int]) -> None:
        """The same for several tracks at once."""
        async with self._vectors.refreshing:
            async with self._store.session() as session:
                points = await load_points(session, guild_id, Track.id.in_(track_ids))
            if points:
                await self._vectors.put_all(guild_id, points)
            if gone := set(track_ids) - {point.track_id for point in points}:
                await self._vectors.remove(guild_id, gone)
