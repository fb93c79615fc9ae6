"""Which digests were posted."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class DigestState(StrEnum):
    """How far the posting of a digest is."""

    CLAIMED = "claimed"
    POSTED = "posted"


class Digest(Base):
    """A server's digest of one week, month or year; the row is claimed before posting, so that there is only one."""

    __tablename__ = "digests"

    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    period: Mapped[str] = mapped_column("week", primary_key=True)  # as written: 2026-W47, 2026-11 or 2026
    state: Mapped[str]  # a DigestState
    channel_id: Mapped[int]
    message_id: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=1)
    claimed_until: Mapped[datetime]  # nobody else tries before
    since: Mapped[datetime]  # what it covers, from then
    until: Mapped[datetime]
    posted_at: Mapped[datetime | None]
