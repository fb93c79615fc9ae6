"""Removing shares: what goes with a share, with a message's last share, and with a track's last share."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import Failure
from bot.library.cards import batches
from models import Job, JobState, MessageTrack, Reaction, Reply, Share, Track

BATCH_ROWS = 500
REMOVED = "It was removed from the library."


class GoneReply(NamedTuple):
    """A reply of the bot's that is about no track any more."""

    channel_id: int
    reply_id: int


@dataclass(frozen=True)
class Dropped:
    """What removing shares touched.

    `tracks`: those that lost a share; `gone`: those of them that lost their last one and are no more.
    """

    tracks: frozenset[int]
    gone: frozenset[int]
    replies: tuple[GoneReply, ...]


async def drop_shares(
    session: AsyncSession, guild_id: int, shares: Sequence[Share], messages: Collection[int] = ()
) -> Dropped:
    """Delete shares and everything that existed only because of them; `messages` are checked too.

    A message that is about nothing any more loses its reactions and its reply, unless a link of it is still on its
    way. A job whose share is dropped ends as withdrawn, so that the same message may be asked about again.
    """
    for batch in batches(shares, BATCH_ROWS):
        await _detach(session, guild_id, [(share.message_id, share.track_id) for share in batch])
    touched = frozenset(share.track_id for share in shares)
    gone, elsewhere = await _delete_unshared(session, guild_id, sorted(touched))
    replies = await _settle(session, guild_id, sorted({*messages, *(share.message_id for share in shares)}))
    await _clear(session, guild_id, sorted(elsewhere))
    return Dropped(touched, gone, replies)


async def _detach(session: AsyncSession, guild_id: int, pairs: Sequence[tuple[int, int]]) -> None:
    """Unlink messages, and the replies to them, from these tracks."""
    rows = await session.execute(
        select(Reply.message_id, Reply.reply_id).where(
            Reply.message_id.in_({message for message, _ in pairs})
        )
    )
    replies = {message_id: reply_id for message_id, reply_id in rows if reply_id is not None}
    about = [*pairs, *((replies[message], track) for message, track in pairs if message in replies)]

    await session.execute(
        update(Job)
        .where(Job.guild_id == guild_id, tuple_(Job.message_id, Job.track_id).in_(pairs))
        .values(state=JobState.FAILED, failure=Failure.WITHDRAWN, reason=REMOVED, track_id=None)
    )
    await session.execute(
        delete(Share).where(Share.guild_id == guild_id, tuple_(Share.message_id, Share.track_id).in_(pairs))
    )
    for table in (MessageTrack, Reaction):
        mine = and_(table.guild_id == guild_id, tuple_(table.message_id, table.track_id).in_(about))
        await session.execute(delete(table).where(mine))


async def _delete_unshared(
    session: AsyncSession, guild_id: int, track_ids: Sequence[int]
) -> tuple[frozenset[int], set[int]]:
    """Delete those of the tracks that nobody shares; gives them, and the messages that were about them."""
    gone: set[int] = set()
    messages: set[int] = set()
    unshared = and_(Track.guild_id == guild_id, ~exists().where(Share.track_id == Track.id))
    for batch in batches(track_ids, BATCH_ROWS):
        # Postgres: whoever is adding a share to one of them must be done before it can count as unshared.
        await session.execute(select(Track.id).where(Track.id.in_(batch)).with_for_update())
        lost = list(await session.scalars(select(Track.id).where(Track.id.in_(batch), unshared)))
        messages |= set(
            await session.scalars(select(MessageTrack.message_id).where(MessageTrack.track_id.in_(lost)))
        )
        await session.execute(delete(Reaction).where(Reaction.track_id.in_(lost)))
        await session.execute(delete(Track).where(Track.id.in_(lost)))
        gone |= set(lost)
    return frozenset(gone), messages


async def _settle(session: AsyncSession, guild_id: int, message_ids: Sequence[int]) -> tuple[GoneReply, ...]:
    """Delete the replies to those of the messages that are about nothing, and the reactions to both."""
    found: list[GoneReply] = []
    for batch in batches(message_ids, BATCH_ROWS):
        pending = exists().where(Job.guild_id == guild_id, Job.message_id == Reply.message_id, ~Job.done)
        about = exists().where(MessageTrack.message_id == Reply.message_id)
        rows = await session.scalars(
            delete(Reply)
            .where(Reply.guild_id == guild_id, Reply.message_id.in_(batch), ~about, ~pending)
            .returning(Reply)
        )
        found += [GoneReply(row.channel_id, row.reply_id) for row in rows if row.reply_id is not None]
        await _clear(session, guild_id, batch)
    await _clear(session, guild_id, [reply.reply_id for reply in found])
    return tuple(found)


async def _clear(session: AsyncSession, guild_id: int, message_ids: Sequence[int]) -> None:
    """Delete the reactions on those of the messages that are about nothing."""
    for batch in batches(message_ids, BATCH_ROWS):
        await session.execute(
            delete(Reaction).where(
                Reaction.guild_id == guild_id, Reaction.message_id.in_(batch), _is_about_nothing()
            )
        )


def _is_about_nothing() -> ColumnElement[bool]:
    about = exists().where(MessageTrack.message_id == Reaction.message_id)
    pending = exists().where(
        Job.guild_id == Reaction.guild_id, Job.message_id == Reaction.message_id, ~Job.done
    )
    return ~about & ~pending
