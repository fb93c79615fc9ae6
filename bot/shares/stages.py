"""Runs a job's remaining stages (fetch, analyse, store, index), each idempotent."""

from bot.errors import Failure, Refused
from bot.listening.listener import MAX_CONCURRENT_DECODES, FetchedFile, Listener
from bot.listening.workspace import Workspace
from bot.shares.fair_slots import FairGate
from bot.shares.filing import Filing
from bot.shares.job_run import JobOutcome, JobRun, JobStage
from bot.shares.jobs import Claimed
from bot.shares.ledger import Ledger
from bot.vectors.refresh import PointRefresher
from models import JobState


class Stages:
    """The stages of a job; each checks first whether it was done before, so any may be cut off and run again."""

    def __init__(
        self,
        refresher: PointRefresher,
        ledger: Ledger,
        listener: Listener,
        filing: Filing,
        workspace: Workspace,
    ) -> None:
        self._refresher = refresher
        self._ledger = ledger
        self._leases = ledger.leases
        self._listener = listener
        self._filing = filing
        self._workspace = workspace
        self._decoding = FairGate(MAX_CONCURRENT_DECODES)

    async def go_on(self, claimed: Claimed, run: JobRun) -> JobOutcome | Failure:
        """Do what is left to do; gives what became of it, and tells `run` of each stage.

        Raises Refused, WorkerDied, EmbedderError, LeaseLost, StorageFailed.
        """
        track_id = claimed.track_id
        if track_id is None:
            track_id = await self._filing.add_share_of_known(claimed, _links(claimed))
        if track_id is None:
            memory = await self._ledger.failed_meanwhile(claimed)
            if memory is not None:
                return await self._leases.fail(claimed, Refused(memory.failure, memory.reason), known=True)
            track_id = await self._take_in(claimed, run)
        await self._refresher.refresh_point(claimed.guild_id, track_id)
        return await self._leases.stored(claimed)

    async def _take_in(self, claimed: Claimed, run: JobRun) -> int:
        """Fetch, listen and file; the audio is gone afterwards, whatever happens."""
        async with self._workspace.directory(f"job-{claimed.id}") as directory:
            run.begin(JobStage.FETCHING)
            await self._leases.advance(claimed, JobState.FETCHING)
            got = await self._listener.fetch(claimed.url, claimed.name, directory)
            links = _links(claimed, got)
            known = await self._filing.add_share_of_known(claimed, links)
            if known is not None:
                return known
            run.begin(JobStage.ANALYSING)
            await self._leases.advance(claimed, JobState.ANALYSING)
            turn = None if claimed.on_command_line else self._decoding.turn(claimed.guild_id, claimed.user_id)
            heard = await self._listener.listen(got, directory, decoding=turn)
            run.begin(JobStage.STORING)
        return await self._filing.add(claimed, links, heard)


def _links(claimed: Claimed, got: FetchedFile | None = None) -> dict[str, str]:
    """The keys of what was shared, with the addresses to find it by; an attachment's address does not last."""
    links = {claimed.key: "" if claimed.key.startswith("discord:") else claimed.url}
    if got is not None and got.key:
        links.setdefault(got.key, got.url)
    return links
