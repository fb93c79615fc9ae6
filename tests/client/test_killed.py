"""The bot is killed in the middle of everything, started again, and nothing is lost, left over or said twice."""

import asyncio
import os
import signal
from typing import Any

from discord_sandbox import text_of
from tests.support.process import BotProcess, until
from tests.support.running import Club
from tests.support.songs import encoded, file


async def test_killed_in_every_stage(club: Club, process: BotProcess) -> None:
    discord = club.discord
    link, let_go = club.hold("/held.mp3", encoded(142, title="Fetching"))
    discord.faults.fail_next("POST", r"/messages$", status=503, times=10_000)
    messages = [await club.ann.post(club.music, files=[file(140, title="Stored")])]
    await until(lambda: process.states()["stored"] == 1)
    [worker] = [w for w in process.workers("bot.listening.analysis_worker") if os.getpgid(w) == w]
    os.kill(worker, signal.SIGSTOP)
    messages.append(await club.bo.post(club.music, files=[file(141, title="Analysing")]))
    await until(lambda: process.states()["analysing"] == 1)
    messages.append(await club.cleo.post(club.music, link))
    await until(lambda: process.states()["fetching"] == 1)
    messages.append(await replied_without_knowing(club))

    assert await process.stop(signal.SIGKILL) == -signal.SIGKILL
    await until(lambda: process.workers() == [], 5)
    discord.faults.planned.clear()
    let_go.set()
    await process.start()
    replies = [await club.reply_to(message) for message in messages]
    assert [reply["content"].split("**")[1] for reply in replies] == [
        "Stored",
        "Analysing",
        "Fetching",
        "Posted",
    ]
    await discord.quiet(0.5)
    assert [len(club.replies_to(message)) for message in messages] == [1, 1, 1, 1]
    assert process.states() == {"announced": 4}
    assert process.files() == []
    assert discord.violations == []


async def replied_without_knowing(club: Club) -> dict[str, Any]:
    """A message that was replied to, but the bot never hears that its reply stands."""
    club.discord.faults.planned.clear()
    club.discord.faults.fail_next("POST", r"/messages$", status="drop_after", times=10_000)
    link = club.web.serve("/posted.mp3", encoded(143, title="Posted"))
    message = await club.mod.post(club.music, link)
    await club.discord.wait_for(lambda: club.replies_to(message))
    return message


async def test_told_to_stop_in_the_middle_of_work(club: Club, process: BotProcess) -> None:
    link, _ = club.hold("/stopped.mp3", encoded(144))
    await club.ann.post(club.music, link)
    await until(lambda: process.states()["fetching"] == 1)
    asked = [
        asyncio.create_task(club.mod.command(club.hall, command))
        for command in ("digest preview", "library", "recommend", "settings show") * 5
    ]
    await club.bo.post(club.music, " ".join(f"{link}?{number}" for number in range(10)))
    assert await process.stop(signal.SIGTERM, within=20) == 0
    await asyncio.gather(*asked, return_exceptions=True)
    await until(lambda: process.workers() == [], 3)
    assert process.files() == []
    assert "Traceback" not in process.text and "ERROR" not in process.text
    assert process.states().keys() <= {"fetching", "queued"}


async def test_killed_between_saving_a_command_and_saying_so(club: Club, process: BotProcess) -> None:
    discord = club.discord
    discord.faults.fail_next("PATCH", r"/messages/@original$", status=503, times=10_000)
    answer = await club.ann.command(club.hall, "share", file=file(145, title="By command"))
    message = await club.bo.post(club.hall, files=[file(146, title="By menu")])
    chosen = await club.cleo.menu(club.hall, "Add to library", message)
    await until(lambda: sum(process.states().values()) == 2)
    assert answer.deferred and chosen.deferred
    assert answer.responses == chosen.responses == []

    await process.stop(signal.SIGKILL)
    discord.faults.planned.clear()
    await process.start()
    await until(lambda: process.states() == {"announced": 2})
    said = [text_of(m) for m in club.hall.messages if m["author"]["id"] == str(club.guild.bot.id)]
    assert [text.split("**")[1] for text in said if text] == ["By command", "By menu"]
    assert discord.violations == []


async def test_killed_before_a_command_is_saved(club: Club, process: BotProcess) -> None:
    club.discord.faults.fail_next("GET", r"/messages/@original$", status=503, times=10_000)
    answer = await club.ann.command(club.hall, "share", file=file(147, title="Not taken"))
    assert answer.deferred
    await until(lambda: any(r.status == 503 for r in club.discord.requests))
    assert process.states() == {}
    await process.stop(signal.SIGKILL)
    assert answer.responses == []
