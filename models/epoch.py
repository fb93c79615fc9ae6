"""In which frame a server's vectors stand, and what could not be listened to again."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class GenerationRecord(Base):
    """A collection of a server's vectors: the one in use (`current`), or one that is being made or given up.

    The id is drawn, not counted: another database on the same vector storage never means the same collection.
    """

    __tablename__ = "epochs"
    __table_args__ = (UniqueConstraint("guild_id", "current"),)  # NULLs differ from each other

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[int]
    current: Mapped[bool | None]  # true or NULL
    searched: Mapped[list[str]] = mapped_column(JSON)  # names of the vectors that questions go by
    begun_at: Mapped[datetime]

    frames: Mapped[list["GenerationFrame"]] = relationship(cascade="all, delete-orphan")


class GenerationFrame(Base):
    """What a collection does with raw vectors of one name; no `mean` and `scale`: it leaves them as they are."""

    __tablename__ = "epoch_frames"

    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[int]
    chance: Mapped[float]  # the cosine that two of the server's tracks typically have
    tracks: Mapped[int]  # measured over so many; 0: not measured
    mean: Mapped[bytes]  # float32, little-endian
    scale: Mapped[bytes]


class Relistening(Base):
    """A track that could not be listened to again for the sake of these embedders, so far or for good."""

    __tablename__ = "relistenings"
    __table_args__ = (Index(None, "run_after"),)

    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    names: Mapped[str]  # of the vectors that were wanted then
    attempts: Mapped[int]
    given_up: Mapped[bool]
    reason: Mapped[str]
    run_after: Mapped[datetime]
