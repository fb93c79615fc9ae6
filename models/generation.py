"""The generations of a server's vectors, and how each calibrates them."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class GenerationRecord(Base):
    """A complete set of a server's vectors: the one in use (`current`), or one that is being built or was superseded.

    The id is drawn, not counted: another database on the same vector storage never means the same collection.
    """

    __tablename__ = "generations"
    __table_args__ = (UniqueConstraint("guild_id", "current"),)  # NULLs differ from each other

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[int]
    current: Mapped[bool | None]  # true or NULL
    searched: Mapped[list[str]] = mapped_column(JSON)  # names of the vectors that searches use
    begun_at: Mapped[datetime]
    collection: Mapped[str | None]  # of a Qdrant server, shared with others; NULL: it has its own

    calibrations: Mapped[list["GenerationCalibration"]] = relationship(cascade="all, delete-orphan")


class GenerationCalibration(Base):
    """How a generation standardises the raw vectors of one name; without `mean` and `scale` it doesn't."""

    __tablename__ = "generation_calibrations"

    generation_id: Mapped[int] = mapped_column(
        ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[int]
    chance: Mapped[float]  # the cosine that two of the server's tracks typically have
    tracks: Mapped[int]  # measured over so many; 0: not measured
    mean: Mapped[bytes]  # float32, little-endian
    scale: Mapped[bytes]
