"""Sounds as ingredients: alchemy with songs, members and tags, and paths from one song to another."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.errors import NotFound
from bot.library.cards import Channels, TrackCard
from bot.library.facts import Facts
from bot.taste.choosing import Scored
from bot.taste.engine import Engine
from bot.taste.explain import Evidence, Reason, count
from bot.taste.journeys import mixture, walk
from bot.taste.picks import Pick, Recommendation, percent
from bot.taste.ranking import strongest
from bot.taste.steering import NO_STEERING, Steering
from bot.taste.twins import Song

LENGTH = 8  # songs of a path, its ends too
SHORTEST = 3
EXAMPLES = 40  # tracks of a tag or a member that stand for it
NOTHING_LEFT = "Nothing is left: everything here is too much like what you took away."
UNHEARD = "I haven't listened to {} with my present embedder; earworm doctor --repair helps."


@dataclass(frozen=True)
class Ingredient:
    """A track, a member's likes, or a tag: exactly one of them."""

    track_id: int | None = None
    user_id: int | None = None
    tag: str = ""


@dataclass(frozen=True)
class Path:
    """Songs from one to another, both ends included, and what to know about it."""

    cards: tuple[TrackCard, ...]
    note: str


class Mixing:
    """Answers from one server's library."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def alchemy(
        self,
        guild_id: int,
        add: Sequence[Ingredient],
        subtract: Sequence[Ingredient],
        channels: Channels,
        limit: int = 10,
        *,
        steering: Steering = NO_STEERING,
    ) -> Recommendation:
        """What has something of everything added and nothing of what is subtracted.

        Raises NotFound for no ingredients, one that is on both sides, or one that nothing is known of.
        """
        if not add:
            raise NotFound("Add something: a song, a member or a tag.")
        if set(add) & set(subtract):
            raise NotFound(
                "The same ingredient is added and subtracted, which leaves nothing. Drop one of the two."
            )
        parts = [await self._tracks(guild_id, each, channels) for each in [*add, *subtract]]
        used = frozenset(each.track_id for each in [*add, *subtract] if each.track_id is not None)
        candidates = await self._engine.chooser.candidates(guild_id, channels, steering, used)
        examples = list(dict.fromkeys(track_id for part in parts for track_id in part))
        heard = await self._engine.library.heard(guild_id, candidates.tracks, examples, channels=channels)
        columns = {track_id: column for column, track_id in enumerate(examples)}
        matches = [heard.matches[:, [columns[t] for t in part]].astype(np.float64) for part in parts]
        scores, out = mixture(matches[: len(add)], matches[len(add) :])
        kept = np.flatnonzero(~out)
        cards = await self._engine.chooser.choose(
            guild_id,
            Scored([heard.tracks[int(row)] for row in kept], scores[kept]),
            channels,
            known=used,
            steering=steering,
            limit=limit,
        )
        # How close each is to what is added.
        close = np.stack([part.max(axis=1) for part in matches[: len(add)]]).mean(axis=0)
        rows = {track_id: row for row, track_id in enumerate(heard.tracks)}
        picks = [
            Pick(
                card,
                float(scores[rows[card.id]]),
                Reason(Evidence.ASKED, percent(float(close[rows[card.id]]))),
            )
            for card in cards
        ]
        return Recommendation(tuple(picks), "" if picks else NOTHING_LEFT)

    async def path(
        self,
        guild_id: int,
        start_id: int,
        end_id: int,
        channels: Channels,
        length: int = LENGTH,
        *,
        steering: Steering = NO_STEERING,
    ) -> Path:
        """A walk of `length` songs from one to another, without jumps and without a song twice.

        Raises NotFound for a path between a song and itself, and if one of them was never listened to.
        """
        if start_id == end_id:
            raise NotFound("Those are the same song, so there is no way between them. Name two.")
        ends = [await self._engine.catalog.card(guild_id, each, channels) for each in (start_id, end_id)]
        candidates = await self._engine.chooser.candidates(guild_id, channels, steering, {start_id, end_id})
        tracks, vectors = await self._engine.library.side_by_side(
            guild_id, candidates.tracks, [start_id, end_id], channels=channels
        )
        for card in ends:
            if card.id not in tracks:
                raise NotFound(UNHEARD.format("one of these"))
        usable = _once(tracks, await self._engine.library.facts(guild_id), (start_id, end_id))
        wanted = max(length, SHORTEST)
        way = await asyncio.to_thread(
            walk, vectors, tracks.index(start_id), tracks.index(end_id), wanted, usable
        )
        cards = await self._engine.catalog.cards(guild_id, [tracks[place] for place in way], channels)
        short = (
            f"Only {count(len(cards), 'song')}: there are no others to step on."
            if len(cards) < wanted
            else ""
        )
        return Path(tuple(cards), short)

    async def _tracks(self, guild_id: int, ingredient: Ingredient, channels: Channels) -> list[int]:
        """The tracks that stand for an ingredient. Raises NotFound if nothing is known of it."""
        if ingredient.track_id is not None:
            card = await self._engine.catalog.card(guild_id, ingredient.track_id, channels)
            if card.id not in await self._engine.vectors.get(guild_id, [card.id]):
                raise NotFound(UNHEARD.format("that song"))
            return [card.id]
        if ingredient.user_id is not None:
            taste = await self._engine.taste(guild_id, ingredient.user_id, datetime.now(UTC))
            found = strongest(taste, +1)[:EXAMPLES]
            if not found:
                raise NotFound(
                    "I know nothing of that member's taste yet: they haven't 👍 or shared anything."
                )
            return found
        tagged = Steering(tags=(ingredient.tag,), long=True, talk=True)
        found = list((await self._engine.chooser.candidates(guild_id, channels, tagged)).tracks)
        if not found:
            raise NotFound(f"No song here is tagged “{' '.join(ingredient.tag.split())[:40]}”.")
        return found[:: max(1, -(-len(found) // EXAMPLES))]


def _once(tracks: Sequence[int], facts: Mapping[int, Facts], ends: Collection[int]) -> NDArray[np.bool_]:
    """(n,) which tracks may stand on a path: of those called the same one, and none called like an end."""
    seen = {_called(facts[track_id]) for track_id in ends}
    usable = np.zeros(len(tracks), np.bool_)
    for place, track_id in enumerate(tracks):
        name = _called(facts[track_id])
        usable[place] = not name[0] or name not in seen
        seen.add(name)
    return usable


def _called(facts: Facts) -> tuple[str, str]:
    song = Song.of(facts.track_id, *facts.names()[0])
    return song.artist, song.title
