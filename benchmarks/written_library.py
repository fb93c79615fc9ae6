"""Libraries of many songs, written straight into the database and stored as vectors."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, insert, select
from tqdm import tqdm

from bot.services import Services
from models import Guild, MessageTrack, Share, Source, Track, TrackVector
from models.track import searchable

TAGS = ("rock", "jazz", "folk")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
CHANNEL = 9
SHARERS = range(3, 63)
BATCH = 500


async def write_library(services: Services, guild_id: int, vectors: NDArray[np.float32]) -> None:
    """A server's songs with these (n, d) vectors, each shared once, by turns by SHARERS; ids go up from the highest."""
    name = services.primary.vector_name
    async with services.store.begin() as session:
        session.add(Guild(id=guild_id))
        first = 1 + (await session.scalar(select(func.max(Track.id))) or 0)
    for start in tqdm(
        range(0, len(vectors), BATCH), desc=f"{len(vectors)} songs", disable=len(vectors) <= BATCH
    ):
        rows = vectors[start : start + BATCH].astype("<f4")
        numbers = range(first + start, first + start + len(rows))
        async with services.store.begin() as session:
            for table, made in (
                (Track, [track(guild_id, number) for number in numbers]),
                (
                    TrackVector,
                    [
                        {"track_id": number, "name": name, "data": row.tobytes()}
                        for number, row in zip(numbers, rows, strict=True)
                    ],
                ),
                (Source, [source(guild_id, number) for number in numbers]),
                (Share, [share(guild_id, number) for number in numbers]),
                (MessageTrack, [about(guild_id, number) for number in numbers]),
            ):
                await session.execute(insert(table), made)
        await services.refresher.refresh_points(guild_id, numbers)


def track(guild_id: int, number: int) -> dict[str, Any]:
    """With features and a likely tag."""
    return {
        "id": number,
        "guild_id": guild_id,
        "seconds": 200.0,
        "tags": {TAGS[number % len(TAGS)]: 0.7},
        "features": {"tempo": 60.0 + number % 120, "key": "A minor", "speech": 0.0},
        "fingerprint": b"",
        "created_at": NOW,
    }


def source(guild_id: int, number: int) -> dict[str, Any]:
    """What it is called."""
    title, artist = f"Song {number}", f"Artist {number % 997}"
    return {
        "id": number,
        "guild_id": guild_id,
        "track_id": number,
        "key": f"k{number}",
        "url": "",
        "title": title,
        "artist": artist,
        "search_text": f"{searchable(title)}\n{searchable(artist)}",
    }


def share(guild_id: int, number: int) -> dict[str, Any]:
    """Who shared it when, in a message that is called like the track."""
    return {
        **about(guild_id, number),
        "channel_id": CHANNEL,
        "user_id": SHARERS[number % len(SHARERS)],
        "shared_at": NOW - timedelta(minutes=number),
        "source_id": number,
    }


def about(guild_id: int, number: int) -> dict[str, Any]:
    """That a message is about it."""
    return {"message_id": number, "track_id": number, "guild_id": guild_id}
