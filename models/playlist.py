"""The vibes of a server, where its songs stand on its map, and the playlists that were posted."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import NOBODY, Base, RowId


class VibeRecord(Base):
    """A group of a server's songs that sound alike, the same from week to week.

    Those that were found last have the newest `found_at`; older ones wait a while for their songs to come together
    again.
    """

    __tablename__ = "vibes"
    __table_args__ = (Index(None, "guild_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    name: Mapped[str]
    named: Mapped[bool] = mapped_column(default=False)  # by an admin
    found_at: Mapped[datetime]

    tracks: Mapped[list["VibeTrack"]] = relationship(cascade="all, delete-orphan")


class VibeTrack(Base):
    """A song belongs to a vibe."""

    __tablename__ = "vibe_tracks"
    __table_args__ = (Index(None, "track_id"),)

    vibe_id: Mapped[int] = mapped_column(ForeignKey("vibes.id", ondelete="CASCADE"), primary_key=True)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)


class MapPosition(Base):
    """Where a song stood on its server's map when that was drawn up last."""

    __tablename__ = "map_places"
    __table_args__ = (Index(None, "guild_id"),)

    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    x: Mapped[float]
    y: Mapped[float]
    placed_at: Mapped[datetime]


class PlaylistRecord(Base):
    """A playlist as it was posted in a week."""

    __tablename__ = "playlists"
    __table_args__ = (
        UniqueConstraint("guild_id", "kind", "subject", "week"),
        Index(None, "guild_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    kind: Mapped[str]  # a bot.playlists.playlist.PlaylistKind
    subject: Mapped[str] = mapped_column(default="")  # which of its kind
    user_id: Mapped[int] = mapped_column(default=NOBODY)  # whose it is, if it was made for a member
    week: Mapped[str]  # ISO, 2026-W47
    name: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    pinned: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    tracks: Mapped[list["PlaylistTrack"]] = relationship(
        cascade="all, delete-orphan", order_by="PlaylistTrack.place"
    )


class PlaylistTrack(Base):
    """A song of a playlist."""

    __tablename__ = "playlist_tracks"
    __table_args__ = (Index(None, "track_id"),)

    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlists.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"))
