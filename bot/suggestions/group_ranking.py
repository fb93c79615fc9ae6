"""Aggregates members' rankings to one for a group by least misery, with the reason of the least pleased (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array
from bot.suggestions.chooser import Scored
from bot.suggestions.pick import REASON_OF_SIGNAL, percent
from bot.suggestions.ranking import Ranked
from bot.suggestions.wording import Reason, ReasonKind, month
from bot.taste.evidence import Taste
from bot.taste.similarity import least_misery


@dataclass(frozen=True, eq=False)
class GroupRanking:
    """Tracks that all members' rankings have, with each member's and the group's scores."""

    tracks: Sequence[int]
    places: Mapping[int, int]
    ranked: Mapping[int, Ranked]
    rows: Mapping[int, NDArray[np.intp]]
    scores: Array

    @classmethod
    def of(cls, ranked: Mapping[int, Ranked]) -> "GroupRanking":
        """From each member's ranking; there is at least one. Whoever is named first, the outcome is the same."""
        ranked = dict(sorted(ranked.items()))
        tracks = sorted(set.intersection(*(set(each.tracks) for each in ranked.values())))
        rows = {}
        for user_id, each in ranked.items():
            places = {track_id: row for row, track_id in enumerate(each.tracks)}
            rows[user_id] = np.array([places[track_id] for track_id in tracks], np.intp)
        orders = [each.order[rows[user_id]] for user_id, each in ranked.items()]
        vetoes = [each.unwanted[rows[user_id]] for user_id, each in ranked.items()]
        scores = least_misery(orders, np.any(vetoes, axis=0)) if tracks else np.zeros(0)
        return cls(tracks, {track_id: i for i, track_id in enumerate(tracks)}, ranked, rows, scores)

    @property
    def wanted(self) -> Scored:
        """Those that nobody's dislikes keep away."""
        rows = np.flatnonzero(np.isfinite(self.scores))
        return Scored([self.tracks[int(row)] for row in rows], self.scores[rows])

    def score_of(self, track_id: int) -> float:
        """What the least pleased member makes of it, of those who like anything."""
        scores = self._scores(track_id)
        return scores[self._deciding(track_id)]

    def reason(self, track_id: int, tastes: Mapping[int, Taste], now: datetime) -> Reason:
        """What carries it for the least pleased member: without that its score would be lower."""
        user_id = self._deciding(track_id)
        ranked, row = self.ranked[user_id], self._row(user_id, track_id)
        if not ranked.likes:
            return Reason(ReasonKind.UNLIKE_DISLIKED, you=False, user_id=user_id)
        place = int(ranked.carriers[row])
        match, carrier = percent(float(ranked.matches[row, place])), ranked.evidence[place]
        if not match:
            return Reason(ReasonKind.NEW, you=False, user_id=user_id)
        said = tastes[user_id].best[carrier]
        return Reason(
            REASON_OF_SIGNAL[said.signal],
            percent=0 if carrier == track_id else match,
            carrier=carrier,
            you=False,
            when=month(said.at, now),
            user_id=user_id,
        )

    def _deciding(self, track_id: int) -> int:
        scores = self._scores(track_id)
        speaking = [user_id for user_id in scores if self.ranked[user_id].likes] or list(scores)
        return min(speaking, key=lambda user_id: scores[user_id])

    def _scores(self, track_id: int) -> dict[int, float]:
        return {
            user_id: float(each.scores[self._row(user_id, track_id)]) for user_id, each in self.ranked.items()
        }

    def _row(self, user_id: int, track_id: int) -> int:
        return int(self.rows[user_id][self.places[track_id]])
