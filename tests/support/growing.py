"""Libraries that grow until their vectors are standardised."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bot.library.store import Store
from bot.vectors.edge import EdgeEngine
from bot.vectors.points import load_points
from bot.vectors.storage import VectorStorage
from models import Share, Source, Track, TrackVector
from tests.support.library import ANA, GUILD, PUBLIC, START, add_guild, info

FIRST, SECOND = info("first", 4, standardise=True), info("second", 3)
ONE, TWO = FIRST.vector_name, SECOND.vector_name


def sounds(count: int, seed: int = 5) -> NDArray[np.float32]:
    """Raw vectors, whose first feature says most and is the smallest."""
    rows = np.random.default_rng(seed).normal([0, 20, 40, 60], [1, 30, 30, 30], (count, 4))
    return rows.astype(np.float32)


async def add(store: Store, vectors: VectorStorage, raws: Iterable[NDArray[np.float32]]) -> list[int]:
    """Tracks with these vectors, all shared in one go; their ids."""
    await add_guild(store)
    tracks = []
    async with store.begin() as session:
        for raw in raws:
            track = Track(guild_id=GUILD, seconds=200.0, created_at=START)
            track.vectors = [TrackVector(name=ONE, data=raw.tobytes())]
            session.add(track)
            await session.flush()
            source = Source(
                guild_id=GUILD, track_id=track.id, key=f"discord:{track.id}", url="", title="Song"
            )
            session.add(source)
            await session.flush()
            where = {"message_id": track.id, "track_id": track.id, "guild_id": GUILD, "source_id": source.id}
            session.add(Share(**where, channel_id=PUBLIC, user_id=ANA, shared_at=START))
            tracks.append(track.id)
    async with store.session() as session:
        points = await load_points(session, GUILD, Track.id.in_(tracks))
    await vectors.put_all(GUILD, points)
    return tracks


async def generations(vectors: VectorStorage) -> list[bool]:
    """The server's generations: whether each is in use."""
    return [generation.current for generation in await vectors.generations.of(GUILD)]


def collections(vectors: VectorStorage) -> list[str]:
    """The shards that the embedded engine holds."""
    engine = vectors.engine
    assert isinstance(engine, EdgeEngine)
    return sorted(path.name for path in engine._folder.iterdir() if path.is_dir())
