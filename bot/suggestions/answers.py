"""Stored answers, so that their pages and buttons work for as long as the message stands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import NotFound
from bot.library.cards import TrackCard
from bot.library.catalog import Catalog
from bot.library.opt_outs import opted_out_members
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.pick import PAGE_SIZE, Pick
from bot.suggestions.wording import ForDiscord, Reason, explain
from models import NOBODY, Answer, AnswerKind, MessageTrack, Suggestion, Track


@dataclass(frozen=True)
class Subject:
    """What an answer is about. What has an id is named whenever a page is shown, as it may be then.

    track_id: of the library; source: or the link or file that was asked with and isn't stored; member_id: whom it is
    for; asked_title: of a song outside the library; blend_name: what to call what it blends; period: the digest's.
    """

    track_id: int | None = None
    member_id: int | None = None
    asked_title: str = ""
    blend_name: str = ""
    period: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


NO_SUBJECT = Subject()


@dataclass(frozen=True)
class NewAnswer:
    """An answer to be kept: to whom, where, and what; `user_id`: who asked, NOBODY for the bot itself."""

    guild_id: int
    channel_id: int
    user_id: int
    kind: AnswerKind
    picks: Sequence[Pick]
    about: Subject = NO_SUBJECT
    note: str = ""
    private: bool = False


@dataclass(frozen=True)
class ShownSuggestion:
    """One suggestion on a page; `rank` counts from 1."""

    rank: int
    card: TrackCard
    percent: int
    score: float
    why: str


@dataclass(frozen=True)
class AnswerPage:
    """One page of an answer, as its audience may see it now; `number` counts from 0.

    `track`: what was asked about, if it may be named; `asked_title`: of one outside the library.
    `member_id`: whom it is for; NOBODY for a member who is forgotten, None for the server.
    `message_id`: where it stands; None until it is shown.
    """

    answer_id: int
    guild_id: int
    message_id: int | None
    user_id: int
    kind: AnswerKind
    private: bool
    track: TrackCard | None
    member_id: int | None
    asked_title: str
    blend_name: str
    note: str
    source: Mapping[str, Any]
    number: int
    pages: int
    suggestions: tuple[ShownSuggestion, ...]


class Answers:
    """Answers to /similar and /recommend, and the digest's pick."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    async def save(self, given: NewAnswer) -> int:
        """Keep an answer before it is shown; returns its id. It is nobody's if who asked opted out."""
        async with self._store.begin() as session:
            unnamed = await opted_out_members(session, given.guild_id)
            answer = _answer(given, unnamed)
            about = given.about
            asked = [about.track_id] if about.track_id else []
            there = await _still_there(session, [*asked, *(pick.card.id for pick in given.picks)])
            answer.track_id = about.track_id if about.track_id in there else None
            kept = [pick for pick in given.picks if pick.card.id in there]
            answer.suggestions = [_suggestion(rank, pick, unnamed) for rank, pick in enumerate(kept, 1)]
            session.add(answer)
        return answer.id

    async def page(self, answer_id: int, number: int, channels: VisibleChannels) -> AnswerPage:
        """A page, the nearest there is to `number`; suggestions that are gone or hidden by now are left out.

        Raises NotFound if the answer is gone.
        """
        async with self._store.session() as session:
            answer = await session.get(Answer, answer_id)
            if answer is None:
                raise NotFound("That answer is gone. Ask again.")
            every = select(func.count()).where(Suggestion.answer_id == answer_id)
            pages = max(1, -(-(await session.scalar(every) or 0) // PAGE_SIZE))
            number = min(max(number, 0), pages - 1)
            rows = (
                select(Suggestion)
                .where(Suggestion.answer_id == answer_id)
                .order_by(Suggestion.rank)
                .offset(number * PAGE_SIZE)
                .limit(PAGE_SIZE)
            )
            suggestions = list(await session.scalars(rows))
            unnamed = await opted_out_members(session, answer.guild_id)
        reasons = [_unnamed(Reason.read(row.why), unnamed) for row in suggestions]
        asked = answer.track_id or 0
        wanted = dict.fromkeys(
            [*(row.track_id for row in suggestions), *(r.carrier for r in reasons if r.carrier), asked]
        )
        cards = {c.id: c for c in await self._catalog.cards(answer.guild_id, list(wanted), channels)}
        return AnswerPage(
            answer_id=answer_id,
            guild_id=answer.guild_id,
            message_id=answer.message_id,
            user_id=answer.user_id,
            kind=AnswerKind(answer.kind),
            private=answer.private,
            track=cards.get(asked),
            member_id=NOBODY if answer.member_id in unnamed else answer.member_id,
            asked_title=answer.asked_title,
            blend_name=_without(answer.blend_name, unnamed),
            note=answer.note,
            source=answer.source,
            number=number,
            pages=pages,
            suggestions=tuple(
                _shown(row, reason, cards)
                for row, reason in zip(suggestions, reasons, strict=True)
                if row.track_id in cards
            ),
        )

    async def shown(self, page: AnswerPage, message_id: int, *, now: datetime | None = None) -> None:
        """A page stands in this message: from now on reactions to it are about its tracks."""
        track_ids = [shown.card.id for shown in page.suggestions]
        first_time = (
            update(Suggestion)
            .where(Suggestion.answer_id == page.answer_id, Suggestion.track_id.in_(track_ids))
            .where(Suggestion.shown_at.is_(None))
            .values(shown_at=now or datetime.now(UTC))
        )
        place = update(Answer).where(Answer.id == page.answer_id).values(message_id=message_id)
        async with self._store.begin() as session:
            await session.execute(place)
            await session.execute(first_time)
            about = [
                {"message_id": message_id, "track_id": track_id, "guild_id": page.guild_id}
                for track_id in await _still_there(session, track_ids)
            ]
            if about:
                await session.execute(self._store.insert(MessageTrack).values(about).on_conflict_do_nothing())


async def _still_there(session: AsyncSession, track_ids: Sequence[int]) -> set[int]:
    """Those of the tracks that weren't removed meanwhile, and won't be before this transaction ends."""
    tracks = select(Track.id).where(Track.id.in_(track_ids)).with_for_update(read=True, key_share=True)
    return set(await session.scalars(tracks))


def _answer(given: NewAnswer, unnamed: Collection[int]) -> Answer:
    about, theirs = given.about, given.user_id in unnamed
    return Answer(
        guild_id=given.guild_id,
        channel_id=given.channel_id,
        user_id=NOBODY if theirs else given.user_id,
        kind=given.kind,
        private=given.private,
        member_id=NOBODY if about.member_id in unnamed else about.member_id,
        asked_title=about.asked_title,
        blend_name=_without(about.blend_name, unnamed),
        period=about.period,
        note=given.note,
        source={} if theirs else dict(about.source),
        created_at=datetime.now(UTC),
    )


def _unnamed(reason: Reason, unnamed: Collection[int]) -> Reason:
    """A reason that names nobody who opted out."""
    return replace(reason, user_id=NOBODY, you=False) if reason.user_id in unnamed else reason


def _without(text: str, unnamed: Collection[int]) -> str:
    """What an answer blends, with "somebody" for who opted out."""
    for user_id in unnamed:
        text = text.replace(f"<@{user_id}>", "somebody")
    return text


def _suggestion(rank: int, pick: Pick, unnamed: Collection[int]) -> Suggestion:
    return Suggestion(
        rank=rank,
        track_id=pick.card.id,
        percent=pick.percent,
        score=pick.score,
        why=asdict(_unnamed(pick.reason, unnamed)),
        arm=pick.arm or "",
    )


def _shown(row: Suggestion, reason: Reason, cards: Mapping[int, TrackCard]) -> ShownSuggestion:
    card = cards[row.track_id]
    why = explain(reason, card, cards.get(reason.carrier or 0), ForDiscord())
    return ShownSuggestion(row.rank, card, row.percent, row.score, why)
