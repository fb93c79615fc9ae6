"""Fault injection for REST requests: errors, rate limits and lost connections."""

import re
from dataclasses import dataclass, field
from typing import Literal

DropAfter = Literal["drop_after"]


@dataclass
class Fault:
    """A fault for the next requests that match."""

    method: str
    path: re.Pattern[str]
    status: int | DropAfter
    times: int
    retry_after: float | None
    everywhere: bool = False


@dataclass
class Faults:
    """The faults that are still to be injected."""

    planned: list[Fault] = field(default_factory=list)

    def fail_next(
        self,
        method: str,
        path: str,
        *,
        status: int | DropAfter = 500,
        times: int = 1,
        retry_after: float | None = 0.05,
        everywhere: bool = False,
    ) -> None:
        """Let the next requests fail whose path (behind /api/v10) the regular expression finds.

        `drop_after` carries the request out and then drops the connection instead of answering. A 429 is for a route,
        or for the bot `everywhere`; with `retry_after=None` it is that of the network in front of Discord, which says
        neither how long to wait nor anything in JSON.
        """
        self.planned.append(Fault(method, re.compile(path), status, times, retry_after, everywhere))

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any."""
        for fault in self.planned:
            if fault.method == method and fault.path.search(path):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None
