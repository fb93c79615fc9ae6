"""Tracks that a new embedder could not be given, because they could not be fetched again."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Relistening(Base):
    """A failed attempt to fetch and embed a track again for newly enabled embedders; `given_up`: for good."""

    __tablename__ = "relistenings"
    __table_args__ = (Index(None, "run_after"),)

    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    names: Mapped[str]  # of the vectors that were wanted then
    attempts: Mapped[int]
    given_up: Mapped[bool]
    reason: Mapped[str]
    run_after: Mapped[datetime]
