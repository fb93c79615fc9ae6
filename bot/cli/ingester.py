"""`earworm ingest` with the library open; imported only once the sources are known to be valid."""

import asyncio
import hashlib
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tqdm import tqdm

from bot.cli.sources import IngestResult, SourceItem
from bot.errors import Failure, OptedOut, Refused
from bot.intake.links import PATH
from bot.library.opt_outs import SOMEBODY_OPTED_OUT
from bot.library.visible_shares import COMMAND_LINE_CHANNEL
from bot.services import Services
from bot.shares.jobs import JobSnapshot, NewShare, now
from models.share import command_line_message

BATCH = 100


class Ingester:
    """Adds files and links to one server's library as one member's shares."""

    def __init__(self, services: Services, guild_id: int, user_id: int) -> None:
        self._services = services
        self._guild_id = guild_id
        self._user_id = user_id

    async def take_in(self, items: Sequence[SourceItem], *, aloud: bool) -> list[IngestResult]:
        """Take items in, with a progress bar on standard error; `aloud`: and lines on standard output."""
        results: list[IngestResult] = []
        # A single refusal that goes to a file or another program has no bar around it.
        disable = None if len(items) == 1 else False
        with tqdm(total=len(items), unit="song", leave=False, disable=disable) as bar:
            for start in range(0, len(items), BATCH):
                batch = items[start : start + BATCH]
                done: dict[int, IngestResult] = {}
                async for place, result in self._batch(batch):
                    done[place] = result
                    bar.update()
                    if aloud and (result.id is not None or len(items) > 1):
                        bar.write(str(result), file=sys.stdout)
                results += [done[place] for place in range(len(batch))]
        return results

    async def _batch(self, items: Sequence[SourceItem]) -> AsyncIterator[tuple[int, IngestResult]]:
        """Each item's place and what became of it."""
        shares: dict[int, NewShare] = {}
        for place, item in enumerate(items):
            try:
                shares[place] = await asyncio.to_thread(self._share, item)
            except Refused as refused:
                yield place, IngestResult(item.source, "failed", str(refused))
        try:
            submitted = await self._services.pipeline.submit([*shares.values()])
        except OptedOut as error:
            raise OptedOut(SOMEBODY_OPTED_OUT) from error
        jobs: dict[int, list[int]] = defaultdict(list)
        for place, job_id in zip(shares, submitted, strict=True):
            jobs[job_id].append(place)
        async for state in self._services.pipeline.finished(jobs):
            for number, place in enumerate(jobs[state.id]):
                yield place, await self._result(items[place].source, state, again=number > 0)

    def _share(self, item: SourceItem) -> NewShare:
        if item.reason:
            raise Refused(Failure.UNSUPPORTED, item.reason)
        return NewShare(
            guild_id=self._guild_id,
            channel_id=COMMAND_LINE_CHANNEL,
            message_id=command_line_message(self._user_id),
            user_id=self._user_id,
            url=f"{PATH}{item.path}" if item.path else item.url,
            key=f"file:{_sha256(item.path)}" if item.path else item.key,
            shared_at=now(),
        )

    async def _result(self, source: str, state: JobSnapshot, *, again: bool) -> IngestResult:
        cards = await self._services.catalog.cards(self._guild_id, [state.track_id or 0], None)
        if state.failure or not cards:
            return IngestResult(source, "failed", state.reason)
        card, status = cards[0], "known" if state.known or again else "added"
        return IngestResult(source, status, "", card.id, card.title, card.artist, card.seconds)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(Failure.UNSUPPORTED, f"That file can't be read: {error.strerror}.") from None
