"""Qdrant is away for a while: the songs of that time wait, and are taken in once it is back, without a restart."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web as http
from yarl import URL

from bot.services import Services
from bot.settings import Settings
from bot.vectors import consistency
from models import Track
from tests.support.channel import ReplyLog
from tests.support.http import site
from tests.support.qdrant_server import qdrant_server
from tests.support.sharing import SharingClub, songs, until_done
from tests.support.songs import clip
from tests.support.tally import ProofTally
from tests.support.unreliable import CuttableWay

AWAY_SECONDS = 60.0 if "NIGHTLY" in os.environ else 2.0
SONGS = 3


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[CuttableWay]:
    """The way to a Qdrant server."""
    async with qdrant_server(tmp_path / "server") as server, CuttableWay(URL(server.url).port or 0) as it:
        yield it


@pytest.fixture
async def sharing(
    way: CuttableWay, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SharingClub]:
    """A server whose bot keeps its vectors there, and doesn't wait a minute before it tries a job again."""
    monkeypatch.setattr("bot.shares.leases.LEASE", timedelta(seconds=1))
    monkeypatch.delenv("TMPDIR", raising=False)
    async with site() as web:
        changes = {
            "embedders": ("mfcc",),
            "egress_allow": frozenset([web.origin]),
            "qdrant_url": f"http://127.0.0.1:{way.port}",
        }
        async with Services.open(settings.model_copy(update=changes), listen=True) as services:
            channel = ReplyLog(services.ledger)
            await services.pipeline.start(channel)
            yield SharingClub(services, web, channel, 1)


@pytest.mark.timeout(AWAY_SECONDS + 180)
async def test_songs_that_are_shared_meanwhile_wait(
    sharing: SharingClub, way: CuttableWay, tally: ProofTally
) -> None:
    [first] = await sharing.share(sharing.song())
    assert first.state == "announced"
    sounds = [clip(next(songs), 5.0) for _ in range(SONGS)]

    async def cut_first(request: http.Request) -> http.Response:
        way.cut()  # by now it is being listened to
        return http.Response(body=sounds[int(request.query["n"])], content_type="audio/wav")

    link = sharing.web.on("/meanwhile.wav", cut_first)
    jobs = await sharing.post(*(f"{link}?n={number}" for number in range(SONGS)))
    async with asyncio.timeout(60):
        while not way.hung_up:  # noqa: ASYNC110 -- until somebody wants to write a point
            await asyncio.sleep(0.05)
    await asyncio.sleep(AWAY_SECONDS)
    states = await sharing.services.ledger.states(jobs)
    assert [state.done for state in states] == [False] * SONGS
    way.mend()
    await until_done(sharing.services.pipeline, jobs)
    states = await sharing.services.ledger.states(jobs)
    assert [state.state for state in states] == ["announced"] * SONGS
    assert await sharing.points() == {track.id for track in await sharing.all(Track)}
    assert len(await sharing.points()) == SONGS + 1
    agreement = await consistency.agreement(sharing.services.store, sharing.services.vectors)
    assert all(guild.agree for guild in agreement)
    tally.tried("songs that are shared while Qdrant is away", times=SONGS, lost=0)
