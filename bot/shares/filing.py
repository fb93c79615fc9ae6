"""Stores an analysed song in a server's library: as a new track, or as one more share of a known one."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audio.fingerprint import to_bytes
from bot.library.store import Store
from bot.listening.listener import AnalysedSong
from bot.shares.jobs import Claimed, now
from bot.shares.known_recordings import KnownRecordings
from bot.shares.leases import Leases
from models import Guild, MessageTrack, Reply, Share, Source, Track, TrackVector


class Filing:
    """Adds tracks and shares, each job in one transaction in which its lease must still hold."""

    def __init__(self, store: Store, leases: Leases) -> None:
        self._store = store
        self._leases = leases
        self._recordings = KnownRecordings()

    async def add_share_of_known(self, claimed: Claimed, links: Mapping[str, str]) -> int | None:
        """Add the job's share to the track that one of its links (key -> address) leads to, if there is one.

        Raises LeaseLost.
        """
        async with self._store.begin() as session:
            await self._hold_library(session, claimed.guild_id)
            known = await _linked(session, claimed.guild_id, links)
            if known is None:
                return None
            await self._add(session, claimed, known.track_id, links, _naming_of(known), known=True)
            return known.track_id

    async def add(self, claimed: Claimed, links: Mapping[str, str], heard: AnalysedSong) -> int:
        """Add the job's share, and the track unless the server has this recording; gives the track's id.

        Raises LeaseLost.
        """
        async with self._store.session() as session:  # so that nobody waits while a whole library is read
            await self._recordings.read(session, claimed.guild_id)
        async with self._store.begin() as session:
            await self._hold_library(session, claimed.guild_id)
            linked = await _linked(session, claimed.guild_id, links)
            track_id = linked.track_id if linked else None
            if track_id is None:
                track_id = await self._recordings.find(session, claimed.guild_id, heard)
            known = track_id is not None
            if track_id is None:
                track_id = await _make(session, claimed.guild_id, heard)
            await self._add_vectors(session, track_id, heard)
            await self._add(session, claimed, track_id, links, _naming_in(heard), known=known)
            return track_id

    async def _hold_library(self, session: AsyncSession, guild_id: int) -> None:
        # Postgres lets several write at once. Nobody else adds to this server's library until we are done: of two
        # members who share the same song at once, the second must find what the first one stored.
        await session.execute(select(Guild.id).where(Guild.id == guild_id).with_for_update(key_share=True))

    async def _add(
        self,
        session: AsyncSession,
        claimed: Claimed,
        track_id: int,
        links: Mapping[str, str],
        naming: Mapping[str, Any],
        *,
        known: bool,
    ) -> None:
        sources = await _sources(session, claimed.guild_id, links)
        for key in links.keys() - sources.keys():
            sources[key] = Source(
                guild_id=claimed.guild_id, track_id=track_id, key=key, url=links[key], **naming
            )
            session.add(sources[key])
        await session.flush()
        await self._insert(
            session,
            Share,
            message_id=claimed.message_id,
            track_id=track_id,
            guild_id=claimed.guild_id,
            channel_id=claimed.channel_id,
            user_id=claimed.user_id,
            url=links.get(claimed.key, ""),
            shared_at=claimed.shared_at,
            source_id=sources[claimed.key].id,
        )
        for message_id in await _messages(session, claimed):
            await self._insert(
                session, MessageTrack, message_id=message_id, track_id=track_id, guild_id=claimed.guild_id
            )
        await self._leases.hold(session, claimed, track_id=track_id, known=known)

    async def _add_vectors(self, session: AsyncSession, track_id: int, heard: AnalysedSong) -> None:
        for name, vector in heard.analysis.vectors.items():
            data = vector.astype("<f4").tobytes()
            await self._insert(session, TrackVector, track_id=track_id, name=name, data=data)

    async def _insert(self, session: AsyncSession, table: type, **values: object) -> None:
        await session.execute(self._store.insert(table).values(**values).on_conflict_do_nothing())


async def _sources(session: AsyncSession, guild_id: int, links: Mapping[str, str]) -> dict[str, Source]:
    """Those of the links that are known, by their keys."""
    known = select(Source).where(Source.guild_id == guild_id, Source.key.in_(links))
    return {source.key: source for source in await session.scalars(known)}


async def _linked(session: AsyncSession, guild_id: int, links: Mapping[str, str]) -> Source | None:
    """The source that the first known one of these links leads to: rather what was posted than where it led."""
    known = await _sources(session, guild_id, links)
    return next((known[key] for key in links if key in known), None)


def _naming_of(source: Source) -> dict[str, Any]:
    """What a source says a track is called, for another link to the same page."""
    return {column: getattr(source, column) for column in ("title", "artist", "album", "genres")}


def _naming_in(heard: AnalysedSong) -> dict[str, Any]:
    """What was found out about a track's name while it was listened to."""
    return {**asdict(heard.name), "genres": list(heard.genres)}


async def _make(session: AsyncSession, guild_id: int, heard: AnalysedSong) -> int:
    track = Track(
        guild_id=guild_id,
        seconds=heard.analysis.seconds,
        tags=heard.analysis.tags,
        features=heard.analysis.features,
        fingerprint=to_bytes(heard.analysis.fingerprint),
        created_at=now(),
    )
    session.add(track)
    await session.flush()
    return track.id


async def _messages(session: AsyncSession, claimed: Claimed) -> list[int]:
    """The messages that are about the job's track: the share's and, if it stands already, the reply."""
    if claimed.on_command_line:
        return []
    reply_id = await session.scalar(select(Reply.reply_id).where(Reply.message_id == claimed.message_id))
    return [claimed.message_id, *([reply_id] if reply_id else [])]
