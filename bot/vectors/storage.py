"""The vector storage: servers' generations and the engine that holds their points (bot.vectors.engine).

The database holds raw vectors and is the truth; a generation holds them calibrated (bot.vectors.calibration), of
length 1. A query is calibrated for the generation that it is asked of, and asked again if that was swapped for another
meanwhile, so that no answer ever mixes two.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

from bot.embedders import EMBEDDERS
from bot.embedders.base import EmbedderInfo
from bot.errors import StorageDamaged, StorageFailed
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.settings import Settings
from bot.vectors.calibration import Calibration
from bot.vectors.engine import Contents, VectorEngine, Where, as_stored, known_payload
from bot.vectors.engines import open_engine, watched
from bot.vectors.generations import Generation, Generations
from bot.vectors.points import Point
from bot.vectors.question import Example, Hit, Question
from bot.vectors.search import search
from bot.vectors.unit_vectors import UnitVectors

ABANDONED_AFTER = timedelta(hours=1)  # more than it takes to make a collection

T = TypeVar("T")
ChangeListener = Callable[[int, Collection[int]], None]
OutdatedListener = Callable[[int], None]
Restore = Callable[[int], Awaitable[None]]


class VectorStorage:
    """The open vector storage; `embedded`: it is this process's alone.

    `refreshing` is held by whoever reads from the database what a point is to be and then stores it: of two, the one
    that read first must not write last.
    """

    def __init__(self, engine: VectorEngine, infos: Sequence[EmbedderInfo], generations: Generations) -> None:
        self.refreshing = asyncio.Lock()
        self.generations = generations
        self.engine = engine
        self.embedded = engine.embedded
        self._infos = {info.vector_name: info for info in infos}
        self._beginning: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._listeners: list[ChangeListener] = []
        self._when_outdated: OutdatedListener | None = None
        self._restore: Restore | None = None

    @classmethod
    async def open(
        cls, settings: Settings, infos: Sequence[EmbedderInfo], store: Store, *, reads: bool = False
    ) -> Self:
        """Open the storage for these embedders; only what `reads` leaves alone what a crash left.

        Raises StorageBusy, SettingsError.
        """
        engine = await open_engine(settings)
        made = cls(engine, infos, Generations(store, alone=engine.embedded and store.on_sqlite))
        try:
            if not reads:
                await made.drop_abandoned()
        except BaseException:
            await made.close()
            raise
        return made

    @classmethod
    async def open_beside(
        cls, settings: Settings, infos: Sequence[EmbedderInfo], store: Store, folder: Path
    ) -> Self:
        """Open an empty storage in another folder, to be filled from the database as far as questions need it.

        For reading beside the process that holds the usual folder: whose generations these are, which stay as they are.
        """
        return cls(await open_engine(settings, folder), infos, Generations(store))

    def when_failing(self, listener: Callable[[StorageFailed], None]) -> None:
        """Call `listener` with each failure of the engine."""
        self.engine = watched(self.engine, listener)

    async def close(self) -> None:
        """Close the storage, so that another process can open it."""
        await self.engine.close()

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
        try:
            for generation in await self._in_use_or_made(guild_id):
                if await self.fill(generation, points):
                    await self._take_back(generation)
                elif generation.current:
                    await self._fill_anew(generation, points)
        except StorageFailed:
            self._say_outdated(guild_id)
            raise
        self._notify(guild_id, [point.track_id for point in points])

    async def remove(self, guild_id: int, track_ids: Collection[int]) -> None:
        """Remove tracks; nothing happens to those that aren't stored."""
        try:
            for generation in await self.generations.of(guild_id):
                await self.engine.remove(generation, track_ids)
        except StorageFailed:
            self._say_outdated(guild_id)
            raise
        self._notify(guild_id, track_ids)

    def subscribe(self, listener: ChangeListener) -> None:
        """Call `listener` with a server and its tracks after each time that some were stored or removed."""
        self._listeners.append(listener)

    def when_outdated(self, listener: OutdatedListener) -> None:
        """Call `listener` with a server whose points turn out to be gone, or whose change couldn't be stored."""
        self._when_outdated = listener

    def restore_when_asked(self, restore: Restore) -> None:
        """Have `restore` make a server's points anew before a question that finds them gone is answered."""
        self._restore = restore

    def _notify(self, guild_id: int, track_ids: Collection[int]) -> None:
        for listener in self._listeners:
            listener(guild_id, track_ids)

    def _say_outdated(self, guild_id: int) -> None:
        if self._when_outdated is not None:
            self._when_outdated(guild_id)

    async def _restore_or_say(self, guild_id: int) -> None:
        if self._restore is not None:
            await self._restore(guild_id)
        else:
            self._say_outdated(guild_id)

    # -- a generation's life -------------------------------------------------------------------------------

    async def begin(
        self, guild_id: int, searched: Sequence[str], calibrations: dict[str, Calibration]
    ) -> Generation:
        """Record a generation that is about to be built, and make its place."""
        collection = self.engine.shared_collection(calibrations)
        generation = await self.generations.begin(guild_id, searched, calibrations, collection)
        try:
            await self.engine.ensure(generation)
        except StorageFailed:
            with suppress(StorageFailed):  # what stays is removed at the next start
                await self.drop(generation)
            raise
        return generation

    async def fill(self, generation: Generation, points: Sequence[Point]) -> bool:
        """Store tracks in one generation; False if it has no place, as one that lost the race for a swap."""
        stored = [(point.track_id, as_stored(generation, point)) for point in points]
        bare = [track_id for track_id, placed in stored if placed is None]
        if not await self.engine.put(generation, [placed for _, placed in stored if placed is not None]):
            return False
        await self.engine.remove(generation, bare)
        return True

    async def drop(self, generation: Generation) -> None:
        """Remove a generation that isn't in use, and then its row."""
        await self.engine.drop(generation)
        await self.generations.forget(generation)
        if generation.collection:  # where somebody may have stored something before the row was gone
            await self.engine.drop(generation)

    async def drop_guild(self, guild_id: int) -> None:
        """Remove everything of a server; nothing may be stored of it meanwhile."""
        for generation in await self.generations.retire(guild_id):
            await self.drop(generation)

    async def drop_abandoned(self) -> None:
        """Remove what a crash left. On a Qdrant server somebody else may be making what is not in use yet."""
        for generation in await self.generations.unused(
            since=timedelta() if self.embedded else ABANDONED_AFTER
        ):
            await self.drop(generation)

    async def _in_use_or_made(self, guild_id: int) -> list[Generation]:
        """What a server's tracks are stored in; at least the generation in use, which may have to be begun."""
        found = await self.generations.of(guild_id)
        if not any(generation.current for generation in found):
            await self._begin_first(guild_id)
            found = await self.generations.of(guild_id)
        return found

    async def _begin_first(self, guild_id: int) -> None:
        """Give a server its first generation; of several that try at once, here or elsewhere, one does."""
        async with self._beginning[guild_id]:
            if await self.generations.current(guild_id) is not None:
                return
            calibrations = {name: Calibration.unmeasured(info) for name, info in self._infos.items()}
            first = await self.begin(guild_id, self.names, calibrations)
            if not await self.generations.swap(first, None):
                await self.drop(first)

    async def _take_back(self, generation: Generation) -> None:
        """Remove what was just stored in a generation that was dropped meanwhile.

        Its own place would be gone, and have refused; in a shared one nobody would find it any more.
        """
        if generation.collection and not await self.generations.exists(generation):
            await self.engine.drop(generation)

    async def _fill_anew(self, generation: Generation, points: Sequence[Point]) -> None:
        """Store tracks in a generation whose place is gone, though it is in use and no other took its place."""
        if not await self.generations.is_current(generation):
            return
        await self.engine.ensure(generation)
        await self.fill(generation, points)
        if await self.generations.is_current(generation):
            self._say_outdated(generation.guild_id)
        else:  # another took its place just now, so nobody else removes it
            await self.engine.drop(generation)

    # -- looking up ----------------------------------------------------------------------------------------

    async def get(self, guild_id: int, track_ids: Collection[int]) -> UnitVectors:
        """How these tracks sound, as far as they have vectors."""

        async def look(generation: Generation) -> UnitVectors:
            vectors = await self.engine.vectors(generation, track_ids)
            return UnitVectors(generation.id, generation.searched, generation.calibrations, vectors)

        return await self._in_use(guild_id, look) or UnitVectors(0, (), {}, {})

    async def ids(self, guild_id: int) -> set[int]:
        """The tracks that are stored."""
        return (
            await self._in_use(guild_id, lambda generation: self.engine.scroll(generation, Where())) or set()
        )

    async def contents(self, guild_id: int) -> Contents:
        """What filters know of every track, and which tracks have which vector."""
        found = await self._in_use(guild_id, self.engine.contents) or Contents(
            {}, dict.fromkeys(self.names, ())
        )
        payloads = {track_id: known_payload(payload) for track_id, payload in found.payloads.items()}
        return replace(found, payloads=payloads)

    async def shared_by(self, guild_id: int, user_id: int) -> set[int]:
        """The stored tracks that name this member as one of their sharers."""

        async def look(generation: Generation) -> set[int]:
            return await self.engine.scroll(generation, Where(sharer=user_id))

        return await self._in_use(guild_id, look) or set()

    async def guilds(self) -> set[int]:
        """The servers that have vectors."""
        return await self.generations.guilds() | {guild for guild, _ in await self.strays()}

    async def strays(self) -> list[tuple[int, str]]:
        """Servers and places that the database knows nothing of."""
        return await self.engine.strays(await self.generations.known())

    async def remove_strays(self) -> None:
        """Remove the places that the database knows nothing of."""
        for _, name in await self.strays():
            await self.engine.remove_stray(name)

    # -- searching -----------------------------------------------------------------------------------------

    async def nearest(
        self,
        guild_id: int,
        sound: Example,
        *,
        channels: VisibleChannels,
        exclude: Collection[int] = (),
        among: Collection[int] | None = None,
        limit: int,
    ) -> list[Hit]:
        """The tracks, of all or `among` some, most like one thing; nothing if it has none of the vectors that are kept.

        Only tracks shared in one of `channels` (None: anywhere) or on the command line.
        """
        only = None if among is None else frozenset(among)
        question = Question([sound], [], False, channels, frozenset(exclude), limit, only)
        return await self._ask(guild_id, question)

    async def recommend(
        self,
        guild_id: int,
        positives: Sequence[Example],
        negatives: Sequence[Example],
        *,
        channels: VisibleChannels,
        exclude: Collection[int] = (),
        among: Collection[int] | None = None,
        limit: int,
    ) -> list[Hit]:
        """The tracks, of all or `among` some, nearer to the positives than to the negatives."""
        only = None if among is None else frozenset(among)
        question = Question(positives, negatives, True, channels, frozenset(exclude), limit, only)
        return await self._ask(guild_id, question)

    # -- underneath ----------------------------------------------------------------------------------------

    async def _ask(self, guild_id: int, question: Question) -> list[Hit]:
        return (
            await self._in_use(guild_id, lambda generation: search(self.engine, generation, question)) or []
        )

    async def _in_use(self, guild_id: int, question: Callable[[Generation], Awaitable[T]]) -> T | None:
        """The answer from the generation in use, which may be swapped for another while it is asked."""
        restored = False
        while (generation := await self.generations.current(guild_id)) is not None:
            try:
                answer = await question(generation)
                if not await self.engine.has(generation) and await self.generations.is_current(generation):
                    await self._restore_or_say(guild_id)
                    answer = await question(generation)
            except StorageFailed as error:
                if not await self.generations.is_current(generation):
                    continue
                if isinstance(error, StorageDamaged) and self._restore is not None and not restored:
                    restored = True
                    await self._restore(guild_id)
                    continue
                self._say_outdated(guild_id)
                raise
            if await self.generations.is_current(generation):
                return answer
        return None
