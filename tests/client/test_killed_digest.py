"""The bot is killed before, while and after it posts the digest: one stands in the channel, with its pictures."""

import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.library.guilds import Guilds
from bot.library.store import Store
from discord_sandbox import text_of
from models import Guild
from tests.support.library import START, add_track
from tests.support.process import BotProcess, until
from tests.support.running import Club, settings_for

PAINTER = "bot.pictures.worker"


@pytest.fixture
async def process(club: Club, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot, not started yet; a song was shared, and a digest has been due since the last full hour."""
    it = BotProcess(club.discord, club.web, tmp_path)
    store = await Store.open(settings_for(club.discord, club.web, it.home))
    now = datetime.now(UTC)
    minutes = (now - timedelta(hours=2) - START) / timedelta(minutes=1)
    await add_track(store, "Of this week", guild=club.guild.id, channel=club.music.id, minutes=minutes)
    await Guilds(store).set_digest(club.guild.id, club.hall.id, now.weekday(), now.hour, "UTC")
    async with store.begin() as session:
        await session.execute(update(Guild).values(digest_since=now - timedelta(days=1)))
    await store.close()
    yield it
    await it.stop(signal.SIGKILL)


@pytest.mark.timeout(300)
async def test_killed_around_the_digest(
    club: Club, process: BotProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Discord knows a message again for minutes; an outage may last longer.
    monkeypatch.setattr("discord_sandbox.world.messages.NONCE_SECONDS", 0.0)
    await process.start()
    await drawing(process)
    await killed(process)
    assert club.hall.messages == []

    club.discord.faults.fail_next("POST", r"/messages$", status=502, times=10_000)
    await process.start()
    await until(lambda: any(r.status == 502 for r in club.discord.requests))  # discord.py tries it again
    await killed(process)
    assert club.hall.messages == []

    club.discord.faults.planned.clear()
    await process.start()
    painter = await drawing(process)
    with closing(sqlite3.connect(process.home / "earworm.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # nobody else can write anything down
        os.kill(painter, signal.SIGCONT)
        await until(lambda: club.hall.messages)
        await killed(process)
        database.execute("ROLLBACK")

    await process.start()
    await until(lambda: state(process) != ("claimed", None))
    await club.discord.quiet(0.5)
    [digest] = club.hall.messages
    assert state(process) == ("posted", int(digest["id"]))
    assert "Of this week" in text_of(digest)
    assert [each["filename"] for each in digest["attachments"]] == ["banner.png"]
    assert "Traceback" not in process.text
    assert club.discord.violations == []


async def drawing(process: BotProcess) -> int:
    """The process that draws, held in the middle of it."""

    def painters() -> list[int]:
        return [each for each in process.workers(PAINTER) if os.getpgid(each) == each]

    await until(painters)
    [painter] = painters()
    os.kill(painter, signal.SIGSTOP)
    return painter


async def killed(process: BotProcess) -> None:
    """In the middle of it, as far as the bot knows."""
    assert state(process) == ("claimed", None)
    assert await process.stop(signal.SIGKILL) == -signal.SIGKILL
    for worker in process.workers():
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGCONT)
    await until(lambda: process.workers() == [], 10)


def state(process: BotProcess) -> tuple[str, int | None]:
    """What is written down about the week's digest."""
    with closing(sqlite3.connect(f"file:{process.home / 'earworm.db'}?mode=ro", uri=True)) as database:
        found: tuple[str, int | None] = database.execute(
            "SELECT state, message_id FROM digests WHERE week LIKE '%W%'"
        ).fetchone()
        return found
