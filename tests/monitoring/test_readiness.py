"""A storage that hangs or fails is told, and asked only once at a time."""

import asyncio

import pytest

from bot.errors import StorageFailed
from bot.monitoring import readiness
from bot.monitoring.readiness import Probe


async def test_what_answers_has_no_failure() -> None:
    probe = Probe(_answer)
    assert await probe.failure() == ""
    await probe.close()


async def test_what_fails_says_why() -> None:
    assert await Probe(_fail).failure() == "The disk is full."


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


async def _fail() -> None:
    raise StorageFailed("The disk is full.")
