"""The ledger: what became of every link and file."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, RowId
from models.share import is_on_command_line


class JobState(StrEnum):
    """How far a job is: queued → fetching → analysing → stored → announced, or failed with a reason."""

    QUEUED = "queued"
    FETCHING = "fetching"
    ANALYSING = "analysing"
    STORED = "stored"
    ANNOUNCED = "announced"
    FAILED = "failed"


class Job(Base):
    """One link or file on its way into the library."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("guild_id", "message_id", "key"),
        Index(None, "done", "run_after"),
        Index(None, "guild_id", "user_id", "created_at"),
        Index(None, "guild_id", "key"),
        Index(None, "track_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    channel_id: Mapped[int]
    message_id: Mapped[int]
    user_id: Mapped[int]
    url: Mapped[str]
    name: Mapped[str] = mapped_column(default="")  # an attachment's file name
    key: Mapped[str]
    shared_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(default=JobState.QUEUED)  # a JobState
    done: Mapped[bool] = mapped_column(default=False)  # nothing left to do, the reply included
    attempts: Mapped[int] = mapped_column(default=0)  # tries that ended in a transient failure
    deaths: Mapped[int] = mapped_column(default=0)  # workers that this job killed
    failure: Mapped[str] = mapped_column(default="")  # a bot.errors.Failure
    reason: Mapped[str] = mapped_column(default="")  # for the member
    track_id: Mapped[int | None] = mapped_column(ForeignKey("tracks.id", ondelete="SET NULL"))
    known: Mapped[bool] = mapped_column(default=False)  # the track, or why there is none, was known before

    owner: Mapped[str] = mapped_column(default="")  # who holds the lease
    lease_until: Mapped[datetime | None]
    run_after: Mapped[datetime]
    created_at: Mapped[datetime]

    @hybrid_property
    def on_command_line(self) -> bool:
        """Whether it was asked for on the command line and not in a message; also as a condition on `jobs`."""
        return is_on_command_line(self.message_id)
