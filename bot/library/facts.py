"""The facts of a server's tracks that filters and rules read, loaded from the database at once."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bot.library.visible_shares import COMMAND_LINE_CHANNEL, VisibleChannels
from models import Share, Source, Track
from models.track import searchable

T = TypeVar("T", bound=Hashable)

MIN_TAG_PROBABILITY = 0.1  # probability from which a track sounds like a tag


class ShareNames(NamedTuple):
    """What a share in one channel calls a track; its genres in comparable form."""

    channel_id: int
    artist: str
    title: str
    genres: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """A track's facts to filter by and never to show: shares that the reader can't see are in it too.

    shares: the first one first; tags: comparable, what it sounds like; tempo: 0 without a pulse; key: "" without one;
    speech: 0 music to 1 talk.
    """

    track_id: int
    channels: frozenset[int]
    shares: tuple[ShareNames, ...]
    tags: frozenset[str]
    tempo: float
    key: str
    seconds: float
    speech: float

    def visible_in(self, channels: VisibleChannels) -> bool:
        """Whether it was shared where everybody sees it who sees these channels."""
        return (
            channels is None
            or COMMAND_LINE_CHANNEL in self.channels
            or not channels.isdisjoint(self.channels)
        )

    def names(self, channels: VisibleChannels = None) -> list[tuple[str, str]]:
        """Artist and title as the shares in `channels` call it, each once."""
        return list(dict.fromkeys((share.artist, share.title) for share in self._seen(channels)))

    def tagged(self, tags: Collection[str], channels: VisibleChannels) -> bool:
        """Whether somebody who sees `channels` knows it by each of these comparable tags."""
        missing = set(tags) - self.tags
        return not missing or missing <= {genre for share in self._seen(channels) for genre in share.genres}

    def _seen(self, channels: VisibleChannels) -> list[ShareNames]:
        return [
            share
            for share in self.shares
            if channels is None or share.channel_id == COMMAND_LINE_CHANNEL or share.channel_id in channels
        ]


class _OneOfEach:
    """Gives equal values as one object: most tracks have their artist, channels and tags in common with others."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, Any] = {}

    def __call__(self, value: T) -> T:
        """The first that was equal to it."""
        found: T = self._seen.setdefault(value, value)
        return found


async def load_facts(
    session: AsyncSession, guild_id: int, among: Collection[int] | None = None
) -> dict[int, Facts]:
    """The facts of a server's shared tracks by id, or of those among some."""
    shares: dict[int, list[ShareNames]] = {}
    one = _OneOfEach()
    called = (
        select(Share.track_id, Share.channel_id, Source.artist, Source.title, Source.genres)
        .join(Source, Source.id == Share.source_id)
        .where(Share.guild_id == guild_id, *_among(Share.track_id, among))
        .order_by(Share.shared_at, Share.message_id)
    )
    for track_id, channel_id, artist, title, genres in await session.execute(called):
        shares.setdefault(track_id, []).append(
            ShareNames(channel_id, one(artist), title, one(frozenset(map(searchable, genres))))
        )
    tracks = select(Track.id, Track.seconds, Track.tags, Track.features).where(
        Track.guild_id == guild_id, *_among(Track.id, among)
    )
    return {
        track_id: _facts(track_id, shares[track_id], seconds, tags, features, one)
        for track_id, seconds, tags, features in await session.execute(tracks)
        if track_id in shares
    }


def _facts(
    track_id: int,
    shares: list[ShareNames],
    seconds: float,
    tags: dict[str, float],
    features: dict[str, object],
    one: _OneOfEach,
) -> Facts:
    likely = [tag for tag, probability in tags.items() if probability >= MIN_TAG_PROBABILITY]
    return Facts(
        track_id=track_id,
        channels=one(frozenset(share.channel_id for share in shares)),
        shares=tuple(dict.fromkeys(shares)),
        tags=one(frozenset(map(searchable, likely))),
        tempo=_number(features.get("tempo")),
        key=one(str(features.get("key") or "")),
        seconds=seconds,
        speech=_number(features.get("speech")),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _among(column: InstrumentedAttribute[int], among: Collection[int] | None) -> list[ColumnElement[bool]]:
    return [] if among is None else [column.in_(among)]
