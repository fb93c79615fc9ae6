"""What else sounds like this, and what somebody or a whole server may like: answers with reasons.

The steps are always the same: gather the evidence, take what may be suggested, score it, apply the rules, say why.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.errors import NotFound
from bot.library.cards import Channels, TrackCard
from bot.taste.choosing import POOL, SPARE, Candidates, Scored
from bot.taste.engine import Engine
from bot.taste.evidence import ASKER, NO_EXTRA, Extra, Taste, favourites
from bot.taste.explain import Evidence, Reason, month
from bot.taste.notes import NOTHING, going_by, shortage
from bot.taste.picks import SAID, Pick, Recommendation, percent
from bot.taste.ranking import Ranked
from bot.taste.steering import NO_STEERING, UNKNOWN_DIVERSITY, Steering

__all__ = ["Pick", "Recommendation", "Recommender", "percent"]

Vector = NDArray[np.float32]
Array = NDArray[np.float64]

UNHEARD = "I haven't listened to that song with my present embedder; earworm doctor --repair helps."


@dataclass(frozen=True)
class _Question:
    """Who is to be suggested what, and how it is told."""

    guild_id: int
    user_id: int | None
    channels: Channels
    limit: int
    you: bool
    steering: Steering
    now: datetime


class Recommender:
    """Answers from one server's library at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def similar(
        self,
        guild_id: int,
        *,
        track_id: int | None = None,
        vectors: Mapping[str, Vector] | None = None,
        channels: Channels,
        exclude: Collection[int] = (),
        limit: int = 25,
        steering: Steering = NO_STEERING,
        user_id: int | None = None,
    ) -> list[Pick]:
        """The nearest tracks to one of the library, or to raw (d,) vectors, by name, of something else.

        Without the track itself, its twins and what the member who asks hid; the third of an artist comes after
        everybody else. Raises NotFound if no embedder that is searched by has heard the track.
        """
        asked = [track_id] if track_id is not None else []
        if asked and asked[0] not in await self._engine.vectors.get(guild_id, asked):
            raise NotFound(UNHEARD)
        hidden = await self._engine.history.hidden(guild_id, user_id) if user_id else ()
        candidates = await self._engine.chooser.candidates(
            guild_id, channels, steering, {*exclude, *asked, *hidden}
        )
        others = (await self._engine.library.facts(guild_id)).keys() - set(candidates.tracks)
        hits = await self._engine.vectors.nearest(
            guild_id,
            vectors or asked[0],
            channels=channels,
            exclude=others,
            limit=max(POOL, SPARE * limit),
        )
        found = {hit.track_id: hit for hit in hits}
        scored = Scored(list(found), np.array([hit.score for hit in hits]))
        cards = await self._engine.chooser.choose(
            guild_id, scored, channels, known=asked, steering=steering, limit=limit, fill=True
        )
        return [
            Pick(card, found[card.id].score, Reason(Evidence.ASKED, percent(found[card.id].match)))
            for card in cards
        ]

    async def recommend(
        self,
        guild_id: int,
        user_id: int | None,
        channels: Channels,
        limit: int = 25,
        *,
        you: bool = True,
        extra: Extra = NO_EXTRA,
        steering: Steering = NO_STEERING,
        now: datetime | None = None,
    ) -> Recommendation:
        """What a member may like, or with no `user_id` the whole server; never what they know already.

        `you`: it is the member who reads this, not somebody else. Raises NotFound for wishes that contradict each
        other.
        """
        now = now or datetime.now(UTC)
        question = _Question(guild_id, user_id, channels, limit, you, steering, now)
        taste = await self._engine.taste(guild_id, user_id, now, extra)
        candidates = await self._engine.chooser.candidates(guild_id, channels, steering, taste.known)
        ranked = await self._engine.ranker.rank(
            guild_id, taste, candidates.tracks, channels, others=user_id is not None
        )
        if ranked.evidence:
            picks = await self._by_taste(question, taste, ranked)
        else:
            picks = await self._by_popularity(question, candidates)
        return Recommendation(tuple(picks), _note(question, taste, candidates, len(picks)))

    # -- by taste ------------------------------------------------------------------------------------------

    async def _by_taste(self, question: _Question, taste: Taste, ranked: Ranked) -> list[Pick]:
        arms = await self._engine.history.arms(question.guild_id)
        orders = {"": ranked.order, "ours": ranked.order, "sound": ranked.scores, "plain": ranked.plain}
        chosen = {arm: await self._chosen(question, taste, ranked, orders[arm]) for arm in arms or ("",)}
        rows = {track_id: row for row, track_id in enumerate(ranked.tracks)}
        reasons = _Reasons(question, taste, ranked)
        picks = [
            Pick(card, float(ranked.scores[rows[card.id]]), reasons.of(rows[card.id]), arm=arm)
            for card, arm in interleaved(chosen, question.limit)
        ]
        carriers = [pick.reason.carrier for pick in picks if pick.reason.carrier]
        cards = await self._engine.catalog.cards(question.guild_id, carriers, question.channels)
        named = {card.id: card for card in cards}
        return [replace(pick, carrier=named.get(pick.reason.carrier or 0)) for pick in picks]

    async def _chosen(
        self, question: _Question, taste: Taste, ranked: Ranked, order: Array
    ) -> list[TrackCard]:
        wanted = np.flatnonzero(~ranked.unwanted)
        scored = Scored([ranked.tracks[row] for row in wanted], order[wanted])
        return await self._engine.chooser.choose(
            question.guild_id,
            scored,
            question.channels,
            known=taste.known,
            steering=question.steering,
            limit=question.limit,
            least_diversity=0.0 if ranked.likes else UNKNOWN_DIVERSITY,
        )

    async def _by_popularity(self, question: _Question, candidates: Candidates) -> list[Pick]:
        """What the server likes most, for somebody of whom nothing is known."""
        allowed = set(candidates.tracks)
        votes = await self._engine.feedback.votes(question.guild_id)
        leads = {track_id: lead for track_id, lead in favourites(votes) if track_id in allowed}
        # Among equals the order of `favourites` stays.
        scores = np.array(list(leads.values()), np.float64) - np.linspace(0, 0.5, len(leads))
        cards = await self._engine.chooser.choose(
            question.guild_id,
            Scored(list(leads), scores),
            question.channels,
            known=(),
            steering=question.steering,
            limit=question.limit,
            least_diversity=UNKNOWN_DIVERSITY,
        )
        return [Pick(card, float(leads[card.id]), Reason(Evidence.POPULAR)) for card in cards]


class _Reasons:
    """Says of each track what carried it."""

    def __init__(self, question: _Question, taste: Taste, ranked: Ranked) -> None:
        self._question = question
        self._taste = taste
        self._ranked = ranked
        self._by_sound = _places(ranked.scores)
        self._by_others = _places(ranked.scores if ranked.preferences is None else ranked.preferences)

    def of(self, row: int) -> Reason:
        """The evidence without which the track would stand lower."""
        ranked, you = self._ranked, self._question.you
        if not ranked.likes:
            return Reason(Evidence.FAR, you=you)
        if ranked.crowd and self._by_others[row] < self._question.limit <= self._by_sound[row]:
            like = ranked.crowd.carrier(ranked.votes, ranked.tracks[row])
            if like is not None:
                return Reason(Evidence.CROWD, carrier=like, you=you)
        place = int(ranked.carriers[row])
        match = percent(float(ranked.matches[row, place]))
        if not match:
            return Reason(Evidence.NEW, you=you)
        return self._close_to(ranked.evidence[place], match)

    def _close_to(self, carrier: int, match: int) -> Reason:
        said = self._taste.best[carrier]
        of_server = self._question.user_id is None and said.user_id != ASKER
        known_since = not of_server and said.user_id != ASKER
        return Reason(
            Evidence.SERVER if of_server else SAID[said.signal],
            percent=match,
            carrier=carrier,
            likes=self._taste.likes.get(carrier, 0),
            you=self._question.you,
            when=month(said.at, self._question.now) if known_since else "",
        )


def interleaved(chosen: Mapping[str, Sequence[TrackCard]], limit: int) -> list[tuple[TrackCard, str]]:
    """Cards by several arms in turn, each with its arm; who begins is left to chance (team-draft interleaving).

    Radlinski, Kurup & Joachims, "How Does Clickthrough Data Reflect Retrieval Quality?", CIKM 2008.
    """
    queues = {arm: list(cards) for arm, cards in chosen.items()}
    order = random.sample(list(queues), len(queues))
    merged: dict[int, tuple[TrackCard, str]] = {}
    while any(queues.values()) and len(merged) < limit:
        for arm in order:
            while queues[arm] and queues[arm][0].id in merged:
                queues[arm].pop(0)
            if queues[arm] and len(merged) < limit:
                card = queues[arm].pop(0)
                merged[card.id] = (card, arm)
    return list(merged.values())


def _places(scores: Array) -> NDArray[np.intp]:
    """Each one's place in the order of scores, from 0."""
    places = np.empty(len(scores), np.intp)
    places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return places


def _note(question: _Question, taste: Taste, candidates: Candidates, found: int) -> str:
    if not found and not taste.weights and not candidates.failures:
        return NOTHING
    by = "" if question.user_id is None else going_by(taste, you=question.you)
    return f"{by} {shortage(found, question.limit, candidates.failures, len(taste.likes))}".strip()
