"""A database in SQLite's file, whatever the other tests run on, with songs, votes and vectors in it."""

import os
from pathlib import Path

import pytest

from bot.library.store import Store
from bot.settings import Settings
from migrations import known
from models import MessageTrack, Reaction, Share, Source, Track, TrackVector
from tests.support.library import ANA, BEN, GUILD, INFOS, PUBLIC, START, add_guild, vector

SONGS = 40
NEWEST = known()[-1]  # schema


@pytest.fixture(autouse=True)
def on_sqlite() -> None:
    """Postgres has its own tools for this."""
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("SQLite's own business")


@pytest.fixture
async def database(settings: Settings, store: Store) -> Path:
    """The file of an open database with songs, each shared once and liked by one member."""
    await add_guild(store)
    await add_songs(store, *(f"Song {number}" for number in range(SONGS)))
    return settings.home / "earworm.db"


async def add_songs(store: Store, *titles: str, first_message: int = 100) -> None:
    """Songs, each with its vector, source, share and vote, all in one transaction."""
    async with store.begin() as session:
        for message, title in enumerate(titles, first_message):
            track = Track(guild_id=GUILD, seconds=1.0, created_at=START)
            track.vectors = [
                TrackVector(name=INFOS[0].vector_name, data=vector(1, message % 7, 0, 0).tobytes())
            ]
            source = Source(guild_id=GUILD, track=track, key=f"url:{message}", url="", title=title)
            session.add(source)
            await session.flush()
            about = {"message_id": message, "track_id": track.id, "guild_id": GUILD}
            share = {"channel_id": PUBLIC, "user_id": ANA, "shared_at": START, "source_id": source.id}
            vote = {"message_id": message, "user_id": BEN, "track_id": 0, "kind": 1, "guild_id": GUILD}
            session.add_all(
                [MessageTrack(**about), Share(**about, **share), Reaction(**vote, created_at=START)]
            )
