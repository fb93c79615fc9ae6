"""The program of a template: imports a worker's module, and from then on forks a fresh worker for each job.

It never learns what the jobs are about. On a socket the bot orders a worker: an environment and the four ends that the
worker gets, which are its standard streams and its pulse. On the pulse the worker says its id once it is ready; it is
closed when the worker is gone and collected.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
from importlib import import_module

from bot.workers.serving import close_from, end_with_the_bot

ORDER_BYTES = 1 << 16
PULSE = 3  # follows the standard streams
ENDS = PULSE + 1


def main() -> None:
    """Be the template of the module, and take the orders, that the command line names; in a child, be a worker."""
    end_with_the_bot()
    module = import_module(sys.argv[1])
    module.prepare()
    gc.collect()
    gc.freeze()  # a worker's collector doesn't write to, and thereby copy, what all of them share
    if fork_on_orders(socket.socket(fileno=int(sys.argv[2]))):
        module.main()


def fork_on_orders(orders: socket.socket) -> bool:
    """Fork a worker for each order; true in the worker, and false in the template once the bot is gone."""
    deaths = signalled_deaths()
    pulses: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([orders.fileno(), deaths], [], [])
        if deaths in ready:
            os.read(deaths, 512)
            _collect(pulses)
        if orders.fileno() in ready:
            environment, ends, _, _ = socket.recv_fds(orders, ORDER_BYTES, ENDS)
            if not environment:
                return False
            worker = os.fork()
            if not worker:
                orders.detach()
                _become_worker(json.loads(environment), ends)
                return True
            pulses[worker] = ends.pop()
            for end in ends:
                os.close(end)


def signalled_deaths() -> int:
    """A file descriptor that can be read after a child has ended."""
    deaths, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return deaths


def _collect(pulses: dict[int, int]) -> None:
    """Collect the workers that have ended, and tell the bot so."""
    for worker in list(pulses):
        ended, _ = os.waitpid(worker, os.WNOHANG)
        if ended:
            os.close(pulses.pop(worker))


def _become_worker(environment: dict[str, str], ends: list[int]) -> None:
    """Leave behind what is the template's, as if this process had been started for its job."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for place, end in enumerate(ends):
        os.dup2(end, place, inheritable=place < PULSE)
    close_from(PULSE + 1)
    os.environ.clear()
    os.environ.update(environment)
    os.write(PULSE, b"%d\n" % os.getpid())


if __name__ == "__main__":
    main()
