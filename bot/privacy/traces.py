"""Traces: the one interface by which whatever is kept of a member is given to them and erased.

A table that holds a member's id, in a column of its own or within text or JSON, has its trace in
`bot.privacy.registry`, which export and erasure walk through; a test fails for a column that no trace names.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from bot.library.cards import BATCH_TRACKS, ShareLine, TrackCard, batches, load_cards
from bot.library.unsharing import Dropped
from bot.library.visible_shares import VisibleChannels
from bot.privacy.members import of_member
from models import Share

ExportEntry = dict[str, Any]
"""Something that is kept of a member, JSON-able, as they are to read it."""

MENTION = re.compile(r"<@!?(\d+)>")
UNSEEN = "You can't look any more where it was shared, so it isn't named."


@dataclass(frozen=True)
class Reading:
    """One member's export while it is being made.

    `channels`: those whose shares they may know of; `places`: the names of channels that they see, by id.
    """

    session: AsyncSession
    guild_id: int
    user_id: int
    channels: VisibleChannels
    places: Mapping[int, str]

    async def cards(self, track_ids: Collection[int]) -> dict[int, TrackCard]:
        """Tracks as this member may see them, by id."""
        found = await load_cards(self.session, self.guild_id, sorted(set(track_ids)), self.channels)
        return {card.id: card for card in found}

    async def songs(self, track_ids: Collection[int]) -> dict[int, ExportEntry]:
        """What each of these tracks is called and where it is found, as far as this member may know."""
        cards = await self.cards(track_ids)
        songs = {track_id: song_of(card) for track_id, card in cards.items()}
        for batch in batches(sorted(set(track_ids) - cards.keys()), BATCH_TRACKS):
            own = select(Share).where(
                of_member(Share, self.guild_id, self.user_id), Share.track_id.in_(batch)
            )
            for share in await self.session.scalars(own.options(joinedload(Share.source))):
                songs[share.track_id] = song_as_shared(share)
        return {track_id: songs.get(track_id) or unseen_song(track_id) for track_id in set(track_ids)}

    def place(self, channel_id: int | None, message_id: int | None) -> ExportEntry:
        """Where in the server something is; ids are written as Discord writes them, as text."""
        if channel_id is None or message_id is None:
            return {"channel": None, "channel_id": None, "message": None}
        line = ShareLine(channel_id, message_id, self.user_id, datetime.min)
        return {
            "channel": self.places.get(channel_id),
            "channel_id": str(channel_id),
            "message": line.jump(self.guild_id),
        }

    def without_others(self, text: str) -> str:
        """Words of the bot's in which this member is "you", and nobody else can be told."""
        return MENTION.sub(lambda found: "you" if int(found[1]) == self.user_id else "somebody", text)


@dataclass
class Erasing:
    """One member's erasure while it is being done, in one transaction.

    `messages`: those that had something of theirs on its way; `dropped`: what their shares took along; `stays_out`:
    they opted out, which stands.
    """

    session: AsyncSession
    guild_id: int
    user_id: int
    messages: set[int] = field(default_factory=set)
    dropped: Dropped = field(default=Dropped(frozenset(), frozenset(), ()))
    shares: int = 0
    reactions: int = 0
    stays_out: bool = False


@dataclass(frozen=True)
class Trace:
    """One kind of thing that is kept of members.

    `heading` and `about`: what it is called in an export, and what that means; `columns`: every one in which a
    member's id or name may stand.
    """

    heading: str
    about: str
    columns: tuple[InstrumentedAttribute[Any], ...]
    export: Callable[[Reading], Awaitable[list[ExportEntry]]]
    erase: Callable[[Erasing], Awaitable[None]]


def song_of(card: TrackCard) -> ExportEntry:
    """A track as an export names it."""
    return {
        "title": card.title,
        "artist": card.artist or None,
        "link": card.url or None,
        "track_id": card.id,
    }


def song_as_shared(share: Share) -> ExportEntry:
    """The same for a member's own share, which is theirs also where they can't look any more."""
    return {
        "title": share.source.title,
        "artist": share.source.artist or None,
        "link": share.url or None,
        "track_id": share.track_id,
    }


def unseen_song(track_id: int) -> ExportEntry:
    """The same for a track that this member may not know of any more."""
    return {"title": None, "artist": None, "link": None, "track_id": track_id, "why_no_title": UNSEEN}


def iso(at: datetime | None) -> str | None:
    """A moment as an export writes it."""
    return at.isoformat() if at else None
