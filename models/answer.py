"""What was suggested to whom, where, when and why."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, RowId
from models.track import Track


class AnswerKind(StrEnum):
    """What an answer answers."""

    SIMILAR = "similar"
    RECOMMEND = "recommend"
    TOGETHER = "together"  # for several members
    ALCHEMY = "alchemy"
    DIGEST = "digest"  # nobody asked: the suggestion in a digest


class Answer(Base):
    """One answer to /similar or /recommend, or the digest's pick; its pages are slices of its suggestions."""

    __tablename__ = "answers"
    __table_args__ = (Index(None, "guild_id", "user_id"), Index(None, "message_id"), Index(None, "track_id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    channel_id: Mapped[int]
    message_id: Mapped[int | None]
    user_id: Mapped[int]  # who asked; NOBODY for the bot itself
    kind: Mapped[str]  # an AnswerKind
    private: Mapped[bool]
    track_id: Mapped[int | None] = mapped_column(ForeignKey("tracks.id", ondelete="SET NULL"))  # asked about
    member_id: Mapped[int | None]  # whom it is for; NOBODY: a member who is forgotten
    asked_title: Mapped[str] = mapped_column(default="")  # of a song outside the library that it is about
    blend_name: Mapped[str] = mapped_column(
        default=""
    )  # whose tastes, or what, it blends; members as mentions
    period: Mapped[str | None]  # the digest's that it belongs to: a Digest.week
    note: Mapped[str] = mapped_column(default="")  # what its reader should know
    source: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict
    )  # the link or file asked with, not stored
    created_at: Mapped[datetime]

    suggestions: Mapped[list["Suggestion"]] = relationship(
        cascade="all, delete-orphan", order_by="Suggestion.rank"
    )


class Suggestion(Base):
    """One track of an answer; `shown_at` is empty until its page was shown."""

    __tablename__ = "suggestions"
    __table_args__ = (Index(None, "track_id"),)

    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"))
    percent: Mapped[int]
    score: Mapped[float]
    why: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # a bot.suggestions.wording.Reason
    arm: Mapped[str] = mapped_column(
        default=""
    )  # a bot.suggestions.pick.Arm, or "" where nothing is compared
    shown_at: Mapped[datetime | None]

    track: Mapped[Track] = relationship()
