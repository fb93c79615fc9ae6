"""Points: what the vector storage holds of a track, made from the database, which is the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.arrays import Vector
from bot.library.cards import load_shares
from models import Share, Track


@dataclass(frozen=True)
class Point:
    """A track as it is stored: raw vectors by name, and what filters need."""

    track_id: int
    vectors: Mapping[str, Vector]
    payload: Mapping[str, Any]


async def load_points(session: AsyncSession, guild_id: int, *where: ColumnElement[bool]) -> list[Point]:
    """The points of a server's shared tracks, or of those of them that `where` picks, by id.

    A point has all the raw vectors that are in the database, which may be none.
    """
    query = select(Track).where(Track.guild_id == guild_id, *where).order_by(Track.id)
    tracks = await session.scalars(query.options(selectinload(Track.vectors)))
    chosen = select(Track.id).where(Track.guild_id == guild_id, *where)
    shares = await load_shares(session, Share.track_id.in_(chosen))
    return [
        Point(
            track.id,
            {vector.name: np.frombuffer(vector.data, dtype="<f4") for vector in track.vectors},
            payload_of(track, shares[track.id]),
        )
        for track in tracks
        if track.id in shares
    ]


def payload_of(track: Track, shares: Sequence[Share]) -> dict[str, Any]:
    """What filters need of a track with these shares, oldest first; JSON-able.

    It is called as in its first share, which is not for everybody: nothing of a payload is ever shown. No fractions:
    what comes back of those is not always what was stored.
    """
    tempo = track.features.get("tempo")
    called = shares[0].source
    return {
        "guild_id": track.guild_id,
        "track_id": track.id,
        "title": called.title,
        "artist": called.artist,
        "genres": list(called.genres),
        "tags": sorted(track.tags),
        "channels": sorted({share.channel_id for share in shares}),
        "sharers": sorted({share.user_id for share in shares}),
        "shared_at": int(shares[0].shared_at.timestamp()),
        "milliseconds": round(track.seconds * 1000),
        "tempo_tenths": None if tempo is None else round(tempo * 10),
        "key": track.features.get("key"),
    }
