"""Tracks and shares written straight into the database, and vectors short enough to be written down."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from bot.embedders.base import EmbedderInfo
from models import Base, Guild, MessageTrack, Share, Source, Track, TrackVector

if TYPE_CHECKING:
    from bot.library.catalog import Catalog
    from bot.library.store import Store
    from bot.vectors.refresh import PointRefresher

GUILD = 1000
PUBLIC, HIDDEN = 2001, 2002
ANA, BEN, CLEO = 3001, 3002, 3003
START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def info(name: str, dimension: int, *, standardise: bool = False) -> EmbedderInfo:
    """An embedder with nothing to it but a name and a dimension."""
    return EmbedderInfo(
        name=name,
        version=1,
        dimension=dimension,
        rate=48_000,
        chance=0.5,
        licence="",
        citation="",
        standardise=standardise,
    )


INFOS = (info("first", 4), info("second", 2))

_messages = count(4001)


def vector(*numbers: float) -> NDArray[np.float32]:
    """A vector, written down."""
    return np.array(numbers, dtype=np.float32)


async def add_guild(store: "Store", guild_id: int = GUILD) -> None:
    """A server, unless it is there."""
    async with store.begin() as session:
        await session.execute(
            store.insert(Guild)
            .values(id=guild_id, digest_weekday=4, digest_hour=18, timezone="UTC")
            .on_conflict_do_nothing()
        )


async def add_share(
    store: "Store",
    track_id: int,
    *,
    user: int = ANA,
    channel: int = PUBLIC,
    message: int | None = None,
    guild: int = GUILD,
    minutes: float = 0,
    url: str = "",
    key: str = "",
    title: str = "",
    artist: str = "",
) -> int:
    """A share of a track, which it calls as the first one did unless told otherwise; the message's id."""
    message = next(_messages) if message is None else message
    key = key or (f"url:{url}" if url else f"discord:{message}{track_id}")
    async with store.begin() as session:
        known = select(Source).where(Source.track_id == track_id).order_by(Source.id).limit(1)
        if not title and (first := await session.scalar(known)):
            title, artist = first.title, first.artist
        names = {"title": title, "artist": artist}
        source = await session.scalar(select(Source).where(Source.guild_id == guild, Source.key == key))
        session.add(
            Share(
                message_id=message,
                track_id=track_id,
                guild_id=guild,
                channel_id=channel,
                user_id=user,
                url=url,
                shared_at=START + timedelta(minutes=minutes),
                source=source or Source(guild_id=guild, track_id=track_id, key=key, url=url, **names),
            )
        )
        session.add(MessageTrack(message_id=message, track_id=track_id, guild_id=guild))
    return message


async def remove_track(
    catalog: "Catalog", refresher: "PointRefresher", track_id: int, guild: int = GUILD
) -> None:
    """Take back every share of a track."""
    for share in (await catalog.card(guild, track_id, None)).shares:
        await refresher.drop_share(guild, share.message_id, track_id)


async def add_track(
    store: "Store",
    title: str,
    artist: str = "",
    *,
    guild: int = GUILD,
    url: str = "",
    key: str = "",
    sounds: Sequence[float] | None = None,
    shared: bool = True,
    user: int = ANA,
    channel: int = PUBLIC,
    message: int | None = None,
    minutes: float = 0,
) -> int:
    """A track, shared once unless told otherwise; its id. `sounds` is its vector by the first embedder."""
    await add_guild(store, guild)
    track = Track(guild_id=guild, seconds=200.0, created_at=START)
    if sounds is not None:
        track.vectors = [TrackVector(name=INFOS[0].vector_name, data=vector(*sounds).tobytes())]
    async with store.begin() as session:
        session.add(track)
    if shared:
        await add_share(
            store,
            track.id,
            user=user,
            channel=channel,
            message=message,
            guild=guild,
            minutes=minutes,
            url=url,
            key=key,
            title=title,
            artist=artist,
        )
    return track.id


async def add(store: "Store", *rows: Base) -> None:
    """Rows of any tables."""
    async with store.begin() as session:
        session.add_all(rows)


async def every(store: "Store", column: Any, *where: Any) -> list[Any]:
    """A column's values where that holds, sorted."""
    async with store.session() as session:
        return sorted(await session.scalars(select(column).where(*where)))
