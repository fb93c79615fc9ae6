"""Without the Message Content Intent the bot still runs, and commands work."""

import signal
from pathlib import Path

import pytest

from discord_sandbox import Sandbox, Schema
from tests.support.http import site
from tests.support.process import BotProcess
from tests.support.running import Club
from tests.support.songs import encoded, file


async def test_commands_work_and_bare_links_are_not_seen(schema: Schema | None, tmp_path: Path) -> None:
    async with (
        Sandbox(schema=schema) as discord,
        site() as web,
        BotProcess(discord, web, tmp_path) as process,
    ):
        club = Club(discord, web, "Club")
        await process.start()
        assert discord.gateway.closed_with == [4014]
        assert "Message Content Intent is off" in process.text
        said = await (await club.mod.command(club.hall, "settings channel", channel=club.music)).message()
        assert "Message Content Intent is off" in said["content"]

        link = web.serve("/bare.mp3", encoded(160, title="Bare"))
        bare = await club.ann.post(club.music, link)
        shared = await club.settled(
            await club.ann.command(club.hall, "share", file=file(161, title="By command"))
        )
        assert "**By command**" in shared["content"]
        assert club.replies_to(bare) == []
        added = await club.settled(await club.bo.menu(club.music, "Add to library", bare))
        assert added["content"] == f"🎵 **Bare** · 0:05 · shared by {club.ann.mention}"
        assert await process.stop(signal.SIGTERM) == 0
        assert discord.violations == []


@pytest.mark.parametrize("token", ["wrong"])
async def test_a_wrong_token_is_one_line(tmp_path: Path, token: str) -> None:
    async with (
        Sandbox() as discord,
        site() as web,
        BotProcess(discord, web, tmp_path, DISCORD_TOKEN=token) as process,
    ):
        with pytest.raises(AssertionError):
            await process.start()
        assert await process.stop() == 1
        assert "Traceback" not in process.text
        assert process.text.strip().splitlines()[-1].startswith("earworm: Discord rejected DISCORD_TOKEN.")
