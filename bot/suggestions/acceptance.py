"""How many suggestions were liked, by week, reason and arm (interleaved A/B test); and which arms a server compares."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from bot.errors import NotFound
from bot.library.store import Store
from bot.suggestions.pick import Arm
from bot.suggestions.wording import Reason, ReasonKind
from bot.taste.feedback import Feedback, Vote
from models import NOBODY, Answer, AnswerKind, Guild, Suggestion, VoteKind

WEEKS_COUNTED = 12  # in a table

Group = tuple[str, ReasonKind, Arm | None]  # what is counted together: a week, a reason, an arm


@dataclass(frozen=True)
class Acceptance:
    """How suggestions of a week (ISO, 2026-W47) with one reason, by one arm, were taken.

    liked, disliked: those that `AcceptanceReport.by_week` counts a vote for.
    """

    week: str
    evidence: ReasonKind
    arm: Arm | None
    shown: int
    liked: int
    disliked: int


class AcceptanceReport:
    """Counts how suggestions were taken, and keeps which strategies are compared."""

    def __init__(self, store: Store, feedback: Feedback) -> None:
        self._store = store
        self._feedback = feedback

    async def by_week(self, guild_id: int, *, now: datetime | None = None) -> list[Acceptance]:
        """How suggestions were taken, by week, reason and arm; the newest week first.

        A vote counts if whoever asked gave it after they were shown the track, and for the latest time only; of what
        the bot posted itself anybody's does. What was suggested to members who are forgotten says nothing any more.
        """
        since = (now or datetime.now(UTC)) - timedelta(weeks=WEEKS_COUNTED)
        query = (
            select(Suggestion.track_id, Suggestion.shown_at, Suggestion.why, Suggestion.arm, Answer.user_id)
            .join(Answer, Answer.id == Suggestion.answer_id)
            .where(Answer.guild_id == guild_id, Suggestion.shown_at >= since)
            .where(or_(Answer.user_id != NOBODY, Answer.kind == AnswerKind.DIGEST))
            .order_by(Suggestion.shown_at, Suggestion.answer_id, Suggestion.rank)
        )
        async with self._store.session() as session:
            shown = [_Impression(*row) for row in await session.execute(query)]
        taken = _taken(shown, await self._feedback.votes(guild_id))
        counts: dict[Group, Counter[str]] = defaultdict(Counter)
        for place, impression in enumerate(shown):
            tally = counts[_week(impression.at), Reason.read(impression.why).evidence, _arm(impression.arm)]
            tally.update(
                shown=1, liked=VoteKind.LIKE in taken[place], disliked=VoteKind.DISLIKE in taken[place]
            )
        return [
            Acceptance(*key, shown=tally["shown"], liked=tally["liked"], disliked=tally["disliked"])
            for key, tally in sorted(counts.items(), key=_order, reverse=True)
        ]

    # -- comparing two strategies --------------------------------------------------------------------------

    async def arms(self, guild_id: int) -> tuple[Arm, ...]:
        """The two strategies that are compared in a server; none if nothing is compared."""
        async with self._store.session() as session:
            arms = await session.scalar(select(Guild.arms).where(Guild.id == guild_id))
        return tuple(map(Arm, arms.split(","))) if arms else ()

    async def compare(self, guild_id: int, arms: Collection[str]) -> None:
        """From now on take suggestions from two strategies in turn; from none: stop. Raises NotFound."""
        if arms and (len(set(arms)) != 2 or not set(arms) <= set(Arm)):
            raise NotFound(f"Name two of {', '.join(Arm)}.")
        async with self._store.begin() as session:
            row = self._store.insert(Guild).values(id=guild_id, arms=",".join(arms))
            await session.execute(
                row.on_conflict_do_update(index_elements=[Guild.id], set_={"arms": row.excluded.arms})
            )


@dataclass(frozen=True)
class _Impression:
    """A track that was shown to a member, or by the bot itself to everybody (NOBODY)."""

    track_id: int
    at: datetime
    why: dict[str, Any]
    arm: str
    user_id: int


def _taken(shown: Sequence[_Impression], votes: Iterable[Vote]) -> dict[int, set[int]]:
    """By the place of each impression, oldest first: the kinds of the votes that it was the latest before."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, impression in enumerate(shown):
        places[impression.track_id].append(place)
    taken: dict[int, set[int]] = defaultdict(set)
    for vote in votes:
        for place in reversed(places[vote.track_id]):
            if shown[place].at <= vote.at and shown[place].user_id in {NOBODY, vote.user_id}:
                taken[place].add(vote.kind)
                break
    return taken


def _arm(stored: str) -> Arm | None:
    return Arm(stored) if stored else None


def _order(counted: tuple[Group, Counter[str]]) -> tuple[str, ReasonKind, str]:
    (week, evidence, arm), _ = counted
    return week, evidence, arm or ""


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"
