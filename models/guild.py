"""A server and what its admins set."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Guild(Base):
    """A server that Earworm is or was in."""

    __tablename__ = "guilds"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest_channel_id: Mapped[int | None]
    digest_weekday: Mapped[int] = mapped_column(default=4)  # Monday is 0
    digest_hour: Mapped[int] = mapped_column(default=18)
    digest_every: Mapped[str] = mapped_column(default="week")  # or month, year: the shortest that gets one
    arms: Mapped[str] = mapped_column(
        default=""
    )  # two strategies to compare, with a comma; "": no comparison
    timezone: Mapped[str] = mapped_column(default="UTC")
    digest_since: Mapped[datetime | None]  # weeks that were due before it are not posted
    digest_trouble: Mapped[str] = mapped_column(default="")  # why it was switched off, unless an admin did it
    forgotten_shares: Mapped[int] = mapped_column(
        default=0
    )  # a day's quota used by members who are forgotten,
    forgotten_at: Mapped[datetime | None]  # the last of them then
    bot_id: Mapped[int | None]  # the bot that was there last; NULL: not known, or none ever was
    left_at: Mapped[datetime | None]  # when that was found to be there no more


class MusicChannel(Base):
    """A channel in which a bare link or file is a share."""

    __tablename__ = "music_channels"

    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_message_id: Mapped[int] = mapped_column(default=0)  # where catching up starts after downtime


class Thread(Base):
    """A thread in which something was shared: who can see it must be known after Discord has archived it too."""

    __tablename__ = "threads"

    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[int]
    private: Mapped[bool]


class Member(Base):
    """A member's name as last seen, for exports, the command line and the digest's files; and what they want."""

    __tablename__ = "members"

    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    quiet: Mapped[bool] = mapped_column(default=False)  # digests don't mention them


class OptOut(Base):
    """A member wants nothing of theirs kept or taken in, from `since` until `until`; NULL: for good."""

    __tablename__ = "opt_outs"

    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
