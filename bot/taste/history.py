"""What was suggested and what became of it; what members hid; and what all of this says about their taste."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from bot.errors import NotFound
from bot.library.cards import Channels, visible
from bot.library.store import Store
from bot.taste.evidence import Event, Signal, vote_events
from bot.taste.explain import Evidence, Reason
from bot.taste.feedback import Feedback, Vote
from models import Answer, Guild, Hidden, Share, Suggestion, Track

OVERLOOKED = timedelta(days=1)  # after which silence about a suggestion means something
REMEMBERED = timedelta(days=180)  # how long it does
WEEKS = 12  # in a table
DIGEST = "digest"  # the kind of answer that the bot posts itself
ARMS = ("ours", "sound", "plain")
"""What can be compared: everything; without what others like; Qdrant's best_score over the calibrated matches.

The same rules follow all of them. The first two are one list while a server has too few votes to learn from.
"""


@dataclass(frozen=True)
class Acceptance:
    """How suggestions of a week (ISO, 2026-W47) with one reason, by one arm, were taken.

    liked, disliked: those that `History.acceptance` counts a vote for.
    """

    week: str
    evidence: Evidence
    arm: str
    shown: int
    liked: int
    disliked: int


class History:
    """Reads and keeps what suggestions were answered with."""

    def __init__(self, store: Store, feedback: Feedback) -> None:
        self._store = store
        self._feedback = feedback

    # -- evidence ------------------------------------------------------------------------------------------

    async def events(
        self,
        guild_id: int,
        user_id: int | None = None,
        *,
        channels: Channels = None,
        now: datetime | None = None,
    ) -> list[Event]:
        """Everything that a member, or all of them, did about tracks, and what of it may be told in `channels`."""
        now = now or datetime.now(UTC)
        events = vote_events(await self._feedback.votes(guild_id, user_id))
        async with self._store.session() as session:
            for signal, query in _said(guild_id, user_id, channels):
                rows = await session.execute(query)
                events += [Event(track_id, who, signal, at, bool(told)) for track_id, who, at, told in rows]
            said = {(event.user_id, event.track_id) for event in events}
            shown = await session.execute(_shown(guild_id, user_id, channels, now))
            events += [
                Event(track_id, who, Signal.IGNORED, at, bool(told))
                for track_id, who, at, told in shown
                if (who, track_id) not in said
            ]
        return [event for event in events if event.user_id]  # 0: the bot itself, or somebody who is forgotten

    # -- hiding --------------------------------------------------------------------------------------------

    async def hide(self, guild_id: int, user_id: int, track_id: int, *, at: datetime | None = None) -> None:
        """Never suggest a track to a member again. Raises NotFound if it is gone."""
        values = {"guild_id": guild_id, "user_id": user_id, "track_id": track_id}
        async with self._store.begin() as session:
            if await session.get(Track, track_id) is None:
                raise NotFound("That song is no longer in the library.")
            row = self._store.insert(Hidden).values(**values, hidden_at=at or datetime.now(UTC))
            await session.execute(row.on_conflict_do_nothing())

    async def unhide(self, guild_id: int, user_id: int, track_id: int) -> None:
        """Take that back."""
        mine = and_(Hidden.guild_id == guild_id, Hidden.user_id == user_id, Hidden.track_id == track_id)
        async with self._store.begin() as session:
            await session.execute(delete(Hidden).where(mine))

    async def hidden(self, guild_id: int, user_id: int | None) -> set[int]:
        """The tracks that a member hid; None: nobody asks, so nothing is hidden."""
        if user_id is None:
            return set()
        query = select(Hidden.track_id).where(Hidden.guild_id == guild_id, Hidden.user_id == user_id)
        async with self._store.session() as session:
            return set(await session.scalars(query))

    # -- suggestions ---------------------------------------------------------------------------------------

    async def acceptance(self, guild_id: int, *, now: datetime | None = None) -> list[Acceptance]:
        """How suggestions were taken, by week, reason and arm; the newest week first.

        A vote counts if whoever asked gave it after they were shown the track, and for the latest time only; of what
        the bot posted itself anybody's does. What was suggested to members who are forgotten says nothing any more.
        """
        since = (now or datetime.now(UTC)) - timedelta(weeks=WEEKS)
        query = (
            select(Suggestion.track_id, Suggestion.shown_at, Suggestion.why, Suggestion.arm, Answer.user_id)
            .join(Answer, Answer.id == Suggestion.answer_id)
            .where(Answer.guild_id == guild_id, Suggestion.shown_at >= since)
            .where(or_(Answer.user_id != 0, Answer.kind == DIGEST))
            .order_by(Suggestion.shown_at, Suggestion.answer_id, Suggestion.rank)
        )
        async with self._store.session() as session:
            shown = [_Showing(*row) for row in await session.execute(query)]
        taken = _taken(shown, await self._feedback.votes(guild_id))
        counts: dict[tuple[str, Evidence, str], Counter[str]] = defaultdict(Counter)
        for place, showing in enumerate(shown):
            tally = counts[_week(showing.at), Reason.read(showing.why).evidence, showing.arm]
            tally.update(shown=1, liked=+1 in taken[place], disliked=-1 in taken[place])
        return [
            Acceptance(*key, shown=tally["shown"], liked=tally["liked"], disliked=tally["disliked"])
            for key, tally in sorted(counts.items(), reverse=True)
        ]

    # -- comparing two strategies --------------------------------------------------------------------------

    async def arms(self, guild_id: int) -> tuple[str, ...]:
        """The two strategies that are compared in a server; none if nothing is compared."""
        async with self._store.session() as session:
            arms = await session.scalar(select(Guild.arms).where(Guild.id == guild_id))
        return tuple(arms.split(",")) if arms else ()

    async def compare(self, guild_id: int, arms: Collection[str]) -> None:
        """From now on take suggestions from two strategies in turn; from none: stop. Raises NotFound."""
        if arms and (len(set(arms)) != 2 or not set(arms) <= set(ARMS)):
            raise NotFound(f"Name two of {', '.join(ARMS)}.")
        async with self._store.begin() as session:
            row = self._store.insert(Guild).values(id=guild_id, arms=",".join(arms))
            await session.execute(
                row.on_conflict_do_update(index_elements=[Guild.id], set_={"arms": row.excluded.arms})
            )


def _said(
    guild_id: int, user_id: int | None, channels: Channels
) -> list[tuple[Signal, Select[*tuple[Any, ...]]]]:
    """What members did beside voting: rows of track, member, when they did so last, and whether it may be told."""
    by_themselves = true() if channels is None else false()
    asked = _last(Answer, Answer.created_at, guild_id, user_id, _in_public(channels))
    return [
        (Signal.SHARED, _last(Share, Share.shared_at, guild_id, user_id, visible(channels))),
        (Signal.MORE, asked.where(Answer.track_id.is_not(None))),
        (Signal.HIDDEN, _last(Hidden, Hidden.hidden_at, guild_id, user_id, by_themselves)),
    ]


def _last(
    table: type[Share | Answer | Hidden],
    at: InstrumentedAttribute[datetime],
    guild_id: int,
    user_id: int | None,
    told: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    theirs = [] if user_id is None else [table.user_id == user_id]
    last = func.coalesce(func.max(case((told, at))), func.max(at))  # of what may be told, if anything
    query = select(table.track_id, table.user_id, last, func.max(case((told, 1), else_=0)))
    return query.where(table.guild_id == guild_id, *theirs).group_by(table.track_id, table.user_id)


def _in_public(channels: Channels) -> ColumnElement[bool]:
    """Answers that everybody saw who sees these channels."""
    return true() if channels is None else and_(Answer.channel_id.in_(channels), Answer.private.is_(False))


def _shown(guild_id: int, user_id: int | None, channels: Channels, now: datetime) -> Select[*tuple[Any, ...]]:
    """What members were shown long enough ago to have said something."""
    theirs = [] if user_id is None else [Answer.user_id == user_id]
    told = func.max(case((_in_public(channels), 1), else_=0))
    return (
        select(Suggestion.track_id, Answer.user_id, func.max(Suggestion.shown_at), told)
        .join(Answer, Answer.id == Suggestion.answer_id)
        .where(Answer.guild_id == guild_id, *theirs)
        .where(Suggestion.shown_at.between(now - REMEMBERED, now - OVERLOOKED))
        .group_by(Suggestion.track_id, Answer.user_id)
    )


@dataclass(frozen=True)
class _Showing:
    """A track that was suggested to a member, or by the bot itself to everybody (0)."""

    track_id: int
    at: datetime
    why: dict[str, Any]
    arm: str
    user_id: int


def _taken(shown: Sequence[_Showing], votes: Iterable[Vote]) -> dict[int, set[int]]:
    """By the place of each showing, oldest first: the kinds of the votes that it was the latest before."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, showing in enumerate(shown):
        places[showing.track_id].append(place)
    taken: dict[int, set[int]] = defaultdict(set)
    for vote in votes:
        for place in reversed(places[vote.track_id]):
            if shown[place].at <= vote.at and shown[place].user_id in {0, vote.user_id}:
                taken[place].add(vote.kind)
                break
    return taken


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"
