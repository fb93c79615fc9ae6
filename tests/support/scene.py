"""A server with music in it: tracks in the database and in Qdrant, members who share and vote, all services over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.library.vectors import Vectors
from bot.playlists.digest import Digests
from bot.playlists.vibes import Vibes
from bot.taste.answers import Answers
from bot.taste.feedback import Feedback
from bot.taste.recommend import Recommender
from models import MessageTrack
from tests.support.library import ANA, GUILD, INFOS, PUBLIC, START, add_track

LIKE, DISLIKE = +1, -1


@dataclass(frozen=True)
class Scene:
    """Services that share one database and one vector storage."""

    store: Store
    vectors: Vectors
    catalog: Catalog
    guilds: Guilds
    feedback: Feedback
    recommender: Recommender
    answers: Answers
    vibes: Vibes
    digests: Digests

    @classmethod
    def of(cls, store: Store, vectors: Vectors) -> "Scene":
        """Everything over a database and a vector storage for INFOS."""
        catalog, guilds, feedback = Catalog(store, vectors), Guilds(store), Feedback(store)
        recommender = Recommender(store, vectors, catalog, feedback, INFOS[0])
        answers = Answers(store, catalog)
        vibes = Vibes(vectors, catalog, recommender, INFOS[0])
        digests = Digests(store, catalog, guilds, feedback, recommender, answers, vibes)
        return cls(store, vectors, catalog, guilds, feedback, recommender, answers, vibes, digests)

    async def add(
        self,
        title: str,
        sounds: Sequence[float],
        artist: str = "",
        *,
        user: int = ANA,
        channel: int = PUBLIC,
        minutes: float = 0,
        url: str = "",
    ) -> int:
        """A track that somebody shared `minutes` after START; its id."""
        track = await add_track(
            self.store, title, artist, sounds=sounds, user=user, channel=channel, minutes=minutes, url=url
        )
        await self.catalog.refresh_point(GUILD, track)
        return track

    async def vote(self, user: int, kind: int, *tracks: int, at: datetime = START) -> None:
        """A member's mark on tracks, each a second later than the one before."""
        for seconds, track in enumerate(tracks):
            message = 10**6 + track  # a message of the bot's that is about this track
            insert = self.store.insert(MessageTrack).values(
                message_id=message, track_id=track, guild_id=GUILD
            )
            async with self.store.begin() as session:
                await session.execute(insert.on_conflict_do_nothing())
            await self.feedback.mark(GUILD, message, user, kind, at=at + timedelta(seconds=seconds))


def near(direction: int, by: float) -> list[float]:
    """A vector that points along one of the first three axes, turned towards the fourth by `by`."""
    sounds = [0.0, 0.0, 0.0, by]
    sounds[direction] = float(np.sqrt(1 - by**2))
    return sounds
