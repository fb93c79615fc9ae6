"""Reads and writes a server's vibes and posted playlists in the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.errors import NotAllowed, NotFound
from bot.library.opt_outs import opted_out_members
from bot.library.store import Store
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.vibe_names import clean_name, is_same_name
from bot.playlists.vibes import Vibe, match_vibes
from models import NOBODY, Guild, PlaylistTrack, VibeTrack
from models import PlaylistRecord as PlaylistRow
from models import VibeRecord as VibeRow

FORGET_VIBES_AFTER = timedelta(weeks=8)  # until then a vibe that fell apart is recognised again


@dataclass(frozen=True)
class StoredPlaylist:
    """A playlist that was posted: which tracks it had, in order."""

    id: int
    kind: PlaylistKind
    subject: str
    week: str
    name: str
    note: str
    pinned: bool
    posted_at: datetime
    track_ids: tuple[int, ...]


class PlaylistRecords:
    """Reads and writes vibes and playlists; knows nothing of how they are made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- vibes ---------------------------------------------------------------------------------------------

    async def vibes(self, guild_id: int) -> tuple[list[Vibe], datetime | None]:
        """The vibes that were found last, the largest first, and when that was."""
        async with self._store.session() as session:
            rows = await _vibes(session, guild_id)
        latest = max((row.found_at for row in rows), default=None)
        found = [_vibe(row) for row in rows if row.found_at == latest]
        return sorted(found, key=lambda vibe: (-len(vibe.track_ids), vibe.id)), latest

    async def names(self, guild_id: int) -> list[str]:
        """The names of all vibes that are known, also of those that fell apart."""
        async with self._store.session() as session:
            return [row.name for row in await _vibes(session, guild_id)]

    async def recognise(self, guild_id: int, groups: Sequence[Collection[int]]) -> dict[int, Vibe]:
        """Which of these groups of tracks are vibes that are known: number -> vibe."""
        async with self._store.session() as session:
            known = {row.id: _vibe(row) for row in await _vibes(session, guild_id)}
        same = match_vibes({vibe.id: vibe.track_ids for vibe in known.values()}, groups)
        return {number: known[vibe_id] for number, vibe_id in same.items()}

    async def found(
        self,
        guild_id: int,
        groups: Sequence[Collection[int]],
        known: Mapping[int, Vibe],
        names: Sequence[str],
        now: datetime,
    ) -> None:
        """Keep the vibes that were found: each under its id if it is known, else as a new one.

        A name that an admin gave in the meantime stays. Vibes that weren't found for long are forgotten, unless an
        admin named them.
        """
        async with self._store.begin() as session:
            # Postgres: of two that found at the same time, the second one waits here.
            await session.execute(select(Guild.id).where(Guild.id == guild_id).with_for_update())
            rows = {row.id: row for row in await _vibes(session, guild_id)}
            for number, tracks in enumerate(groups):
                row = rows.get(known[number].id) if number in known else None
                if row is None:
                    row = VibeRow(guild_id=guild_id, name=names[number], named=False, tracks=[])
                    session.add(row)
                row.found_at = now
                _set_tracks(row, tracks)
            for row in rows.values():
                if row.found_at < now - FORGET_VIBES_AFTER and not row.named:
                    await session.delete(row)

    async def rename(self, guild_id: int, vibe_id: int, name: str) -> Vibe:
        """Call a vibe what an admin wants, from now on.

        Raises NotFound for no such vibe, NotAllowed for a name that is empty, too long or another vibe's.
        """
        name = clean_name(name)
        async with self._store.begin() as session:
            rows = {row.id: row for row in await _vibes(session, guild_id)}
            if vibe_id not in rows:
                raise NotFound("There is no such vibe any more.")
            if any(is_same_name(row.name, name) for row in rows.values() if row.id != vibe_id):
                raise NotAllowed(
                    "Another vibe is called “{name}” already. Take a name that tells them apart.", name=name
                )
            rows[vibe_id].name, rows[vibe_id].named = name, True
            return _vibe(rows[vibe_id])

    # -- playlists -----------------------------------------------------------------------------------------

    async def keep(self, guild_id: int, week: str, playlists: Sequence[Playlist], now: datetime) -> list[int]:
        """Keep playlists as posted in a week, in place of what was kept of them that week; gives their ids.

        What was made for a member who opted out isn't kept.
        """
        ids = []
        async with self._store.begin() as session:
            unnamed = {str(user_id) for user_id in await opted_out_members(session, guild_id)}
            for playlist in playlists:
                if playlist.kind is PlaylistKind.MEMBER and playlist.subject in unnamed:
                    continue
                row = await _row_of(session, guild_id, week, playlist)
                if row is None:
                    row = PlaylistRow(
                        guild_id=guild_id, week=week, kind=playlist.kind, subject=playlist.subject, tracks=[]
                    )
                    session.add(row)
                row.name, row.note, row.created_at = playlist.name, playlist.note, now
                row.user_id = int(playlist.subject) if playlist.kind is PlaylistKind.MEMBER else NOBODY
                row.tracks.clear()
                await session.flush()  # else new rows are written before the old ones are gone
                row.tracks = [
                    PlaylistTrack(place=place, track_id=card.id) for place, card in enumerate(playlist.cards)
                ]
                await session.flush()
                ids.append(row.id)
        return ids

    async def history(
        self, guild_id: int, *, user_id: int = NOBODY, pinned: bool | None = None, limit: int = 50
    ) -> list[StoredPlaylist]:
        """What was posted, the newest first; of what was made for members only `user_id`'s."""
        query = (
            select(PlaylistRow)
            .where(PlaylistRow.guild_id == guild_id, PlaylistRow.user_id.in_({NOBODY, user_id}))
            .options(selectinload(PlaylistRow.tracks))
            .order_by(PlaylistRow.week.desc(), PlaylistRow.id)
            .limit(limit)
        )
        if pinned is not None:
            query = query.where(PlaylistRow.pinned == pinned)
        async with self._store.session() as session:
            return [_kept(row) for row in await session.scalars(query)]

    async def posted_since(self, guild_id: int, since: str, before: str, user_id: int) -> set[int]:
        """The tracks posted from week `since` (inclusive) until week `before`, in public or for this member."""
        query = (
            select(PlaylistTrack.track_id)
            .join(PlaylistRow)
            .where(PlaylistRow.guild_id == guild_id, PlaylistRow.user_id.in_({NOBODY, user_id}))
            .where(PlaylistRow.week >= since, PlaylistRow.week < before)
        )
        async with self._store.session() as session:
            return set(await session.scalars(query))

    async def posted_at(self, guild_id: int, before: str) -> dict[int, datetime]:
        """When each track was posted last, in weeks before this one and not only for one member."""
        query = (
            select(PlaylistTrack.track_id, PlaylistRow.created_at)
            .join(PlaylistRow)
            .where(PlaylistRow.guild_id == guild_id, PlaylistRow.user_id == NOBODY, PlaylistRow.week < before)
            .order_by(PlaylistRow.created_at)
        )
        async with self._store.session() as session:
            return {row.track_id: row.created_at for row in await session.execute(query)}

    async def pin(self, guild_id: int, playlist_id: int, pinned: bool) -> None:
        """Keep a playlist on top of the history, or no longer. Raises NotFound."""
        mine = PlaylistRow.guild_id == guild_id, PlaylistRow.id == playlist_id
        async with self._store.begin() as session:
            changed = await session.scalars(
                update(PlaylistRow).where(*mine).values(pinned=pinned).returning(PlaylistRow.id)
            )
            if not changed.all():
                raise NotFound("There is no such playlist any more.")


async def _vibes(session: AsyncSession, guild_id: int) -> list[VibeRow]:
    query = select(VibeRow).where(VibeRow.guild_id == guild_id).options(selectinload(VibeRow.tracks))
    return list(await session.scalars(query.order_by(VibeRow.id)))


def _set_tracks(row: VibeRow, tracks: Collection[int]) -> None:
    there = {each.track_id: each for each in row.tracks}
    row.tracks = [there.get(track_id) or VibeTrack(track_id=track_id) for track_id in sorted(tracks)]


def _vibe(row: VibeRow) -> Vibe:
    return Vibe(row.id, row.name, row.named, frozenset(each.track_id for each in row.tracks))


async def _row_of(session: AsyncSession, guild_id: int, week: str, playlist: Playlist) -> PlaylistRow | None:
    query = select(PlaylistRow).where(
        PlaylistRow.guild_id == guild_id,
        PlaylistRow.week == week,
        PlaylistRow.kind == playlist.kind,
        PlaylistRow.subject == playlist.subject,
    )
    return (await session.scalars(query.options(selectinload(PlaylistRow.tracks)))).one_or_none()


def _kept(row: PlaylistRow) -> StoredPlaylist:
    return StoredPlaylist(
        id=row.id,
        kind=PlaylistKind(row.kind),
        subject=row.subject,
        week=row.week,
        name=row.name,
        note=row.note,
        pinned=row.pinned,
        posted_at=row.created_at,
        track_ids=tuple(each.track_id for each in row.tracks),
    )
