"""From scores to what is shown: who may see it, what was asked for, no song twice, few of one artist."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select

from bot.audio.fingerprint import Fingerprint, from_bytes, same_recording
from bot.library.cards import Channels, TrackCard, visible
from bot.library.catalog import Catalog
from bot.library.facts import Facts
from bot.library.matrix import Library
from bot.library.questions import COMMAND_LINE
from bot.library.store import Store
from bot.taste.scoring import closeness
from bot.taste.steering import DIVERSITY, Steering, checked, diversified, failing
from bot.taste.twins import NEAR, Likeness, Song, chosen
from models import Share, Track

Array = NDArray[np.float64]
Matches = NDArray[np.float32]

POOL = 100  # of the best are looked at closely; more if more are wanted
SPARE = 4  # times as many as are wanted
KNOWN = 400  # of what is known already is compared by sound; all of it by name


@dataclass(frozen=True)
class Candidates:
    """Tracks that may be suggested, and how many of the others fail which wish."""

    tracks: tuple[int, ...]
    failures: Mapping[str, int]


@dataclass(frozen=True)
class Scored:
    """Tracks with their scores: what order they are shown in, best first."""

    tracks: Sequence[int]
    scores: Array


class Chooser:
    """Applies every rule that all suggestions obey."""

    def __init__(self, store: Store, library: Library, catalog: Catalog) -> None:
        self._store = store
        self._library = library
        self._catalog = catalog

    async def candidates(
        self, guild_id: int, channels: Channels, steering: Steering, without: Collection[int] = ()
    ) -> Candidates:
        """The tracks that the audience may see and that meet every wish. Raises NotFound for a contradiction."""
        steering = checked(steering)
        facts = await self._library.facts(guild_id)
        shared = await self._shared(guild_id, channels, steering) if steering.by_share else None
        failures: Counter[str] = Counter()
        tracks = []
        for track_id, each in facts.items():
            if track_id in without or not _in_sight(each, channels):
                continue
            wish = failing(steering, each, channels) or (
                "share" if shared is not None and track_id not in shared else ""
            )
            if wish:
                failures[wish] += 1
            else:
                tracks.append(track_id)
        return Candidates(tuple(tracks), failures)

    async def choose(
        self,
        guild_id: int,
        scored: Scored,
        channels: Channels,
        *,
        known: Collection[int],
        steering: Steering,
        limit: int,
        fill: bool = False,
        least_diversity: float = 0.0,
    ) -> list[TrackCard]:
        """The best `limit` that obey the rules, best first; `fill`: rather too many of one artist than too few."""
        order = np.argsort(-scored.scores, kind="stable")
        pool = order[: max(POOL, SPARE * limit)]
        tracks = [scored.tracks[place] for place in pool]
        compared = [*tracks, *list(known)[:KNOWN]]
        alike = await self._alike(guild_id, compared, channels)
        places = diversified(
            scored.scores[pool],
            closeness(alike[: len(tracks), : len(tracks)]),
            max(DIVERSITY[steering.adventure], least_diversity),
            len(tracks),
        )
        facts = await self._library.facts(guild_id)
        found = chosen(
            [
                song
                for place in places
                if tracks[place] in facts
                for song in _songs(facts[tracks[place]], channels)[:1]
            ],
            [song for track_id in known if track_id in facts for song in _songs(facts[track_id])],
            limit,
            await self._likeness(compared, alike, set(tracks)),
            without_artists=steering.without_artists,
            fill=fill,
        )
        return await self._catalog.cards(guild_id, found, channels)

    async def _alike(self, guild_id: int, tracks: Sequence[int], channels: Channels) -> Matches:
        """(n, n) matches of tracks with each other; −∞ where nothing is known."""
        heard = await self._library.heard(guild_id, tracks, tracks, channels=channels)
        alike = np.full((len(tracks), len(tracks)), -np.inf, np.float32)
        index = {track_id: place for place, track_id in enumerate(tracks)}
        alike[[index[track_id] for track_id in heard.tracks]] = heard.matches
        return alike

    async def _shared(self, guild_id: int, channels: Channels, steering: Steering) -> set[int]:
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
            for one, other in np.argwhere(np.triu(alike, 1) >= NEAR)
            if tracks[one] in shown or tracks[other] in shown
        ]
        near: dict[int, set[int]] = defaultdict(set)
        for one, other in pairs:
            near[one].add(other)
            near[other].add(one)
        query = select(Track.id, Track.fingerprint).where(Track.id.in_(near))
        async with self._store.session() as session:
            prints = {each: from_bytes(data) for each, data in await session.execute(query) if data}
        return Likeness(near, await asyncio.to_thread(_agreeing, pairs, prints))


def _songs(facts: Facts, channels: Channels = None) -> list[Song]:
    """A track under each of the names that it has in `channels`."""
    return [Song.of(facts.track_id, artist, title) for artist, title in facts.names(channels)]


def _in_sight(facts: Facts, channels: Channels) -> bool:
    return channels is None or COMMAND_LINE in facts.channels or not facts.channels.isdisjoint(channels)


def _agreeing(pairs: Iterable[tuple[int, int]], prints: Mapping[int, Fingerprint]) -> set[frozenset[int]]:
    return {
        frozenset(pair)
        for pair in pairs
        if pair[0] in prints and pair[1] in prints and same_recording(prints[pair[0]], prints[pair[1]])
    }
