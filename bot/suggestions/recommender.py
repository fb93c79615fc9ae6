"""What else sounds like this, and what somebody or a whole server may like: answers with reasons.

The steps are always the same: gather the evidence, take what may be suggested, score it, apply the rules, say why.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array, Vector
from bot.errors import NotFound
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.chooser import POOL_FACTOR, POOL_SIZE, Candidates, Chosen, Scored
from bot.suggestions.engine import Engine
from bot.suggestions.left_out import LeftOut
from bot.suggestions.notes import (
    EMPTY_NOTE,
    NO_LIBRARY_NOTE,
    NOTHING_NOTE,
    going_by,
    shortage,
    without_private_counts,
)
from bot.suggestions.pick import PAGE_SIZE, REASON_OF_SIGNAL, Arm, Pick, Recommendation, percent
from bot.suggestions.ranking import Ranked
from bot.suggestions.steering import MIN_DIVERSITY_WITHOUT_LIKES, NO_STEERING, Steering
from bot.suggestions.wording import Reason, ReasonKind, month
from bot.taste.evidence import NO_EXTRA, UNSAVED_FEEDBACK, ExtraEvidence, Taste, favourites
from bot.vectors.question import Hit

NEVER_HEARD = "I haven't listened to that song with my present embedder; earworm doctor --repair helps."


@dataclass(frozen=True)
class _Question:
    """Who is to be suggested what, and how it is told."""

    guild_id: int
    user_id: int | None
    channels: VisibleChannels
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
        channels: VisibleChannels,
        exclude: Collection[int] = (),
        limit: int = 25,
        steering: Steering = NO_STEERING,
        user_id: int | None = None,
    ) -> Recommendation:
        """The nearest tracks to one of the library, or to raw (d,) vectors, by name, of something else.

        Without the track itself, its other versions, what the member who asks hid, and what sounds no more alike than
        by chance. Raises NotFound if no embedder that is searched by has heard the track.
        """
        engine = self._engine
        asked = [track_id] if track_id is not None else []
        hidden = await engine.history.hidden(guild_id, user_id)
        candidates = await engine.chooser.candidates(
            guild_id, channels, steering, {*exclude, *asked, *hidden}
        )
        size = max(POOL_SIZE, POOL_FACTOR * limit)
        while True:
            hits = await self._nearest(guild_id, vectors or asked[0], candidates, channels, size)
            if not hits and asked and asked[0] not in await engine.vectors.get(guild_id, asked):
                raise NotFound(NEVER_HEARD)
            if asked and not hits and asked[0] not in await engine.vectors.get(guild_id, asked):
                raise NotFound(NEVER_HEARD)
            near = {hit.track_id: hit for hit in hits if percent(hit.match)}
            scored = Scored(list(near), np.array([hit.score for hit in near.values()]))
            chosen = await engine.chooser.choose(
                guild_id, [scored], channels, known=[*asked, *sorted(hidden)], steering=steering, limit=limit
            )
            enough = len(chosen.cards) >= min(limit, PAGE_SIZE) and len(near) < size
            if enough or len(chosen.cards) == limit or len(hits) < size:
                break
            size *= POOL_FACTOR
        left_out = {
            **candidates.left_out,
            **chosen.left_out,
            LeftOut.KNOWN: candidates.left_out.get(LeftOut.KNOWN, 0) - len(asked),
            LeftOut.NO_MATCH: len(hits) - len(near),
            LeftOut.UNHEARD: len(candidates.tracks) - len(hits),
        }
        picks = tuple(
            Pick(card, near[card.id].score, Reason(ReasonKind.ASKED, percent(near[card.id].match)))
            for card in chosen.cards
        )
        note = shortage(len(picks), limit, left_out)
        return Recommendation(picks, NO_LIBRARY_NOTE if note == EMPTY_NOTE and not asked else note)

    async def recommend(
        self,
        guild_id: int,
        user_id: int | None,
        channels: VisibleChannels,
        limit: int = 25,
        *,
        you: bool = True,
        asker: int | None = None,
        extra: ExtraEvidence = NO_EXTRA,
        steering: Steering = NO_STEERING,
        now: datetime | None = None,
    ) -> Recommendation:
        """What a member may like, or with no `user_id` the whole server; never what they know already.

        `you`: it is the member who reads this, not somebody else; `asker`: who does, and what they hid isn't shown.
        Raises NotFound for filters that contradict each other.
        """
        now = now or datetime.now(UTC)
        question = _Question(guild_id, user_id, channels, limit, you, steering, now)
        taste = await self._engine.taste(
            guild_id, user_id, channels, now, extra, own=you and user_id is not None
        )
        hidden = taste.hidden | await self._engine.history.hidden(guild_id, asker)
        known = sorted(taste.known | hidden)
        candidates = await self._engine.chooser.candidates(guild_id, channels, steering, known)
        ranked = await self._engine.ranker.rank(
            guild_id, taste, candidates.tracks, channels, others=user_id is not None
        )
        if ranked.evidence:
            picks, left_out = await self._by_taste(question, taste, known, candidates, ranked)
        else:
            picks, left_out = await self._by_popularity(question, known, candidates)
        return Recommendation(picks, _note(question, taste, ranked, candidates.tracks, left_out, len(picks)))

    async def _nearest(
        self,
        guild_id: int,
        about: int | Mapping[str, Vector],
        candidates: Candidates,
        channels: VisibleChannels,
        limit: int,
    ) -> list[Hit]:
        few = len(candidates.tracks) < len(candidates.others)
        return await self._engine.vectors.nearest(
            guild_id,
            about,
            channels=channels,
            exclude=() if few else candidates.others,
            among=candidates.tracks if few else None,
            limit=limit,
        )

    # -- by taste ------------------------------------------------------------------------------------------

    async def _by_taste(
        self,
        question: _Question,
        taste: Taste,
        known: Sequence[int],
        candidates: Candidates,
        ranked: Ranked,
    ) -> tuple[tuple[Pick, ...], Mapping[LeftOut, int]]:
        arms = await self._engine.acceptance.arms(question.guild_id) or (None,)
        orders = {
            None: ranked.order,
            Arm.OURS: ranked.order,
            Arm.SOUND: ranked.scores,
            Arm.PLAIN: ranked.plain,
        }
        wanted = np.flatnonzero(~ranked.unwanted)
        tracks = [ranked.tracks[row] for row in wanted]
        least = 0.0 if ranked.likes else MIN_DIVERSITY_WITHOUT_LIKES
        rankings = [Scored(tracks, orders[arm][wanted]) for arm in arms]
        chosen = await self._choose(question, rankings, known, least)
        reasons = _Reasons(question, taste, ranked)
        picks = [
            Pick(card, *reasons.of(card.id), arm=arms[turn])
            for card, turn in zip(chosen.cards, chosen.turns, strict=True)
        ]
        left_out = {
            **candidates.left_out,
            **chosen.left_out,
            LeftOut.NEARER_TO_DISLIKED: len(ranked.tracks) - len(tracks),
            LeftOut.UNHEARD: len(candidates.tracks) - len(ranked.tracks),
        }
        return await self._engine.named(question.guild_id, picks, question.channels), left_out

    async def _by_popularity(
        self,
        question: _Question,
        known: Sequence[int],
        candidates: Candidates,
    ) -> tuple[tuple[Pick, ...], Mapping[LeftOut, int]]:
        """What the server likes most, for somebody of whom nothing is known."""
        allowed = set(candidates.tracks)
        votes = await self._engine.feedback.votes(question.guild_id, channels=question.channels)
        leads = {track_id: lead for track_id, lead in favourites(votes) if track_id in allowed}
        # Among equals the order of `favourites` stays.
        scores = np.array(list(leads.values()), np.float64) - np.linspace(0, 0.5, len(leads))
        chosen = await self._choose(
            question, [Scored(list(leads), scores)], known, MIN_DIVERSITY_WITHOUT_LIKES
        )
        picks = tuple(Pick(card, float(leads[card.id]), Reason(ReasonKind.POPULAR)) for card in chosen.cards)
        return picks, {**candidates.left_out, **chosen.left_out, LeftOut.UNPOPULAR: len(allowed) - len(leads)}

    async def _choose(
        self, question: _Question, rankings: list[Scored], known: Sequence[int], least_diversity: float
    ) -> Chosen:
        return await self._engine.chooser.choose(
            question.guild_id,
            rankings,
            question.channels,
            known=known,
            steering=question.steering,
            limit=question.limit,
            least_diversity=least_diversity,
        )


class _Reasons:
    """Says of each track what carried it."""

    def __init__(self, question: _Question, taste: Taste, ranked: Ranked) -> None:
        self._question = question
        self._taste = taste
        self._ranked = ranked
        self._rows = {track_id: row for row, track_id in enumerate(ranked.tracks)}
        self._by_sound = _places(ranked.scores)
        self._by_others = _places(ranked.scores if ranked.preferences is None else ranked.preferences)

    def of(self, track_id: int) -> tuple[float, Reason]:
        """Its score, and the evidence without which that would be lower."""
        ranked, you, row = self._ranked, self._question.you, self._rows[track_id]
        score = float(ranked.scores[row])
        if not ranked.likes:
            return score, Reason(ReasonKind.UNLIKE_DISLIKED, you=you)
        if (
            ranked.preferences is not None
            and self._by_others[row] < self._question.limit <= self._by_sound[row]
        ):
            like = ranked.colikes.carrier(ranked.votes, track_id) if ranked.colikes else None
            if like is not None:
                return float(ranked.preferences[row]), Reason(ReasonKind.COLIKED, carrier=like, you=you)
        place = int(ranked.carriers[row])
        match = percent(float(ranked.matches[row, place]))
        if not match:
            return score, Reason(ReasonKind.NEW, you=you)
        return score, self._close_to(ranked.evidence[place], match)

    def _close_to(self, carrier: int, match: int) -> Reason:
        said = self._taste.best[carrier]
        of_server = self._question.user_id is None and said.user_id != UNSAVED_FEEDBACK
        known_since = not of_server and said.user_id != UNSAVED_FEEDBACK
        return Reason(
            ReasonKind.SERVER if of_server else REASON_OF_SIGNAL[said.signal],
            percent=match,
            carrier=carrier if said.visible_to_reader else None,
            likes=self._taste.likes.get(carrier, 0),
            you=self._question.you,
            when=month(said.at, self._question.now) if known_since else "",
        )


def _places(scores: Array) -> NDArray[np.intp]:
    """Each one's place in the order of scores, from 0."""
    places = np.empty(len(scores), np.intp)
    places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return places


def _note(
    question: _Question,
    taste: Taste,
    ranked: Ranked,
    among: Sequence[int],
    left_out: Mapping[LeftOut, int],
    found: int,
) -> str:
    by_filters = {rule for rule, number in left_out.items() if number} - {LeftOut.UNPOPULAR}
    if not found and not taste.weights and not by_filters:
        return NOTHING_NOTE
    heard = bool(ranked.evidence or not among)
    if question.user_id is not None and not question.you:
        left_out = without_private_counts(left_out)
    by = "" if question.user_id is None or not found else going_by(taste, heard=heard, you=question.you)
    return f"{by} {shortage(found, question.limit, left_out, len(taste.likes))}".strip()
