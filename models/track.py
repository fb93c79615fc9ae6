"""A track, where it can be found and what it is called there, and how it sounds."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from models.base import Base, RowId

# Letters that Unicode does not take apart into a plain letter and an accent, and signs that people type plainly.
LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}
SIGNS = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\0": ""}
PLAIN = str.maketrans(LETTERS | SIGNS)
# Accents of Latin, Greek and Cyrillic; other scripts' marks are vowels, without which words are not the same.
ACCENTS = re.compile("[\u0300-\u036f]")


def searchable(text: str) -> str:
    """Text as it is searched: without case, accents and spare blanks ("Beyoncé" becomes "beyonce")."""
    text = text.encode("utf-8", "ignore").decode()
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()))
    return " ".join(unicodedata.normalize("NFKC", bare).translate(PLAIN).split())


class Track(Base):
    """One recording in one server's library; what it is called its sources say."""

    __tablename__ = "tracks"
    __table_args__ = (Index(None, "guild_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    seconds: Mapped[float]
    tags: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)  # what it sounds like
    features: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    fingerprint: Mapped[bytes] = mapped_column(default=b"")
    created_at: Mapped[datetime]

    vectors: Mapped[list["TrackVector"]] = relationship(cascade="all, delete-orphan")


class Source(Base):
    """A place that a track was fetched from, and what it is called there; a share is named by its source.

    `key` is the same for every form of the same link. `search_text` follows title and artist by itself.
    """

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("guild_id", "key"), Index(None, "track_id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int]
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"))
    key: Mapped[str]
    url: Mapped[str]
    title: Mapped[str]
    artist: Mapped[str] = mapped_column(default="")
    album: Mapped[str] = mapped_column(default="")
    genres: Mapped[list[str]] = mapped_column(JSON, default=list)
    search_text: Mapped[str]  # searchable title, a line break, searchable artist

    track: Mapped[Track] = relationship()

    @validates("title", "artist")
    def _keep_searchable(self, attribute: str, value: str) -> str:
        now = {"title": self.title or "", "artist": self.artist or "", attribute: value}
        self.search_text = f"{searchable(now['title'])}\n{searchable(now['artist'])}"
        return value


class TrackVector(Base):
    """A track's raw vector by one embedder: what a collection is rebuilt from."""

    __tablename__ = "track_vectors"

    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)  # as bot.embedders.base.vector_name gives it
    data: Mapped[bytes]  # float32, little-endian
