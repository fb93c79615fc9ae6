"""Tracks as one reader may see them: never a share in a channel that they can't see."""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from bot.library.opt_outs import opted_out_members
from bot.library.visible_shares import VisibleChannels, visible, with_command_line
from bot.library.votes import standing_votes
from models import NOBODY, MessageTrack, Share, Track, VoteKind
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
    cards: dict[int, TrackCard] = {}
    unnamed = await opted_out_members(session, guild_id)
    for batch in batches(track_ids, BATCH_TRACKS):
        tracks = await session.scalars(select(Track).where(Track.guild_id == guild_id, Track.id.in_(batch)))
        shares = await load_shares(session, Share.track_id.in_(batch), visible(channels))
        votes = await _votes(session, guild_id, batch, channels)
        for track in tracks:
            if track.id in shares:
                cards[track.id] = _card(track, shares[track.id], votes.get(track.id, (0, 0)), unnamed)
    return [cards[track_id] for track_id in track_ids if track_id in cards]


def batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The values in pieces of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


async def load_shares(session: AsyncSession, *where: ColumnElement[bool]) -> dict[int, list[Share]]:
    """The shares that `where` picks with their sources, by track, oldest first."""
    shares: dict[int, list[Share]] = defaultdict(list)
    rows = (
        select(Share)
        .where(*where)
        .options(joinedload(Share.source, innerjoin=True))
        .order_by(Share.shared_at, Share.message_id)
    )
    for share in await session.scalars(rows):
        shares[share.track_id].append(share)
    return dict(shares)


async def _votes(
    session: AsyncSession, guild_id: int, track_ids: Sequence[int], channels: VisibleChannels
) -> dict[int, tuple[int, int]]:
    values: dict[str, object] = {"guild_id": guild_id, "track_ids": track_ids}
    if channels is not None:
        values["channels"] = with_command_line(channels)
    rows = await session.execute(_votes_query(everywhere=channels is None), values)
    return {track_id: (int(liked), int(disliked)) for track_id, liked, disliked in rows}


@functools.cache  # to write it anew each time takes longer than the database takes to answer it
def _votes_query(*, everywhere: bool) -> Select[Any]:
    among = MessageTrack.track_id.in_(bindparam("track_ids", expanding=True))
    shares = true() if everywhere else Share.channel_id.in_(bindparam("channels", expanding=True))
    votes = standing_votes(bindparam("guild_id"), among, shares=shares)
    likes, dislikes = (func.sum(case((votes.c.kind == kind, 1), else_=0)) for kind in VoteKind)
    return select(votes.c.track_id, likes, dislikes).group_by(votes.c.track_id)


def _card(
    track: Track, shares: Sequence[Share], votes: tuple[int, int], unnamed: Collection[int]
) -> TrackCard:
    called = shares[0].source
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


def _line(share: Share, *, named: bool) -> ShareLine:
    sharer = share.user_id if named else NOBODY
    return ShareLine(share.channel_id, share.message_id, sharer, share.shared_at)


def _tags(genres: Sequence[str], tags: Mapping[str, float]) -> tuple[str, ...]:
    likely = sorted(tags, key=lambda tag: -tags[tag])
    return tuple(dict.fromkeys([*genres, *likely]))[:MAX_TAGS_SHOWN]
