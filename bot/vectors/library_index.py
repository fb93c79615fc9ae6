"""Scores a server's tracks by examples: all of them in memory, or those that a Qdrant server finds.

Embedded Qdrant takes 300 ms and more to score 5,000 tracks by 60 examples; a matrix of the same vectors takes a few.
A Qdrant server scores by itself, and only the tracks that it finds are looked at here.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from bot.arrays import Vector
from bot.library.cards import batches
from bot.library.facts import Facts, load_facts
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.vectors.generations import Generation
from bot.vectors.matrix import LibraryMatrix, LibraryVersion, TrackMatches, calibrated_rows, merged
from bot.vectors.question import Example
from bot.vectors.unit_vectors import UnitVectors
from models import Share, Track, TrackVector

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

BATCH_TRACKS = 1000
CACHED_NUMBERS = 64_000_000  # of 4 bytes, over all servers; one server's are cached however many they are
MAX_CANDIDATES = 1000  # that a Qdrant server is asked for
FRESH_SECONDS = 2.0  # until another look whether another process changed something or swapped


class LibraryIndex:
    """Facts and matches of servers' tracks, kept up to date with what is stored and removed."""

    def __init__(self, store: Store, vectors: "VectorStorage") -> None:
        self._store = store
        self._vectors = vectors
        self._kept: OrderedDict[int, LibraryMatrix] = OrderedDict()
        self._changed: dict[int, set[int]] = {}
        self._checked: dict[int, float] = {}
        self._loading: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        vectors.subscribe(self._note)

    async def facts(self, guild_id: int) -> Mapping[int, Facts]:
        """Every shared track's, by id."""
        return (await self._matrix(guild_id)).facts

    async def heard(
        self,
        guild_id: int,
        among: Sequence[int],
        liked: Sequence[Example],
        disliked: Sequence[Example] = (),
        *,
        channels: VisibleChannels,
    ) -> TrackMatches:
        """How tracks among some match what is liked, then what is disliked.

        All of them, but of a Qdrant server only the most promising if there are very many.
        """
        examples = [*liked, *disliked]
        if not examples or not among:
            return TrackMatches(tuple(among), np.zeros((len(among), len(examples)), np.float32))
        if not self._vectors.embedded:
            return await self._asked(guild_id, among, liked, disliked, channels)
        matrix = await self._matrix(guild_id)
        if matrix.generation is None:
            return TrackMatches(tuple(among), np.full((len(among), len(examples)), -np.inf, np.float32))
        tracks = tuple(track_id for track_id in among if track_id in matrix.facts)
        return TrackMatches(tracks, await asyncio.to_thread(matrix.matches, tracks, examples))

    async def heard_all(
        self, guild_id: int, tracks: Sequence[int], examples: Sequence[Example]
    ) -> TrackMatches:
        """How every one of these tracks matches each example, in this order, with −∞ for those that are unknown.

        Also of a Qdrant server: what the database has of them is compared here.
        """
        matrix = await (
            self._matrix(guild_id) if self._vectors.embedded else self._some(guild_id, tracks, examples)
        )
        found = np.full((len(tracks), len(examples)), -np.inf, np.float32)
        known = [place for place, track_id in enumerate(tracks) if track_id in matrix.facts]
        if matrix.generation is not None and known and examples:
            asked = [tracks[place] for place in known]
            found[known] = await asyncio.to_thread(matrix.matches, asked, examples)
        return TrackMatches(tuple(tracks), found)

    async def side_by_side(
        self, guild_id: int, among: Sequence[int], ends: Sequence[int], *, channels: VisibleChannels
    ) -> tuple[list[int], Vector]:
        """Tracks among some, and some `ends`, with their (n, d) vectors of length 1, all names side by side.

        Without those that lack one; of a Qdrant server only the most promising if there are very many.
        """
        if self._vectors.embedded:
            matrix = await self._matrix(guild_id)
        else:
            if len(among) > MAX_CANDIDATES:
                among = await self._promising(guild_id, frozenset(among), ends, (), channels)
            matrix = await self._some(guild_id, among, ends)
        return await asyncio.to_thread(matrix.side_by_side, among, ends)

    def _note(self, guild_id: int, track_ids: Collection[int]) -> None:
        self._changed.setdefault(guild_id, set()).update(track_ids)

    # -- of a Qdrant server --------------------------------------------------------------------------------

    async def _asked(
        self,
        guild_id: int,
        among: Sequence[int],
        liked: Sequence[Example],
        disliked: Sequence[Example],
        channels: VisibleChannels,
    ) -> TrackMatches:
        if len(among) > MAX_CANDIDATES:
            among = await self._promising(guild_id, frozenset(among), liked, disliked, channels)
        examples = [*liked, *disliked]
        known = [sound for sound in examples if isinstance(sound, int)]
        sounds = _with_examples(await self._vectors.get(guild_id, [*among, *known]), examples)
        numbers = [sound if isinstance(sound, int) else -place for place, sound in enumerate(examples, 1)]
        return TrackMatches(tuple(among), sounds.matches(among, numbers))

    async def _promising(
        self,
        guild_id: int,
        wanted: frozenset[int],
        liked: Sequence[Example],
        disliked: Sequence[Example],
        channels: VisibleChannels,
    ) -> list[int]:
        """The best of what is wanted: Qdrant is told these tracks, or all others, whichever are fewer."""
        others = (await self.facts(guild_id)).keys() - wanted
        few = len(wanted) <= len(others)
        hits = await self._vectors.recommend(
            guild_id,
            liked,
            disliked,
            channels=channels,
            exclude=() if few else others,
            among=wanted if few else None,
            limit=MAX_CANDIDATES,
        )
        return [hit.track_id for hit in hits if hit.track_id in wanted]

    async def _some(self, guild_id: int, tracks: Sequence[int], examples: Sequence[Example]) -> LibraryMatrix:
        """These alone, from the database."""
        generation = await self._vectors.generations.current(guild_id)
        numbers = [sound for sound in examples if isinstance(sound, int)]
        return await self._load(guild_id, generation, (), {*tracks, *numbers})

    # -- in memory -----------------------------------------------------------------------------------------

    async def _matrix(self, guild_id: int) -> LibraryMatrix:
        async with self._loading[guild_id]:
            fresh = time.monotonic() - self._checked.get(guild_id, -FRESH_SECONDS) < FRESH_SECONDS
            if fresh and guild_id in self._kept and not self._changed.get(guild_id):
                self._kept.move_to_end(guild_id)
                return self._kept[guild_id]
            generation = await self._vectors.generations.current(guild_id) if self._vectors.embedded else None
            version = await self._version(guild_id)
            changed = self._changed.pop(guild_id, set())
            kept = self._kept.pop(guild_id, None)
            swapped = kept is not None and _id(kept.generation) != _id(generation)
            if kept is None or swapped or (kept.version != version and not changed):
                kept = await self._load(guild_id, generation, version, None)
            elif changed:
                kept = merged(kept, await self._load(guild_id, generation, version, changed), changed)
            self._keep(guild_id, kept)
            self._checked[guild_id] = time.monotonic()
            return kept

    async def _version(self, guild_id: int) -> LibraryVersion:
        """Changes when another process adds or removes something."""
        tracks = select(func.count(), func.max(Track.id)).where(Track.guild_id == guild_id)
        shares = select(func.count(), func.max(Share.message_id)).where(Share.guild_id == guild_id)
        async with self._store.session() as session:
            rows = [(await session.execute(query)).one() for query in (tracks, shares)]
        return tuple(number or 0 for row in rows for number in row)

    async def _load(
        self,
        guild_id: int,
        generation: Generation | None,
        version: LibraryVersion,
        among: Collection[int] | None,
    ) -> LibraryMatrix:
        facts: dict[int, Facts] = {}
        raws: dict[str, dict[int, Vector]] = {
            name: {} for name in (generation.calibrations if generation else ())
        }
        async with self._store.session() as session:
            tracks = select(Track.id).where(Track.guild_id == guild_id).order_by(Track.id)
            ids = sorted(among) if among is not None else list(await session.scalars(tracks))
            for batch in batches(ids, BATCH_TRACKS):
                facts |= await load_facts(session, guild_id, batch)
                rows = select(TrackVector).where(
                    TrackVector.track_id.in_(batch), TrackVector.name.in_(raws.keys())
                )
                for row in await session.scalars(rows):
                    raws[row.name][row.track_id] = np.frombuffer(row.data, dtype="<f4")
        facts = dict(sorted(facts.items()))
        return LibraryMatrix(
            version,
            generation,
            facts,
            await asyncio.to_thread(calibrated_rows, generation, list(facts), raws),
        )

    def _keep(self, guild_id: int, matrix: LibraryMatrix) -> None:
        """The ones that were asked for last stay."""
        self._kept[guild_id] = matrix
        while len(self._kept) > 1 and sum(kept.size for kept in self._kept.values()) > CACHED_NUMBERS:
            self._kept.popitem(last=False)


def _id(generation: Generation | None) -> int | None:
    return generation.id if generation else None


def _with_examples(sounds: UnitVectors, examples: Sequence[Example]) -> UnitVectors:
    """Also the examples that are no tracks of the library, under numbers below 0."""
    vectors = {name: dict(tracks) for name, tracks in sounds.vectors.items()}
    for place, sound in enumerate(examples, 1):
        for name, raw in sound.items() if not isinstance(sound, int) else ():
            if name in sounds.calibrations:
                vectors.setdefault(name, {})[-place] = sounds.calibrations[name].apply(raw)
    return replace(sounds, vectors=vectors)
