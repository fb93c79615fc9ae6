"""Collaborative filtering: vectors of tracks learnt from members' votes by matrix factorisation (pure).

Alternating least squares over votes as implicit feedback (Hu, Koren & Volinsky, "Collaborative Filtering for Implicit
Feedback Datasets", ICDM 2008). A member is folded in when they ask, so that their newest vote counts at once; only
the tracks' vectors are learnt beforehand. `benchmarks/colike.py` says how it compares with Word2Vec and from how much
feedback on it helps.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array
from bot.taste.feedback import Vote
from models import VoteKind

RowIndices = NDArray[np.intp]

FACTORS = 16
ITERATIONS = 12
CONFIDENCE = 4.0  # of a vote, beside 1 for a track that somebody said nothing about
REGULARISATION = 16.0

MIN_VOTES = 400  # of a server, on tracks that several members voted on; with fewer it does harm
MIN_MEMBERS = 8
MIN_OWN_LIKES = 2  # likes of whom it is for
FULL_WEIGHT_VOTES = 1000  # from so many on this ranking has its full weight
MAX_WEIGHT = 0.3  # where the ranking by sound has 1


@dataclass(frozen=True, eq=False)
class CoLikeModel:
    """Learnt from so many votes of a server: tracks, and an (n, f) vector for each."""

    tracks: NDArray[np.int64]
    vectors: Array
    votes: int

    @property
    def weight(self) -> float:
        """How much its ranking counts, where the ranking by sound counts 1."""
        return MAX_WEIGHT * min(1.0, self.votes / FULL_WEIGHT_VOTES)

    def preferences(self, votes: Mapping[int, int]) -> dict[int, float]:
        """How much somebody with these votes (track -> ±1) may like each track, about 0 to 1; none if too few."""
        member = self._member(votes)
        if member is None:
            return {}
        return dict(zip(self.tracks.tolist(), (self.vectors @ member.vector).tolist(), strict=True))

    def carrier(self, votes: Mapping[int, int], track_id: int) -> int | None:
        """The like without which that track would be preferred least; None if no like speaks for it."""
        member = self._member(votes)
        if member is None or track_id not in self._places:
            return None
        losses = member.shares @ self.vectors[self._places[track_id]]
        best = int(np.argmax(losses))
        return member.likes[best] if losses[best] > 0 else None

    @cached_property
    def _places(self) -> dict[int, int]:
        return {track_id: place for place, track_id in enumerate(self.tracks.tolist())}

    @cached_property
    def _unseen(self) -> Array:
        return _of_nobody(self.vectors)

    def _member(self, votes: Mapping[int, int]) -> "_Member | None":
        known = {
            track_id: kind for track_id, kind in sorted(votes.items()) if kind and track_id in self._places
        }
        likes = [track_id for track_id, kind in known.items() if kind == VoteKind.LIKE]
        if len(likes) < MIN_OWN_LIKES:
            return None
        heard = self.vectors[[self._places[track_id] for track_id in known]]
        liked = self.vectors[[self._places[track_id] for track_id in likes]]
        return _Member.folded_in(self._unseen + CONFIDENCE * heard.T @ heard, likes, liked)


@dataclass(frozen=True, eq=False)
class _Member:
    """Somebody's (f,) vector, and by how much it would be another without each of m likes: (m, f)."""

    vector: Array
    likes: Sequence[int]
    shares: Array

    @classmethod
    def folded_in(cls, left: Array, likes: Sequence[int], liked: Array) -> Self:
        """From the left side of their equations, (f, f), and the (m, f) vectors of what they like.

        To leave a like out takes an outer product from the left side, which Sherman & Morrison's formula inverts
        for all likes at once.
        """
        vector = np.linalg.solve(left, (1 + CONFIDENCE) * liked.sum(axis=0))
        pulls = np.linalg.solve(left, liked.T).T
        unexplained = 1 + CONFIDENCE * (1 - liked @ vector)
        leverage = CONFIDENCE * (liked * pulls).sum(axis=1)
        return cls(vector, likes, pulls * (unexplained / (1 - leverage))[:, None])


def usable_votes(votes: Iterable[Vote]) -> list[Vote]:
    """The votes to learn from: on tracks that two members voted on at least; none if a server has too few."""
    everything = list(votes)
    voters = Counter(vote.track_id for vote in everything)  # a member has one vote on a track
    shared = [vote for vote in everything if voters[vote.track_id] > 1]
    members = {vote.user_id for vote in shared}
    return shared if len(shared) >= MIN_VOTES and len(members) >= MIN_MEMBERS else []


def learn(
    users: Collection[int], tracks: Collection[int], kinds: Collection[int], *, seed: int = 0
) -> CoLikeModel:
    """Learn from votes, given as three columns of equal length: who, on what, and the VoteKind."""
    members, who = np.unique(np.asarray(users, np.int64), return_inverse=True)
    items, what = np.unique(np.asarray(tracks, np.int64), return_inverse=True)
    likes = (np.asarray(kinds) > 0).astype(np.float64)
    vectors = np.random.default_rng(seed).normal(0, 0.1, (len(items), FACTORS))
    for _ in range(ITERATIONS):
        theirs = _solve(vectors, who, what, likes, len(members))
        vectors = _solve(theirs, what, who, likes, len(items))
    return CoLikeModel(items, vectors, len(likes))


def _solve(fixed: Array, rows: RowIndices, columns: RowIndices, likes: Array, count: int) -> Array:
    """The (count, f) vectors that fit votes best, given the (m, f) vectors of the other side."""
    known = fixed[columns]
    left = np.tile(_of_nobody(fixed), (count, 1, 1))
    np.add.at(left, rows, CONFIDENCE * known[:, :, None] * known[:, None, :])
    right = np.zeros((count, fixed.shape[1]))
    np.add.at(right, rows, ((1 + CONFIDENCE) * likes)[:, None] * known)
    return np.asarray(np.linalg.solve(left, right[:, :, None])[:, :, 0])


def _of_nobody(fixed: Array) -> Array:
    """The left side of the equations, (f, f), of somebody without votes."""
    return np.asarray(fixed.T @ fixed + REGULARISATION * np.eye(fixed.shape[1]))
