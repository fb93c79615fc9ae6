"""Admits links and files to the ledger once; enforces quotas, refuses known failures."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import SENTENCES, Failure
from bot.library.cards import batches
from bot.library.guilds import note_guilds
from bot.library.store import Store
from bot.shares.jobs import DAY, LONGEST_DELAY, NewShare, ShareIdentity
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
BATCH_ROWS = 500


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


@dataclass(frozen=True)
class _Refusal:
    """Why a share is refused, to a member, if it is; and whether that was known from an earlier try."""

    failure: Failure | None = None
    reason: str = ""
    known: bool = False


async def admit(
    store: Store, session: AsyncSession, shares: Sequence[NewShare], quota: Quota, at: datetime
) -> None:
    """Make the shares' jobs unless they exist; a share that asks again starts a failed one anew.

    However many shares were posted, that takes the same few statements.
    """
    await note_guilds(store, session, {share.guild_id for share in shares})
    await _admit_posted(store, session, [share for share in shares if not _asks_again(share)], quota, at)
    for share in shares:
        if _asks_again(share):
            await _admit_asked(store, session, share, quota, at)


async def _admit_posted(
    store: Store, session: AsyncSession, shares: Sequence[NewShare], quota: Quota, at: datetime
) -> None:
    known = await job_ids(session, shares)
    new = {share.identity: share for share in shares if share.identity not in known}
    if not new:
        return
    replies = [_reply(share) for share in {share.message_id: share for share in new.values()}.values()]
    await session.execute(store.insert(Reply).on_conflict_do_nothing(), replies)
    guild_ids = {share.guild_id for share in new.values()}
    by_member = await _spent_by_member(session, guild_ids, at)
    by_server = await _spent_by_server(session, by_member, guild_ids, at)
    links = {(share.guild_id, share.key) for share in new.values()}
    failures = await remembered(session, links, at - REMEMBER_FAILURES_FOR)
    rows: list[dict[str, object]] = []
    for share in new.values():
        member = (share.guild_id, share.user_id)
        exhausted = _is_exhausted(share, by_member, by_server, quota)
        refusal = _refusal(share, failures.get((share.guild_id, share.key)), exhausted=exhausted)
        if refusal.failure != Failure.QUOTA:
            by_member[member] += 1
            by_server[share.guild_id] += 1
        rows.append(_columns(share) | _state(share, refusal, at))
    await session.execute(store.insert(Job).on_conflict_do_nothing(), rows)


async def _admit_asked(
    store: Store, session: AsyncSession, share: NewShare, quota: Quota, at: datetime
) -> None:
    if not share.on_command_line:
        changes = {"reply_id": share.reply_id, "channel_id": share.channel_id}
        reply = store.insert(Reply).values(_reply(share))
        await session.execute(reply.on_conflict_do_update(index_elements=["message_id"], set_=changes))
    exhausted = not share.on_command_line and await _exhausted(session, share, quota, at)
    state = _state(share, _refusal(share, None, exhausted=exhausted), at)
    made = store.insert(Job).values(**_columns(share), **state).on_conflict_do_nothing().returning(Job.id)
    if await session.scalar(made) is None:
        await _ask_again(session, share, state)


async def keep_spent(session: AsyncSession, guild_id: int, user_id: int, at: datetime) -> None:
    """Count what a member who is being forgotten used of the quotas against the server's alone.

    Nothing may be kept of them, so their own begins anew; without this the server's would too.
    """
    spent = (await _spent_by_member(session, {guild_id}, at, Job.user_id == user_id))[guild_id, user_id]
    guild = await session.get(Guild, guild_id)
    if guild is not None and spent:
        guild.forgotten_shares = _spent_by_forgotten(guild, at) + spent
        guild.forgotten_at = at


async def remembered(
    session: AsyncSession, links: Collection[tuple[int, str]], since: datetime
) -> dict[tuple[int, str], Remembered]:
    """Why links, by server and key, failed for good there since then; those that didn't are left out."""
    found: dict[tuple[int, str], Remembered] = {}
    for batch in batches(list(links), BATCH_ROWS):
        these = tuple_(Job.guild_id, Job.key).in_(batch)
        for job in await session.scalars(_failed_for_good(since).where(these)):
            found.setdefault((job.guild_id, job.key), Remembered(Failure(job.failure), job.reason))
    return found


def _failed_for_good(since: datetime) -> Select[Job]:
    """Failures that trying again wouldn't change, newest first."""
    return (
        select(Job)
        .where(Job.state == JobState.FAILED, Job.failure.in_(PERMANENT_FAILURES))
        # A failure that was itself remembered would otherwise be remembered for ever.
        .where(~Job.known, Job.run_after.between(since, since + DAY + LONGEST_DELAY))
        .order_by(Job.run_after.desc())
    )


async def job_ids(session: AsyncSession, shares: Collection[NewShare]) -> dict[ShareIdentity, int]:
    """The jobs that these shares have already."""
    found: dict[ShareIdentity, int] = {}
    for batch in batches(list({share.identity for share in shares}), BATCH_ROWS):
        query = select(Job.guild_id, Job.message_id, Job.key, Job.id)
        rows = await session.execute(query.where(tuple_(Job.guild_id, Job.message_id, Job.key).in_(batch)))
        found |= {(guild_id, message_id, key): job_id for guild_id, message_id, key, job_id in rows}
    return found


def _columns(share: NewShare) -> dict[str, object]:
    columns = ("guild_id", "channel_id", "message_id", "user_id", "url", "name", "key", "shared_at")
    return {column: getattr(share, column) for column in columns}


def _reply(share: NewShare) -> dict[str, object]:
    return {
        "message_id": share.message_id,
        "guild_id": share.guild_id,
        "channel_id": share.channel_id,
        "reply_id": share.reply_id,
    }


def _state(share: NewShare, refusal: _Refusal, at: datetime) -> dict[str, object]:
    failure = refusal.failure
    return {
        "state": JobState.FAILED if failure else JobState.QUEUED,
        "done": bool(failure) and share.on_command_line,  # else the failure has to be announced
        "failure": failure or "",
        "reason": refusal.reason,
        "known": refusal.known,
        "run_after": at,
        "created_at": at,
    }


def _refusal(share: NewShare, memory: Remembered | None, *, exhausted: bool) -> _Refusal:
    if share.failure is not None:
        return _Refusal(share.failure, share.reason or SENTENCES[share.failure])
    if memory is not None:
        return _Refusal(memory.failure, memory.reason, known=True)
    return _Refusal(Failure.QUOTA, SENTENCES[Failure.QUOTA]) if exhausted else _Refusal()


def _asks_again(share: NewShare) -> bool:
    """A command is asking again; a link that is merely posted is not."""
    return share.reply_id is not None or share.on_command_line


async def _exhausted(session: AsyncSession, share: NewShare, quota: Quota, at: datetime) -> bool:
    by_member = await _spent_by_member(session, {share.guild_id}, at, ~_same(share))
    by_server = await _spent_by_server(session, by_member, {share.guild_id}, at)
    return _is_exhausted(share, by_member, by_server, quota)


def _is_exhausted(
    share: NewShare, by_member: Counter[tuple[int, int]], by_server: Counter[int], quota: Quota
) -> bool:
    mine = by_member[share.guild_id, share.user_id]
    return mine >= quota.member_daily or by_server[share.guild_id] >= quota.server_daily


async def _spent_by_member(
    session: AsyncSession, guild_ids: Collection[int], at: datetime, *which: ColumnElement[bool]
) -> Counter[tuple[int, int]]:
    counted = select(Job.guild_id, Job.user_id, func.count()).where(Job.guild_id.in_(guild_ids), _counts(at))
    rows = await session.execute(counted.where(*which).group_by(Job.guild_id, Job.user_id))
    return Counter({(guild_id, user_id): count for guild_id, user_id, count in rows})


async def _spent_by_server(
    session: AsyncSession, by_member: Counter[tuple[int, int]], guild_ids: Collection[int], at: datetime
) -> Counter[int]:
    guilds = await session.scalars(select(Guild).where(Guild.id.in_(guild_ids)))
    spent = Counter({guild.id: _spent_by_forgotten(guild, at) for guild in guilds})
    for (guild_id, _), count in by_member.items():
        spent[guild_id] += count
    return spent


def _counts(at: datetime) -> ColumnElement[bool]:
    """Shares of the last day that count against a quota."""
    return and_(Job.created_at.between(at - DAY, at), ~Job.on_command_line, Job.failure != Failure.QUOTA)


def _spent_by_forgotten(guild: Guild, at: datetime) -> int:
    return guild.forgotten_shares if guild.forgotten_at and guild.forgotten_at > at - DAY else 0


def _same(share: NewShare) -> ColumnElement[bool]:
    return and_(Job.guild_id == share.guild_id, Job.message_id == share.message_id, Job.key == share.key)


async def _ask_again(session: AsyncSession, share: NewShare, anew: dict[str, object]) -> None:
    job = (await session.scalars(select(Job).where(_same(share)))).one()
    if not job.done:
        return
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
