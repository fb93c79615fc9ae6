"""The database can't be written to for a while: what happens in Discord meanwhile is saved once it can."""

import asyncio
import contextlib
import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from inspect import getattr_static
from pathlib import Path

import pytest
from discord.ext import commands
from sqlalchemy import make_url, select

from bot import backlog
from bot.client import Earworm
from bot.library import store
from bot.library.store import BUSY
from bot.settings import Settings
from cogs.outage import BACK, LOST
from cogs.shares.intake import IntakeCog
from cogs.shares.reactions import ReactionsCog
from models import MusicChannel, Reaction, Share
from tests.support.running import PATIENCE, Club, eventually, running, settings_for
from tests.support.songs import encoded, file

LOCKED_SECONDS = 60.0 if "NIGHTLY" in os.environ else 0.0  # beyond what it takes to try everything


@pytest.fixture
def settings(club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A bot that doesn't wait long for a lock."""
    monkeypatch.setattr(store, "BUSY_SECONDS", 1.0)
    return settings_for(club.discord, club.web, tmp_path / "home", max_seconds=30)


@contextlib.asynccontextmanager
async def outage(settings: Settings) -> AsyncIterator[None]:
    """Another program writes and doesn't come to an end."""
    path = make_url(settings.database).database
    assert path is not None
    opened = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    with contextlib.closing(opened) as other:
        # In a thread, as the bot may be writing just now and needs the loop to come to an end.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.timeout(120 + LOCKED_SECONDS)
async def test_nothing_is_lost_and_in_its_order(
    club: Club, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "TELL_AFTER", timedelta(0))
    lobby = club.guild.add_channel("lobby")
    club.guild.set_system_channel(lobby)
    async with running(settings) as bot:
        await club.listen()
        before = await club.share(club.ann, files=[file(140, title="Before")])
        gone = await club.share(club.ann, files=[file(141, title="Gone")])
        seen = await mark(bot, club)
        listed = await (await club.bo.command(club.hall, "track", track="Before")).message()
        link, let_go = club.hold("/later.mp3", encoded(144, title="Later"))
        let_go.set()
        async with outage(settings):
            posted = [
                await club.ann.post(club.music, files=[file(142 + n, title=f"During {n}")]) for n in (0, 1)
            ]
            edited = await club.bo.post(club.music, "wait for it")
            await club.bo.edit(edited, link)
            await club.bo.react(before.reply, "👍")
            await club.cleo.react(before.reply, "👎")
            await club.cleo.unreact(before.reply, "👎")
            await club.ann.delete(gone.message)
            await eventually(lambda: waiting(bot, 6))
            assert await mark(bot, club) == seen
            setting = await club.mod.command(club.hall, "settings channel", channel=club.hall)
            pressed = await club.bo.click(listed, emoji="👍")
            assert [(await asked.message(PATIENCE))["content"] for asked in (setting, pressed)] == [
                BUSY,
                BUSY,
            ]
            await club.discord.wait_for(lambda: lobby.messages, PATIENCE)
            await asyncio.sleep(LOCKED_SECONDS)
        for message in (*posted, edited):
            await club.reply_to(message)
        await eventually(lambda: waiting(bot, 0))
        async with bot.services.store.session() as session:
            votes = [(row.user_id, row.kind) for row in await session.scalars(select(Reaction))]
            shared = set(await session.scalars(select(Share.message_id)))
        assert votes == [(club.bo.id, 1)] and int(before.message["id"]) in shared
        assert int(gone.message["id"]) not in shared and club.replies_to(gone.message) == []
        await eventually(lambda: moved_past(bot, club, int(edited["id"])))
        await club.discord.wait_for(lambda: len(lobby.messages) == 2, PATIENCE)
        assert [message["content"] for message in lobby.messages] == [LOST, BACK]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len([line for line in said if "can't be saved and waits" in line]) == 1


async def test_what_was_posted_is_found_again_also_if_the_bot_stops_before_it_can_save_it(
    club: Club, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as bot:
        await club.listen()
        async with outage(settings):
            lost = await club.ann.post(club.music, files=[file(150, title="Nearly lost")])
            await eventually(lambda: waiting(bot, 1))
            await bot.close()
        assert bot.is_closed()
    monkeypatch.undo()
    async with running(settings):
        assert "**Nearly lost**" in (await club.reply_to(lost))["content"]


async def waiting(bot: Earworm, events: int) -> bool:
    return len(bot.backlog._waiting) == events if not events else len(bot.backlog._waiting) >= events


async def mark(bot: Earworm, club: Club) -> int:
    async with bot.services.store.session() as session:
        found = await session.scalar(
            select(MusicChannel.last_message_id).where(MusicChannel.channel_id == club.music.id)
        )
    assert found is not None
    return found


async def moved_past(bot: Earworm, club: Club, message_id: int) -> bool:
    return await mark(bot, club) >= message_id


@pytest.mark.parametrize("cog", [IntakeCog, ReactionsCog])
async def test_every_event_that_is_saved_waits_while_that_fails(cog: type[commands.Cog]) -> None:
    named = [name for name, _ in cog.__cog_listeners__]
    assert "on_disconnect" in named or cog is ReactionsCog
    for name in named:
        listener = getattr_static(cog, name)
        assert name == "on_disconnect" or hasattr(listener, "__wrapped__"), name
