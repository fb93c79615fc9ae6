"""The weekly digest: when it is due, and who posts it, once. A month's and a year's too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.library.cards import Channels, TrackCard
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.playlists.composer import LONG_AGO, Composer
from bot.playlists.content import DigestContent
from bot.playlists.service import Playlists
from bot.playlists.weeks import DAYS, EVERY, Schedule, Year, read_period
from bot.taste.answers import Answers
from models import Answer, Digest, Guild

__all__ = ["DigestContent", "Digests", "DueDigest", "next_due"]

CLAIM_STANDS = timedelta(minutes=10)  # whoever claimed a digest and didn't post it by then has crashed

CLAIMED, POSTED = "claimed", "posted"


@dataclass(frozen=True)
class DueDigest:
    """A digest that is to be posted now; `week` is its period as written."""

    guild_id: int
    week: str
    channel_id: int
    due_at: datetime


def next_due(guild: Guild, now: datetime) -> datetime:
    """The next moment at which a server's digest is due."""
    schedule = Schedule.of(guild)
    return schedule.due(schedule.latest(now, EVERY[guild.digest_every]).after())


class Digests:
    """Composes digests, and keeps who posts which."""

    def __init__(
        self, store: Store, guilds: Guilds, answers: Answers, composer: Composer, playlists: Playlists
    ) -> None:
        self._store = store
        self._guilds = guilds
        self._answers = answers
        self._composer = composer
        self._playlists = playlists

    # -- what it says --------------------------------------------------------------------------------------

    async def compose(self, guild_id: int, week: str, channels: Channels) -> DigestContent:
        """The digest of a week (2026-W47), month (2026-11) or year (2026), of what may be shown in `channels`.

        Raises NotFound for anything else.
        """
        period = read_period(week)
        schedule = Schedule.of(await self._guilds.get(guild_id))
        since, until = schedule.covers(period)
        return await self._composer.compose(guild_id, str(period), since, until, channels, schedule.zone)

    async def preview(
        self, guild_id: int, channels: Channels, *, length: str = "week", now: datetime | None = None
    ) -> DigestContent:
        """The digest of the last 7 (of a month 30, of a year 365) days, as it would be if it were due now."""
        until = now or datetime.now(UTC)
        zone = Schedule.of(await self._guilds.get(guild_id)).zone
        since = (until.astimezone(zone) - timedelta(days=DAYS[length])).astimezone(UTC)
        period = str(EVERY[length].of(until.astimezone(zone).date()))
        return await self._composer.compose(guild_id, period, since, until, channels, zone)

    async def prepare(self, due: DueDigest, channels: Channels) -> DigestContent:
        """The digest that is about to be posted; its pick is kept, so that `posted` can say where it stands.

        Its playlists are kept as this week's, and stay out of the next weeks'.
        """
        content = await self.compose(due.guild_id, due.week, channels)
        async with self._store.begin() as session:
            for answer in await _kept(session, due):
                await session.delete(answer)
        if content.pick:
            await self._answers.save(
                due.guild_id,
                channel_id=due.channel_id,
                user_id=0,
                kind="digest",
                private=False,
                heading=due.week,
                picks=[content.pick],
            )
        await self._playlists.keep(due.guild_id, content.playlists)
        return content

    async def songs(
        self,
        guild_id: int,
        since: datetime,
        until: datetime,
        channels: Channels,
        *,
        in_playing_order: bool = False,
    ) -> list[TrackCard]:
        """What was shared from `since` until `until`: the oldest first, or the first of it in playing order."""
        tracks = await self._composer.tracks(guild_id, since, until, channels)
        if in_playing_order:
            return await self._composer.in_playing_order(guild_id, tracks, channels)
        return tracks

    # -- who posts it, and when ----------------------------------------------------------------------------

    async def due(self, now: datetime) -> list[DueDigest]:
        """The digests to post: of each server the latest, if it wasn't posted and nobody is at it.

        Whatever the server chose, a year's comes too, once the year is over. Older ones that were missed stay
        unposted, and so does every one before one that was posted: a clock that jumps back posts nothing.
        """
        async with self._store.session() as session:
            guilds = list(await session.scalars(select(Guild).where(Guild.digest_channel_id.is_not(None))))
            found = [due for guild in guilds for due in _latest(guild, now)]
            return [due for due in found if not await session.scalar(select(_is_settled(due, now)))]

    async def claim(self, due: DueDigest, *, now: datetime | None = None) -> bool:
        """Take it upon this process to post a digest; of all that try, one gets True.

        A claim that stands for longer than CLAIM_STANDS may be taken over: look first whether its digest was posted.
        """
        now = now or datetime.now(UTC)
        stale = and_(Digest.state == CLAIMED, Digest.claimed_at <= now - CLAIM_STANDS)
        claim = {"state": CLAIMED, "channel_id": due.channel_id, "claimed_at": now}
        row = self._store.insert(Digest).values(guild_id=due.guild_id, week=due.week, **claim)
        row = row.on_conflict_do_update(index_elements=["guild_id", "week"], set_=claim, where=stale)
        async with self._store.begin() as session:
            return (await session.scalar(row.returning(Digest.week))) is not None

    async def posted(self, due: DueDigest, message_id: int | None, *, now: datetime | None = None) -> None:
        """It stands in this message, and marks on that are about its pick; None: there was nothing to say."""
        now = now or datetime.now(UTC)
        async with self._store.begin() as session:
            await session.execute(
                update(Digest)
                .where(Digest.guild_id == due.guild_id, Digest.week == due.week)
                .values(state=POSTED, message_id=message_id, posted_at=now)
            )
            kept = await _kept(session, due)
        for answer in kept if message_id else ():
            assert message_id is not None
            page = await self._answers.page(answer.id, 0, None)
            await self._answers.shown(page, message_id, now=now)

    async def release(self, due: DueDigest) -> None:
        """Posting it failed: it is due again."""
        async with self._store.begin() as session:
            await session.execute(
                delete(Digest).where(
                    Digest.guild_id == due.guild_id, Digest.week == due.week, Digest.state == CLAIMED
                )
            )

    async def take_over(self) -> None:
        """At start: claims of the bot's former life don't stand."""
        async with self._store.begin() as session:
            await session.execute(update(Digest).where(Digest.state == CLAIMED).values(claimed_at=LONG_AGO))


def _latest(guild: Guild, now: datetime) -> list[DueDigest]:
    """A server's newest digests that were due by now, if that was after the digest was set up."""
    if guild.digest_channel_id is None:
        return []
    schedule = Schedule.of(guild)
    found = []
    for kind in dict.fromkeys([EVERY[guild.digest_every], Year]):
        period = schedule.latest(now, kind)
        due_at = schedule.due(period)
        if guild.digest_since is None or due_at >= guild.digest_since:
            found.append(DueDigest(guild.id, str(period), guild.digest_channel_id, due_at))
    return found


def _is_settled(due: DueDigest, now: datetime) -> ColumnElement[bool]:
    """Whether it was posted, somebody is at it, or a later one of its kind was."""
    settled = or_(Digest.state != CLAIMED, Digest.claimed_at > now - CLAIM_STANDS)
    this = and_(Digest.week == due.week, settled)
    of_its_kind = func.length(Digest.week) == len(due.week)
    later = and_(of_its_kind, Digest.week > due.week)
    return exists().where(Digest.guild_id == due.guild_id, or_(later, this))


async def _kept(session: AsyncSession, due: DueDigest) -> Sequence[Answer]:
    """The pick that was kept for a digest."""
    query = select(Answer).where(
        Answer.guild_id == due.guild_id, Answer.kind == "digest", Answer.heading == due.week
    )
    return (await session.scalars(query.options(selectinload(Answer.suggestions)))).all()
