"""Members' reactions to messages, and the votes on tracks that these come to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import NotFound
from bot.library.opt_outs import check_not_opted_out, opted_out
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels, visible
from bot.library.votes import standing_votes
from models import Answer, Job, MessageTrack, Reaction, Reply, Share, Track, VoteKind


@dataclass(frozen=True)
class Vote:
    """A member's standing vote on a track, and since when."""

    track_id: int
    user_id: int
    kind: VoteKind
    at: datetime


class Feedback:
    """Keeps every reaction as it was made; what it counts for is decided when votes are read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add_reaction(
        self,
        guild_id: int,
        message_id: int,
        user_id: int,
        kind: VoteKind,
        *,
        track_id: int = 0,
        at: datetime | None = None,
    ) -> bool:
        """Note a 👍 or 👎 on a message, or on one track of it; noting it again changes nothing.

        False for a message that the bot doesn't know, which is none of its business, and for a member who opted out.
        """
        async with self._store.begin() as session:
            if not await session.scalar(select(_is_known(guild_id, message_id))):
                return False
            if await opted_out(session, guild_id, user_id):
                return False
            await self._add(
                session,
                guild_id=guild_id,
                message_id=message_id,
                user_id=user_id,
                kind=kind,
                track_id=track_id,
                created_at=at or datetime.now(UTC),
            )
        return True

    async def shown(self, guild_id: int, message_id: int, track_id: int) -> None:
        """A message of the bot's shows a track: from now on reactions to it are about that."""
        about = {"message_id": message_id, "track_id": track_id, "guild_id": guild_id}
        async with self._store.begin() as session:
            if await session.get(Track, track_id) is not None:
                await session.execute(self._store.insert(MessageTrack).values(about).on_conflict_do_nothing())

    async def remove_reaction(
        self, guild_id: int, message_id: int, user_id: int, kind: VoteKind, *, track_id: int = 0
    ) -> None:
        """Take a reaction back."""
        mine = and_(Reaction.user_id == user_id, Reaction.kind == kind, Reaction.track_id == track_id)
        async with self._store.begin() as session:
            await session.execute(delete(Reaction).where(_on(guild_id, message_id), mine))

    async def toggle(
        self, guild_id: int, message_id: int, user_id: int, kind: VoteKind, *, track_id: int
    ) -> int:
        """Press a button: its reaction takes the place of the opposite one, or is taken back if it was set.

        Returns the member's vote on the track afterwards, 0 for none. Raises NotFound if the track is gone, and
        OptedOut, though what was kept before may be taken back.
        """
        mine = and_(_on(guild_id, message_id), Reaction.user_id == user_id, Reaction.track_id == track_id)
        async with self._store.begin() as session:
            about = await session.get(MessageTrack, (message_id, track_id))
            if about is None or about.guild_id != guild_id:
                raise NotFound("That song is no longer in the library.")
            was_set = await session.scalar(select(exists().where(mine, Reaction.kind == kind)))
            if not was_set:
                await check_not_opted_out(session, guild_id, user_id)
            await session.execute(delete(Reaction).where(mine))
            if not was_set:
                await self._add(
                    session,
                    guild_id=guild_id,
                    message_id=message_id,
                    user_id=user_id,
                    kind=kind,
                    track_id=track_id,
                    created_at=datetime.now(UTC),
                )
            votes = standing_votes(guild_id, MessageTrack.track_id == track_id, Reaction.user_id == user_id)
            return await session.scalar(select(votes.c.kind)) or 0

    async def reactions_on(
        self, guild_id: int, message_ids: Collection[int]
    ) -> dict[int, dict[VoteKind, set[int]]]:
        """Who reacted how to those of the messages that the bot knows; buttons are none of it."""
        about = select(MessageTrack.message_id).where(
            MessageTrack.guild_id == guild_id, MessageTrack.message_id.in_(message_ids)
        )
        jobs = select(Job.message_id).where(Job.guild_id == guild_id, Job.message_id.in_(message_ids))
        noted = select(Reaction).where(
            Reaction.guild_id == guild_id, Reaction.message_id.in_(message_ids), Reaction.track_id == 0
        )
        async with self._store.session() as session:
            known = {*await session.scalars(about), *await session.scalars(jobs)}
            reactions = (await session.scalars(noted)).all()
        found: dict[int, dict[VoteKind, set[int]]] = {
            each: {kind: set() for kind in VoteKind} for each in known
        }
        for reaction in reactions:
            if reaction.message_id in found:
                found[reaction.message_id][VoteKind(reaction.kind)].add(reaction.user_id)
        return found

    async def clear_message(self, guild_id: int, message_id: int) -> None:
        """All reactions were cleared from a message; what was said by its buttons stays."""
        async with self._store.begin() as session:
            await session.execute(delete(Reaction).where(_on(guild_id, message_id), Reaction.track_id == 0))

    async def clear_kind(self, guild_id: int, message_id: int, kind: VoteKind) -> None:
        """All reactions of one kind were cleared from a message."""
        async with self._store.begin() as session:
            await session.execute(
                delete(Reaction).where(
                    _on(guild_id, message_id), Reaction.track_id == 0, Reaction.kind == kind
                )
            )

    async def forget_message(self, guild_id: int, message_id: int) -> None:
        """A message is gone, and with it every reaction to it."""
        about = and_(MessageTrack.guild_id == guild_id, MessageTrack.message_id == message_id)
        async with self._store.begin() as session:
            await session.execute(delete(Reaction).where(_on(guild_id, message_id)))
            await session.execute(delete(MessageTrack).where(about))

    async def votes(
        self, guild_id: int, user_id: int | None = None, *, channels: VisibleChannels = None
    ) -> list[Vote]:
        """The votes that stand, of one member or of all, newest first, as whoever sees `channels` may know them."""
        where = () if user_id is None else (Reaction.user_id == user_id,)
        votes = standing_votes(guild_id, *where, shares=visible(channels))
        query = select(votes).order_by(votes.c.at.desc(), votes.c.track_id, votes.c.user_id)
        async with self._store.session() as session:
            rows = await session.execute(query)
            return [Vote(row.track_id, row.user_id, VoteKind(row.kind), row.at) for row in rows]

    async def counts(
        self, guild_id: int, track_ids: Collection[int], *, channels: VisibleChannels = None
    ) -> dict[int, tuple[int, int]]:
        """Likes and dislikes of those of the tracks that have any, as whoever sees `channels` may know them."""
        votes = standing_votes(guild_id, MessageTrack.track_id.in_(track_ids), shares=visible(channels))
        likes, dislikes = (func.sum(case((votes.c.kind == kind, 1), else_=0)) for kind in VoteKind)
        async with self._store.session() as session:
            rows = await session.execute(select(votes.c.track_id, likes, dislikes).group_by(votes.c.track_id))
            return {track_id: (liked, disliked) for track_id, liked, disliked in rows}

    async def _add(self, session: AsyncSession, **reaction: object) -> None:
        await session.execute(self._store.insert(Reaction).values(reaction).on_conflict_do_nothing())


def _on(guild_id: int, message_id: int) -> ColumnElement[bool]:
    return and_(Reaction.guild_id == guild_id, Reaction.message_id == message_id)


def _is_known(guild_id: int, message_id: int) -> ColumnElement[bool]:
    """Whether a job, share, reply or answer has this message."""
    return or_(
        exists().where(Job.guild_id == guild_id, Job.message_id == message_id),
        exists().where(Share.guild_id == guild_id, Share.message_id == message_id),
        exists().where(Reply.guild_id == guild_id, Reply.reply_id == message_id),
        exists().where(Answer.guild_id == guild_id, Answer.message_id == message_id),
        exists().where(MessageTrack.guild_id == guild_id, MessageTrack.message_id == message_id),
    )
