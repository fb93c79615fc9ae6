"""Time-limited claims of workers on jobs.

Workers claim rows under a lease and change them only while they hold it: each change compares the row's owner.
An owner is `installation/run/claim`. An installation is a home directory; one bot runs on it at a time, so at
its start everything of the installation is free again at once. Another installation's bot on the same database
counts as dead by its leases alone. A lease or a wait that ends later than any could was written before the clock
jumped back: it counts as over.
"""

import asyncio
import functools
import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from bot.errors import Failure, LeaseLost, Refused, StorageFailed
from bot.library.store import Store
from bot.shares.fair_slots import FairSlots
from bot.shares.job_run import JobOutcome
from bot.shares.jobs import (
    LEASE,
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    MAX_DEATHS,
    UNANNOUNCED_STATES,
    UNFINISHED_STATES,
    Claimed,
    WallClock,
    from_row,
    retry_delay,
)
from bot.shares.round_robin import RoundRobin, WaitingMember
from models import Job, JobState

log = logging.getLogger(__name__)

NO_OWNER: Mapping[str, Any] = MappingProxyType({"owner": "", "lease_until": None})


class Leases:
    """Claims rows for one run of the bot, or of a command; `clock` tells the time in UTC."""

    def __init__(self, store: Store, installation: str, clock: WallClock) -> None:
        self._store = store
        self._installation = installation
        self._clock = clock
        self._run = f"{installation}/{secrets.token_hex(4)}"
        self._job_turns = RoundRobin()
        self._message_turns = RoundRobin()

    async def take_over(self, only: Collection[int] | None = None) -> int:
        """Free what earlier runs of this installation were at; call it at start. It costs a job no attempt."""
        ours = and_(_begins(Job.owner, f"{self._installation}/"), ~_begins(Job.owner, f"{self._run}/"))
        async with self._store.begin() as session:
            statement = update(Job).where(~Job.done, ours, scope(only)).values(**NO_OWNER)
            return len((await session.scalars(statement.returning(Job.id))).all())

    async def claim(
        self, only: Collection[int] | None = None, slots: FairSlots | None = None
    ) -> Claimed | None:
        """The next link or file to listen to, leased: in turn by server and member. None if there is none.

        The bot's jobs, or the command line's that `only` names. A link that somebody is at already waits, as does
        whoever may take none of the `slots` now.
        """
        while True:
            ready = _ready_jobs(named=only is not None)
            job_id = await self._next(self._job_turns, ready, slots, only=only)
            if job_id is None:
                return None
            if taken := await self._take(Job.id == job_id, UNFINISHED_STATES):
                return taken[0]

    async def somebody_waits(self) -> bool:
        """Whether a link or file that was posted is being listened to, or might be now."""
        query = select(Job.id).where(
            Job.state.in_(UNFINISHED_STATES), ~Job.done, Job.run_after <= self._clock(), scope(None)
        )
        async with self._store.session() as session:
            return await session.scalar(query.limit(1)) is not None

    async def claim_message(self) -> list[Claimed]:
        """The jobs of one message whose outcome is to be announced, leased: in turn by server and member."""
        while True:
            job_id = await self._next(self._message_turns, _ready_messages())
            if job_id is None:
                return []
            message = select(Job.guild_id, Job.message_id).where(Job.id == job_id)
            if taken := await self._take(
                tuple_(Job.guild_id, Job.message_id).in_(message), UNANNOUNCED_STATES
            ):
                return taken

    async def _next(
        self,
        turns: RoundRobin,
        ready: Select[int, int, int],
        slots: FairSlots | None = None,
        *,
        only: Collection[int] | None = None,
    ) -> int | None:
        values: dict[str, Any] = {**_times(self._clock()), "only": list(only or ())}
        async with self._store.session() as session:
            rows = await session.execute(ready, values)
            waiting = [WaitingMember(*row) for row in rows.all()]
        if slots is not None:
            waiting = slots.admitted(waiting)
        return turns.pick(waiting) if waiting else None

    async def _take(self, which: ColumnElement[bool], states: Sequence[JobState]) -> list[Claimed]:
        at = self._clock()
        lease = {"owner": f"{self._run}/{secrets.token_hex(4)}", "lease_until": at + LEASE}
        async with self._store.begin() as session:
            statement = update(Job).where(which, Job.state.in_(states), _due()).values(**lease)
            rows = (await session.scalars(statement.returning(Job), _times(at))).all()
        return [from_row(Claimed, job) for job in sorted(rows, key=lambda job: job.id)]

    # -- what a worker may do with what it holds; each raises LeaseLost if it holds it no more -------------

    async def hold(self, session: AsyncSession, claimed: Claimed, **changes: Any) -> None:
        """Change the row and renew its lease within a transaction of the caller's."""
        # A share may be removed while its job goes on; the job has failed then, whoever owns it.
        alive = true() if claimed.state is JobState.FAILED else Job.state != JobState.FAILED
        held = and_(Job.id == claimed.id, Job.owner == claimed.owner, alive)
        values: dict[str, Any] = {"lease_until": self._clock() + LEASE, **changes}
        if await session.scalar(update(Job).where(held).values(**values).returning(Job.id)) is None:
            raise LeaseLost("Somebody else has taken this job over.")

    async def renew(self, claimed: Claimed) -> None:
        """Say that somebody is still at it."""
        await self._change(claimed)

    async def keep(self, claims: Sequence[Claimed]) -> None:
        """Renew until cancelled, or until one is lost; a storage that fails for a moment is tried again."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                for claimed in claims:
                    await self.renew(claimed)
            except StorageFailed as error:
                log.warning("a lease can't be renewed: %s", error)

    async def advance(self, claimed: Claimed, state: JobState) -> None:
        """Record the stage that begins now."""
        await self._change(claimed, state=state)

    async def stored(self, claimed: Claimed) -> JobOutcome:
        """The track is in the library and in the collection: what is left is to say so."""
        announced = claimed.on_command_line  # the command waits for it itself
        state = JobState.ANNOUNCED if announced else JobState.STORED
        await self._change(claimed, **self._settled(state, done=announced))
        return JobOutcome.STORED

    async def fail(self, claimed: Claimed, refused: Refused, *, known: bool = False) -> Failure:
        """It can't become a track; `known` if that was found out by another share."""
        why = {"failure": refused.kind, "reason": str(refused), "known": known}
        await self._change(claimed, **self._settled(JobState.FAILED, done=claimed.on_command_line), **why)
        return refused.kind

    async def retry(self, claimed: Claimed, refused: Refused) -> JobOutcome | Failure:
        """It didn't work this time: wait and try again, or fail after the last try."""
        attempts = claimed.attempts + 1
        # Whoever waits at the command line may ask again by themselves.
        if claimed.on_command_line or attempts >= MAX_ATTEMPTS:
            return await self.fail(claimed, refused)
        later = self._clock() + retry_delay(attempts, slow=refused.kind is Failure.RATE_LIMITED)
        await self._change(claimed, state=JobState.QUEUED, attempts=attempts, run_after=later, **NO_OWNER)
        return JobOutcome.AGAIN

    async def died(self, claimed: Claimed) -> JobOutcome | Failure:
        """It ended the worker that was at it: try again, or fail after the third."""
        deaths = claimed.deaths + 1
        if deaths >= MAX_DEATHS:
            return await self.fail(claimed, Refused(Failure.CRASHED))
        later = self._clock() + retry_delay(deaths)
        await self._change(claimed, state=JobState.QUEUED, deaths=deaths, run_after=later, **NO_OWNER)
        return JobOutcome.AGAIN

    async def announced(self, claimed: Claimed) -> None:
        """The reply says what became of it."""
        state = JobState.ANNOUNCED if claimed.state is JobState.STORED else JobState.FAILED
        await self._change(claimed, state=state, done=True, **NO_OWNER)

    async def announce_later(self, claimed: Claimed) -> None:
        """The reply can't be made now: wait, longer each time, and never give up."""
        attempts = claimed.attempts + 1
        later = self._clock() + retry_delay(attempts)
        await self._change(claimed, attempts=attempts, run_after=later, **NO_OWNER)

    async def _change(self, claimed: Claimed, **changes: Any) -> None:
        async with self._store.begin() as session:
            await self.hold(session, claimed, **changes)

    def _settled(self, state: JobState, *, done: bool) -> dict[str, Any]:
        return {"state": state, "done": done, "attempts": 0, "run_after": self._clock(), **NO_OWNER}


# -- conditions --------------------------------------------------------------------------------------------


def _begins(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    return column.startswith(text, autoescape=True)


def scope(only: Collection[int] | None) -> ColumnElement[bool]:
    """The bot's own jobs, or those of the command line that it names."""
    return ~Job.on_command_line if only is None else and_(Job.on_command_line, Job.id.in_(only))


@functools.cache
def _ready_jobs(*, named: bool) -> Select[int, int, int]:
    """For each member who waits to be listened to, their oldest job: the bot's, or of those that "only" names.

    It is asked every second, and to write it down takes longer than to answer it.
    """
    whose = and_(Job.on_command_line, Job.id.in_(bindparam("only", expanding=True))) if named else scope(None)
    return _oldest(Job.state.in_(UNFINISHED_STATES), whose, ~_same_link_in_work())


@functools.cache
def _ready_messages() -> Select[int, int, int]:
    """For each member whose outcomes are to be announced, their oldest job."""
    return _oldest(Job.state.in_(UNANNOUNCED_STATES), scope(None))


def _oldest(*which: ColumnElement[bool]) -> Select[int, int, int]:
    first = select(Job.guild_id, Job.user_id, func.min(Job.id)).where(_due(), *which)
    return first.group_by(Job.guild_id, Job.user_id)


def _times(at: datetime) -> dict[str, datetime]:
    """What the conditions below compare with: now, and the latest that a lease or a wait from now on may end."""
    return {"at": at, "lease_end": at + LEASE, "wait_end": at + LONGEST_DELAY}


def _due() -> ColumnElement[bool]:
    unowned = or_(Job.owner == "", ~_running(Job))
    at_last = or_(Job.run_after <= bindparam("at"), Job.run_after > bindparam("wait_end"))
    return and_(~Job.done, unowned, at_last)


def _running(job: type[Job]) -> ColumnElement[bool]:
    return job.lease_until.between(bindparam("at"), bindparam("lease_end"))


def _same_link_in_work() -> ColumnElement[bool]:
    other = aliased(Job)
    return (
        select(other.id)
        .where(other.guild_id == Job.guild_id, other.key == Job.key, other.id != Job.id)
        .where(~other.done, other.owner != "", _running(other))
        .exists()
    )
