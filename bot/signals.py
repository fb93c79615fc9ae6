"""Being told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextlib.contextmanager
def until_told_to_stop() -> Iterator[None]:
    """SIGTERM and SIGINT end what is inside by cancelling it, once, and that is no error."""
    loop, serving = asyncio.get_running_loop(), asyncio.current_task()
    assert serving is not None, "there is no task to end"
    told: list[signal.Signals] = []

    def stop(signum: signal.Signals) -> None:
        if not told:
            serving.cancel()
        told.append(signum)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop, signum)
    try:
        yield
    except asyncio.CancelledError:
        if not told:
            raise
        serving.uncancel()
        log.info("stopped by %s", told[0].name)
    finally:
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(signum)
