"""When digests are due, and a claim on each so that it is posted exactly once, also after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.backoff import backoff
from bot.digest.composer import LONG_AGO, Composer
from bot.digest.content import DigestContent
from bot.library.cards import TrackCard
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.periods import PERIODS, PREVIEW_DAYS, Period, PeriodLength, Schedule, Year, read_period
from bot.playlists.service import Playlists
from bot.suggestions.answers import Answers, NewAnswer, Subject
from models import NOBODY, Answer, AnswerKind, Digest, DigestState, Guild

CLAIM_LEASE = timedelta(minutes=10)  # whoever claimed a digest and hasn't posted it by then has crashed
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=1)  # before one that failed is tried again


@dataclass(frozen=True)
class DueDigest:
    """A digest that is to be posted now; `period` is as written, `since` and `until` what it covers."""

    guild_id: int
    period: str
    channel_id: int
    due_at: datetime
    since: datetime
    until: datetime


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

    async def compose(self, guild_id: int, written: str, channels: VisibleChannels) -> DigestContent:
        """The digest of a week (2026-W47), month (2026-11) or year (2026), of what may be shown in `channels`.

        Raises NotFound for anything else.
        """
        period = read_period(written)
        guild = await self._guilds.get(guild_id)
        async with self._store.session() as session:
            since, until = await _covered(session, guild, period)
        return await self._composer.compose(guild_id, str(period), since, until, channels, Schedule.of(guild))

    async def preview(
        self,
        guild_id: int,
        channels: VisibleChannels,
        *,
        length: PeriodLength = PeriodLength.WEEK,
        now: datetime | None = None,
    ) -> DigestContent:
        """The digest of the last 7 (of a month 30, of a year 365) days, as it would be if it were due now."""
        until = now or datetime.now(UTC)
        schedule = Schedule.of(await self._guilds.get(guild_id))
        zone = schedule.zone
        since = (until.astimezone(zone) - timedelta(days=PREVIEW_DAYS[length])).astimezone(UTC)
        period = str(PERIODS[length].of(until.astimezone(zone).date()))
        return await self._composer.compose(guild_id, period, since, until, channels, schedule)

    async def prepare(self, due: DueDigest, channels: VisibleChannels) -> DigestContent:
        """The digest that is about to be posted; its pick is kept, so that `posted` can say where it stands.

        Its playlists are kept as this week's, and stay out of the next weeks'.
        """
        schedule = Schedule.of(await self._guilds.get(due.guild_id))
        content = await self._composer.compose(
            due.guild_id, due.period, due.since, due.until, channels, schedule
        )
        async with self._store.begin() as session:
            for answer in await _kept(session, due):
                await session.delete(answer)
        if content.pick:
            pick = NewAnswer(
                guild_id=due.guild_id,
                channel_id=due.channel_id,
                user_id=NOBODY,
                kind=AnswerKind.DIGEST,
                picks=(content.pick,),
                about=Subject(period=due.period),
            )
            await self._answers.save(pick)
        await self._playlists.keep(due.guild_id, content.playlists)
        return content

    async def songs(
        self, guild_id: int, since: datetime, until: datetime, channels: VisibleChannels
    ) -> list[TrackCard]:
        """What was shared from `since` until `until`, the oldest first."""
        return await self._composer.tracks(guild_id, since, until, channels)

    async def in_playing_order(
        self, guild_id: int, songs: Sequence[TrackCard], channels: VisibleChannels
    ) -> list[TrackCard]:
        """The first of these songs such that one leads to the next."""
        return await self._composer.in_playing_order(guild_id, songs, channels)

    # -- who posts it, and when ----------------------------------------------------------------------------

    async def due(self, now: datetime) -> list[DueDigest]:
        """The digests to post: of each server the latest, if it wasn't posted and nobody is at it.

        Whatever the server chose, a year's comes too, once the year is over. Older ones that were missed stay
        unposted, and so does every one before one that was posted: a clock that jumps back posts nothing.
        """
        async with self._store.session() as session:
            guilds = list(await session.scalars(select(Guild).where(Guild.digest_channel_id.is_not(None))))
            latest = [(guild, period) for guild in guilds for period in _latest(guild, now)]
            return [
                await _due(session, guild, period)
                for guild, period in latest
                if not await session.scalar(select(_is_settled(guild.id, str(period), now)))
            ]

    async def next_due(self, guild: Guild, now: datetime) -> datetime:
        """The next moment at which a server's digest comes; none comes of a time whose digest was posted."""
        schedule = Schedule.of(guild)
        period = schedule.latest(now, PERIODS[PeriodLength(guild.digest_every)]).after()
        posted = select(func.max(Digest.period)).where(_posted(guild.id, str(period)))
        async with self._store.session() as session:
            last = await session.scalar(posted)
        if last is not None and last >= str(period):
            period = read_period(last).after()
        return schedule.due(period)

    async def claim(self, due: DueDigest, *, now: datetime | None = None) -> int:
        """Take it upon this process to post a digest; of all that try, one gets which try it is (from 1), others 0.

        A claim that stands for longer than CLAIM_LEASE may be taken over. From the second try on, look first whether
        the digest was posted.
        """
        now = now or datetime.now(UTC)
        stale = and_(Digest.state == DigestState.CLAIMED, Digest.claimed_until <= now)
        claim = {
            "state": DigestState.CLAIMED,
            "channel_id": due.channel_id,
            "claimed_until": now + CLAIM_LEASE,
        }
        claim |= {"since": due.since, "until": due.until}
        row = self._store.insert(Digest).values(guild_id=due.guild_id, period=due.period, tries=1, **claim)
        again = claim | {"tries": Digest.tries + 1}
        row = row.on_conflict_do_update(index_elements=["guild_id", Digest.period], set_=again, where=stale)
        async with self._store.begin() as session:
            return (await session.scalar(row.returning(Digest.tries))) or 0

    async def posted(self, due: DueDigest, message_id: int | None, *, now: datetime | None = None) -> None:
        """It was posted in this message, whose reactions are about its pick; None: there was nothing to say."""
        now = now or datetime.now(UTC)
        async with self._store.begin() as session:
            await session.execute(
                update(Digest)
                .where(Digest.guild_id == due.guild_id, Digest.period == due.period)
                .values(state=DigestState.POSTED, message_id=message_id, posted_at=now)
            )
            kept = await _kept(session, due)
        for answer in kept if message_id else ():
            assert message_id is not None
            page = await self._answers.page(answer.id, 0, None)
            await self._answers.shown(page, message_id, now=now)

    async def stands_in(self, guild_id: int, message_id: int) -> bool:
        """Whether a digest of this server stands in this message."""
        there = exists().where(Digest.guild_id == guild_id, Digest.message_id == message_id)
        async with self._store.session() as session:
            return bool(await session.scalar(select(there)))

    async def put_off(self, due: DueDigest, tried: int, *, now: datetime | None = None) -> None:
        """Posting it failed for the `tried`th time: it is due again in a minute, and each time in twice as long."""
        delay = backoff(tried, first=FIRST_DELAY, longest=LONGEST_DELAY)
        claimed_until = (now or datetime.now(UTC)) + delay
        async with self._store.begin() as session:
            await session.execute(update(Digest).where(_claimed(due)).values(claimed_until=claimed_until))

    async def release(self, due: DueDigest) -> None:
        """It can't be posted there: nobody is at it any more."""
        async with self._store.begin() as session:
            await session.execute(delete(Digest).where(_claimed(due)))

    async def take_over(self) -> None:
        """At start: claims of the bot's former life don't stand."""
        async with self._store.begin() as session:
            await session.execute(
                update(Digest).where(Digest.state == DigestState.CLAIMED).values(claimed_until=LONG_AGO)
            )


def _latest(guild: Guild, now: datetime) -> list[Period]:
    """Of what a server's newest digests that were due by now are, if that was after the digest was set up."""
    schedule = Schedule.of(guild)
    kinds = dict.fromkeys([PERIODS[PeriodLength(guild.digest_every)], Year])
    found = [schedule.latest(now, kind) for kind in kinds]
    return [each for each in found if guild.digest_since is None or schedule.due(each) >= guild.digest_since]


async def _due(session: AsyncSession, guild: Guild, period: Period) -> DueDigest:
    assert guild.digest_channel_id is not None
    since, until = await _covered(session, guild, period)
    due_at = Schedule.of(guild).due(period)
    return DueDigest(guild.id, str(period), guild.digest_channel_id, due_at, since, until)


async def _covered(session: AsyncSession, guild: Guild, period: Period) -> tuple[datetime, datetime]:
    """What the digest of a period covers, or did when it was posted: from where the last one ended."""
    schedule = Schedule.of(guild)
    written = str(period)
    kept = await session.get(Digest, (guild.id, written))
    if kept is not None and kept.state == DigestState.POSTED:
        return kept.since, kept.until
    before = and_(_posted(guild.id, written), Digest.until < schedule.due(period))
    return schedule.covers(period, await session.scalar(select(func.max(Digest.until)).where(before)))


def _of_length(guild_id: int, written: str) -> ColumnElement[bool]:
    """Whether a digest is a server's, and of a week, month or year as the period `written` is.

    2026-W47, 2026-11 and 2026 differ in their number of letters, and only periods of one length sort by time.
    """
    return and_(Digest.guild_id == guild_id, func.length(Digest.period) == len(written))


def _posted(guild_id: int, written: str) -> ColumnElement[bool]:
    return and_(_of_length(guild_id, written), Digest.state == DigestState.POSTED)


def _claimed(due: DueDigest) -> ColumnElement[bool]:
    return and_(
        Digest.guild_id == due.guild_id, Digest.period == due.period, Digest.state == DigestState.CLAIMED
    )


def _is_settled(guild_id: int, period: str, now: datetime) -> ColumnElement[bool]:
    """Whether it was posted, somebody is at it, or a later one of its length was."""
    this = and_(Digest.period == period, or_(Digest.state == DigestState.POSTED, Digest.claimed_until > now))
    return exists().where(_of_length(guild_id, period), or_(Digest.period > period, this))


async def _kept(session: AsyncSession, due: DueDigest) -> Sequence[Answer]:
    """The pick that was kept for a digest."""
    query = select(Answer).where(
        Answer.guild_id == due.guild_id, Answer.kind == AnswerKind.DIGEST, Answer.period == due.period
    )
    return (await session.scalars(query.options(selectinload(Answer.suggestions)))).all()
