"""The way of a song, from a posted link to the reply: the one place that puts the stages together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from bot.errors import (
    AnnounceLater,
    EmbedderError,
    Failure,
    LeaseLost,
    Refused,
    StorageFailed,
    WeightsError,
    WorkerDied,
)
from bot.intake.fetch import Fetcher
from bot.intake.identity import identify
from bot.library.analyst import Analyst
from bot.library.catalog import Catalog
from bot.library.filing import Filing
from bot.library.jobs import ANALYSING, FETCHING, LEASE, Claimed, JobState, NewShare
from bot.library.lanes import Lane
from bot.library.ledger import Ledger
from bot.library.listening import PATH, Got, Heard, Listener
from bot.library.store import Store
from bot.library.workspace import Workspace
from bot.settings import Settings

__all__ = ["AnnounceLater", "Announcer", "Heard", "Pipeline"]

log = logging.getLogger(__name__)

ANNOUNCERS = 8
QUERIES = 2
LAST_WORDS_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 1.0


class Announcer(Protocol):
    """Tells members what became of their shares; both methods may run twice."""

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Show that a message's links were seen. Raises AnnounceLater."""

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Make the one reply to a message say what the ledger says now. Raises AnnounceLater."""


class Pipeline:
    """Takes shares in, and brings each to its end: announced, or failed with a reason."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        ledger: Ledger,
        fetcher: Fetcher,
        analyst: Analyst,
        settings: Settings,
    ) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._leases = ledger.leases
        self._listener = Listener(fetcher, analyst, settings)
        self._filing = Filing(store, ledger.leases)
        self._workspace = Workspace(settings.home)
        self._announcer: Announcer | None = None
        self._own: set[int] = set()  # the jobs of this command, where there is no announcer
        self._hearing = Lane(self._claim, self._hear_job, settings.fetchers)
        self._announcing = Lane(self._leases.claim_message, self._announce, ANNOUNCERS)
        self._signs: set[asyncio.Task[None]] = set()
        self._queries = asyncio.Semaphore(QUERIES)
        self._news = asyncio.Event()

    # -- running -------------------------------------------------------------------------------------------

    async def start(self, announcer: Announcer | None = None) -> None:
        """Begin to work: on all of the bot's shares, or without an announcer on what is submitted from here.

        What an earlier run left undone is taken over, and the audio that it left is removed.
        """
        await self._workspace.open()
        self._announcer = announcer
        self._hearing.start()
        if announcer is None:
            return
        await self._leases.take_over()
        self._announcing.start()
        for message in await self._ledger.unfinished():
            self._show_sign(announcer, message.guild_id, message.channel_id, message.message_id)

    async def stop(self) -> None:
        """Stop within seconds. What isn't finished goes on at the next start."""
        await self._hearing.stop()
        await self._announcing.stop(grace=LAST_WORDS_SECONDS)
        for task in self._signs:
            task.cancel()
        await asyncio.gather(*self._signs, return_exceptions=True)
        await self._workspace.close()

    def wake(self) -> None:
        """Something may be due."""
        self._hearing.wake()
        self._announcing.wake()

    # -- asking --------------------------------------------------------------------------------------------

    async def submit(self, shares: Sequence[NewShare]) -> list[int]:
        """Save shares and begin to work on them; gives their jobs' ids. Once it returns, a crash loses none."""
        jobs = await self._ledger.enqueue(shares)
        if self._announcer is None:
            await self._leases.take_over(jobs)
            self._own.update(jobs)
        else:
            for message in dict.fromkeys((s.guild_id, s.channel_id, s.message_id) for s in shares):
                self._show_sign(self._announcer, *message)
        self.wake()
        return jobs

    async def tell_again(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """What a message shares was changed: let the reply to it say so, if Discord lets us now."""
        if self._announcer is not None:
            with contextlib.suppress(AnnounceLater):
                await self._announcer.refresh(guild_id, channel_id, message_id)

    async def finished(self, job_ids: Collection[int]) -> AsyncIterator[JobState]:
        """Each of these jobs, once, when nothing is left to do for it."""
        waiting = set(job_ids)
        while waiting:
            news = self._news
            for state in await self._ledger.states(waiting):
                if state.done:
                    waiting.discard(state.id)
                    self._own.discard(state.id)
                    yield state
            if waiting:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), LOOK_AGAIN_SECONDS)

    async def until_done(self, job_ids: Collection[int]) -> None:
        """Wait until nothing is left to do for these jobs."""
        async for _ in self.finished(job_ids):
            pass

    async def hear(self, url: str, name: str = "") -> Heard:
        """Listen to a link, an attachment called `name`, or a "path:…"; nothing is stored, and no job waits.

        Raises Refused or EmbedderError.
        """
        if not name and not url.startswith(PATH):
            url = identify(url).url
        async with self._queries, self._workspace.directory("query") as directory:
            try:
                got = await self._listener.fetch(url, name, directory)
                return await self._listener.listen(got, directory, urgent=True)
            except WorkerDied as error:
                raise Refused(Failure.CRASHED, detail=str(error)) from error

    # -- one job -------------------------------------------------------------------------------------------

    async def _claim(self) -> Claimed | None:
        return await self._leases.claim(self._own if self._announcer is None else None)

    async def _hear_job(self, claimed: Claimed) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._renew_for_ever([claimed]))
                await self._bring_to_an_end(claimed)
                keeper.cancel()
        except* LeaseLost:
            log.info("job %d was taken over or withdrawn", claimed.id)
        except* StorageFailed as errors:
            log.warning("job %d waits for its storage: %s", claimed.id, errors.exceptions[0])
        self._announcing.wake()
        self._tell_those_who_wait()

    async def _renew_for_ever(self, claims: Sequence[Claimed]) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                for claimed in claims:
                    await self._leases.renew(claimed)
            except StorageFailed as error:
                log.warning("a lease can't be renewed: %s", error)

    async def _bring_to_an_end(self, claimed: Claimed) -> None:
        """Do what is left to do, and record why if that can't be done."""
        try:
            await self._go_on(claimed)
        except (LeaseLost, StorageFailed):
            raise
        except Refused as refused:
            log.info("job %d: %s %s", claimed.id, refused.kind, refused.detail)
            await (self._leases.retry if refused.kind.transient else self._leases.fail)(claimed, refused)
        except WorkerDied:
            await self._leases.died(claimed)
        except EmbedderError as error:
            log.warning("job %d can't be embedded: %s", claimed.id, error)
            await self._embedding_failed(claimed, error)
        except Exception:
            log.exception("job %d broke", claimed.id)
            await self._leases.retry(claimed, Refused(Failure.CRASHED))

    async def _embedding_failed(self, claimed: Claimed, error: EmbedderError) -> None:
        if isinstance(error, WeightsError):
            await self._leases.retry(claimed, Refused(Failure.CRASHED))
        else:
            await self._leases.fail(claimed, Refused(Failure.NOT_AUDIO, str(error)))

    async def _go_on(self, claimed: Claimed) -> None:
        """The stages that this job still lacks."""
        track_id = claimed.track_id or await self._filing.add_share_of_known(claimed, _links(claimed))
        if track_id is None:
            memory = await self._ledger.failed_meanwhile(claimed)
            if memory is not None:
                await self._leases.fail(claimed, Refused(memory.failure, memory.reason), known=True)
                return
            track_id = await self._take_in(claimed)
        await self._catalog.refresh_point(claimed.guild_id, track_id)
        await self._leases.stored(claimed)

    async def _take_in(self, claimed: Claimed) -> int:
        """Fetch, listen and file; the audio is gone afterwards, whatever happens."""
        async with self._workspace.directory(f"job-{claimed.id}") as directory:
            await self._leases.advance(claimed, FETCHING)
            got = await self._listener.fetch(claimed.url, claimed.name, directory)
            links = _links(claimed, got)
            known = await self._filing.add_share_of_known(claimed, links)
            if known is not None:
                return known
            await self._leases.advance(claimed, ANALYSING)
            heard = await self._listener.listen(got, directory)
        return await self._filing.add(claimed, links, heard)

    # -- telling -------------------------------------------------------------------------------------------

    async def _announce(self, claims: list[Claimed]) -> None:
        assert self._announcer is not None
        message = (claims[0].guild_id, claims[0].channel_id, claims[0].message_id)
        keeper = asyncio.create_task(self._renew_quietly(claims))
        try:
            await self._announcer.refresh(*message)
        except AnnounceLater as error:
            log.warning("message %d can't be answered now: %s", message[2], error)
            await self._later(claims)
        except Exception:
            log.exception("answering message %d broke", message[2])
            await self._later(claims)
        else:
            await self._announced(claims, message)
        finally:
            keeper.cancel()
        self._tell_those_who_wait()

    async def _renew_quietly(self, claims: Sequence[Claimed]) -> None:
        # What is being said is not cut off when a lease is lost: half a reply would be left behind.
        with contextlib.suppress(LeaseLost):
            await self._renew_for_ever(claims)

    async def _later(self, claims: Sequence[Claimed]) -> None:
        for claimed in claims:
            with contextlib.suppress(LeaseLost):
                await self._leases.announce_later(claimed)

    async def _announced(self, claims: Sequence[Claimed], message: tuple[int, int, int]) -> None:
        assert self._announcer is not None
        for claimed in claims:
            try:
                await self._leases.announced(claimed)
            except LeaseLost:
                # It changed while we were talking; most likely somebody deleted the message.
                with contextlib.suppress(AnnounceLater):
                    await self._announcer.refresh(*message)

    def _show_sign(self, announcer: Announcer, guild_id: int, channel_id: int, message_id: int) -> None:
        task = asyncio.create_task(_sign(announcer, guild_id, channel_id, message_id))
        self._signs.add(task)
        task.add_done_callback(self._signs.discard)

    def _tell_those_who_wait(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def _sign(announcer: Announcer, guild_id: int, channel_id: int, message_id: int) -> None:
    try:
        await announcer.working(guild_id, channel_id, message_id)
    except AnnounceLater as error:
        log.info("no sign on message %d: %s", message_id, error)
    except Exception:
        log.exception("showing a sign on message %d broke", message_id)


def _links(claimed: Claimed, got: Got | None = None) -> dict[str, str]:
    """The keys of what was shared, with the addresses to find it by; an attachment's address does not last."""
    links = {claimed.key: "" if claimed.key.startswith("discord:") else claimed.url}
    if got is not None and got.key:
        links.setdefault(got.key, got.url)
    return links
