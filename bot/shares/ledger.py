"""The ledger: every share is a row before the bot says "got it", and ends announced or failed with a reason.

queued → fetching → analysing → stored → announced        or → failed
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import SENTENCES, Failure, OptedOut
from bot.library.guilds import note_names, note_seen, note_threads
from bot.library.opt_outs import Posted, left_alone
from bot.library.store import Store
from bot.settings import Settings
from bot.shares.admission import Quota, Remembered, admit, job_ids, remembered
from bot.shares.jobs import (
    UNANNOUNCED_STATES,
    UNFINISHED_STATES,
    Claimed,
    JobSnapshot,
    MessageSnapshot,
    NewShare,
    WallClock,
    from_row,
    now,
)
from bot.shares.lane import Lane
from bot.shares.leases import NO_OWNER, Leases, scope
from bot.shares.posts import Post
from models import Job, JobState, MessageTrack, MusicChannel, Reply

OPTED_OUT = "Who posted it opted out."
NO_QUOTA = Quota(member_daily=2**31, server_daily=2**31)


class MessagePlace(NamedTuple):
    """A message, and the channel that it stands in."""

    channel_id: int
    message_id: int


class Ledger:
    """The rows of `jobs`; `leases` is what workers claim them through; `clock` tells the time in UTC."""

    def __init__(
        self, store: Store, *, installation: str = "local", quota: Quota = NO_QUOTA, clock: WallClock = now
    ) -> None:
        self.leases = Leases(store, installation, clock)
        self._store = store
        self._quota = quota
        self._clock = clock

    @classmethod
    def of(cls, store: Store, settings: Settings) -> Self:
        """The ledger of the installation in `settings.home`, with its quotas."""
        quota = Quota(settings.member_daily, settings.server_daily)
        return cls(store, installation=installation(settings.home), quota=quota)

    async def enqueue(self, shares: Sequence[NewShare]) -> list[int]:
        """Save shares, all or none, and give their jobs' ids; the same share again is the same job.

        Raises OptedOut.
        """
        async with self._store.begin() as session:
            if await left_alone(session, {_posted(share) for share in shares}):
                raise OptedOut
            await admit(self._store, session, shares, self._quota, self._clock())
            jobs = await job_ids(session, shares)
            return [jobs[share.identity] for share in shares]

    async def take_in(self, posts: Sequence[Post]) -> list[bool]:
        """Save posted messages in their order, all or none; says of each whether its songs are taken in.

        They are not where nobody listens, and not if their author opted out.
        """
        async with self._store.session() as session:
            asked = {post.guild_id for post in posts}
            rows = await session.scalars(select(MusicChannel).where(MusicChannel.guild_id.in_(asked)))
            listened = {(row.guild_id, row.channel_id) for row in rows}
        places = [(post.guild_id, post.music_channel) for post in posts]
        taken = [place[1] is None or place in listened for place in places]
        to_save = [post for post, is_taken in zip(posts, taken, strict=True) if is_taken]
        if any(post.shares or post.seen for post in to_save):
            async with self._store.begin() as session:
                alone = await self._save(session, to_save)
            taken = [
                is_taken and not _of_any(post, alone) for post, is_taken in zip(posts, taken, strict=True)
            ]
        return taken

    async def _save(self, session: AsyncSession, posts: Sequence[Post]) -> set[Posted]:
        """Save them; gives what is left alone, because its author opted out."""
        posted = {_posted(share) for post in posts for share in post.shares}
        alone = await left_alone(session, posted)
        sharing = [post for post in posts if post.shares and not _of_any(post, alone)]
        names = {(post.guild_id, post.user_id): post.user_name for post in sharing}
        await note_names(self._store, session, names)
        await note_threads(self._store, session, {post.thread for post in sharing if post.thread})
        shares = [share for post in sharing for share in post.shares]
        await admit(self._store, session, shares, self._quota, self._clock())
        seen: dict[tuple[int, int], int] = {}
        for post in posts:
            if post.seen and post.music_channel is not None:
                place = post.guild_id, post.music_channel
                seen[place] = max(seen.get(place, 0), post.message_id)
        await note_seen(session, seen)
        return alone

    async def withdraw(self, guild_id: int, message_id: int) -> int:
        """End the unfinished jobs of a deleted message; whoever works on one finds its lease lost.

        Drop the message's shares after this, not before: then none can be added behind your back.
        """
        mine = and_(Job.guild_id == guild_id, Job.message_id == message_id, ~Job.done)
        ended = {
            "state": JobState.FAILED,
            "failure": Failure.WITHDRAWN,
            "reason": SENTENCES[Failure.WITHDRAWN],
        }
        async with self._store.begin() as session:
            rows = await session.scalars(
                update(Job).where(mine).values(**ended, done=True, **NO_OWNER).returning(Job.id)
            )
            return len(rows.all())

    async def messages_in(self, guild_id: int, channel_id: int, first: int, last: int) -> set[int]:
        """The messages of a channel, from one to another, in which something was shared, and the replies to them."""
        shared = select(Job.message_id).where(
            Job.guild_id == guild_id,
            Job.channel_id == channel_id,
            Job.message_id.between(max(first, 1), last),
            Job.failure != Failure.WITHDRAWN,
        )
        replied = select(Reply.reply_id).where(
            Reply.guild_id == guild_id, Reply.channel_id == channel_id, Reply.reply_id.between(first, last)
        )
        async with self._store.session() as session:
            return {*await session.scalars(shared), *filter(None, await session.scalars(replied))}

    async def withdraw_member(self, guild_id: int, user_id: int) -> list[MessagePlace]:
        """End what is on its way of a member who opted out, and give the messages that it stands in."""
        theirs = and_(Job.guild_id == guild_id, Job.user_id == user_id)
        waiting = and_(theirs, Job.state.in_(UNFINISHED_STATES), ~Job.done)
        ended = {"state": JobState.FAILED, "failure": Failure.WITHDRAWN, "reason": OPTED_OUT, "done": True}
        async with self._store.begin() as session:
            rows = await session.execute(
                update(Job)
                .where(waiting)
                .values(**ended, **NO_OWNER)
                .returning(Job.channel_id, Job.message_id)
            )
            return sorted({MessagePlace(*row) for row in rows})

    async def failed_meanwhile(self, claimed: Claimed) -> Remembered | None:
        """Why the same link failed for good in this server since this job was made."""
        link = (claimed.guild_id, claimed.key)
        async with self._store.session() as session:
            return (await remembered(session, {link}, claimed.created_at)).get(link)

    async def message_snapshot(self, guild_id: int, message_id: int) -> MessageSnapshot | None:
        """How a message's links and files stand; None if it has none."""
        async with self._store.session() as session:
            reply = await session.get(Reply, message_id)
            rows = await session.scalars(
                select(Job).where(Job.guild_id == guild_id, Job.message_id == message_id).order_by(Job.id)
            )
            jobs = rows.all()
        if not jobs:
            return None
        return MessageSnapshot(
            guild_id=guild_id,
            channel_id=jobs[0].channel_id,
            message_id=message_id,
            user_id=jobs[0].user_id,
            reply_id=reply.reply_id if reply else None,
            jobs=tuple(from_row(JobSnapshot, job) for job in jobs),
        )

    async def states(self, job_ids: Collection[int], *, only_done: bool = False) -> list[JobSnapshot]:
        """How these jobs stand, oldest first."""
        which = Job.id.in_(job_ids) & Job.done if only_done else Job.id.in_(job_ids)
        async with self._store.session() as session:
            rows = await session.scalars(select(Job).where(which).order_by(Job.id))
            return [from_row(JobSnapshot, job) for job in rows]

    async def unfinished(self) -> list[MessageSnapshot]:
        """The bot's messages with links or files that nobody has listened to yet."""
        async with self._store.session() as session:
            rows = await session.execute(
                select(Job.guild_id, Job.message_id)
                .where(Job.state.in_(UNFINISHED_STATES), ~Job.done, scope(None))
                .group_by(Job.guild_id, Job.message_id)
                .order_by(func.min(Job.id))
            )
            messages = rows.all()
        states = [await self.message_snapshot(guild_id, message_id) for guild_id, message_id in messages]
        return [state for state in states if state is not None]

    async def lanes(self) -> list[Lane]:
        """How many of the bot's jobs are to be listened to, and to be announced; how old since they were posted."""
        at = self._clock()
        async with self._store.session() as session:
            rows = await session.execute(
                select(Job.state, func.count(), func.min(Job.created_at))
                .where(~Job.done, scope(None))
                .group_by(Job.state)
            )
            states = {JobState(state): (count, oldest) for state, count, oldest in rows}
        return [
            _lane("listening", [states[state] for state in UNFINISHED_STATES if state in states], at),
            _lane("announcing", [states[state] for state in UNANNOUNCED_STATES if state in states], at),
        ]

    async def replied(self, guild_id: int, message_id: int, reply_id: int) -> bool:
        """Keep which message is the reply, and that it is about the message's tracks.

        False if there is nothing to reply to any more: the message was deleted meanwhile, or its author forgotten.
        """
        async with self._store.begin() as session:
            kept = await session.scalar(
                update(Reply)
                .where(Reply.message_id == message_id)
                .values(reply_id=reply_id)
                .returning(Reply.message_id)
            )
            if kept is None:
                return False
            tracks = await session.scalars(
                select(Job.track_id).where(
                    Job.guild_id == guild_id, Job.message_id == message_id, Job.track_id.is_not(None)
                )
            )
            for track_id in set(tracks):
                about = {"message_id": reply_id, "track_id": track_id, "guild_id": guild_id}
                await session.execute(
                    self._store.insert(MessageTrack).values(**about).on_conflict_do_nothing()
                )
        return True


def _lane(name: str, states: Sequence[tuple[int, datetime]], at: datetime) -> Lane:
    oldest = min((oldest for _, oldest in states), default=at)
    return Lane(name, sum(count for count, _ in states), max(0.0, (at - oldest).total_seconds()))


def _posted(share: NewShare) -> Posted:
    return Posted(share.guild_id, share.user_id, share.shared_at)


def _of_any(post: Post, posted: Collection[Posted]) -> bool:
    return any(_posted(share) in posted for share in post.shares)


def installation(home: Path) -> str:
    """The name that a home directory has kept since it was first used."""
    kept = home / "installation"
    if kept.exists() and (name := kept.read_text().strip()):
        return name
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"installation-{secrets.token_hex(8)}"
    fresh.write_text(fresh.name)
    fresh.replace(kept)
    return fresh.name
