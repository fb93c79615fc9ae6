"""Vibes and playlists of a server, as one audience may see them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from bot.library.catalog import Catalog
from bot.library.visible_shares import VisibleChannels
from bot.periods import Week
from bot.playlists import kinds
from bot.playlists.music import VisibleMusic, VisibleVibes
from bot.playlists.playlist import Entry, Playlist
from bot.playlists.reader import MusicReader
from bot.playlists.records import PlaylistRecords, StoredPlaylist
from bot.playlists.songs import MeasuredTrack
from bot.playlists.vibe_names import name_vibe, names_hidden_genre
from bot.playlists.vibes import MIN_SONGS, MIN_VIBE_SIZE, NO_VIBE, Vibe, find_vibes
from bot.suggestions.recommender import Recommender
from models import NOBODY

POOL_SIZE = 50  # asked for, since rules take some away


@dataclass(frozen=True)
class PastPlaylist:
    """A playlist of the past, with the songs of it that are still there and that the reader may see."""

    id: int
    week: str
    pinned: bool
    playlist: Playlist


class Playlists:
    """Finds vibes, makes playlists, and keeps those that were posted."""

    def __init__(
        self, catalog: Catalog, recommender: Recommender, records: PlaylistRecords, reader: MusicReader
    ) -> None:
        self._catalog = catalog
        self._recommender = recommender
        self._records = records
        self._reader = reader
        self._finding: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    # -- vibes ---------------------------------------------------------------------------------------------

    async def vibes(
        self, guild_id: int, channels: VisibleChannels, *, now: datetime | None = None
    ) -> VisibleVibes:
        """The server's vibes, found anew in a new week and when songs came in since.

        They are found among all of its songs, so that they are the same for every audience; an audience that can't
        know a vibe's genre from what it sees has another name for it.
        """
        now = now or datetime.now(UTC)
        return await self._visible(guild_id, await self._reader.songs(guild_id, channels), now)

    async def music(
        self, guild_id: int, channels: VisibleChannels, *, now: datetime | None = None
    ) -> VisibleMusic:
        """All that an audience may see: songs, vibes as `vibes` gives them, votes and what this week is chosen by."""
        now = now or datetime.now(UTC)
        cards, songs = await self._reader.library(guild_id, channels)
        vibes = await self._visible(guild_id, songs, now)
        votes = await self._reader.votes(guild_id, channels)
        week = await self._reader.week(guild_id, votes, now, channels)
        return VisibleMusic(cards, songs, vibes, votes, week)

    async def rename(self, guild_id: int, vibe_id: int, name: str) -> Vibe:
        """Call a vibe what an admin wants, from now on. Raises NotFound, NotAllowed."""
        return await self._records.rename(guild_id, vibe_id, name)

    # -- playlists -----------------------------------------------------------------------------------------

    async def weekly(
        self, guild_id: int, channels: VisibleChannels, *, now: datetime | None = None
    ) -> list[Playlist]:
        """This week's playlists: one of each vibe, two worlds, what to rediscover, and sleepers; none is empty.

        The same until the week is over or something changes.
        """
        return await asyncio.to_thread((await self.music(guild_id, channels, now=now)).playlists)

    async def for_member(
        self, guild_id: int, user_id: int, channels: VisibleChannels, *, now: datetime | None = None
    ) -> Playlist | None:
        """What a member may like and doesn't know; None if too little is known of them or of the server."""
        now = now or datetime.now(UTC)
        songs = await self._reader.songs(guild_id, channels)
        votes = await self._reader.votes(guild_id, channels)
        week = await self._reader.week(guild_id, votes, now, channels, user_id)
        answer = await self._recommender.recommend(guild_id, user_id, channels, POOL_SIZE, you=False)
        return await asyncio.to_thread(kinds.for_member, user_id, answer.picks, songs, week)

    # -- history -------------------------------------------------------------------------------------------

    async def keep(
        self, guild_id: int, playlists: Sequence[Playlist], *, now: datetime | None = None
    ) -> list[int]:
        """Note that playlists were posted; once more in the same week is the same. Gives their ids.

        What is kept stays out of the next weeks' playlists.
        """
        now = now or datetime.now(UTC)
        return await self._records.keep(guild_id, str(Week.of(now.date())), playlists, now)

    async def history(
        self,
        guild_id: int,
        channels: VisibleChannels,
        *,
        user_id: int = NOBODY,
        pinned: bool | None = None,
        limit: int = 50,
    ) -> list[PastPlaylist]:
        """What was posted, the newest first; what was made for members is `user_id`'s own."""
        kept = await self._records.history(guild_id, user_id=user_id, pinned=pinned, limit=limit)
        past = [await self._past(guild_id, each, channels) for each in kept]
        return [each for each in past if each.playlist.entries]

    async def pin(self, guild_id: int, playlist_id: int, pinned: bool = True) -> None:
        """Mark a playlist as one to keep, or no longer. Raises NotFound."""
        await self._records.pin(guild_id, playlist_id, pinned)

    # -- underneath ----------------------------------------------------------------------------------------

    async def _visible(
        self, guild_id: int, songs: Mapping[int, MeasuredTrack], now: datetime
    ) -> VisibleVibes:
        """The vibes of these songs, under names that tell of nothing else."""
        if len(songs) < MIN_SONGS:
            return VisibleVibes((), MIN_SONGS - len(songs))
        seen = [
            replace(vibe, track_ids=vibe.track_ids & songs.keys())
            for vibe in await self._found(guild_id, now)
        ]
        seen = [vibe for vibe in seen if len(vibe.track_ids) >= MIN_VIBE_SIZE]
        hidden = [vibe for vibe in seen if not vibe.named and _has_hidden_genre(vibe, songs)]
        taken = [vibe.name for vibe in seen if vibe not in hidden]
        for vibe in hidden:
            taken.append(name_vibe(*_split(songs, vibe.track_ids), taken))
            seen[seen.index(vibe)] = replace(vibe, name=taken[-1])
        return VisibleVibes(tuple(seen))

    async def _found(self, guild_id: int, now: datetime) -> list[Vibe]:
        """All vibes of the server as they are now."""
        async with self._finding[guild_id]:
            vibes, found_at = await self._records.vibes(guild_id)
            if found_at is None or await self._is_stale(guild_id, found_at, now):
                await self._find(guild_id, now)
                vibes, _ = await self._records.vibes(guild_id)
        return vibes

    async def _is_stale(self, guild_id: int, found_at: datetime, now: datetime) -> bool:
        if Week.of(found_at.date()) != Week.of(now.date()):
            return True
        newest = await self._reader.newest(guild_id)
        return newest is not None and newest > found_at

    async def _find(self, guild_id: int, now: datetime) -> None:
        songs = await self._reader.songs(guild_id, None)
        labels = await asyncio.to_thread(find_vibes, np.stack([song.direction for song in songs.values()]))
        ids = np.array(list(songs))
        groups = [ids[labels == label].tolist() for label in range(int(labels.max(initial=NO_VIBE)) + 1)]
        known = await self._records.recognise(guild_id, groups)
        names = {number: vibe.name for number, vibe in known.items()}
        remembered = await self._records.names(guild_id)  # also of vibes that may come together again
        for number, group in enumerate(groups):
            if number not in names:
                names[number] = name_vibe(*_split(songs, group), [*remembered, *names.values()])
        await self._records.found(
            guild_id, groups, known, [names[number] for number in range(len(groups))], now
        )

    async def _past(self, guild_id: int, kept: StoredPlaylist, channels: VisibleChannels) -> PastPlaylist:
        cards = await self._catalog.cards(guild_id, kept.track_ids, channels)
        everything = len(cards) == len(kept.track_ids)
        name = (
            kept.name
            if everything or not names_hidden_genre(kept.name, cards)
            else f"{kept.kind} of {kept.week}"
        )
        entries = tuple(Entry(card) for card in cards)
        return PastPlaylist(
            kept.id, kept.week, kept.pinned, Playlist(kept.kind, name, entries, kept.subject, kept.note)
        )


def _has_hidden_genre(vibe: Vibe, songs: Mapping[int, MeasuredTrack]) -> bool:
    return names_hidden_genre(vibe.name, [songs[track_id].card for track_id in vibe.track_ids])


def _split(
    songs: Mapping[int, MeasuredTrack], inside: Sequence[int] | frozenset[int]
) -> tuple[list[MeasuredTrack], list[MeasuredTrack]]:
    """The songs inside a group, and the rest."""
    ids = set(inside)
    return (
        [song for track_id, song in songs.items() if track_id in ids],
        [song for track_id, song in songs.items() if track_id not in ids],
    )
