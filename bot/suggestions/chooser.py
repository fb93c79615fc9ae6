"""Re-ranking: from scored candidates to a list without hidden, unwanted or duplicate songs, few of one artist."""

import asyncio
from bisect import bisect_left
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sqlalchemy import ColumnElement, select

from bot.arrays import Array, Matches
from bot.audio.fingerprint import Fingerprint, from_bytes, same_recording
from bot.library.cards import TrackCard
from bot.library.catalog import Catalog
from bot.library.facts import Facts
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels, visible
from bot.suggestions.dedupe import MAX_PER_ARTIST, NEAR_DUPLICATE, Likeness, capped_per_artist, team_draft
from bot.suggestions.left_out import LeftOut
from bot.suggestions.scoring import closeness
from bot.suggestions.song_names import SongName
from bot.suggestions.steering import DIVERSITY, Steering, checked, diversified, unmet_filter
from bot.vectors.library_index import LibraryIndex
from models import Share, Track

POOL_SIZE = 100  # best candidates that the rules look at, at least
POOL_FACTOR = 4  # times as many as are asked for, and times as many again where the rules left too few
MAX_PER_ARTIST_IN_POOL = 2 * MAX_PER_ARTIST  # some of which may turn out to be one song
MAX_KNOWN_COMPARED = 400  # known songs that candidates are compared with by sound; by name with all of them
MAX_REMEMBERED = 8  # libraries as somebody sees and filters them; each takes a megabyte for 10,000 songs


@dataclass(frozen=True)
class Candidates:
    """Tracks that may be suggested, and the server's others: of those that may be shown, how many fail which rule."""

    tracks: tuple[int, ...]
    others: Collection[int]
    left_out: Mapping[LeftOut, int]


@dataclass(frozen=True)
class Scored:
    """Tracks with their scores: what order they are shown in, best first."""

    tracks: Sequence[int]
    scores: Array


@dataclass(frozen=True)
class Chosen:
    """What is shown, best first; by which ranking each came; and how many others which rule left out."""

    cards: tuple[TrackCard, ...]
    turns: tuple[int, ...]
    left_out: Mapping[LeftOut, int]


class Chooser:
    """Applies every rule that all suggestions obey."""

    def __init__(self, store: Store, library: LibraryIndex, catalog: Catalog) -> None:
        self._store = store
        self._library = library
        self._catalog = catalog
        self._remembered: OrderedDict[tuple[int, VisibleChannels, Steering], _Filtered] = OrderedDict()

    async def candidates(
        self, guild_id: int, channels: VisibleChannels, steering: Steering, without: Collection[int] = ()
    ) -> Candidates:
        """The tracks that the audience may see and that meet every filter. Raises NotFound for a contradiction."""
        steering = checked(steering)
        facts = await self._library.facts(guild_id)
        shared = await self._shared(guild_id, channels, steering) if steering.by_share else None
        filtered = self._filtered(guild_id, facts, channels, steering)
        known = filtered.unmet.keys() & set(without)
        left_out = filtered.left_out - Counter(unmet for each in known if (unmet := filtered.unmet[each]))
        left_out += Counter({LeftOut.KNOWN: len(known)})
        tracks = filtered.met_without(known)
        if shared is not None:
            tracks, others = [each for each in tracks if each in shared], len(tracks)
            left_out += Counter({LeftOut.SHARE: others - len(tracks)})
        unwanted = {SongName.of(0, artist, "").artist for artist in steering.without_artists}
        if unwanted:
            by_others = [
                track_id
                for track_id in tracks
                if not any(song.artist in unwanted for song in _songs(facts[track_id], channels))
            ]
            tracks, others = by_others, len(tracks)
            left_out += Counter({LeftOut.WITHOUT_ARTIST: others - len(tracks)})
        narrowed = shared is not None or unwanted
        rest = facts.keys() - set(tracks) if narrowed else filtered.rest | known
        return Candidates(tuple(tracks), rest, left_out)

    def _filtered(
        self, guild_id: int, facts: Mapping[int, Facts], channels: VisibleChannels, steering: Steering
    ) -> "_Filtered":
        """The tracks that may be shown, with the filter that each fails; remembered, as many ask the same."""
        asked = guild_id, channels, steering
        found = self._remembered.pop(asked, None)
        if found is None or found.facts is not facts:  # they are another object after each change
            found = _Filtered.of(facts, channels, steering)
        self._remembered[asked] = found
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return found

    async def choose(
        self,
        guild_id: int,
        rankings: Sequence[Scored],
        channels: VisibleChannels,
        *,
        known: Sequence[int],
        steering: Steering,
        limit: int,
        least_diversity: float = 0.0,
    ) -> Chosen:
        """The best `limit` that obey the rules, best first; of several rankings in turn.

        `known`: what must not come back, as another version either; the first MAX_KNOWN_COMPARED of them by sound too.
        """
        facts = await self._library.facts(guild_id)
        diversity = max(DIVERSITY[steering.adventure], least_diversity)
        before = [
            song for track_id in known if track_id in facts for song in _songs(facts[track_id], channels)
        ]
        size = max(POOL_SIZE, POOL_FACTOR * limit)
        while True:
            pools = [await asyncio.to_thread(_pool, each, facts, channels, size) for each in rankings]
            tracks = list(dict.fromkeys(song.track_id for pool in pools for song in pool.songs))
            compared = [*tracks, *known[:MAX_KNOWN_COMPARED]]
            alike, likeness = await self.alike(guild_id, compared, channels, set(tracks))
            rows = {track_id: row for row, track_id in enumerate(tracks)}
            close = closeness(alike[: len(tracks), : len(tracks)])
            orders = [pool.diversified(close, rows, diversity) for pool in pools]
            draft = await asyncio.to_thread(team_draft, orders, before, limit, likeness)
            if len(draft.tracks) == limit or all(pool.complete for pool in pools):
                break
            size *= POOL_FACTOR  # nearly all of them are one song
        left_out = {
            **{track_id: LeftOut.ARTIST_LIMIT for pool in pools for track_id in pool.crowded},
            **draft.left_out,
        }
        cards = await self._catalog.cards(guild_id, draft.tracks, channels)
        turns = dict(zip(draft.tracks, draft.turns, strict=True))
        missing = Counter(rule for track_id, rule in left_out.items() if track_id not in turns)
        return Chosen(tuple(cards), tuple(turns[card.id] for card in cards), missing)

    async def alike(
        self,
        guild_id: int,
        tracks: Sequence[int],
        channels: VisibleChannels,
        shown: Collection[int] | None = None,
    ) -> tuple[Matches, Likeness]:
        """(n, n) matches of tracks with each other, −∞ where nothing is known; and which are one recording.

        `shown`: only pairs with one of these matter.
        """
        heard = await self._library.heard(guild_id, tracks, tracks, channels=channels)
        alike = np.full((len(tracks), len(tracks)), -np.inf, np.float32)
        index = {track_id: place for place, track_id in enumerate(tracks)}
        alike[[index[track_id] for track_id in heard.tracks]] = heard.matches
        return alike, await self._likeness(tracks, alike, set(tracks) if shown is None else shown)

    async def _shared(self, guild_id: int, channels: VisibleChannels, steering: Steering) -> set[int]:
        """The tracks that were shared where the audience can see it, by whom and when it was asked for."""
        where: list[ColumnElement[bool]] = [Share.guild_id == guild_id, visible(channels)]
        if steering.sharer is not None:
            where.append(Share.user_id == steering.sharer)
        if steering.since is not None:
            where.append(Share.shared_at >= steering.since)
        if steering.without_members:
            where.append(Share.user_id.not_in(steering.without_members))
        async with self._store.session() as session:
            return set(await session.scalars(select(Share.track_id).where(*where)))

    async def _likeness(self, tracks: Sequence[int], alike: Matches, shown: Collection[int]) -> Likeness:
        """Which pairs of which one may be shown sound much the same, and of which the fingerprints agree too."""
        pairs = [
            (tracks[one], tracks[other])
            for one, other in np.argwhere(np.triu(alike, 1) >= NEAR_DUPLICATE)
            if tracks[one] in shown or tracks[other] in shown
        ]
        near: dict[int, set[int]] = defaultdict(set)
        if not pairs:
            return Likeness(near, set())
        for one, other in pairs:
            near[one].add(other)
            near[other].add(one)
        query = select(Track.id, Track.fingerprint).where(Track.id.in_(near))
        async with self._store.session() as session:
            prints = {each: from_bytes(data) for each, data in await session.execute(query) if data}
        return Likeness(near, await asyncio.to_thread(_agreeing, pairs, prints))


@dataclass(frozen=True)
class _Filtered:
    """Which of the tracks that may be shown meet every filter, and which filter each of them fails (None: none).

    Without those filters that ask who shared it, and those by artist. `met` is in order, `rest` all other tracks;
    `left_out` counts what fails; `facts`: of these.
    """

    facts: Mapping[int, Facts]
    unmet: Mapping[int, LeftOut | None]
    met: tuple[int, ...]
    rest: frozenset[int]
    left_out: Counter[LeftOut]

    @classmethod
    def of(cls, facts: Mapping[int, Facts], channels: VisibleChannels, steering: Steering) -> Self:
        """What comes of `checked` filters."""
        unmet = {
            track_id: unmet_filter(steering, each, channels)
            for track_id, each in facts.items()
            if each.visible_in(channels)
        }
        met = tuple(sorted(track_id for track_id, failed in unmet.items() if failed is None))
        failures = Counter(failed for failed in unmet.values() if failed is not None)
        return cls(facts, unmet, met, frozenset(facts.keys() - set(met)), failures)

    def met_without(self, known: Collection[int]) -> list[int]:
        """What meets every filter but a few, which takes no look at every track of a large library."""
        found: list[int] = []
        start = 0
        for place in sorted(bisect_left(self.met, each) for each in known if self.unmet[each] is None):
            found += self.met[start:place]
            start = place + 1
        return found + list(self.met[start:])


@dataclass(frozen=True)
class _Pool:
    """The best songs of a ranking with their scores, and what was passed over for being of a crowded artist's.

    `complete`: there are no others.
    """

    songs: tuple[SongName, ...]
    scores: Array
    crowded: frozenset[int]
    complete: bool

    def diversified(self, close: Array, rows: Mapping[int, int], diversity: float) -> Iterator[SongName]:
        """The songs, such that good ones are unlike those before them; `close`: (n, n), by `rows`."""
        own = [rows[song.track_id] for song in self.songs]
        places = diversified(self.scores, close[np.ix_(own, own)], diversity, len(own))
        return (self.songs[place] for place in places)


def _pool(ranking: Scored, facts: Mapping[int, Facts], channels: VisibleChannels, size: int) -> _Pool:
    scores: dict[int, float] = {}

    def songs() -> Iterator[SongName]:
        for place in np.lexsort(
            (np.array(ranking.tracks), -ranking.scores)
        ):  # of equal scores the smaller id
            track_id = ranking.tracks[place]
            if track_id in facts:
                scores[track_id] = float(ranking.scores[place])
                yield from _songs(facts[track_id], channels)[:1]

    seen = list(capped_per_artist(songs(), size, MAX_PER_ARTIST_IN_POOL))
    kept = tuple(song for song, keep in seen if keep)
    crowded = frozenset(song.track_id for song, keep in seen if not keep)
    return _Pool(kept, np.array([scores[song.track_id] for song in kept]), crowded, len(kept) < size)


def _songs(facts: Facts, channels: VisibleChannels = None) -> list[SongName]:
    """A track under each of the names that it has in `channels`."""
    return [SongName.of(facts.track_id, artist, title) for artist, title in facts.names(channels)]


def _agreeing(pairs: Iterable[tuple[int, int]], prints: Mapping[int, Fingerprint]) -> set[frozenset[int]]:
    return {
        frozenset(pair)
        for pair in pairs
        if pair[0] in prints and pair[1] in prints and same_recording(prints[pair[0]], prints[pair[1]])
    }
