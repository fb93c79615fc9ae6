"""Votes: the one place that reads reactions to messages as likes and dislikes of tracks."""

from sqlalchemy import BindParameter, ColumnElement, Subquery, and_, exists, func, or_, select, true

from models import Answer, MessageTrack, Reaction, Share, Suggestion, VoteKind

EVERY_SHARE = true()


def standing_votes(
    guild_id: int | BindParameter[int],
    *where: ColumnElement[bool],
    shares: ColumnElement[bool] = EVERY_SHARE,
) -> Subquery:
    """Every member's vote on every track of a server: columns track_id, user_id, kind (a VoteKind), at.

    A member's reactions to all messages about a track are read together, and the latest counts. A 👍 of someone who
    shared the track doesn't, as far as the reader may know of their `shares`: one that is hidden must not show in a
    count either. `where` narrows it down by MessageTrack or Reaction.
    """
    newest_first = (Reaction.created_at.desc(), Reaction.message_id.desc(), Reaction.kind)
    reactions = (
        select(
            MessageTrack.track_id,
            Reaction.user_id,
            Reaction.kind,
            Reaction.created_at.label("at"),
            func.row_number()
            .over(partition_by=(MessageTrack.track_id, Reaction.user_id), order_by=newest_first)
            .label("age"),
        )
        .join(Reaction, Reaction.message_id == MessageTrack.message_id)
        .where(MessageTrack.guild_id == guild_id, Reaction.guild_id == guild_id, is_about_track(), *where)
        .subquery()
    )
    own_like = and_(
        reactions.c.kind == VoteKind.LIKE,
        exists().where(
            Share.track_id == reactions.c.track_id,
            Share.user_id == reactions.c.user_id,
            shares,
        ),
    )
    return (
        select(reactions.c.track_id, reactions.c.user_id, reactions.c.kind, reactions.c.at)
        .where(reactions.c.age == 1, ~own_like)
        .subquery()
    )


def is_about_track() -> ColumnElement[bool]:
    """A button is about its track; an emoji about every track that its message showed by then."""
    shown_later = exists().where(
        Answer.message_id == MessageTrack.message_id,
        Suggestion.answer_id == Answer.id,
        Suggestion.track_id == MessageTrack.track_id,
        Suggestion.shown_at > Reaction.created_at,
    )
    return or_(Reaction.track_id == MessageTrack.track_id, and_(Reaction.track_id == 0, ~shown_later))
