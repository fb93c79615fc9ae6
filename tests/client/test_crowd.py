"""Twenty members share many songs at once."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from discord_sandbox import Sandbox, Schema, text_of
from tests.support.http import site
from tests.support.process import BotProcess, until
from tests.support.running import Club, is_settled
from tests.support.songs import clip
from tests.support.tally import ProofTally

MEMBERS, EACH = 20, 10 if "NIGHTLY" in os.environ else 3
BEAT = 5.0


@pytest.mark.timeout(900)
async def test_many_shares_at_once(schema: Schema | None, tmp_path: Path, tally: ProofTally) -> None:
    clips = [clip(number) for number in range(MEMBERS * EACH)]  # before, as it would hold Discord up
    async with (
        Sandbox(schema=schema, heartbeat_seconds=BEAT) as discord,
        site() as web,
        BotProcess(discord, web, tmp_path) as process,
    ):
        discord.grant(message_content=True)
        club = Club(discord, web, "Crowd")
        await process.start()
        await club.listen()
        members = [club.guild.add_member(f"Member {i}") for i in range(MEMBERS)]
        posted: list[dict[str, Any]] = []
        for number in range(EACH):
            for place, member in enumerate(members):
                data, name = clips[number * MEMBERS + place], f"song_{place}_{number}.wav"
                if (number + place) % 2:
                    posted.append(await member.post(club.music, files=[(name, data, "audio/wav")]))
                else:
                    posted.append(await member.post(club.music, web.serve(f"/{name}", data, "audio/wav")))
                await asyncio.sleep(0)

        asked = 0
        while not asked or not all_settled(club, posted):
            if process.states()["announced"] > 3:
                answer = await members[0].command(club.hall, "similar", track="1")
                assert answer.error is None, "the bot did not acknowledge a command within three seconds"
                await answer.message(30)
                asked += 1
            await asyncio.sleep(1)
        assert process.states() == {"announced": MEMBERS * EACH}
        assert [len(club.replies_to(message)) for message in posted] == [1] * len(posted)
        assert all("shared before" not in club.replies_to(m)[0]["content"] for m in posted)
        assert max(beat.late for beat in discord.heartbeats) < BEAT / 2
        assert asked
        listed = await (await members[0].command(club.hall, "library")).message()
        assert text_of(listed).startswith(f"### {MEMBERS * EACH} songs")
        assert process.files() == []
        assert await process.stop(signal.SIGTERM) == 0
        await until(lambda: process.workers() == [], 3)
        assert discord.violations == []
        tally.tried("songs that twenty members share at once", times=len(posted), lost=0)


def all_settled(club: Club, posted: list[dict[str, Any]]) -> bool:
    """Whether every message was answered to its end."""
    answered = {
        (message.get("message_reference") or {}).get("message_id")
        for message in club.music.messages
        if message["author"]["id"] == str(club.guild.bot.id) and is_settled(club.music, message)
    }
    return answered >= {message["id"] for message in posted}
