"""The vector storage: everything that Earworm asks of Qdrant.

The database holds raw vectors and is the truth; a generation holds them calibrated (bot.vectors.calibration), of
length 1: after a reopen, embedded Qdrant answers from what it holds as it is. A query is calibrated for the generation
that it is asked of, and asked again if that was swapped for another meanwhile, so that no answer ever mixes two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, Self, TypeVar

from qdrant_client import AsyncQdrantClient, models

from bot.embedders import EMBEDDERS
from bot.embedders.base import EmbedderInfo
from bot.errors import StorageFailed
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.settings import Settings
from bot.vectors.calibration import Calibration
from bot.vectors.collection import (
    COLLECTION_PREFIX,
    GENERATION_KEY,
    VectorCollection,
    as_stored,
    guild_of,
    place_of,
    track_of,
)
from bot.vectors.generations import Generation, Generations
from bot.vectors.points import Point
from bot.vectors.qdrant_thread import QdrantThread, wait_for_disk
from bot.vectors.question import Example, Hit, Question, Strategy
from bot.vectors.search import search
from bot.vectors.unit_vectors import UnitVectors

ABANDONED_AFTER = timedelta(hours=1)  # more than it takes to make a collection

T = TypeVar("T")
ChangeListener = Callable[[int, Collection[int]], None]


class VectorStorage:
    """The open vector storage; `embedded`: it is this process's alone.

    `refreshing` is held by whoever reads from the database what a point is to be and then stores it: of two, the one
    that read first must not write last.
    """

    def __init__(
        self, thread: QdrantThread, infos: Sequence[EmbedderInfo], generations: Generations, *, embedded: bool
    ) -> None:
        self.refreshing = asyncio.Lock()
        self.generations = generations
        self._thread = thread
        self._infos = {info.vector_name: info for info in infos}
        self.embedded = embedded
        self._listeners: list[ChangeListener] = []

    @classmethod
    async def open(cls, settings: Settings, infos: Sequence[EmbedderInfo], store: Store) -> Self:
        """Open the storage for these embedders. Raises StorageBusy, SettingsError."""
        made = cls(
            await QdrantThread.open(settings), infos, Generations(store), embedded=not settings.qdrant_url
        )
        try:
            await made.drop_abandoned()
        except BaseException:
            await made.close()
            raise
        return made

    async def close(self) -> None:
        """Close the storage, so that another process can open it."""
        await self._thread.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the vectors that are wanted of a track."""
        return tuple(self._infos)

    def info_of(self, name: str) -> EmbedderInfo | None:
        """The embedder whose vectors are called so, also if it was switched off; None if there is none any more."""
        others = {info.vector_name: info for info in EMBEDDERS.values()}
        return self._infos.get(name) or others.get(name)

    # -- writing -------------------------------------------------------------------------------------------

    async def put_all(self, guild_id: int, points: Sequence[Point]) -> None:
        """Store tracks, in what is in use and in what is being made; one without any of its vectors is removed.

        Raises EmbedderError for a vector without direction or of a wrong size.
        """
        generations = await self.generations.of(guild_id)
        if not any(generation.current for generation in generations):
            await self._begin_first(guild_id)
            generations = await self.generations.of(guild_id)
        for generation in generations:
            await self.fill(generation, points, make=generation.current)
        self._notify(guild_id, [point.track_id for point in points])

    async def remove(self, guild_id: int, track_ids: Collection[int]) -> None:
        """Remove tracks; nothing happens to those that aren't stored."""
        for generation in await self.generations.of(guild_id):
            await self._on(generation, lambda collection: collection.remove(track_ids))
        self._notify(guild_id, track_ids)

    def subscribe(self, listener: ChangeListener) -> None:
        """Call `listener` with a server and its tracks after each time that some were stored or removed."""
        self._listeners.append(listener)

    def _notify(self, guild_id: int, track_ids: Collection[int]) -> None:
        for listener in self._listeners:
            listener(guild_id, track_ids)

    # -- a collection's life -------------------------------------------------------------------------------

    async def make(self, generation: Generation) -> None:
        """Create the collection of a generation that was recorded; `flush` it before it is used."""

        async def create(client: AsyncQdrantClient) -> None:
            collection = self._collection(client, generation)
            await collection.make()
            if not collection.place.conditions:
                wait_for_disk(client, collection.place.collection, False)

        await self._thread.run(create)

    async def fill(self, generation: Generation, points: Sequence[Point], *, make: bool = False) -> None:
        """Store tracks in one generation; does nothing if its collection isn't there, unless told to `make` it."""
        stored = [(point.track_id, as_stored(generation, point)) for point in points]
        structs = [struct for _, struct in stored if struct is not None]
        bare = [track_id for track_id, struct in stored if struct is None]

        async def store(collection: VectorCollection) -> None:
            if make and structs:
                await collection.make()
            if await collection.names():
                await collection.put(structs)
                await collection.remove(bare)

        await self._on(generation, store)

    async def flush(self, generation: Generation) -> None:
        """See that what was stored is on the disk."""

        async def sync(client: AsyncQdrantClient) -> None:
            place = place_of(generation.guild_id, generation.id)
            if not place.conditions:
                wait_for_disk(client, place.collection, True)

        await self._thread.run(sync)

    async def drop(self, generation: Generation) -> None:
        """Remove a generation that isn't in use, and then its row."""
        await self._on(generation, lambda collection: collection.unmake())
        await self.generations.forget(generation)

    async def drop_abandoned(self) -> None:
        """Remove what a crash left. On a Qdrant server somebody else may be making what is not in use yet."""
        for generation in await self.generations.unused(
            since=timedelta() if self.embedded else ABANDONED_AFTER
        ):
            await self.drop(generation)

    async def _begin_first(self, guild_id: int) -> None:
        calibrations = {name: Calibration.unmeasured(info) for name, info in self._infos.items()}
        first = await self.generations.begin(guild_id, self.names, calibrations)
        await self._on(first, lambda collection: collection.make())
        if not await self.generations.swap(first, None):
            await self.drop(first)

    # -- looking up ----------------------------------------------------------------------------------------

    async def get(self, guild_id: int, track_ids: Collection[int]) -> UnitVectors:
        """How these tracks sound, as far as they have vectors."""

        async def look(client: AsyncQdrantClient, generation: Generation) -> UnitVectors:
            vectors = await self._collection(client, generation).vectors(track_ids)
            return UnitVectors(generation.id, generation.searched, generation.calibrations, vectors)

        return await self._in_use(guild_id, look) or UnitVectors(0, (), {}, {})

    async def ids(self, guild_id: int, name: str | None = None) -> set[int]:
        """The tracks that are stored, or those of them that have a vector called `name`."""
        if name is None:
            return {track_of(record) for record in await self._scroll(guild_id, ["track_id"])}
        return (
            await self._in_use(guild_id, lambda client, generation: self._having(client, generation, name))
            or set()
        )

    async def payloads(self, guild_id: int) -> dict[int, dict[str, Any]]:
        """What filters know of every track."""
        found = {track_of(record): record.payload or {} for record in await self._scroll(guild_id, True)}
        return {
            track_id: {key: value for key, value in payload.items() if key != GENERATION_KEY}
            for track_id, payload in found.items()
        }

    async def shared_by(self, guild_id: int, user_id: int) -> set[int]:
        """The stored tracks that name this member as one of their sharers."""
        theirs = models.FieldCondition(key="sharers", match=models.MatchValue(value=user_id))
        return {track_of(record) for record in await self._scroll(guild_id, ["track_id"], theirs)}

    async def guilds(self) -> set[int]:
        """The servers that have vectors."""
        return await self.generations.guilds() | {guild for guild, _ in await self.strays()}

    async def strays(self) -> list[tuple[int, str]]:
        """Servers and collections that the database knows nothing of; none on a Qdrant server, which others may use."""
        if not self.embedded:
            return []

        async def collections(client: AsyncQdrantClient) -> list[str]:
            return [each.name for each in (await client.get_collections()).collections]

        known = {place_of(*each).collection for each in await self.generations.known()}
        names = [name for name in await self._thread.run(collections) if name.startswith(COLLECTION_PREFIX)]
        found = [(guild_of(name), name) for name in sorted(set(names) - known)]
        return [(guild, name) for guild, name in found if guild is not None]

    async def remove_strays(self) -> None:
        """Remove the collections that the database knows nothing of."""
        for _, name in await self.strays():
            await self._thread.run(lambda client, name=name: client.delete_collection(name))  # type: ignore[misc]

    # -- searching -----------------------------------------------------------------------------------------

    async def nearest(
        self,
        guild_id: int,
        sound: Example,
        *,
        channels: VisibleChannels,
        exclude: Collection[int] = (),
        limit: int,
    ) -> list[Hit]:
        """The tracks that sound most like one thing; nothing if it has none of the vectors that are kept.

        Only tracks shared in one of `channels` (None: anywhere) or on the command line.
        """
        question = Question([sound], [], None, channels, frozenset(exclude), limit)
        return await self._ask(guild_id, question)

    async def recommend(
        self,
        guild_id: int,
        positives: Sequence[Example],
        negatives: Sequence[Example],
        *,
        strategy: Strategy = "best_score",
        channels: VisibleChannels,
        exclude: Collection[int] = (),
        among: Collection[int] | None = None,
        limit: int,
    ) -> list[Hit]:
        """The tracks, of all or `among` some, nearer to the positives than to the negatives.

        average_vector needs a positive.
        """
        if not positives and strategy == "average_vector":
            return []
        only = None if among is None else frozenset(among)
        question = Question(positives, negatives, strategy, channels, frozenset(exclude), limit, only)
        return await self._ask(guild_id, question)

    # -- underneath ----------------------------------------------------------------------------------------

    def _collection(self, client: AsyncQdrantClient, generation: Generation) -> VectorCollection:
        # An index does nothing in embedded mode but warn; hosted servers refuse to filter without one.
        return VectorCollection(client, generation, indexed=not self.embedded)

    async def _on(
        self, generation: Generation, operation: Callable[[VectorCollection], Awaitable[None]]
    ) -> None:
        async def run(client: AsyncQdrantClient) -> None:
            await operation(self._collection(client, generation))

        await self._thread.run(run)

    async def _ask(self, guild_id: int, question: Question) -> list[Hit]:
        async def run(client: AsyncQdrantClient, generation: Generation) -> list[Hit]:
            return await search(self._collection(client, generation), generation, question)

        return await self._in_use(guild_id, run) or []

    async def _in_use(
        self, guild_id: int, question: Callable[[AsyncQdrantClient, Generation], Awaitable[T]]
    ) -> T | None:
        """The answer from the generation in use, which may be swapped for another while it is asked."""
        while (generation := await self.generations.current(guild_id)) is not None:

            async def run(client: AsyncQdrantClient, generation: Generation = generation) -> T:
                return await question(client, generation)

            try:
                answer = await self._thread.run(run)
            except StorageFailed:
                if await self.generations.is_current(generation):
                    raise
                continue
            if await self.generations.is_current(generation):
                return answer
        return None

    async def _scroll(
        self, guild_id: int, payload: bool | list[str], condition: models.Condition | None = None
    ) -> list[models.Record]:
        async def pages(client: AsyncQdrantClient, generation: Generation) -> list[models.Record]:
            return await self._collection(client, generation).scroll(payload, condition)

        return await self._in_use(guild_id, pages) or []

    async def _having(self, client: AsyncQdrantClient, generation: Generation, name: str) -> set[int]:
        collection = self._collection(client, generation)
        if name not in await collection.names():
            return set()
        condition = models.HasVectorCondition(has_vector=name)
        return {track_of(record) for record in await collection.scroll(["track_id"], condition)}
