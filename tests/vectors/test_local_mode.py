"""A home of an earlier version, with a folder of qdrant-client's local mode: vectors that nobody reads again."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys

import pytest

from bot.cli import recommend, similar
from bot.services import Services
from bot.settings import Settings
from bot.vectors import upkeep
from bot.vectors.refresh import PointRefresher
from tests.support.commands import add_song, like, run
from tests.support.library import BEN, GUILD

SONGS = 25
BATCH = 10


@pytest.fixture
async def old(settings, monkeypatch):
    """Settings of such a home, with songs of which half sound alike, and looked after few at a time."""
    monkeypatch.setattr(upkeep, "BATCH_TRACKS", BATCH)
    monkeypatch.setattr(upkeep, "PROGRESS_TRACKS", BATCH)
    async with Services.open(settings) as services:
        for number in range(SONGS):
            await add_song(services, f"Song {number}", [number % 2, (number + 1) % 2, 0.01 * number])
        await like(services, BEN, 1)
    shutil.rmtree(settings.home / "vectors")
    await asyncio.to_thread(make_local_mode, settings.home / "qdrant")
    return settings


def make_local_mode(folder):
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(folder))
    size = models.VectorParams(size=2, distance=models.Distance.COSINE)
    client.create_collection(f"guild_{GUILD}", {"openl3-1": size})
    client.upsert(f"guild_{GUILD}", [models.PointStruct(id=1, vector={"openl3-1": [1.0, 0.0]}, payload={})])
    client.close()


async def gone(folder):
    """Wait until a folder isn't there any more."""
    async with asyncio.timeout(60):
        while folder.exists():  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.01)


async def test_at_the_first_start_all_is_made_anew_and_the_folder_then_removed(old, caplog):
    caplog.set_level("INFO", "bot.vectors")
    assert (old.home / "qdrant" / "meta.json").exists()
    async with Services.open(old, listen=True) as services:
        await gone(old.home / "qdrant")
        assert len(await services.vectors.ids(GUILD)) == SONGS
    said = [record.message for record in caplog.records if record.name == "bot.vectors.upkeep"]
    assert said == [
        *(f"server {GUILD}: {done} of 25 songs stored anew from the database" for done in (10, 20, 25)),
        f"removed {old.home / 'qdrant'}, in which an earlier version kept vectors",
    ]


async def test_questions_meanwhile_are_answered_from_what_is_there(old, monkeypatch):
    going_on, refresh, batches = asyncio.Event(), PointRefresher.refresh_points, []

    async def held(self, guild_id, tracks):
        if batches:
            await going_on.wait()
        await refresh(self, guild_id, tracks)
        batches.append(tracks)

    monkeypatch.setattr(PointRefresher, "refresh_points", held)
    async with Services.open(old, listen=True) as services:
        async with asyncio.timeout(60):
            while not batches:  # noqa: ASYNC110 -- nothing tells
                await asyncio.sleep(0.01)
        found = await services.vectors.nearest(GUILD, 1, channels=None, limit=SONGS)
        liked = await services.recommender.recommend(GUILD, BEN, None)
        assert {hit.track_id for hit in found} == set(batches[0]) and liked.picks
        assert (old.home / "qdrant").exists()
        going_on.set()
        await gone(old.home / "qdrant")
        assert len(await services.vectors.ids(GUILD)) == SONGS


async def test_killed_meanwhile_the_next_start_goes_on(old, caplog):
    program = (
        "import sys; from tests.vectors import test_local_mode as it; it.start_and_die_halfway(sys.argv[1])"
    )
    died = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program, str(old.home)])
    assert died.returncode == -signal.SIGKILL and (old.home / "qdrant").exists()
    caplog.set_level("INFO", "bot.vectors")
    async with Services.open(old, listen=True) as services:
        await gone(old.home / "qdrant")
        assert len(await services.vectors.ids(GUILD)) == SONGS
    assert f"server {GUILD}: 15 of 15 songs stored anew from the database" in caplog.text


def start_and_die_halfway(home):
    upkeep.BATCH_TRACKS = BATCH
    refresh = PointRefresher.refresh_points

    async def refresh_and_die(self, guild_id, tracks):
        await refresh(self, guild_id, tracks)
        os.kill(os.getpid(), signal.SIGKILL)

    async def start():
        async with Services.open(Settings.load(home=home), listen=True):
            await asyncio.sleep(60)

    setattr(PointRefresher, "refresh_points", refresh_and_die)  # noqa: B010 -- for mypy
    asyncio.run(start())


@pytest.mark.parametrize(
    ("command", "words"), [(similar, ["Song 0"]), (recommend, ["--user", BEN])], ids=["similar", "recommend"]
)
async def test_commands_answer_before_the_bot_was_started(old, capsys, command, words):
    assert await run(command, old, *words, "--guild", GUILD) == 0
    assert "1. 100%  Song 2" in capsys.readouterr().out
