"""What the library knows of one member of a server: given to them, and erased."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from bot.library.admission import keep_spent
from bot.library.cards import Channels, ShareLine, TrackCard, load_cards
from bot.library.catalog import Catalog
from bot.library.dropping import Dropped, GoneReply, drop_shares
from bot.library.jobs import now
from bot.library.store import Store
from bot.library.vectors import Vectors
from models import (
    Answer,
    Digest,
    Hidden,
    Job,
    Member,
    MessageTrack,
    Playlist,
    Reaction,
    Share,
    Source,
    Suggestion,
)

POSTED = 100
FILE = "discord:"  # how the keys of files on Discord begin


class Posted(NamedTuple):
    """A message of the bot's."""

    channel_id: int
    message_id: int


@dataclass(frozen=True)
class Forgotten:
    """What was erased of a member.

    `replies`: the bot's messages that are about nothing now; `still_shared`: their tracks that others share too;
    `posted`: public answers and digests that may name them, newest first, at most POSTED.
    """

    replies: tuple[GoneReply, ...]
    posted: tuple[Posted, ...]
    still_shared: frozenset[int]
    shares: int
    tracks: int
    marks: int

    @property
    def summary(self) -> str:
        """What to tell the member."""
        return (
            f"Erased: your name, {self.shares} share(s), {self.marks} reaction(s) and everything you asked. "
            f"{self.tracks} song(s) that nobody else shared left the library."
        )


class People:
    """Every feature's traces of a member, in one place."""

    def __init__(self, store: Store, vectors: Vectors, catalog: Catalog) -> None:
        self._store = store
        self._vectors = vectors
        self._catalog = catalog

    async def export(self, guild_id: int, user_id: int, channels: Channels) -> dict[str, Any]:
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

    async def forget(self, guild_id: int, user_id: int) -> Forgotten:
        """Erase a member from this server; tracks that others share too stay. Any number of times."""
        async with self._store.begin() as session:
            await keep_spent(session, guild_id, user_id, now())
            posted = await _posted(session, guild_id, user_id)
            jobs = await session.scalars(
                delete(Job).where(_of(Job, guild_id, user_id)).returning(Job.message_id)
            )
            messages = set(jobs)
            shares = (await session.scalars(select(Share).where(_of(Share, guild_id, user_id)))).all()
            marks = await session.scalars(
                delete(Reaction).where(_of(Reaction, guild_id, user_id)).returning(Reaction.message_id)
            )
            taken_back = len(marks.all())
            dropped = await drop_shares(session, guild_id, shares, messages)
            await _forget_files(session, guild_id)
            await _forget_answers(session, guild_id, user_id)
            for table in (Hidden, Playlist):
                await session.execute(delete(table).where(_of(table, guild_id, user_id)))
            await session.execute(delete(Member).where(_of(Member, guild_id, user_id)))
        await self._follow(guild_id, user_id, dropped)
        return Forgotten(
            dropped.replies, posted, dropped.tracks - dropped.gone, len(shares), len(dropped.gone), taken_back
        )

    async def _follow(self, guild_id: int, user_id: int, dropped: Dropped) -> None:
        # Asked of the vectors too: a bot that was killed between the database and here left them behind.
        named = await self._vectors.shared_by(guild_id, user_id)
        for track_id in sorted(dropped.tracks | named):
            await self._catalog.refresh_point(guild_id, track_id)


def _of(
    table: type[Answer | Hidden | Job | Member | Playlist | Reaction | Share], guild_id: int, user_id: int
) -> ColumnElement[bool]:
    return and_(table.guild_id == guild_id, table.user_id == user_id)


# -- erasing -----------------------------------------------------------------------------------------------


async def _forget_files(session: AsyncSession, guild_id: int) -> None:
    """Delete what is known of files whose shares are gone.

    A file's number on Discord leads to the message of whoever posted it; a link to a page leads to the song alone.
    """
    shared = exists().where(Share.source_id == Source.id)
    files = and_(Source.guild_id == guild_id, Source.key.startswith(FILE), ~shared)
    await session.execute(delete(Source).where(files))


async def _forget_answers(session: AsyncSession, guild_id: int, user_id: int) -> None:
    """Delete the answers that only they saw; the others stay as nobody's, since others voted on them."""
    asked = _of(Answer, guild_id, user_id)
    private = select(Answer.message_id).where(asked, Answer.private)
    await session.execute(delete(MessageTrack).where(MessageTrack.message_id.in_(private)))
    await session.execute(delete(Answer).where(asked, Answer.private))

    await session.execute(update(Answer).where(asked).values(user_id=0, heading="", note="", source={}))
    for_them = and_(Answer.guild_id == guild_id, Answer.member_id == user_id)
    await session.execute(update(Answer).where(for_them).values(member_id=0, note=""))
    # A blend names two.
    mention = f"<@{user_id}>"
    naming = and_(Answer.guild_id == guild_id, Answer.heading.contains(mention, autoescape=True))
    unnamed = func.replace(Answer.heading, mention, "somebody")
    await session.execute(update(Answer).where(naming).values(heading=unnamed))
    of_groups = (
        select(Suggestion)
        .join(Answer, Answer.id == Suggestion.answer_id)
        .where(Answer.guild_id == guild_id, Answer.kind == "together")
    )
    for suggestion in await session.scalars(of_groups):
        if suggestion.why.get("user_id") == user_id:
            suggestion.why = {**suggestion.why, "user_id": 0}


async def _posted(session: AsyncSession, guild_id: int, user_id: int) -> tuple[Posted, ...]:
    """The messages in which everybody reads that something was recommended to them, or shared by them."""
    theirs = select(Share.track_id).where(_of(Share, guild_id, user_id))
    shown = exists().where(Suggestion.answer_id == Answer.id, Suggestion.shown_at.is_not(None))
    answers = select(Answer.channel_id, Answer.message_id).where(
        Answer.guild_id == guild_id,
        Answer.message_id.is_not(None),
        ~Answer.private,
        or_(
            Answer.member_id == user_id,
            Answer.heading.contains(f"<@{user_id}>", autoescape=True),
            shown.where(Suggestion.track_id.in_(theirs)),
        ),
    )
    digests = select(Digest.channel_id, Digest.message_id).where(
        Digest.guild_id == guild_id, Digest.message_id.is_not(None)
    )
    rows = [row for query in (answers, digests) for row in await session.execute(query)]
    found = {Posted(row.channel_id, row.message_id) for row in rows}
    return tuple(sorted(found, key=lambda each: -each.message_id)[:POSTED])


# -- giving ------------------------------------------------------------------------------------------------


async def _shares(session: AsyncSession, guild_id: int, user_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(Share)
        .where(_of(Share, guild_id, user_id))
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
        select(Reaction).where(_of(Reaction, guild_id, user_id)).order_by(Reaction.created_at)
    )
    return [
        {
            "message_id": mark.message_id,
            "track_id": mark.track_id or None,
            "kind": "like" if mark.kind > 0 else "dislike",
            "at": mark.created_at.isoformat(),
        }
        for mark in rows
    ]


async def _hidden(
    session: AsyncSession, guild_id: int, user_id: int, channels: Channels
) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(Hidden).where(_of(Hidden, guild_id, user_id)).order_by(Hidden.hidden_at)
    )
    hidden = rows.all()
    found = await load_cards(session, guild_id, [each.track_id for each in hidden], channels)
    titles = {card.id: card.title for card in found}
    return [
        {"track_id": each.track_id, "title": titles.get(each.track_id), "at": each.hidden_at.isoformat()}
        for each in hidden
    ]


async def _jobs(session: AsyncSession, guild_id: int, user_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(select(Job).where(_of(Job, guild_id, user_id)).order_by(Job.id))
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
    session: AsyncSession, guild_id: int, user_id: int, channels: Channels
) -> list[dict[str, Any]]:
    query = select(Answer).where(_of(Answer, guild_id, user_id)).order_by(Answer.id)
    answers = (await session.scalars(query.options(selectinload(Answer.suggestions)))).all()
    tracks = {each.track_id for answer in answers for each in answer.suggestions}
    tracks |= {answer.track_id for answer in answers if answer.track_id}
    cards = {card.id: card for card in await load_cards(session, guild_id, sorted(tracks), channels)}
    return [
        {
            "kind": answer.kind,
            "track_id": answer.track_id,
            "title": cards[answer.track_id].title if answer.track_id in cards else answer.heading,
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
    session: AsyncSession, guild_id: int, user_id: int, channels: Channels
) -> list[dict[str, Any]]:
    """What was made for them alone."""
    query = select(Playlist).where(_of(Playlist, guild_id, user_id)).options(selectinload(Playlist.tracks))
    playlists = (await session.scalars(query.order_by(Playlist.week))).all()
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
