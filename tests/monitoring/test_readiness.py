"""A storage that hangs or fails is told, and asked only once at a time."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from bot.errors import StorageFailed
from bot.monitoring import readiness
from bot.monitoring.readiness import Probe, disk_trouble
from bot.settings import Settings


async def test_what_answers_has_no_failure() -> None:
    probe = Probe(_answer)
    assert await probe.failure() == ""
    await probe.close()


async def test_what_fails_says_why() -> None:
    assert await Probe(_fail).failure() == "The disk is full."


@pytest.mark.errors
async def test_what_fails_in_a_way_that_nobody_thought_of_is_told_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await Probe(_break).failure() == "ProgrammingError"
    assert "no such table: jobs" in caplog.text


def test_a_home_that_is_gone_is_told(tmp_path: Path) -> None:
    there = Settings.load(home=tmp_path, disk_floor=0)
    gone = there.model_copy(update={"home": tmp_path / "unmounted"})
    assert disk_trouble(gone) == "EARWORM_HOME can't be looked at: No such file or directory"
    assert disk_trouble(there) == ""


async def test_what_hangs_is_asked_once_and_told_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.01)
    asked, answer = [], asyncio.Event()

    async def hang() -> None:
        asked.append(1)
        await answer.wait()

    probe = Probe(hang)
    assert "no answer within" in await probe.failure()
    assert "no answer within" in await probe.failure()
    assert asked == [1]
    answer.set()
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 60)
    assert await probe.failure() == ""
    await probe.close()


async def test_closing_waits_for_no_answer() -> None:
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    probe = Probe(hang)
    asking = asyncio.create_task(probe.failure())
    await asked.wait()
    await probe.close()
    assert await asking == "the bot stops"


async def _answer() -> None:
    pass


async def _break() -> None:
    raise ProgrammingError("SELECT", {}, Exception("no such table: jobs"))


async def _fail() -> None:
    raise StorageFailed("The disk is full.")
