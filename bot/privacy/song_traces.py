"""What is kept of a member about songs: links they posted, shares, votes, songs they hid, playlists made for them."""

from typing import Any

from sqlalchemy import and_, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from bot.library.cards import batches
from bot.library.unsharing import drop_shares
from bot.library.votes import is_about_track
from bot.privacy.members import of_member
from bot.privacy.traces import Erasing, ExportEntry, Reading, Trace, iso, song_as_shared
from bot.shares.admission import keep_spent
from bot.shares.jobs import now
from models import (
    Answer,
    Digest,
    Hidden,
    Job,
    MessageTrack,
    PlaylistRecord,
    Reaction,
    Reply,
    Share,
    Source,
    VoteKind,
)

BATCH_MESSAGES = 5000  # SQLite takes 32,766 values in a statement
DISCORD_FILE_PREFIX = "discord:"  # how the keys of files on Discord begin
EMOJI = {VoteKind.LIKE: "👍", VoteKind.DISLIKE: "👎"}


# -- links and files, and what became of each --------------------------------------------------------------


async def _export_links(reading: Reading) -> list[ExportEntry]:
    query = select(Job).where(of_member(Job, reading.guild_id, reading.user_id)).order_by(Job.id)
    jobs = (await reading.session.scalars(query)).all()
    songs = await reading.songs({job.track_id for job in jobs if job.track_id})
    return [
        {
            "link": job.url or None,
            "file": job.name or None,
            "posted_at": iso(job.shared_at),
            "became": job.state,
            "reason": job.reason or None,
            "song": songs.get(job.track_id or 0),
            **reading.place(job.channel_id, job.message_id),
        }
        for job in jobs
    ]


async def _erase_links(erasing: Erasing) -> None:
    await keep_spent(erasing.session, erasing.guild_id, erasing.user_id, now())
    theirs = of_member(Job, erasing.guild_id, erasing.user_id)
    erasing.messages.update(
        await erasing.session.scalars(delete(Job).where(theirs).returning(Job.message_id))
    )


# -- shares ------------------------------------------------------------------------------------------------


async def _export_shares(reading: Reading) -> list[ExportEntry]:
    rows = await reading.session.scalars(
        select(Share)
        .where(of_member(Share, reading.guild_id, reading.user_id))
        .options(joinedload(Share.source))
        .order_by(Share.shared_at, Share.message_id)
    )
    return [
        {
            **song_as_shared(share),
            "shared_at": iso(share.shared_at),
            **reading.place(share.channel_id, share.message_id),
        }
        for share in rows
    ]


async def _erase_shares(erasing: Erasing) -> None:
    session, guild_id = erasing.session, erasing.guild_id
    theirs = of_member(Share, guild_id, erasing.user_id)
    shares = (await session.scalars(select(Share).where(theirs))).all()
    erasing.shares = len(shares)
    erasing.dropped = await drop_shares(session, guild_id, shares, erasing.messages)
    await _forget_files(session, guild_id)


async def _forget_files(session: AsyncSession, guild_id: int) -> None:
    """Delete what is known of files whose shares are gone.

    A file's number on Discord leads to the message of whoever posted it; a link to a page leads to the song alone.
    """
    shared = exists().where(Share.source_id == Source.id)
    files = and_(Source.guild_id == guild_id, Source.key.startswith(DISCORD_FILE_PREFIX), ~shared)
    await session.execute(delete(Source).where(files))


# -- votes -------------------------------------------------------------------------------------------------


async def _export_votes(reading: Reading) -> list[ExportEntry]:
    """One entry for each 👍 and 👎, with every song that it is about."""
    about = and_(MessageTrack.message_id == Reaction.message_id, is_about_track())
    rows = await reading.session.execute(
        select(Reaction, MessageTrack.track_id)
        .outerjoin(MessageTrack, about)
        .where(of_member(Reaction, reading.guild_id, reading.user_id))
        .order_by(Reaction.created_at, Reaction.message_id, Reaction.kind, MessageTrack.track_id)
    )
    voted: dict[Reaction, list[int]] = {}
    for reaction, track_id in rows:
        voted.setdefault(reaction, []).extend([track_id] if track_id else [])
    songs = await reading.songs({track_id for tracks in voted.values() for track_id in tracks})
    channels = await _channels_of(reading.session, reading.guild_id, {each.message_id for each in voted})
    return [
        {
            "vote": VoteKind(reaction.kind).name.lower(),
            "emoji": EMOJI[VoteKind(reaction.kind)],
            "given_with": "a button" if reaction.track_id else "a reaction",
            "at": iso(reaction.created_at),
            "songs": [songs[track_id] for track_id in tracks],
            **reading.place(channels.get(reaction.message_id), reaction.message_id),
        }
        for reaction, tracks in voted.items()
    ]


async def _channels_of(session: AsyncSession, guild_id: int, message_ids: set[int]) -> dict[int, int]:
    """The channels in which messages stand that the bot knows."""
    found: dict[int, int] = {}
    places: tuple[tuple[type[Any], Any], ...] = (
        (Job, Job.message_id),
        (Share, Share.message_id),
        (Reply, Reply.reply_id),
        (Answer, Answer.message_id),
        (Digest, Digest.message_id),
    )
    for batch in batches(sorted(message_ids), BATCH_MESSAGES):
        for table, message in places:
            query = select(message, table.channel_id).where(table.guild_id == guild_id, message.in_(batch))
            for message_id, channel_id in await session.execute(query):
                found.setdefault(message_id, channel_id)
    return found


async def _erase_votes(erasing: Erasing) -> None:
    theirs = of_member(Reaction, erasing.guild_id, erasing.user_id)
    gone = await erasing.session.scalars(delete(Reaction).where(theirs).returning(Reaction.message_id))
    erasing.reactions = len(gone.all())


# -- songs never to be suggested again ---------------------------------------------------------------------


async def _export_hidden(reading: Reading) -> list[ExportEntry]:
    query = select(Hidden).where(of_member(Hidden, reading.guild_id, reading.user_id))
    hidden = (await reading.session.scalars(query.order_by(Hidden.hidden_at))).all()
    songs = await reading.songs({each.track_id for each in hidden})
    return [{**songs[each.track_id], "at": iso(each.hidden_at)} for each in hidden]


async def _erase_hidden(erasing: Erasing) -> None:
    theirs = of_member(Hidden, erasing.guild_id, erasing.user_id)
    await erasing.session.execute(delete(Hidden).where(theirs))


# -- playlists that were made for them alone ---------------------------------------------------------------


async def _export_playlists(reading: Reading) -> list[ExportEntry]:
    query = (
        select(PlaylistRecord)
        .where(of_member(PlaylistRecord, reading.guild_id, reading.user_id))
        .options(selectinload(PlaylistRecord.tracks))
    )
    playlists = (await reading.session.scalars(query.order_by(PlaylistRecord.week))).all()
    songs = await reading.songs({each.track_id for playlist in playlists for each in playlist.tracks})
    return [
        {
            "week": playlist.week,
            "note": reading.without_others(playlist.note) or None,
            "pinned": playlist.pinned,
            "made_at": iso(playlist.created_at),
            "songs": [songs[each.track_id] for each in playlist.tracks],
        }
        for playlist in playlists
    ]


async def _erase_playlists(erasing: Erasing) -> None:
    theirs = of_member(PlaylistRecord, erasing.guild_id, erasing.user_id)
    await erasing.session.execute(delete(PlaylistRecord).where(theirs))


SHARES = Trace(
    "shares", "The songs that you shared", (Share.user_id, Share.message_id), _export_shares, _erase_shares
)
VOTES = Trace(
    "votes",
    "Your 👍 and 👎, each with the songs that it is about",
    (Reaction.user_id,),
    _export_votes,
    _erase_votes,
)
LINKS = Trace(
    "links",
    "Every link and file that you posted, and what became of it",
    (Job.user_id, Job.message_id),
    _export_links,
    _erase_links,
)
HIDDEN = Trace(
    "never_again", "Songs that are never suggested to you", (Hidden.user_id,), _export_hidden, _erase_hidden
)
PLAYLISTS = Trace(
    "playlists",
    "Playlists that were made for you alone",
    (PlaylistRecord.user_id, PlaylistRecord.subject),
    _export_playlists,
    _erase_playlists,
)
