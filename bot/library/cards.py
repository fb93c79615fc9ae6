"""Tracks as one reader may see them: never a share in a channel that they can't see."""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bot.library.opt_outs import opted_out_members
from bot.library.visible_shares import VisibleChannels, with_command_line
from bot.library.votes import standing_votes
from models import NOBODY, MessageTrack, Share, Source, Track, VoteKind
from models.share import is_member, is_on_command_line

T = TypeVar("T")

MAX_TAGS_SHOWN = 8
BATCH_TRACKS = 5000  # SQLite takes 32,766 values in a statement


@dataclass(frozen=True)
class ShareLine:
    """Who shared a track where and when; NOBODY for a member whom nothing may name."""

    channel_id: int
    message_id: int
    user_id: int
    shared_at: datetime

    @property
    def by_member(self) -> bool:
        """Whether a member shared it who may be named, and not the command line in nobody's name."""
        return is_member(self.user_id)

    def jump(self, guild_id: int) -> str | None:
        """The link that leads to the message; None for a share on the command line, which has no message."""
        if is_on_command_line(self.message_id):
            return None
        return f"https://discord.com/channels/{guild_id}/{self.channel_id}/{self.message_id}"


@dataclass(frozen=True)
class TrackCard:
    """A track as one reader may see it, called as in the first share that they may see.

    `shares`: those that they may see, oldest first. `likes` and `dislikes` are the whole server's votes. `tags`:
    genres, then what it sounds like, most certain first. `url` is "" where it was only posted where the reader can't
    see it.
    """

    id: int
    guild_id: int
    title: str
    artist: str
    album: str
    seconds: float
    url: str
    shares: tuple[ShareLine, ...]
    likes: int = 0
    dislikes: int = 0
    tags: tuple[str, ...] = ()
    features: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Artist – Title, or the title alone."""
        return f"{self.artist} – {self.title}" if self.artist else self.title

    @property
    def first(self) -> ShareLine | None:
        """The first share that may be shown."""
        return self.shares[0] if self.shares else None


async def load_cards(
    session: AsyncSession, guild_id: int, track_ids: Sequence[int], channels: VisibleChannels
) -> list[TrackCard]:
    """The cards of these tracks, in this order; those without a share that may be shown are left out."""
    if not track_ids:
        return []
    cards: dict[int, TrackCard] = {}
    unnamed = await opted_out_members(session, guild_id)
    for batch in batches(track_ids, BATCH_TRACKS):
        values: dict[str, object] = {"guild_id": guild_id, "track_ids": batch}
        if channels is not None:
            values["channels"] = with_command_line(channels)
        shares = await _shares(session, values)
        votes = await _votes(session, values)
        for track in await session.execute(_tracks_query(), values):
            if track.id in shares:
                cards[track.id] = _card(track, shares[track.id], votes.get(track.id, (0, 0)), unnamed)
    return [cards[track_id] for track_id in track_ids if track_id in cards]


def batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The values in pieces of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


async def _shares(session: AsyncSession, values: Mapping[str, object]) -> dict[int, list[Row[Any]]]:
    """The shares that may be shown, by track, oldest first."""
    shares: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in await session.execute(_shares_query(everywhere="channels" not in values), values):
        shares[row[0]].append(row)
    return shares


async def _votes(session: AsyncSession, values: Mapping[str, object]) -> dict[int, tuple[int, int]]:
    rows = await session.execute(_votes_query(everywhere="channels" not in values), values)
    return {track_id: (int(liked), int(disliked)) for track_id, liked, disliked in rows}


# To write these anew each time takes longer than the database takes to answer them.


@functools.cache
def _tracks_query() -> Select[Any]:
    query = select(Track.id, Track.guild_id, Track.seconds, Track.tags, Track.features)
    return query.where(Track.guild_id == bindparam("guild_id"), _among(Track.id))


@functools.cache
def _shares_query(*, everywhere: bool) -> Select[Any]:
    named = (Source.title, Source.artist, Source.album, Source.genres)
    return (
        select(Share.track_id, Share.channel_id, Share.message_id, Share.user_id, Share.shared_at, Share.url)
        .add_columns(*named)
        .join(Source, Source.id == Share.source_id)
        .where(_among(Share.track_id), _shown(everywhere=everywhere))
        .order_by(Share.shared_at, Share.message_id)
    )


@functools.cache
def _votes_query(*, everywhere: bool) -> Select[Any]:
    among = _among(MessageTrack.track_id)
    votes = standing_votes(bindparam("guild_id"), among, shares=_shown(everywhere=everywhere))
    likes, dislikes = (func.sum(case((votes.c.kind == kind, 1), else_=0)) for kind in VoteKind)
    return select(votes.c.track_id, likes, dislikes).group_by(votes.c.track_id)


def _among(column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return column.in_(bindparam("track_ids", expanding=True))


def _shown(*, everywhere: bool) -> ColumnElement[bool]:
    return true() if everywhere else Share.channel_id.in_(bindparam("channels", expanding=True))


def _card(
    track: Row[Any], shares: Sequence[Row[Any]], votes: tuple[int, int], unnamed: Collection[int]
) -> TrackCard:
    called = shares[0]
    links = (share.url for share in shares)
    return TrackCard(
        id=track.id,
        guild_id=track.guild_id,
        title=called.title,
        artist=called.artist,
        album=called.album,
        seconds=track.seconds,
        url=next((url for url in links if url.startswith(("http://", "https://"))), ""),
        shares=tuple(_line(share, named=share.user_id not in unnamed) for share in shares),
        likes=votes[0],
        dislikes=votes[1],
        tags=_tags(called.genres, track.tags),
        features=track.features,
    )


def _line(share: Row[Any], *, named: bool) -> ShareLine:
    sharer = share.user_id if named else NOBODY
    return ShareLine(share.channel_id, share.message_id, sharer, share.shared_at)


def _tags(genres: Sequence[str], tags: Mapping[str, float]) -> tuple[str, ...]:
    likely = sorted(tags, key=lambda tag: -tags[tag])
    return tuple(dict.fromkeys([*genres, *likely]))[:MAX_TAGS_SHOWN]
