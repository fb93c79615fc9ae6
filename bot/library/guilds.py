"""What a server's admins set, and the names of its members."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import NotFound
from bot.library.opt_outs import check_not_opted_out, opted_out, opted_out_members
from bot.library.store import Store
from models import Guild, Member, MusicChannel, Thread


@dataclass(frozen=True, kw_only=True)
class ParentedThread:
    """A thread, and the channel that it belongs to."""

    guild_id: int
    thread_id: int
    parent_id: int
    private: bool


class Guilds:
    """A server's settings; a server that nobody has set anything for has the defaults."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, guild_id: int) -> Guild:
        """The server, made with the defaults if it is new."""
        async with self._store.session() as session:
            if guild := await session.get(Guild, guild_id):
                return guild
        await self._change(guild_id)
        async with self._store.session() as session:
            return await session.get_one(Guild, guild_id)

    # -- music channels ------------------------------------------------------------------------------------

    async def set_music_channel(
        self, guild_id: int, channel_id: int, listen: bool, *, since: int = 0
    ) -> None:
        """Listen to a channel's messages after message `since`, or no longer."""
        await self._change(guild_id)
        row = {"guild_id": guild_id, "channel_id": channel_id, "last_message_id": since}
        async with self._store.begin() as session:
            if listen:
                await session.execute(self._store.insert(MusicChannel).values(row).on_conflict_do_nothing())
            else:
                await session.execute(delete(MusicChannel).where(_is_channel(guild_id, channel_id)))

    async def music_channels(self, guild_id: int) -> dict[int, int]:
        """The server's music channels, with the last message that was seen in each."""
        async with self._store.session() as session:
            rows = await session.scalars(select(MusicChannel).where(MusicChannel.guild_id == guild_id))
            return {row.channel_id: row.last_message_id for row in rows}

    async def seen(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Note that everything in a music channel up to this message is in the ledger."""
        async with self._store.begin() as session:
            await note_seen(session, {(guild_id, channel_id): message_id})

    # -- threads -------------------------------------------------------------------------------------------

    async def drop_thread(self, guild_id: int, thread_id: int) -> None:
        """A thread was deleted."""
        async with self._store.begin() as session:
            await session.execute(
                delete(Thread).where(Thread.guild_id == guild_id, Thread.thread_id == thread_id)
            )

    async def threads(self, guild_id: int) -> dict[int, Thread]:
        """The server's threads in which something was shared."""
        async with self._store.session() as session:
            rows = await session.scalars(select(Thread).where(Thread.guild_id == guild_id))
            return {row.thread_id: row for row in rows}

    # -- the weekly digest ---------------------------------------------------------------------------------

    async def set_digest(
        self,
        guild_id: int,
        channel_id: int,
        weekday: int,
        hour: int,
        timezone: str,
        *,
        every: str = "week",
    ) -> None:
        """Post the digest in this channel, from the next time on that it is `weekday` (Monday is 0), `hour`.

        `every` week, month or year.

        Raises NotFound for a time zone that there isn't.
        """
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise NotFound(
                "There is no time zone “{zone}”. Write one like Europe/Berlin.", zone=timezone
            ) from None
        await self._change(
            guild_id,
            digest_channel_id=channel_id,
            digest_weekday=weekday,
            digest_hour=hour,
            digest_every=every,
            timezone=timezone,
            digest_since=datetime.now(UTC),
            digest_trouble="",
        )

    async def digest_off(self, guild_id: int) -> None:
        """Post no more digests."""
        await self._change(guild_id, digest_channel_id=None, digest_trouble="")

    async def digest_lost(self, guild_id: int, channel_id: int, trouble: str) -> bool:
        """Post no more digests in a channel that can't be posted in any more, and note why; whether that is news."""
        async with self._store.begin() as session:
            lost = await session.scalar(
                update(Guild)
                .where(Guild.id == guild_id, Guild.digest_channel_id == channel_id)
                .values(digest_channel_id=None, digest_trouble=trouble)
                .returning(Guild.id)
            )
        return lost is not None

    # -- members -------------------------------------------------------------------------------------------

    async def remember(self, guild_id: int, user_id: int, name: str) -> None:
        """Note a member's name as it is now, unless they opted out."""
        async with self._store.session() as session:
            member = await session.get(Member, (guild_id, user_id))
            if member is not None and member.name == name:
                return
        async with self._store.begin() as session:
            if not await opted_out(session, guild_id, user_id):
                await note_names(self._store, session, {(guild_id, user_id): name})

    async def names(self, guild_id: int, user_ids: Collection[int]) -> dict[int, str]:
        """The names of those of the members whose name is known, and may be said."""
        async with self._store.session() as session:
            rows = await session.scalars(
                select(Member).where(Member.guild_id == guild_id, Member.user_id.in_(user_ids))
            )
            unnamed = await opted_out_members(session, guild_id)
            return {row.user_id: row.name for row in rows if row.user_id not in unnamed}

    async def set_quiet(self, guild_id: int, user_id: int, name: str, *, quiet: bool) -> None:
        """Mention a member in no digest any more, or again. Raises OptedOut."""
        await self.remember(guild_id, user_id, name)
        theirs = Member.guild_id == guild_id, Member.user_id == user_id
        async with self._store.begin() as session:
            await check_not_opted_out(session, guild_id, user_id)
            await session.execute(update(Member).where(*theirs).values(quiet=quiet))

    async def quiet(self, guild_id: int) -> frozenset[int]:
        """The members whom no digest mentions."""
        query = select(Member.user_id).where(Member.guild_id == guild_id, Member.quiet)
        async with self._store.session() as session:
            return frozenset(await session.scalars(query))

    async def _change(self, guild_id: int, **values: object) -> None:
        row = self._store.insert(Guild).values(id=guild_id, **values)
        async with self._store.begin() as session:
            if values:
                await session.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
            else:
                await session.execute(row.on_conflict_do_nothing())


def _is_channel(guild_id: int, channel_id: int) -> ColumnElement[bool]:
    return and_(MusicChannel.guild_id == guild_id, MusicChannel.channel_id == channel_id)


# -- as part of a transaction; on Postgres in an order of rows, so that two of them never wait for each other --------


async def note_names(store: Store, session: AsyncSession, names: Mapping[tuple[int, int], str]) -> None:
    """Note members' names, by (guild_id, user_id), as they are now."""
    await note_guilds(store, session, {guild_id for guild_id, _ in names})
    row = store.insert(Member)
    renamed = row.on_conflict_do_update(
        index_elements=["guild_id", "user_id"],
        set_={"name": row.excluded.name},
        where=Member.name != row.excluded.name,
    )
    rows = [{"guild_id": guild, "user_id": user, "name": names[guild, user]} for guild, user in sorted(names)]
    if rows:
        await session.execute(renamed, rows)


async def note_threads(store: Store, session: AsyncSession, threads: Collection[ParentedThread]) -> None:
    """Note whose threads these are, which Discord doesn't tell once they are archived."""
    await note_guilds(store, session, {thread.guild_id for thread in threads})
    rows = sorted((asdict(thread) for thread in threads), key=lambda row: (row["guild_id"], row["thread_id"]))
    if rows:
        await session.execute(store.insert(Thread).on_conflict_do_nothing(), rows)


async def note_seen(session: AsyncSession, last: Mapping[tuple[int, int], int]) -> None:
    """Note that everything up to this message is in the ledger, by (guild_id, channel_id) of music channels."""
    for guild_id, channel_id in sorted(last):
        message_id = last[guild_id, channel_id]
        older = MusicChannel.last_message_id < message_id
        mark = update(MusicChannel).where(_is_channel(guild_id, channel_id), older)
        await session.execute(mark.values(last_message_id=message_id))


async def note_guilds(store: Store, session: AsyncSession, guild_ids: Collection[int]) -> None:
    """Make the rows of servers that have none."""
    rows = [{"id": guild_id} for guild_id in sorted(guild_ids)]
    if rows:
        await session.execute(store.insert(Guild).on_conflict_do_nothing(), rows)
