"""Group recommendation, the blend of two members' tastes, and members with similar taste."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from bot.arrays import Array
from bot.errors import NotFound
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.engine import Engine
from bot.suggestions.group_ranking import GroupRanking
from bot.suggestions.left_out import LeftOut
from bot.suggestions.notes import NOTHING_NOTE, shortage, without_private_counts
from bot.suggestions.pick import Pick, Recommendation
from bot.suggestions.ranking import strongest
from bot.suggestions.steering import NO_STEERING, Steering
from bot.suggestions.wording import count
from bot.taste.evidence import Event, Taste, dislikes, taste_of
from bot.taste.similarity import MIN_LIKES, LikeMatches, taste_match

CHANCE_SAMPLE = 300  # tracks of the library that estimate what match chance gives


@dataclass(frozen=True)
class Blend:
    """How alike two members' tastes are in per cent (None: too few likes to say), and what both may like."""

    match: int | None
    recommendation: Recommendation


@dataclass(frozen=True)
class Buddy:
    """Another member, and how alike their taste is, in per cent."""

    user_id: int
    match: int


class Together:
    """Answers for several members of one server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def group(
        self,
        guild_id: int,
        user_ids: Sequence[int],
        channels: VisibleChannels,
        limit: int = 25,
        *,
        steering: Steering = NO_STEERING,
        now: datetime | None = None,
    ) -> Recommendation:
        """What all of these may like: the least pleased of them decides, and what one of them dislikes is out.

        Members of whom nothing is known have no say, which the note tells. Songs that all of them know are left out.
        """
        now = now or datetime.now(UTC)
        tastes = {
            user_id: await self._engine.taste(guild_id, user_id, channels, now)
            for user_id in dict.fromkeys(user_ids)
        }
        known = {user_id: taste for user_id, taste in tastes.items() if taste.weights}
        if not known:
            return Recommendation((), NOTHING_NOTE)
        familiar = frozenset.intersection(*(taste.known for taste in known.values()))
        out = familiar.union(*(taste.hidden | dislikes(taste) for taste in tastes.values()))
        candidates = await self._engine.chooser.candidates(guild_id, channels, steering, out)
        ranked = {
            user_id: await self._engine.ranker.rank(guild_id, taste, candidates.tracks, channels, others=True)
            for user_id, taste in known.items()
        }
        heard = {user_id: each for user_id, each in ranked.items() if each.evidence}
        if not heard:
            return Recommendation((), shortage(0, limit, {LeftOut.UNHEARD: len(candidates.tracks)}))
        shared = GroupRanking.of(heard)
        chosen = await self._engine.chooser.choose(
            guild_id, [shared.wanted], channels, known=sorted(out), steering=steering, limit=limit
        )
        left_out = {
            **without_private_counts(candidates.left_out),
            **without_private_counts(chosen.left_out),
            LeftOut.NEARER_TO_DISLIKED: len(shared.tracks) - len(shared.wanted.tracks),
            LeftOut.UNHEARD: len(candidates.tracks) - len(shared.tracks),
        }
        explained = [
            Pick(card, shared.score_of(card.id), shared.reason(card.id, known, now)) for card in chosen.cards
        ]
        picks = await self._engine.named(guild_id, explained, channels)
        likes = min(len(taste.likes) for taste in known.values())
        note = f"{_silence(len(tastes) - len(known))} {shortage(len(picks), limit, left_out, likes)}"
        return Recommendation(picks, note.strip())

    async def blend(
        self,
        guild_id: int,
        one: int,
        other: int,
        channels: VisibleChannels,
        limit: int = 25,
        *,
        now: datetime | None = None,
    ) -> Blend:
        """What two members may like together, and how alike their tastes are. Raises NotFound for one and the same."""
        if one == other:
            raise NotFound("Blending takes two: name another member.")
        answer = await self.group(guild_id, [one, other], channels, limit, now=now)
        return Blend(await self.match(guild_id, one, other, channels, now=now), answer)

    async def match(
        self, guild_id: int, one: int, other: int, channels: VisibleChannels, *, now: datetime | None = None
    ) -> int | None:
        """How alike two members' tastes are in per cent, by what may be shown in `channels`.

        None if one of them liked too few songs to say.
        """
        likes = await self._likes(guild_id, channels, now)
        found = await self._matches(guild_id, likes.get(one, []), {other: likes.get(other, [])})
        return found.get(other)

    async def buddies(
        self,
        guild_id: int,
        user_id: int,
        channels: VisibleChannels,
        limit: int = 10,
        *,
        now: datetime | None = None,
    ) -> list[Buddy]:
        """The members whose taste is most like a member's, the closest first; only those above what chance gives.

        None who opted out. By what may be shown in `channels`. Raises NotFound, which says what would help, if they
        liked too few songs.
        """
        likes = await self._likes(guild_id, channels, now)
        mine = likes.pop(user_id, [])
        if len(mine) < MIN_LIKES:
            missing = count(MIN_LIKES - len(mine), "more song")
            raise NotFound(f"I don't know that taste well enough yet: {missing} with 👍 would do.")
        for unnamed in await self._engine.opt_outs.members(guild_id):
            likes.pop(unnamed, None)
        found = await self._matches(guild_id, mine, likes)
        ranking = sorted((-match, member) for member, match in found.items() if match > 0)
        return [Buddy(member, -match) for match, member in ranking[:limit]]

    async def _likes(
        self, guild_id: int, channels: VisibleChannels, now: datetime | None
    ) -> dict[int, list[int]]:
        """What each member likes most, of what may be shown."""
        now = now or datetime.now(UTC)
        facts = await self._engine.library.facts(guild_id)
        seen = {track_id for track_id, each in facts.items() if each.visible_in(channels)}
        events: dict[int, list[Event]] = defaultdict(list)
        for event in await self._engine.history.events(guild_id, channels=channels, now=now):
            if event.track_id in seen:
                events[event.user_id].append(event)
        return {
            member: _liked(taste_of(done, now, self._engine.half_life, own=False))
            for member, done in events.items()
        }

    async def _matches(
        self, guild_id: int, mine: Sequence[int], others: Mapping[int, Sequence[int]]
    ) -> dict[int, int]:
        others = {member: likes for member, likes in others.items() if len(likes) >= MIN_LIKES}
        if len(mine) < MIN_LIKES or not others:
            return {}
        facts = list(await self._engine.library.facts(guild_id))
        chance = facts[:: max(1, len(facts) // CHANCE_SAMPLE)]
        tracks = sorted({*chance, *mine, *(like for likes in others.values() for like in likes)})
        # By likes: (tracks, likes), so that a member's own are columns.
        columns = sorted({*mine, *(like for likes in others.values() for like in likes)})
        heard = await self._engine.library.heard_all(guild_id, tracks, columns)
        table = _Table(heard.tracks, columns, heard.matches.astype(np.float64))
        return await asyncio.to_thread(table.compare, mine, others, chance)


@dataclass(frozen=True, eq=False)
class _Table:
    """Matches of tracks (rows) with likes (columns)."""

    tracks: Sequence[int]
    likes: Sequence[int]
    matches: Array

    def compare(
        self, mine: Sequence[int], others: Mapping[int, Sequence[int]], chance: Sequence[int]
    ) -> dict[int, int]:
        """How alike each other member's taste is."""
        return {
            member: taste_match(
                LikeMatches(self._part(theirs, mine), self._part(chance, mine)),
                LikeMatches(self._part(mine, theirs), self._part(chance, theirs)),
            )
            for member, theirs in others.items()
        }

    def _part(self, tracks: Sequence[int], likes: Sequence[int]) -> Array:
        """(likes, tracks)."""
        rows = {track_id: row for row, track_id in enumerate(self.tracks)}
        columns = {track_id: column for column, track_id in enumerate(self.likes)}
        return self.matches[np.ix_([rows[t] for t in tracks if t in rows], [columns[t] for t in likes])].T


def _silence(members: int) -> str:
    return f"Of {count(members, 'member')} I know nothing yet, so I went by the others." if members else ""


def _liked(taste: Taste) -> list[int]:
    return [track_id for track_id in strongest(taste, +1) if track_id in taste.likes]
