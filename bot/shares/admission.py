"""Admits links and files to the ledger once; enforces quotas, refuses known failures."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import SENTENCES, Failure
from bot.library.store import Store
from bot.shares.jobs import DAY, LONGEST_DELAY, NewShare
from models import Guild, Job, JobState, Reply

# What neither other settings nor an hour of waiting would change.
PERMANENT_FAILURES = (
    Failure.DRM,
    Failure.LOGIN,
    Failure.GEO,
    Failure.AGE,
    Failure.GONE,
    Failure.FORBIDDEN,
    Failure.UNSUPPORTED,
    Failure.NOT_AUDIO,
    Failure.SILENT,
)
REMEMBER_FAILURES_FOR = DAY


@dataclass(frozen=True)
class Quota:
    """How many shares a day are taken."""

    member_daily: int
    server_daily: int


@dataclass(frozen=True)
class Remembered:
    """Why the same link failed a short while ago."""

    failure: Failure
    reason: str


async def admit(store: Store, session: AsyncSession, share: NewShare, quota: Quota, at: datetime) -> int:
    """The share's job, made unless it exists; a share that asks again starts a failed one anew."""
    await session.execute(store.insert(Guild).values(id=share.guild_id).on_conflict_do_nothing())
    if not share.on_command_line:
        await _keep_reply(store, session, share)
    failure, reason, known = await _refusal(session, share, quota, at)
    values: dict[str, object] = {
        "state": JobState.FAILED if failure else JobState.QUEUED,
        "done": bool(failure) and share.on_command_line,  # else the failure has to be announced
        "failure": failure or "",
        "reason": reason,
        "known": known,
        "run_after": at,
        "created_at": at,
    }
    made = await session.scalar(
        store.insert(Job).values(**_identity(share), **values).on_conflict_do_nothing().returning(Job.id)
    )
    return made if made is not None else await _existing(session, share, values)


async def keep_spent(session: AsyncSession, guild_id: int, user_id: int, at: datetime) -> None:
    """Count what a member who is being forgotten used of the quotas against the server's alone.

    Nothing may be kept of them, so their own begins anew; without this the server's would too.
    """
    spent = await session.scalar(_of_today(guild_id, at).where(Job.user_id == user_id)) or 0
    guild = await session.get(Guild, guild_id)
    if guild is not None and spent:
        guild.forgotten_shares = _spent_by_forgotten(guild, at) + spent
        guild.forgotten_at = at


async def remembered(session: AsyncSession, guild_id: int, key: str, since: datetime) -> Remembered | None:
    """Why this link failed for good in this server, if it was tried since then."""
    job = await session.scalar(
        select(Job)
        .where(
            Job.guild_id == guild_id,
            Job.key == key,
            Job.state == JobState.FAILED,
            Job.failure.in_(PERMANENT_FAILURES),
        )
        # A failure that was itself remembered would otherwise be remembered for ever.
        .where(~Job.known, Job.run_after.between(since, since + DAY + LONGEST_DELAY))
        .order_by(Job.run_after.desc())
        .limit(1)
    )
    return None if job is None else Remembered(Failure(job.failure), job.reason)


def _identity(share: NewShare) -> dict[str, object]:
    columns = ("guild_id", "channel_id", "message_id", "user_id", "url", "name", "key", "shared_at")
    return {column: getattr(share, column) for column in columns}


async def _keep_reply(store: Store, session: AsyncSession, share: NewShare) -> None:
    statement = store.insert(Reply).values(
        message_id=share.message_id,
        guild_id=share.guild_id,
        channel_id=share.channel_id,
        reply_id=share.reply_id,
    )
    if share.reply_id is None:
        await session.execute(statement.on_conflict_do_nothing())
        return
    changes = {"reply_id": share.reply_id, "channel_id": share.channel_id}
    await session.execute(statement.on_conflict_do_update(index_elements=["message_id"], set_=changes))


async def _refusal(
    session: AsyncSession, share: NewShare, quota: Quota, at: datetime
) -> tuple[Failure | None, str, bool]:
    """Why the share is refused, to a member, and whether that was known from an earlier try."""
    if share.failure is not None:
        return share.failure, share.reason or SENTENCES[share.failure], False
    if not _asks_again(share):
        memory = await remembered(session, share.guild_id, share.key, at - REMEMBER_FAILURES_FOR)
        if memory is not None:
            return memory.failure, memory.reason, True
    if not share.on_command_line and await _exhausted(session, share, quota, at):
        return Failure.QUOTA, SENTENCES[Failure.QUOTA], False
    return None, "", False


def _asks_again(share: NewShare) -> bool:
    """A command is asking again; a link that is merely posted is not."""
    return share.reply_id is not None or share.on_command_line


async def _exhausted(session: AsyncSession, share: NewShare, quota: Quota, at: datetime) -> bool:
    today = _of_today(share.guild_id, at).where(~_same(share))
    by_member = await session.scalar(today.where(Job.user_id == share.user_id)) or 0
    by_all = await session.scalar(today) or 0
    by_all += _spent_by_forgotten(await session.get_one(Guild, share.guild_id), at)
    return by_member >= quota.member_daily or by_all >= quota.server_daily


def _of_today(guild_id: int, at: datetime) -> Select[int]:
    """How many shares of the last day count against a quota."""
    return (
        select(func.count())
        .select_from(Job)
        .where(Job.guild_id == guild_id, Job.created_at.between(at - DAY, at))
        .where(~Job.on_command_line, Job.failure != Failure.QUOTA)
    )


def _spent_by_forgotten(guild: Guild, at: datetime) -> int:
    return guild.forgotten_shares if guild.forgotten_at and guild.forgotten_at > at - DAY else 0


def _same(share: NewShare) -> ColumnElement[bool]:
    return and_(Job.guild_id == share.guild_id, Job.message_id == share.message_id, Job.key == share.key)


async def _existing(session: AsyncSession, share: NewShare, anew: dict[str, object]) -> int:
    job = (await session.scalars(select(Job).where(_same(share)))).one()
    if not (job.done and _asks_again(share)):
        return job.id
    stands = job.track_id is not None and job.state == JobState.ANNOUNCED
    if stands and not share.on_command_line:
        anew = {
            "state": JobState.STORED,
            "done": False,
            "run_after": anew["run_after"],
        }  # only to be announced again
    else:
        anew = {**anew, "track_id": None, "attempts": 0, "deaths": 0}
    await session.execute(update(Job).where(Job.id == job.id).values(**anew))
    return job.id
