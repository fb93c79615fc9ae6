"""Shares, the messages about tracks, and members' reactions."""

from datetime import datetime
from enum import IntEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import NOBODY, Base
from models.track import Source, Track


def command_line_message(user_id: int) -> int:
    """What stands for the message's id where a track is shared on the command line.

    The primary key of a share needs a message id: this is one that no message has, and another for each sharer.
    """
    return -user_id


def is_on_command_line(message_id: int) -> bool:
    """Whether this stands for the command line instead of a message."""
    return message_id <= 0


def is_member(user_id: int) -> bool:
    """Whether this is a member's id; on the command line a track may be shared in nobody's name."""
    return user_id != NOBODY


class Share(Base):
    """A member shared a track in a message, or on the command line (channel 0, `command_line_message`)."""

    __tablename__ = "shares"
    __table_args__ = (
        Index(None, "track_id"),
        Index(None, "guild_id", "shared_at"),
        Index(None, "guild_id", "user_id"),
        Index(None, "source_id"),
    )

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    guild_id: Mapped[int]
    channel_id: Mapped[int]
    user_id: Mapped[int]
    url: Mapped[str] = mapped_column(default="")  # the link that was posted, shown where this share may be
    shared_at: Mapped[datetime]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))  # where it led to, which names the track

    track: Mapped[Track] = relationship()
    source: Mapped[Source] = relationship()


class Reply(Base):
    """The one message in which the bot answers a share; `reply_id` is empty until Discord has given it."""

    __tablename__ = "replies"

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[int]
    channel_id: Mapped[int]
    reply_id: Mapped[int | None] = mapped_column(unique=True)


class MessageTrack(Base):
    """A message is about a track: a share, the bot's reply to it, or a suggestion."""

    __tablename__ = "message_tracks"
    __table_args__ = (Index(None, "track_id"), Index(None, "guild_id", "track_id"))

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    guild_id: Mapped[int]


class VoteKind(IntEnum):
    """The two values of a vote."""

    LIKE = 1  # 👍
    DISLIKE = -1  # 👎


class Reaction(Base):
    """A member's 👍 or 👎 on a message, or on one track of it (a button).

    Kept whether or not the message's tracks are ready yet. `track_id` is 0 for a reaction to the whole message.
    """

    __tablename__ = "reactions"
    # Not by guild first: SQLite would then read all of a server's reactions to find those of a few messages.
    __table_args__ = (Index(None, "user_id", "guild_id"),)

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=0)
    kind: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # a VoteKind
    guild_id: Mapped[int]
    created_at: Mapped[datetime]


class Hidden(Base):
    """A member wants a track never to be suggested to them again."""

    __tablename__ = "hidden"
    __table_args__ = (Index(None, "track_id"),)

    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    hidden_at: Mapped[datetime]
