"""The worker's side: hears requests, gives replies, bounds what it may use, and ends when the bot does.

The bot holds the other end of a worker's standard input as a lifeline: when the bot is gone, however it went, it
closes. A guard, forked by the worker and in its process group, waits for just that and ends the group, so that a worker
which is busy, frozen or waiting goes too.

A module that starts without a template imports what is heavy only after the first request: the guard shares its memory
until then.
"""

import json
import os
import resource
import select
import signal
import sys
from collections.abc import Iterator
from typing import Any

WorkerMessage = dict[str, Any]

NICENESS = 10  # the bot itself, which must answer Discord in time, goes first


def requests() -> Iterator[WorkerMessage]:
    """The bot's requests, one at a time; this process and its children end once the bot is gone."""
    end_with_the_bot()
    os.nice(NICENESS)
    sys.stdout = sys.stderr  # what a library prints is no reply
    for line in sys.stdin.buffer:
        yield json.loads(line)


def reply(message: WorkerMessage) -> None:
    """Hand the bot one line."""
    assert sys.__stdout__ is not None
    sys.__stdout__.write(json.dumps(message) + "\n")
    sys.__stdout__.flush()


def limit_resources(*, cpu_seconds: int, file_bytes: int, data_bytes: int, open_files: int = 256) -> None:
    """Bound what this process may use; the data segment, since a small address space aborts V8 and torch."""
    limits = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_DATA: data_bytes,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_CORE: 0,
    }
    for which, wanted in limits.items():
        _, hard = resource.getrlimit(which)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (value, value))


def end_with_the_bot() -> None:
    """Fork the process that ends this process group once the bot has let go of our standard input."""
    if os.fork():
        return
    close_from(1)  # else the bot would wait for more output after the worker's own end
    lifeline = select.poll()
    lifeline.register(0, 0)  # no events asked for: only the hang-up is reported, not waiting input
    lifeline.poll()
    os.killpg(0, signal.SIGKILL)


def close_from(first: int) -> None:
    """Close every file descriptor from this one on."""
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
