"""`earworm run` that says how many tasks its loop has whenever it gets SIGUSR1, in the file that TASKS names."""

import asyncio
import os
import signal
from pathlib import Path

from bot.__main__ import main


def say(*_: object) -> None:
    """Also while the loop waits: a handler runs in between."""
    Path(os.environ["TASKS"]).write_text(str(len(asyncio.all_tasks())))


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, say)
    main(["run"])
