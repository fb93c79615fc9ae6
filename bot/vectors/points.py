"""Points: what the vector storage holds of a track, made from the database, which is the truth."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.arrays import Vector
from models import Share, Source, Track, TrackVector


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


@dataclass(frozen=True)
class _Shared:
    """What a share adds to its track's payload."""

    channel_id: int
    user_id: int
    shared_at: datetime
    title: str
    artist: str
    genres: Sequence[str]


async def load_points(session: AsyncSession, guild_id: int, *where: ColumnElement[bool]) -> list[Point]:
    """The points of a server's shared tracks, or of those of them that `where` picks, by id.

    A point has all the raw vectors that are in the database, which may be none.
    """
    vectors: dict[int, dict[str, Vector]] = defaultdict(dict)
    query = select(TrackVector.track_id, TrackVector.name, TrackVector.data)
    for track_id, name, data in await session.execute(query.where(_of_these(guild_id, where))):
        vectors[track_id][name] = np.frombuffer(data, dtype="<f4")
    payloads = await _payloads(session, guild_id, where)
    return [Point(track_id, vectors.get(track_id, {}), payload) for track_id, payload in payloads.items()]


async def load_outlines(
    session: AsyncSession, guild_id: int, *where: ColumnElement[bool]
) -> list[PointOutline]:
    """The same without reading a single vector."""
    names: dict[int, set[str]] = defaultdict(set)
    query = select(TrackVector.track_id, TrackVector.name)
    for track_id, name in await session.execute(query.where(_of_these(guild_id, where))):
        names[track_id].add(name)
    payloads = await _payloads(session, guild_id, where)
    return [
        PointOutline(track_id, frozenset(names.get(track_id, ())), payload)
        for track_id, payload in payloads.items()
    ]


async def _payloads(
    session: AsyncSession, guild_id: int, where: Sequence[ColumnElement[bool]]
) -> dict[int, dict[str, Any]]:
    shares: dict[int, list[_Shared]] = defaultdict(list)
    called = (
        select(
            Share.track_id, Share.channel_id, Share.user_id, Share.shared_at,
            Source.title, Source.artist, Source.genres,
        )
        .join(Source, Source.id == Share.source_id)
        .where(Share.track_id.in_(_chosen(guild_id, where)))
        .order_by(Share.shared_at, Share.message_id)
    )  # fmt: skip
    for track_id, channel_id, user_id, at, title, artist, genres in await session.execute(called):
        shares[track_id].append(_Shared(channel_id, user_id, at, title, artist, genres))
    tracks = select(Track.id, Track.seconds, Track.tags, Track.features)
    rows = await session.execute(tracks.where(Track.guild_id == guild_id, *where).order_by(Track.id))
    return {
        track_id: {
            "guild_id": guild_id,
            "track_id": track_id,
            **_payload(seconds, tags, features, shares[track_id]),
        }
        for track_id, seconds, tags, features in rows
        if track_id in shares
    }


def _of_these(guild_id: int, where: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    return TrackVector.track_id.in_(_chosen(guild_id, where))


def _chosen(guild_id: int, where: Sequence[ColumnElement[bool]]) -> Select[int]:
    return select(Track.id).where(Track.guild_id == guild_id, *where)


def _payload(
    seconds: float, tags: Mapping[str, float], features: Mapping[str, Any], shares: Sequence[_Shared]
) -> dict[str, Any]:
    """What filters need of a track with these shares, oldest first; JSON-able.

    It is called as in its first share, which is not for everybody: nothing of a payload is ever shown. No fractions:
    what comes back of those is not always what was stored.
    """
    tempo = features.get("tempo")
    called = shares[0]
    return {
        "title": called.title,
        "artist": called.artist,
        "genres": list(called.genres),
        "tags": sorted(tags),
        "channels": sorted({share.channel_id for share in shares}),
        "sharers": sorted({share.user_id for share in shares}),
        "shared_at": int(called.shared_at.timestamp()),
        "milliseconds": round(seconds * 1000),
        "tempo_tenths": None if tempo is None else round(tempo * 10),
        "key": features.get("key"),
    }
