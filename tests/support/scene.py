"""A server with music in it: tracks in the database and in Qdrant, members who share and vote, all services over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import numpy as np

from bot.digest.composer import Composer
from bot.digest.posting import Digests
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.playlists.around import SeedPlaylists
from bot.playlists.reader import MusicReader
from bot.playlists.records import PlaylistRecords
from bot.playlists.service import Playlists
from bot.suggestions.answers import Answers, NewAnswer, Subject
from bot.suggestions.engine import Engine
from bot.suggestions.pick import Arm, Pick
from bot.suggestions.recommender import Recommender
from bot.suggestions.wording import Reason, ReasonKind
from bot.taste.feedback import Feedback
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from models import AnswerKind, Guild, MessageTrack, Reaction, Share, Source, Track, TrackVector
from tests.support.library import ANA, GUILD, INFOS, PUBLIC, START, vector

LIKE, DISLIKE = +1, -1

MARKED = 10**6  # added to a track's id: a message of the bot's that is about it

_messages = count(5001)


@dataclass(frozen=True)
class Scene:
    """Services that share one database and one vector storage."""

    store: Store
    vectors: VectorStorage
    catalog: Catalog
    refresher: PointRefresher
    guilds: Guilds
    feedback: Feedback
    recommender: Recommender
    answers: Answers
    around: SeedPlaylists
    composer: Composer
    digests: Digests
    playlists: Playlists

    @classmethod
    def of(cls, store: Store, vectors: VectorStorage) -> "Scene":
        """Everything over a database and a vector storage for INFOS."""
        catalog, guilds, feedback = Catalog(store), Guilds(store), Feedback(store)
        recommender = Recommender(Engine.over(store, vectors, catalog, feedback))
        answers = Answers(store, catalog)
        around = SeedPlaylists(vectors, catalog, recommender)
        records = PlaylistRecords(store)
        reader = MusicReader(store, vectors, catalog, feedback, records)
        playlists = Playlists(catalog, recommender, records, reader)
        composer = Composer(store, catalog, guilds, recommender, around, playlists, reader)
        digests = Digests(store, guilds, answers, composer, playlists)
        return cls(
            store,
            vectors,
            catalog,
            PointRefresher(store, vectors),
            guilds,
            feedback,
            recommender,
            answers,
            around,
            composer,
            digests,
            playlists,
        )

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
        """A track that somebody shared `minutes` after START; its id. Without sounds nobody listened to it."""
        track = Track(guild_id=GUILD, seconds=200.0, created_at=START)
        if len(sounds):
            track.vectors = [TrackVector(name=INFOS[0].vector_name, data=vector(*sounds).tobytes())]
        message = next(_messages)
        async with self.store.begin() as session:
            await session.execute(self.store.insert(Guild).values(id=GUILD).on_conflict_do_nothing())
            session.add(track)
            await session.flush()
            at = START + timedelta(minutes=minutes)
            where = {"message_id": message, "track_id": track.id, "guild_id": GUILD}
            key = f"url:{url}" if url else f"discord:{message}"
            source = Source(guild_id=GUILD, track=track, key=key, url=url, title=title, artist=artist)
            share = Share(**where, channel_id=channel, user_id=user, url=url, shared_at=at, source=source)
            session.add(share)
            session.add(MessageTrack(**where))
        await self.refresher.refresh_point(GUILD, track.id)
        return track.id

    async def vote(self, user: int, kind: int, *tracks: int, at: datetime = START) -> None:
        """A member's mark on tracks, each a second later than the one before."""
        marks = [
            {
                "guild_id": GUILD,
                "message_id": MARKED + track,
                "user_id": user,
                "track_id": 0,
                "kind": kind,
                "created_at": at + timedelta(seconds=seconds),
            }
            for seconds, track in enumerate(tracks)
        ]
        about = [{"message_id": MARKED + track, "track_id": track, "guild_id": GUILD} for track in tracks]
        async with self.store.begin() as session:
            await session.execute(self.store.insert(MessageTrack).values(about).on_conflict_do_nothing())
            await session.execute(self.store.insert(Reaction).values(marks).on_conflict_do_nothing())


def near(direction: int, by: float) -> list[float]:
    """A vector that points along one of the first three axes, turned towards the fourth by `by`."""
    sounds = [0.0, 0.0, 0.0, by]
    sounds[direction] = float(np.sqrt(1 - by**2))
    return sounds


async def suggest(
    scene: Scene,
    user: int,
    *tracks: int,
    at: datetime = START,
    arm: Arm | None = None,
    asked: int | None = None,
    kind: AnswerKind = AnswerKind.RECOMMEND,
) -> int:
    """An answer that showed these tracks."""
    cards = await scene.catalog.cards(GUILD, tracks, None)
    picks = [Pick(card, 0.5, Reason(ReasonKind.LIKED, 50), arm=arm) for card in cards]
    answer = await scene.answers.save(NewAnswer(GUILD, PUBLIC, user, kind, picks, Subject(track_id=asked)))
    page = await scene.answers.page(answer, 0, None)
    await scene.answers.shown(page, 10**7 + answer, now=at)
    return answer
