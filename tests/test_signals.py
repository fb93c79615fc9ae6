"""SIGTERM and SIGINT end the bot without an error; nothing else looks like them."""

import asyncio
import os
import signal

import pytest

from bot.signals import until_stopped


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_what_is_inside_and_a_second_one_does_not_disturb_the_tidying(
    signum: signal.Signals,
) -> None:
    tidied = False
    with until_stopped():
        try:
            os.kill(os.getpid(), signum)
            await asyncio.sleep(10)
        finally:
            os.kill(os.getpid(), signum)
            await asyncio.sleep(0.01)
            tidied = True
    assert tidied
    await asyncio.sleep(0)  # the task goes on


async def test_being_cancelled_by_others_stays_a_cancellation() -> None:
    async def serve() -> None:
        with until_stopped():
            await asyncio.sleep(10)

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
