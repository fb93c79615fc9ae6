"""What is kept of a member in answers: to what they asked, and to what others asked about them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.library.cards import TrackCard
from bot.privacy.members import of_member
from bot.privacy.traces import Erasing, ExportEntry, Reading, Trace, iso, song_of, unseen_song
from bot.suggestions.wording import ForTerminal, Reason, explain
from models import NOBODY, Answer, AnswerKind, MessageTrack, Suggestion


class ForExport(ForTerminal):
    """An export: only its reader is told apart."""

    def person(self, user_id: int) -> str:
        """The reader, or somebody."""
        return self.names.get(user_id, "somebody")


# -- what they asked ---------------------------------------------------------------------------------------


async def _export_questions(reading: Reading) -> list[ExportEntry]:
    query = select(Answer).where(of_member(Answer, reading.guild_id, reading.user_id)).order_by(Answer.id)
    answers = (await reading.session.scalars(query.options(selectinload(Answer.suggestions)))).all()
    reasons = {
        id(each): Reason.read(each.why) for answer in answers for each in answer.suggestions if each.why
    }
    cards = await reading.cards(
        {each.track_id for answer in answers for each in answer.suggestions}
        | {answer.track_id for answer in answers if answer.track_id}
        | {reason.carrier for reason in reasons.values() if reason.carrier}
    )
    wording = ForExport({reading.user_id: "you"})

    def shown(suggestion: Suggestion) -> ExportEntry:
        reason, card = reasons.get(id(suggestion)), cards.get(suggestion.track_id)
        return {
            **(song_of(card) if card else unseen_song(suggestion.track_id)),
            "percent": suggestion.percent,
            "why": explain(reason, card, cards.get(reason.carrier or 0), wording)
            if reason and card
            else None,
            "shown_at": iso(suggestion.shown_at),
        }

    return [
        {
            "asked": answer.kind,
            "about": _about(answer, cards, reading),
            "for": _for_whom(answer, reading.user_id),
            "note": reading.without_others(answer.note) or None,
            "asked_with": _asked_with(answer.source),
            "only_you_saw_it": answer.private,
            "asked_at": iso(answer.created_at),
            **reading.place(answer.channel_id, answer.message_id),
            "shown": [shown(each) for each in answer.suggestions if each.shown_at is not None],
        }
        for answer in answers
    ]


def _about(answer: Answer, cards: Mapping[int, TrackCard], reading: Reading) -> str | None:
    if card := cards.get(answer.track_id or 0):
        return card.label
    return answer.asked_title or reading.without_others(answer.blend_name) or None


def _for_whom(answer: Answer, user_id: int) -> str | None:
    if answer.member_id is None:
        return "the server" if answer.kind == AnswerKind.RECOMMEND else None
    return "you" if answer.member_id == user_id else "somebody else"


def _asked_with(source: Mapping[str, Any]) -> ExportEntry | None:
    """The link or file that somebody asked with."""
    return {"link": source.get("url"), "file": source.get("name") or None} if source else None


async def _erase_questions(erasing: Erasing) -> None:
    """Delete the answers that only they saw; the others stay as nobody's, since others voted on them."""
    session = erasing.session
    asked = of_member(Answer, erasing.guild_id, erasing.user_id)
    private = select(Answer.message_id).where(asked, Answer.private)
    await session.execute(delete(MessageTrack).where(MessageTrack.message_id.in_(private)))
    await session.execute(delete(Answer).where(asked, Answer.private))
    nobodys = {"user_id": NOBODY, "asked_title": "", "blend_name": "", "note": "", "source": {}}
    await session.execute(update(Answer).where(asked).values(nobodys))


# -- what others asked about them --------------------------------------------------------------------------


async def _export_mentions(reading: Reading) -> list[ExportEntry]:
    """Only that it was asked: who asked, and where, is the other's."""
    guild_id, user_id = reading.guild_id, reading.user_id
    rows = await reading.session.scalars(
        select(Answer)
        .where(Answer.guild_id == guild_id, Answer.user_id != user_id, names_member(user_id))
        .order_by(Answer.id)
    )
    answers = {answer.id: answer for answer in rows}
    for suggestion in await _reasoned_with(reading.session, guild_id, user_id):
        answer = await reading.session.get_one(Answer, suggestion.answer_id)
        if answer.user_id != user_id:
            answers[answer.id] = answer
    return [
        {
            "asked": answer.kind,
            "note": reading.without_others(answer.note) or None,
            "asked_at": iso(answer.created_at),
        }
        for _, answer in sorted(answers.items())
    ]


def names_member(user_id: int) -> ColumnElement[bool]:
    """The condition that an answer is for a member, or blends their taste with others'."""
    mentions = Answer.blend_name.contains(f"<@{user_id}>", autoescape=True)
    return or_(Answer.member_id == user_id, mentions)


async def _reasoned_with(session: AsyncSession, guild_id: int, user_id: int) -> list[Suggestion]:
    """The suggestions to groups that a member's taste carried."""
    of_groups = (
        select(Suggestion)
        .join(Answer, Answer.id == Suggestion.answer_id)
        .where(Answer.guild_id == guild_id, Answer.kind == AnswerKind.TOGETHER)
        .order_by(Suggestion.answer_id, Suggestion.rank)
    )
    return [each for each in await session.scalars(of_groups) if each.why.get("user_id") == user_id]


async def _erase_mentions(erasing: Erasing) -> None:
    session, guild_id, user_id = erasing.session, erasing.guild_id, erasing.user_id
    for_them = and_(Answer.guild_id == guild_id, Answer.member_id == user_id)
    await session.execute(update(Answer).where(for_them).values(member_id=NOBODY, note=""))
    mention = f"<@{user_id}>"  # a blend names two
    naming = and_(Answer.guild_id == guild_id, Answer.blend_name.contains(mention, autoescape=True))
    unnamed = func.replace(Answer.blend_name, mention, "somebody")
    await session.execute(update(Answer).where(naming).values(blend_name=unnamed))
    for suggestion in await _reasoned_with(session, guild_id, user_id):
        suggestion.why = {**suggestion.why, "user_id": NOBODY}


def names_or_shows(user_id: int, theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that an answer names a member, or showed songs that they shared: `theirs`, of suggestions."""
    shown = exists().where(Suggestion.answer_id == Answer.id, Suggestion.shown_at.is_not(None), theirs)
    return or_(names_member(user_id), shown)


QUESTIONS = Trace(
    "questions",
    "What you asked, and the songs that you were shown",
    (Answer.user_id,),
    _export_questions,
    _erase_questions,
)
MENTIONS = Trace(
    "asked_about_you",
    "What others asked about your taste",
    (Answer.member_id, Answer.blend_name, Suggestion.why),
    _export_mentions,
    _erase_mentions,
)
