"""Ranks a server's tracks by somebody's taste: by sound, fused with collaborative filtering, and with reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array, Matches
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.scoring import away, best_score, carriers, closeness, fuse, score
from bot.taste.colike import CoLikeModel
from bot.taste.colike_cache import CoLikeCache
from bot.taste.evidence import Signal, Taste, dislikes
from bot.vectors.library_index import LibraryIndex
from models import VoteKind

MAX_EXAMPLES = 100  # the weightiest likes, and as many dislikes


@dataclass(frozen=True, eq=False)
class Ranked:
    """n tracks as a taste sees them.

    evidence: m tracks, with (m,) signed weights; matches: (n, m); disliked: which of the evidence is 👎, not silence
    (None: all that speaks against something). What others' likes say, if they say something:
    preferences, (n,), by the model learnt from votes.
    """

    tracks: tuple[int, ...]
    evidence: tuple[int, ...]
    weights: Array
    matches: Matches
    disliked: frozenset[int] | None = None
    preferences: Array | None = None
    colikes: CoLikeModel | None = None
    votes: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def close(self) -> Array:
        """(n, m) closeness to each piece of evidence."""
        return closeness(self.matches)

    @cached_property
    def scores(self) -> Array:
        """(n,) by sound."""
        return score(self.close, self.weights) if self.likes else away(self.matches)

    @cached_property
    def order(self) -> Array:
        """(n,) by sound and by what others like, fused; the same as `scores` where others say nothing.

        The first of the fused ranking gets the best score by sound, and so on: ranks alone would say that all are
        equally far apart.
        """
        if self.preferences is None or self.colikes is None:
            return self.scores
        fused = fuse([self.scores, self.preferences], [1.0, self.colikes.weight])
        order = np.empty(len(fused))
        order[np.argsort(-fused, kind="stable")] = -np.sort(-self.scores)
        return order

    @cached_property
    def plain(self) -> Array:
        """(n,) as Qdrant's best_score, which knows neither weights nor others."""
        return best_score(self.matches[:, self.weights > 0], self.matches[:, self.weights < 0])

    @cached_property
    def unwanted(self) -> NDArray[np.bool_]:
        """(n,) which sound more like what is disliked: like their closest evidence, and on the whole."""
        against = self.weights < 0
        if self.disliked is not None:
            against &= np.isin(self.evidence, list(self.disliked))
        liked = self.close[:, self.weights > 0].max(axis=1, initial=0)
        disliked = self.close[:, against].max(axis=1, initial=0)
        said = score(self.close, np.where(against | (self.weights > 0), self.weights, 0))
        return np.asarray((disliked > liked) & (said < 0) & self.likes)

    @cached_property
    def likes(self) -> bool:
        """Whether there is positive evidence."""
        return bool((self.weights > 0).any())

    @cached_property
    def carriers(self) -> NDArray[np.intp]:
        """(n,) the place of the evidence that carries each."""
        return carriers(self.close, self.weights)


class Ranker:
    """Ranks tracks of a server by somebody's taste."""

    def __init__(self, library: LibraryIndex, cache: CoLikeCache) -> None:
        self._library = library
        self._cache = cache

    async def rank(
        self,
        guild_id: int,
        taste: Taste,
        among: Sequence[int],
        channels: VisibleChannels,
        *,
        others: bool = False,
    ) -> Ranked:
        """Tracks among some; `others`: also by what those like who like the same."""
        said = dislikes(taste)
        liked, disliked = strongest(taste, +1), strongest(taste, -1)
        if not liked:  # silence alone is no taste
            disliked = [track_id for track_id in disliked if track_id in said]
        heard = await self._library.heard(guild_id, among, liked, disliked, channels=channels)
        finite = np.isfinite(heard.matches)
        # What was listened to, of the tracks (of equal scores the smaller id is first) and of the evidence.
        rows, known = np.flatnonzero(finite.any(axis=1)), np.flatnonzero(finite.any(axis=0))
        rows = rows[np.argsort(np.array(heard.tracks)[rows], kind="stable")]
        evidence = tuple([*liked, *disliked][place] for place in known)
        ranked = Ranked(
            tracks=tuple(heard.tracks[row] for row in rows),
            evidence=evidence,
            weights=np.array([taste.weights[track_id] for track_id in evidence], np.float64),
            matches=heard.matches[np.ix_(rows, known)],
            disliked=frozenset(said),
        )
        colikes = await self._cache.of(guild_id) if others else None
        return with_colikes(ranked, colikes, votes_of(taste)) if colikes else ranked


def strongest(taste: Taste, sign: int) -> list[int]:
    """The evidence that says most for (+1) or against (−1) something."""
    mine = [(sign * weight, track_id) for track_id, weight in taste.weights.items() if sign * weight > 0]
    return [track_id for _, track_id in sorted(mine, key=lambda each: (-each[0], each[1]))[:MAX_EXAMPLES]]


def votes_of(taste: Taste) -> dict[int, VoteKind]:
    """The likes and dislikes among the evidence."""
    kinds = {Signal.LIKED: VoteKind.LIKE, Signal.DISLIKED: VoteKind.DISLIKE}
    return {track_id: kinds[event.signal] for track_id, event in taste.best.items() if event.signal in kinds}


def with_colikes(ranked: Ranked, colikes: CoLikeModel, votes: Mapping[int, int]) -> Ranked:
    """The same, ordered by others' likes too; unchanged if there are too few votes to say anything."""
    found = colikes.preferences(votes)
    if not found:
        return ranked
    preferences = np.array([found.get(track_id, 0.0) for track_id in ranked.tracks])
    return replace(ranked, preferences=preferences, colikes=colikes, votes=votes)
