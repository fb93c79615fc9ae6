"""Graceful shutdown on SIGINT and SIGTERM."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextlib.contextmanager
def until_stopped() -> Iterator[None]:
    """Cancel the running task at the first SIGTERM or SIGINT, and swallow that cancellation."""
    loop, serving = asyncio.get_running_loop(), asyncio.current_task()
    assert serving is not None, "there is no task to cancel"
    received: list[signal.Signals] = []

    def stop(signum: signal.Signals) -> None:
        if not received:
            serving.cancel()
        received.append(signum)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop, signum)
    try:
        yield
    except asyncio.CancelledError:
        if not received:
            raise
        serving.uncancel()
        log.info("stopped by %s", received[0].name)
    finally:
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(signum)
