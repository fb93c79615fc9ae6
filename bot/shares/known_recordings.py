"""Detects that a song is already in the library, by fingerprint.

Sketches of the fingerprints are compared in memory first, then the few whole fingerprints that are near.
"""

import asyncio
from collections import OrderedDict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audio.fingerprint import SKETCH_BYTES, from_bytes, same_recording
from bot.audio.recordings import Recordings
from bot.listening.listener import AnalysedSong
from models import Track

MAX_CACHED_SERVERS = 50  # whose sketches are kept in memory: 10 MB for 20,000 tracks


class KnownRecordings:
    """A server's recordings. Deleted tracks stay among the sketches; their fingerprints are gone, which decides."""

    def __init__(self) -> None:
        self._recordings: OrderedDict[int, Recordings] = OrderedDict()

    async def find(self, session: AsyncSession, guild_id: int, heard: AnalysedSong) -> int | None:
        """The track of this server that is the same recording, as far as the session sees."""
        recordings = await self.read(session, guild_id)
        shortlist = recordings.shortlist(heard.analysis.fingerprint, heard.analysis.seconds)
        rows = await session.execute(select(Track.id, Track.fingerprint).where(Track.id.in_(shortlist)))
        prints = {track_id: from_bytes(stored) for track_id, stored in rows}
        for track_id in shortlist:
            if track_id in prints and await asyncio.to_thread(
                same_recording, heard.analysis.fingerprint, prints[track_id]
            ):
                return track_id
        return None

    async def read(self, session: AsyncSession, guild_id: int) -> Recordings:
        """Read the sketches of the tracks that came since; ids only grow, and a library is added to in turn."""
        recordings = self._recordings.setdefault(guild_id, Recordings())
        self._recordings.move_to_end(guild_id)
        while len(self._recordings) > MAX_CACHED_SERVERS:
            self._recordings.popitem(last=False)
        rows = await session.execute(
            select(Track.id, Track.seconds, func.substr(Track.fingerprint, 1, SKETCH_BYTES))
            .where(Track.guild_id == guild_id, Track.id > recordings.newest, Track.fingerprint != b"")
            .order_by(Track.id)
        )
        # Somebody else may have asked for the same ones meanwhile.
        recordings.add([(key, seconds, head) for key, seconds, head in rows if key > recordings.newest])
        return recordings
