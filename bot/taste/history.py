"""Everything that members did about tracks, read as evidence of their taste; and the tracks they hid."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, false, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from bot.errors import NotFound
from bot.library.opt_outs import check_not_opted_out
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels, visible
from bot.taste.evidence import Event, Signal, vote_events
from bot.taste.feedback import Feedback
from models import Answer, Hidden, Share, Suggestion, Track

IGNORED_AFTER = timedelta(days=1)  # since a suggestion was shown: from then on silence counts against it
IGNORED_WITHIN = timedelta(days=180)  # and until then


class History:
    """Reads members' events from the database, and keeps which tracks they hid."""

    def __init__(self, store: Store, feedback: Feedback) -> None:
        self._store = store
        self._feedback = feedback

    # -- evidence ------------------------------------------------------------------------------------------

    async def events(
        self,
        guild_id: int,
        user_id: int | None = None,
        *,
        channels: VisibleChannels = None,
        now: datetime | None = None,
    ) -> list[Event]:
        """Everything that a member, or all of them, did about tracks; whoever sees `channels` may know some of it."""
        now = now or datetime.now(UTC)
        events = vote_events(await self._feedback.votes(guild_id, user_id, channels=channels))
        async with self._store.session() as session:
            for signal, query in _said(guild_id, user_id, channels):
                rows = await session.execute(query)
                events += [
                    Event(track_id, who, signal, at, bool(may_know)) for track_id, who, at, may_know in rows
                ]
            said = {(event.user_id, event.track_id) for event in events}
            shown = await session.execute(_shown(guild_id, user_id, channels, now))
            events += [
                Event(track_id, who, Signal.IGNORED, at, bool(may_know))
                for track_id, who, at, may_know in shown
                if (who, track_id) not in said
            ]
        return [event for event in events if event.user_id]  # 0: the bot itself, or somebody who is forgotten

    # -- hiding --------------------------------------------------------------------------------------------

    async def hide(self, guild_id: int, user_id: int, track_id: int, *, at: datetime | None = None) -> None:
        """Never suggest a track to a member again. Raises NotFound if it is gone, and OptedOut."""
        values = {"guild_id": guild_id, "user_id": user_id, "track_id": track_id}
        async with self._store.begin() as session:
            track = await session.get(Track, track_id)
            if track is None or track.guild_id != guild_id:
                raise NotFound("That song is no longer in the library.")
            await check_not_opted_out(session, guild_id, user_id)
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


def _said(
    guild_id: int, user_id: int | None, channels: VisibleChannels
) -> list[tuple[Signal, Select[*tuple[Any, ...]]]]:
    """What members did beside voting: rows of track, member, when they did so last, and whether the reader may know."""
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
    known_to_reader: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    theirs = [] if user_id is None else [table.user_id == user_id]
    last = func.coalesce(
        func.max(case((known_to_reader, at))), func.max(at)
    )  # of what the reader may know, if anything
    query = select(table.track_id, table.user_id, last, func.max(case((known_to_reader, 1), else_=0)))
    return query.where(table.guild_id == guild_id, *theirs).group_by(table.track_id, table.user_id)


def _in_public(channels: VisibleChannels) -> ColumnElement[bool]:
    """Answers that everybody saw who sees these channels."""
    return true() if channels is None else and_(Answer.channel_id.in_(channels), Answer.private.is_(False))


def _shown(
    guild_id: int, user_id: int | None, channels: VisibleChannels, now: datetime
) -> Select[*tuple[Any, ...]]:
    """What members were shown long enough ago to have said something."""
    theirs = [] if user_id is None else [Answer.user_id == user_id]
    known_to_reader = func.max(case((_in_public(channels), 1), else_=0))
    return (
        select(Suggestion.track_id, Answer.user_id, func.max(Suggestion.shown_at), known_to_reader)
        .join(Answer, Answer.id == Suggestion.answer_id)
        .where(Answer.guild_id == guild_id, *theirs)
        .where(Suggestion.shown_at.between(now - IGNORED_WITHIN, now - IGNORED_AFTER))
        .group_by(Suggestion.track_id, Answer.user_id)
    )
