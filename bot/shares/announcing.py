"""How the outcome of shares is delivered: by replies in Discord, or to the command that waits for it."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from bot.errors import AnnounceLater, Failure, LeaseLost
from bot.shares.job_run import JobOutcome, JobReport, JobRun, JobStage
from bot.shares.jobs import Claimed, NewShare
from bot.shares.leases import Leases
from bot.shares.ledger import Ledger
from bot.shares.work_loop import WorkLoop

log = logging.getLogger(__name__)

MAX_CONCURRENT_REPLIES = 8
STOP_GRACE_SECONDS = 5.0


Announced = Callable[[Sequence[JobReport]], None]


class Announcer(Protocol):
    """Replies to messages in Discord; both methods may run twice."""

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Acknowledge that a message's links were seen. Raises AnnounceLater."""

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Make the one reply to a message say what the ledger says now. Raises AnnounceLater."""


class Delivery(Protocol):
    """Whose jobs a pipeline works on, and who is told what became of them.

    `fail_fast`: whoever waits gives up when nothing can be stored or embedded, instead of waiting until it can.
    """

    fail_fast: bool

    @property
    def only_jobs(self) -> Collection[int] | None:
        """The jobs of the command line to work on; None for all of the bot's."""

    async def start(self) -> None:
        """Begin, and take over what an earlier run left."""

    async def stop(self) -> None:
        """Let replies that are being written be finished, within seconds."""

    def wake(self) -> None:
        """There may be something to announce."""

    async def accepted(self, shares: Sequence[NewShare], job_ids: Collection[int], /) -> None:
        """Shares were saved as jobs."""

    def finished(self, job_id: int, /) -> None:
        """Whoever waits for a job has been given its outcome."""

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Bring a message's reply up to date, if that is possible now."""


class CommandLineDelivery:
    """Delivers to the command that waits: it works on what this command submitted, and nothing is announced."""

    fail_fast = True

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._submitted: set[int] = set()

    @property
    def only_jobs(self) -> Collection[int]:
        """The jobs that were submitted here."""
        return self._submitted

    async def start(self) -> None:
        """Nothing is to be begun."""

    async def stop(self) -> None:
        """Nothing is to be finished."""

    def wake(self) -> None:
        """Nothing is to be announced."""

    async def accepted(self, _shares: Sequence[NewShare], job_ids: Collection[int]) -> None:
        """Work on these, also if an earlier command was killed at them."""
        await self._leases.take_over(job_ids)
        self._submitted.update(job_ids)

    def finished(self, job_id: int) -> None:
        """Nothing is left to do for this job."""
        self._submitted.discard(job_id)

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """There is no reply."""


class Announcements:
    """Delivers to Discord, until it works: the announcer replies to each message with what the ledger says.

    `announced` is called after each message with what became of its jobs.
    """

    fail_fast = False
    only_jobs = None

    def __init__(self, ledger: Ledger, announcer: Announcer, announced: Announced) -> None:
        self._ledger = ledger
        self._leases = ledger.leases
        self._announcer = announcer
        self._announced = announced
        self._loop = WorkLoop(self._leases.claim_message, self._announce, MAX_CONCURRENT_REPLIES)
        self._unacknowledged: dict[int, deque[tuple[int, int, int]]] = {}  # by channel
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take over what an earlier run was at, and acknowledge what nobody has listened to yet."""
        await self._leases.take_over()
        self._loop.start()
        for message in await self._ledger.unfinished():
            self._acknowledge(message.guild_id, message.channel_id, message.message_id)

    async def stop(self) -> None:
        """Let replies that are being written be finished, within seconds."""
        await self._loop.stop(grace=STOP_GRACE_SECONDS)
        for task in self._acknowledging:
            task.cancel()
        await asyncio.gather(*self._acknowledging, return_exceptions=True)
        self._unacknowledged.clear()

    def wake(self) -> None:
        """There may be something to announce."""
        self._loop.wake()

    async def accepted(self, shares: Sequence[NewShare], _job_ids: Collection[int]) -> None:
        """Acknowledge the messages of these shares, in the background."""
        for message in dict.fromkeys((s.guild_id, s.channel_id, s.message_id) for s in shares):
            self._acknowledge(*message)

    def finished(self, _job_id: int) -> None:
        """Its outcome is announced anyway."""

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Bring a message's reply up to date, if Discord lets us now."""
        with contextlib.suppress(AnnounceLater):
            await self._announcer.refresh(guild_id, channel_id, message_id)

    def _acknowledge(self, guild_id: int, channel_id: int, message_id: int) -> None:
        # One after another in each channel, as Discord allows it: hundreds at once would fill up the database's queue.
        message = (guild_id, channel_id, message_id)
        if (waiting := self._unacknowledged.get(channel_id)) is not None:
            waiting.append(message)
            return
        self._unacknowledged[channel_id] = deque([message])
        task = asyncio.create_task(self._acknowledge_all(channel_id))
        self._acknowledging.add(task)
        task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge_all(self, channel_id: int) -> None:
        waiting = self._unacknowledged[channel_id]
        while waiting:
            await self._show_working(*waiting.popleft())
        del self._unacknowledged[channel_id]

    async def _show_working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        try:
            await self._announcer.working(guild_id, channel_id, message_id)
        except AnnounceLater as error:
            log.info("message %d can't be acknowledged now: %s", message_id, error)
        except Exception:
            log.exception("acknowledging message %d broke", message_id)

    async def _announce(self, claims: list[Claimed]) -> None:
        """Bring a message's reply up to date and record it."""
        message = (claims[0].guild_id, claims[0].channel_id, claims[0].message_id)
        runs = [JobRun(claimed.id, claimed.guild_id, JobStage.ANNOUNCING) for claimed in claims]
        keeper = asyncio.create_task(self._renew(claims))
        try:
            await self._announcer.refresh(*message)
        except AnnounceLater as error:
            log.warning("message %d can't be answered now: %s", message[2], error)
            outcomes = await self._later(claims)
        except Exception:
            log.exception("answering message %d broke", message[2])
            outcomes = await self._later(claims)
        else:
            outcomes = await self._record(claims, message)
        finally:
            keeper.cancel()
        self._announced([run.end(outcome) for run, outcome in zip(runs, outcomes, strict=True)])

    async def _renew(self, claims: Sequence[Claimed]) -> None:
        # A reply that is being written is not cut off when a lease is lost: half of it would be left behind.
        with contextlib.suppress(LeaseLost):
            await self._leases.keep(claims)

    async def _later(self, claims: Sequence[Claimed]) -> list[JobOutcome | Failure]:
        for claimed in claims:
            with contextlib.suppress(LeaseLost):
                await self._leases.announce_later(claimed)
        return [JobOutcome.AGAIN] * len(claims)

    async def _record(
        self, claims: Sequence[Claimed], message: tuple[int, int, int]
    ) -> list[JobOutcome | Failure]:
        outcomes: list[JobOutcome | Failure] = []
        for claimed in claims:
            try:
                await self._leases.announced(claimed)
                outcomes.append(Failure(claimed.failure) if claimed.failure else JobOutcome.ANNOUNCED)
            except LeaseLost:
                outcomes.append(JobOutcome.LOST)
                # It changed while we replied; most likely somebody deleted the message.
                with contextlib.suppress(AnnounceLater):
                    await self._announcer.refresh(*message)
        return outcomes
