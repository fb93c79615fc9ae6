"""The weekly digest: what it says, when it is due, and who posts it, once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.library.cards import Channels, TrackCard
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.playlists.around import Around
from bot.playlists.content import DigestContent
from bot.playlists.playlist import Playlist
from bot.playlists.weeks import Schedule, Week
from bot.taste.answers import Answers
from bot.taste.evidence import favourites
from bot.taste.feedback import Feedback, Vote
from bot.taste.recommend import Pick, Recommender
from models import Answer, Digest, Guild, Share, Suggestion

__all__ = ["DigestContent", "Digests", "DueDigest", "next_due"]

LOVED = 5
SHOWN_LATELY = timedelta(weeks=8)  # how long a recommendation of the week isn't recommended again
SEEDS = 5  # around how many tracks a playlist is tried
CLAIM_STANDS = timedelta(minutes=10)  # whoever claimed a digest and didn't post it by then has crashed

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

CLAIMED, POSTED = "claimed", "posted"


@dataclass(frozen=True)
class DueDigest:
    """A digest that is to be posted now."""

    guild_id: int
    week: str
    channel_id: int
    due_at: datetime


def next_due(guild: Guild, now: datetime) -> datetime:
    """The next moment at which a server's digest is due."""
    schedule = Schedule.of(guild)
    return schedule.due(schedule.latest(now).after())


class Digests:
    """Composes digests, and keeps who posts which."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        guilds: Guilds,
        feedback: Feedback,
        recommender: Recommender,
        answers: Answers,
        around: Around,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._guilds = guilds
        self._feedback = feedback
        self._recommender = recommender
        self._answers = answers
        self._around = around

    # -- what it says --------------------------------------------------------------------------------------

    async def compose(self, guild_id: int, week: str, channels: Channels) -> DigestContent:
        """The digest of an ISO week (2026-W47), of what may be shown in `channels`. Raises NotFound for no week."""
        number = Week.parse(week)
        since, until = Schedule.of(await self._guilds.get(guild_id)).covers(number)
        return await self._compose(guild_id, number, since, until, channels)

    async def preview(
        self, guild_id: int, channels: Channels, *, now: datetime | None = None
    ) -> DigestContent:
        """The digest as it would be if it were due now."""
        until = now or datetime.now(UTC)
        zone = Schedule.of(await self._guilds.get(guild_id)).zone
        since = (until.astimezone(zone) - timedelta(days=7)).astimezone(UTC)
        return await self._compose(guild_id, Week.of(until.astimezone(zone).date()), since, until, channels)

    async def prepare(self, due: DueDigest, channels: Channels) -> DigestContent:
        """The digest that is about to be posted; its pick is kept, so that `posted` can say where it stands."""
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
        return content

    async def _compose(
        self, guild_id: int, week: Week, since: datetime, until: datetime, channels: Channels
    ) -> DigestContent:
        tracks = await self._tracks(guild_id, since, until, channels)
        votes = await self._feedback.votes(guild_id)
        ranked = [track_id for track_id, _ in favourites(v for v in votes if since <= v.at < until)]
        loved = await self._catalog.cards(guild_id, ranked, channels)
        return DigestContent(
            guild_id=guild_id,
            week=str(week),
            since=since,
            until=until,
            tracks=tuple(tracks),
            loved=tuple(loved[:LOVED]),
            pick=await self._pick(guild_id, until, channels),
            playlist=await self._playlist(guild_id, [*loved, *reversed(tracks)], votes, channels),
        )

    async def _tracks(
        self, guild_id: int, since: datetime, until: datetime, channels: Channels
    ) -> list[TrackCard]:
        """What was shared in these days, each with the shares of these days only, oldest first."""
        query = (
            select(Share.track_id)
            .where(Share.guild_id == guild_id, Share.shared_at >= since, Share.shared_at < until)
            .order_by(Share.shared_at, Share.track_id)
        )
        async with self._store.session() as session:
            ids = dict.fromkeys(await session.scalars(query))
        cards = [
            replace(card, shares=tuple(share for share in card.shares if since <= share.shared_at < until))
            for card in await self._catalog.cards(guild_id, list(ids), channels)
        ]
        return [card for card in cards if card.shares]

    async def _pick(self, guild_id: int, until: datetime, channels: Channels) -> Pick | None:
        """The best recommendation for the server that wasn't one lately, or else the one from longest ago."""
        query = (
            select(Suggestion.track_id, func.max(Suggestion.shown_at).label("at"))
            .join(Answer)
            .where(Answer.guild_id == guild_id, Answer.kind == "digest")
            .where(Suggestion.shown_at > until - SHOWN_LATELY)
            .group_by(Suggestion.track_id)
        )
        async with self._store.session() as session:
            lately: dict[int, datetime] = {row.track_id: row.at for row in await session.execute(query)}
        picks = (await self._recommender.recommend(guild_id, None, channels)).picks
        return min(picks, key=lambda pick: lately.get(pick.card.id, LONG_AGO), default=None)

    async def _playlist(
        self, guild_id: int, seeds: Sequence[TrackCard], votes: Sequence[Vote], channels: Channels
    ) -> Playlist | None:
        """A playlist around what was loved this week, or what was shared last, or what the server loves."""
        unwanted = {track_id for track_id, _ in favourites(votes, -1)}
        loved = [track_id for track_id, _ in favourites(votes)]
        for track_id in list(dict.fromkeys([*(card.id for card in seeds), *loved]))[:SEEDS]:
            if track_id not in unwanted:
                playlist = await self._around.playlist(guild_id, track_id, channels, unwanted=unwanted)
                if playlist is not None:
                    return playlist
        return None

    # -- who posts it, and when ----------------------------------------------------------------------------

    async def due(self, now: datetime) -> list[DueDigest]:
        """The digests to post: of each server the latest, if it wasn't posted and nobody is at it.

        Older weeks that were missed stay unposted, and so does every week before one that was posted: a clock that
        jumps back posts nothing.
        """
        async with self._store.session() as session:
            guilds = list(await session.scalars(select(Guild).where(Guild.digest_channel_id.is_not(None))))
            found = [due for guild in guilds if (due := _latest(guild, now))]
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

    async def posted(self, due: DueDigest, message_id: int, *, now: datetime | None = None) -> None:
        """It stands in this message; marks on that are about its pick."""
        now = now or datetime.now(UTC)
        async with self._store.begin() as session:
            await session.execute(
                update(Digest)
                .where(Digest.guild_id == due.guild_id, Digest.week == due.week)
                .values(state=POSTED, message_id=message_id, posted_at=now)
            )
            kept = await _kept(session, due)
        for answer in kept:
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


def _latest(guild: Guild, now: datetime) -> DueDigest | None:
    """A server's newest digest that was due by now, if that was after the digest was set up."""
    schedule = Schedule.of(guild)
    week = schedule.latest(now)
    due_at = schedule.due(week)
    if guild.digest_channel_id is None or (guild.digest_since and due_at < guild.digest_since):
        return None
    return DueDigest(guild.id, str(week), guild.digest_channel_id, due_at)


def _is_settled(due: DueDigest, now: datetime) -> ColumnElement[bool]:
    """Whether it was posted, somebody is at it, or a later one was."""
    settled = or_(Digest.state != CLAIMED, Digest.claimed_at > now - CLAIM_STANDS)
    this = and_(Digest.week == due.week, settled)
    return exists().where(Digest.guild_id == due.guild_id, or_(Digest.week > due.week, this))


async def _kept(session: AsyncSession, due: DueDigest) -> Sequence[Answer]:
    """The pick that was kept for a digest."""
    query = select(Answer).where(
        Answer.guild_id == due.guild_id, Answer.kind == "digest", Answer.heading == due.week
    )
    return (await session.scalars(query.options(selectinload(Answer.suggestions)))).all()
