"""What happened while the bot was away, and what its old messages can still do."""

import asyncio
import contextlib
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from bot.backups.backup_file import facts_of
from discord_sandbox import Sandbox, Schema, buttons_of, text_of
from tests.support.http import site
from tests.support.process import BotProcess, until
from tests.support.running import AnnouncedShare, Club
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Absence:
    """A server whose bot was away for a while."""

    club: Club
    process: BotProcess
    shared: AnnouncedShare
    answer: dict[str, Any]
    gone: AnnouncedShare
    edited: dict[str, Any]
    missed: list[dict[str, Any]] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(schema: Schema | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Absence]:
    folder = tmp_path_factory.mktemp("restart")
    async with (
        Sandbox(schema=schema) as discord,
        site() as web,
        BotProcess(discord, web, folder, EARWORM_BACKUP_DIR=str(folder / "backups")) as process,
    ):
        discord.grant(message_content=True)
        club = Club(discord, web, "Club")
        await process.start()
        await club.listen()
        thread = club.guild.add_thread(club.music, "later")
        files = [file(150 + 4 * i, title=f"Song {i}") for i in range(7)]
        shared = await club.share(club.ann, files=files)
        said = await (await club.bo.command(club.hall, "similar", track="song 0")).message()
        gone = await club.share(club.ann, files=[file(190, title="Gone")])
        edited = await club.bo.post(club.music, "wait for it")
        await club.cleo.react(shared.reply, "👍")
        await until(lambda: votes(process) == {(int(shared.reply["id"]), club.cleo.id)})
        assert await process.stop() == 0
        absence = Absence(club, process, shared, said, gone, edited)
        await club.cleo.unreact(shared.reply, "👍")
        await club.cleo.react(shared.message, "👍🏽")
        await club.mod.react(shared.message, "👍")  # of whom nothing is known, as of who was forgotten
        await club.ann.delete(gone.message)
        await club.bo.edit(edited, web.serve("/edited.mp3", encoded(155, title="Added later")))
        absence.missed.append(await club.bo.post(club.music, files=[file(151, title="While away")]))
        absence.missed.append(
            await club.cleo.post(thread, web.serve("/missed.mp3", encoded(152, title="In a thread")))
        )
        await club.cleo.post(club.hall, web.serve("/elsewhere.mp3", encoded(153)))
        await process.start()
        yield absence
        await process.stop(signal.SIGKILL)
        assert discord.violations == []


async def test_what_was_posted_meanwhile_is_taken_in_once(story: Absence) -> None:
    club = story.club
    replies = [await club.reply_to(message) for message in story.missed]
    assert ["While away" in replies[0]["content"], "In a thread" in replies[1]["content"]] == [True, True]
    assert "🎧" in club.music.reactions(story.missed[0])
    assert [m["id"] for m in club.hall.messages if m["author"]["id"] == str(club.guild.bot.id)] == [
        story.answer["id"]
    ]
    assert len(club.replies_to(story.shared.message)) == 1
    told = {job["message_id"] for job in story.process.jobs()} - {int(story.edited["id"])}
    assert told == {int(m["id"]) for m in (story.shared.message, story.gone.message, *story.missed)}


async def test_what_became_of_older_messages_meanwhile_is_noticed(story: Absence) -> None:
    club, process = story.club, story.process
    assert "Added later" in (await club.reply_to(story.edited))["content"]
    await until(lambda: votes(process) == {(int(story.shared.message["id"]), club.cleo.id)})
    await until(lambda: is_gone(story))
    await club.discord.wait_for(lambda: club.replies_to(story.gone.message) == [])


def is_gone(story: Absence) -> bool:
    """Whether the song of the message that was deleted is."""
    gone = int(story.gone.message["id"])
    return (gone,) not in rows(story.process, "SELECT message_id FROM shares")


def votes(process: BotProcess) -> set[tuple[int, int]]:
    """Who reacted to which message."""
    return {(row[0], row[1]) for row in rows(process, "SELECT message_id, user_id FROM reactions")}


def rows(process: BotProcess, query: str) -> list[tuple[int, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{process.home / 'earworm.db'}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


async def test_reactions_on_old_messages_count(story: Absence) -> None:
    club = story.club
    await club.bo.react(story.shared.message, "👍")
    text = ""
    for _ in range(100):
        said = await (await club.bo.command(club.hall, "recommend", private=True)).message()
        text = text_of(said)
        if "which you 👍" in text or "known already" in text:
            break
    assert "known already" in text  # Bo likes all of that message's songs now


async def test_buttons_of_old_answers_work(story: Absence) -> None:
    club = story.club
    await club.cleo.click(story.answer, emoji="👎")
    voted = await club.discord.wait_for(
        lambda: next(
            (m for m in club.hall.messages if buttons_of(m) and buttons_of(m)[1].get("label") == "1"), None
        )
    )
    assert voted["id"] == story.answer["id"]
    await club.bo.click(story.answer, label="Next page")
    await club.discord.wait_for(lambda: any("**6.**" in text_of(m) for m in club.hall.messages))
    more = await club.cleo.click(voted, label="More like this")
    assert text_of(await more.message()).startswith("### Sounds like **Song")


async def test_a_backup_was_made_at_the_first_start(story: Absence) -> None:
    folder = story.process.home.parent / "backups"
    await until(lambda: [path for path in folder.iterdir() if path.suffix == ".backup"])
    (made,) = folder.iterdir()
    assert facts_of(made).schema and story.process.text.count(f"made the backup {made}") == 1


async def test_everything_is_backed_up_while_the_bot_runs(story: Absence) -> None:
    file = story.process.home.parent / "now.backup"
    await until(lambda: is_gone(story))
    await until(lambda: rows(story.process, "SELECT count(*) FROM tracks") == [(10,)])
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "backup", str(file)), env=story.process.environment
    )
    assert await asyncio.wait_for(made.wait(), 60) == 0
    assert facts_of(file).songs == 10
