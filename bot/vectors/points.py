"""Points: what the vector storage holds of a track, made from the database, which is the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from bot.arrays import Vector
from bot.library.cards import load_shares
from models import Share, Track, TrackVector


@dataclass(frozen=True)
class Point:
    """A track as it is stored: raw vectors by name, and what filters need."""

    track_id: int
    vectors: Mapping[str, Vector]
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class PointOutline:
    """A track as it is to be stored, but for the numbers: the names of its vectors, and what filters need."""

    track_id: int
    names: frozenset[str]
    payload: Mapping[str, Any]


async def load_points(session: AsyncSession, guild_id: int, *where: ColumnElement[bool]) -> list[Point]:
    """The points of a server's shared tracks, or of those of them that `where` picks, by id.

    A point has all the raw vectors that are in the database, which may be none.
    """
    return [
        Point(
            track.id,
            {vector.name: np.frombuffer(vector.data, dtype="<f4") for vector in track.vectors},
            payload,
        )
        for track, payload in await _load(session, guild_id, where, selectinload(Track.vectors))
    ]


async def load_outlines(
    session: AsyncSession, guild_id: int, *where: ColumnElement[bool]
) -> list[PointOutline]:
    """The same without reading a single vector."""
    names = selectinload(Track.vectors).load_only(TrackVector.name)
    return [
        PointOutline(track.id, frozenset(vector.name for vector in track.vectors), payload)
        for track, payload in await _load(session, guild_id, where, names)
    ]


async def _load(
    session: AsyncSession, guild_id: int, where: Sequence[ColumnElement[bool]], vectors: ORMOption
) -> list[tuple[Track, dict[str, Any]]]:
    query = select(Track).where(Track.guild_id == guild_id, *where).order_by(Track.id)
    tracks = await session.scalars(query.options(vectors))
    chosen = select(Track.id).where(Track.guild_id == guild_id, *where)
    shares = await load_shares(session, Share.track_id.in_(chosen))
    return [(track, payload_of(track, shares[track.id])) for track in tracks if track.id in shares]


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
