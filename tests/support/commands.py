"""Commands run as the command line runs them, over a library that was written down."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from types import ModuleType

import numpy as np

from bot.services import Services
from bot.settings import Settings
from bot.workers.confinement import landlock_version
from models import MessageTrack, Reaction, TrackVector
from tests.support.library import ANA, GUILD, PUBLIC, START, add_track

landlock_version()  # looks for libc the first time, with programs that most tests may not start


async def run(command: ModuleType, settings: Settings, *words: object) -> int:
    """Parse the words after `earworm` and run the command; its exit status."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = parser.parse_args([*map(str, words)])
    return await arguments.run(arguments, settings)


async def add_song(
    services: Services,
    title: str,
    sounds: Sequence[float],
    artist: str = "",
    *,
    user: int = ANA,
    url: str = "",
) -> int:
    """A song shared just now; `sounds` is the beginning of its vector."""
    minutes = (datetime.now(UTC) - START).total_seconds() / 60 - 1
    track = await add_track(
        services.store, title, artist, user=user, channel=PUBLIC, url=url, minutes=minutes
    )
    vector = np.zeros(services.primary.dimension, np.float32)
    vector[: len(sounds)] = sounds
    async with services.store.begin() as session:
        session.add(TrackVector(track_id=track, name=services.primary.vector_name, data=vector.tobytes()))
    await services.refresher.refresh_point(GUILD, track)
    return track


async def like(services: Services, user: int, *tracks: int) -> None:
    """A member's 👍 on a message about each track."""
    at = datetime.now(UTC)
    async with services.store.begin() as session:
        for track in tracks:
            where = {"message_id": 10**6 + track, "guild_id": GUILD}
            session.add(MessageTrack(**where, track_id=track))
            session.add(Reaction(**where, user_id=user, track_id=0, kind=1, created_at=at))
