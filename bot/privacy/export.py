"""Everything that is kept of a member in a server, as JSON for them to take away."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from bot.library.cards import ShareLine, TrackCard, load_cards
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.privacy.members import of_member
from models import Answer, Hidden, Job, Member, PlaylistRecord, Reaction, Share, Suggestion, VoteKind


class MemberExport:
    """Reads a member's rows from every table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def export(self, guild_id: int, user_id: int, channels: VisibleChannels) -> dict[str, Any]:
        """Everything that is kept of a member in this server, JSON-able.

        Songs that were suggested to them are named as the shares in `channels` name them.
        """
        async with self._store.session() as session:
            member = await session.get(Member, (guild_id, user_id))
            return {
                "guild_id": guild_id,
                "user_id": user_id,
                "name": member.name if member else None,
                "muted_in_digests": bool(member and member.quiet),
                "shares": await _shares(session, guild_id, user_id),
                "reactions": await _reactions(session, guild_id, user_id),
                "never_again": await _hidden(session, guild_id, user_id, channels),
                "links": await _jobs(session, guild_id, user_id),
                "answers": await _answers(session, guild_id, user_id, channels),
                "playlists": await _playlists(session, guild_id, user_id, channels),
            }


async def _shares(session: AsyncSession, guild_id: int, user_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(Share)
        .where(of_member(Share, guild_id, user_id))
        .options(joinedload(Share.source))
        .order_by(Share.shared_at, Share.message_id)
    )
    return [
        {
            "track_id": share.track_id,
            "title": share.source.title,
            "artist": share.source.artist,
            "url": share.url,
            "channel_id": share.channel_id,
            "message_id": share.message_id,
            "jump": ShareLine(share.channel_id, share.message_id, user_id, share.shared_at).jump(guild_id),
            "shared_at": share.shared_at.isoformat(),
        }
        for share in rows
    ]


async def _reactions(session: AsyncSession, guild_id: int, user_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(Reaction).where(of_member(Reaction, guild_id, user_id)).order_by(Reaction.created_at)
    )
    return [
        {
            "message_id": reaction.message_id,
            "track_id": reaction.track_id or None,
            "kind": VoteKind(reaction.kind).name.lower(),
            "at": reaction.created_at.isoformat(),
        }
        for reaction in rows
    ]


async def _hidden(
    session: AsyncSession, guild_id: int, user_id: int, channels: VisibleChannels
) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(Hidden).where(of_member(Hidden, guild_id, user_id)).order_by(Hidden.hidden_at)
    )
    hidden = rows.all()
    found = await load_cards(session, guild_id, [each.track_id for each in hidden], channels)
    titles = {card.id: card.title for card in found}
    return [
        {"track_id": each.track_id, "title": titles.get(each.track_id), "at": each.hidden_at.isoformat()}
        for each in hidden
    ]


async def _jobs(session: AsyncSession, guild_id: int, user_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(select(Job).where(of_member(Job, guild_id, user_id)).order_by(Job.id))
    return [
        {
            "url": job.url,
            "file": job.name,
            "channel_id": job.channel_id,
            "message_id": job.message_id,
            "state": job.state,
            "reason": job.reason,
            "track_id": job.track_id,
            "posted_at": job.shared_at.isoformat(),
        }
        for job in rows
    ]


async def _answers(
    session: AsyncSession, guild_id: int, user_id: int, channels: VisibleChannels
) -> list[dict[str, Any]]:
    query = select(Answer).where(of_member(Answer, guild_id, user_id)).order_by(Answer.id)
    answers = (await session.scalars(query.options(selectinload(Answer.suggestions)))).all()
    tracks = {each.track_id for answer in answers for each in answer.suggestions}
    tracks |= {answer.track_id for answer in answers if answer.track_id}
    cards = {card.id: card for card in await load_cards(session, guild_id, sorted(tracks), channels)}
    return [
        {
            "kind": answer.kind,
            "track_id": answer.track_id,
            "title": (
                cards[answer.track_id].title
                if answer.track_id in cards
                else answer.asked_title or answer.blend_name
            ),
            "recommended_to": answer.member_id,
            "note": answer.note,
            "source": answer.source,
            "channel_id": answer.channel_id,
            "message_id": answer.message_id,
            "asked_at": answer.created_at.isoformat(),
            "shown": [
                _suggestion(each, cards.get(each.track_id))
                for each in answer.suggestions
                if each.shown_at is not None
            ],
        }
        for answer in answers
    ]


async def _playlists(
    session: AsyncSession, guild_id: int, user_id: int, channels: VisibleChannels
) -> list[dict[str, Any]]:
    """What was made for them alone."""
    query = (
        select(PlaylistRecord)
        .where(of_member(PlaylistRecord, guild_id, user_id))
        .options(selectinload(PlaylistRecord.tracks))
    )
    playlists = (await session.scalars(query.order_by(PlaylistRecord.week))).all()
    tracks = {each.track_id for playlist in playlists for each in playlist.tracks}
    cards = {card.id: card for card in await load_cards(session, guild_id, sorted(tracks), channels)}
    return [
        {
            "week": playlist.week,
            "pinned": playlist.pinned,
            "tracks": [
                {
                    "track_id": each.track_id,
                    "title": card.title if (card := cards.get(each.track_id)) else None,
                }
                for each in playlist.tracks
            ],
        }
        for playlist in playlists
    ]


def _suggestion(suggestion: Suggestion, card: TrackCard | None) -> dict[str, Any]:
    return {
        "track_id": suggestion.track_id,
        "title": card.title if card else None,  # shared only where they can't look any more
        "artist": card.artist if card else None,
        "percent": suggestion.percent,
        "why": suggestion.why,
        "shown_at": _iso(suggestion.shown_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
