"""The ingest pipeline, from a posted link to the reply: the one place that puts the stages together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Sequence

from bot.batches import Batches
from bot.errors import (
    EmbedderError,
    Failure,
    LeaseLost,
    Refused,
    StorageFailed,
    WeightsError,
    WorkerDied,
)
from bot.intake.identity import identify
from bot.intake.links import PATH
from bot.library.store import Store
from bot.listening.listener import AnalysedSong, Listener
from bot.listening.workspace import Workspace
from bot.settings import Settings
from bot.shares.announcing import Announcements, Announcer, CommandLineDelivery, Delivery
from bot.shares.fair_slots import FairSlots
from bot.shares.filing import Filing
from bot.shares.job_run import JobOutcome, JobReport, JobRun
from bot.shares.jobs import Claimed, JobSnapshot, NewShare
from bot.shares.lane import Lane
from bot.shares.ledger import Ledger
from bot.shares.posts import Post
from bot.shares.query_queue import QueryQueue, Requester
from bot.shares.relistener import Relistener
from bot.shares.stages import Stages
from bot.shares.work_loop import WorkLoop
from bot.vectors.refresh import PointRefresher

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # until the ledger is looked at again without news
MAX_TOGETHER = 250  # messages in one transaction, which holds up other writers for as long as it takes


class Pipeline:
    """Takes shares in, and brings each to its end: announced, or failed with a reason."""

    def __init__(
        self,
        store: Store,
        refresher: PointRefresher,
        ledger: Ledger,
        listener: Listener,
        settings: Settings,
    ) -> None:
        self._ledger = ledger
        self._leases = ledger.leases
        self._listener = listener
        self._workspace = Workspace(settings.home)
        self._stages = Stages(
            refresher, ledger, self._listener, Filing(store, ledger.leases), self._workspace
        )
        self._relistener = Relistener(store, refresher, ledger.leases, self._listener, self._workspace)
        self._command_line = CommandLineDelivery(ledger.leases)
        self._delivery: Delivery = self._command_line
        self._slots = FairSlots(settings.fetchers)
        self._loop: WorkLoop[Claimed] | None = None
        self._queries = QueryQueue()
        self._when_posts_fail: Callable[[], object] = lambda: None
        self._posts: Batches[Post, bool] = Batches(
            self._take_in, MAX_TOGETHER, lambda: self._when_posts_fail()
        )
        self._news = asyncio.Event()
        self._trouble: Exception | None = None
        self._listeners: list[Callable[[JobReport], None]] = []

    # -- running -------------------------------------------------------------------------------------------

    async def start(self, announcer: Announcer | None = None) -> None:
        """Begin to work: on all of the bot's shares, or without an announcer on what is submitted from here.

        What an earlier run left undone is taken over, and the audio that it left is removed. May be called again
        with another announcer.
        """
        await self.stop()
        await self._workspace.open()
        self._slots = FairSlots(self._slots.slots)
        self._loop = WorkLoop(self._claim, self._work_on, self._slots.slots)
        if announcer is not None:
            self._delivery = Announcements(self._ledger, announcer, self._announced)
            self._relistener.start()
        await self._delivery.start()
        self._loop.start()

    async def stop(self) -> None:
        """Stop within seconds. What isn't finished goes on at the next start."""
        await self._relistener.stop()
        if self._loop is not None:
            await self._loop.stop()
        await self._posts.close()
        await self._delivery.stop()
        self._loop, self._delivery = None, self._command_line
        await self._workspace.close()

    def wake(self) -> None:
        """Something may be due."""
        if self._loop is not None:
            self._loop.wake()
        self._delivery.wake()

    def subscribe(self, listener: Callable[[JobReport], None]) -> None:
        """Call `listener` with what became of each try at a job, and of each time that it was announced."""
        self._listeners.append(listener)

    # -- asking --------------------------------------------------------------------------------------------

    async def submit(self, shares: Sequence[NewShare]) -> list[int]:
        """Save shares and begin to work on them; gives their jobs' ids. Once it returns, a crash loses none."""
        jobs = await self._ledger.enqueue(shares)
        await self._delivery.accepted(shares, jobs)
        self.wake()
        return jobs

    async def take_in(self, post: Post) -> bool:
        """Save a message's shares, together with other messages that arrive now; whether it has any that are taken.

        Messages are saved in the order in which this is called. Raises StorageFailed.
        """
        return await self._posts.add(post)

    def when_posts_fail(self, listener: Callable[[], object]) -> None:
        """Call `listener` at once when messages that arrived could not be saved."""
        self._when_posts_fail = listener

    async def posts_settled(self) -> None:
        """Wait until the messages that arrived so far are saved, or are not."""
        await self._posts.settled()

    async def _take_in(self, posts: Sequence[Post]) -> list[bool]:
        taken = await self._ledger.take_in(posts)
        shares = [
            share for post, is_taken in zip(posts, taken, strict=True) if is_taken for share in post.shares
        ]
        if shares:
            await self._delivery.accepted(shares, ())
            self.wake()
        return [is_taken and bool(post.shares) for post, is_taken in zip(posts, taken, strict=True)]

    async def lanes(self) -> list[Lane]:
        """How long each queue is."""
        return [*await self._ledger.lanes(), self._queries.lane]

    async def refresh_reply(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """What a message shares was changed: let the reply to it say so, if Discord lets us now."""
        await self._delivery.refresh(guild_id, channel_id, message_id)

    async def finished(self, job_ids: Collection[int]) -> AsyncGenerator[JobSnapshot]:
        """Each of these jobs, once, when nothing is left to do for it.

        On the command line raises StorageFailed if nothing can be stored, and WeightsError if nothing can be embedded:
        the bot waits until it can, a person doesn't.
        """
        waiting = set(job_ids)
        while waiting:
            if self._delivery.fail_fast and self._trouble is not None:
                raise self._trouble
            news = self._news
            for state in await self._ledger.states(waiting, only_done=True):
                waiting.discard(state.id)
                self._delivery.finished(state.id)
                yield state
            if waiting:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await news.wait()

    async def hear(self, url: str, name: str = "", *, requester: Requester | None = None) -> AnalysedSong:
        """Listen to a link, an attachment called `name`, or a "path:…"; nothing is stored, and no job waits.

        `requester`: the member who waits for the answer; their turn is fair and bounded, the command line's is not.
        Raises Refused, EmbedderError or Busy.
        """
        if not name and not url.startswith(PATH):
            url = identify(url).url
        turn = self._queries.turn(requester) if requester else contextlib.nullcontext()
        async with turn, self._workspace.directory("query") as directory:
            try:
                got = await self._listener.fetch(url, name, directory)
                return await self._listener.listen(got, directory, urgent=True)
            except WorkerDied as error:
                raise Refused(Failure.CRASHED, detail=str(error)) from error

    # -- one job -------------------------------------------------------------------------------------------

    async def _claim(self) -> Claimed | None:
        only = self._delivery.only_jobs
        claimed = await self._leases.claim(only, self._slots if only is None else None)
        if claimed is not None:
            self._slots.take(claimed.guild_id, claimed.user_id)
        return claimed

    async def _work_on(self, claimed: Claimed) -> None:
        try:
            await self._hold_and_work_on(claimed)
        finally:
            self._slots.release(claimed.guild_id, claimed.user_id)

    async def _hold_and_work_on(self, claimed: Claimed) -> None:
        run = JobRun(claimed.id, claimed.guild_id)
        outcome: JobOutcome | Failure = JobOutcome.LOST
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._leases.keep([claimed]))
                outcome = await self._bring_to_an_end(claimed, run)
                keeper.cancel()
        except* LeaseLost:
            outcome, run.detail = JobOutcome.LOST, "taken over or withdrawn"
        except* StorageFailed as errors:
            log.warning("job %d waits for its storage: %s", claimed.id, errors.exceptions[0])
            self._trouble = errors.exceptions[0]
            outcome = JobOutcome.WAITING
        self._tell(run.end(outcome))
        self.wake()
        self._notify_waiting()

    async def _bring_to_an_end(self, claimed: Claimed, run: JobRun) -> JobOutcome | Failure:
        """Do what is left to do, and record why if that can't be done; gives what became of it."""
        try:
            return await self._stages.go_on(claimed, run)
        except (LeaseLost, StorageFailed):
            raise
        except Refused as refused:
            run.detail = f"{refused.kind} {refused.detail}".rstrip()
            return await (self._leases.retry if refused.kind.transient else self._leases.fail)(
                claimed, refused
            )
        except WorkerDied as error:
            run.detail = str(error)
            return await self._leases.died(claimed)
        except EmbedderError as error:
            log.warning("job %d can't be embedded: %s", claimed.id, error)
            return await self._embedding_failed(claimed, error)
        except Exception:
            log.exception("job %d broke", claimed.id)
            return await self._leases.retry(claimed, Refused(Failure.CRASHED))

    async def _embedding_failed(self, claimed: Claimed, error: EmbedderError) -> JobOutcome | Failure:
        if isinstance(error, WeightsError):
            self._trouble = error
            return await self._leases.retry(claimed, Refused(Failure.CRASHED))
        return await self._leases.fail(claimed, Refused(Failure.NOT_AUDIO, str(error)))

    def _announced(self, reports: Sequence[JobReport]) -> None:
        for report in reports:
            self._tell(report)
        self._notify_waiting()

    def _tell(self, report: JobReport) -> None:
        log.info("%s", report, extra=report.fields)
        for listener in self._listeners:
            listener(report)

    def _notify_waiting(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
