"""Fair turns: round robin over servers, and over the members of each."""

import itertools
from dataclasses import dataclass

MAX_REMEMBERED_TURNS = 10_000  # last turns of servers and members


@dataclass(frozen=True)
class WaitingMember:
    """A member of a server who waits, and the oldest of their jobs that may be done now."""

    guild_id: int
    user_id: int
    job_id: int


class RoundRobin:
    """Round robin over servers, and over the members of each; nobody's backlog holds up anybody else's."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, ...], int] = {}
        self._count = itertools.count()

    def pick(self, waiting: list[WaitingMember]) -> int:
        """The job of the member, in the server, whose last turn was the longest ago; `waiting` is not empty."""
        chosen = min(waiting, key=self._rank)
        if len(self._last) >= MAX_REMEMBERED_TURNS:
            self._last.clear()
        turn = next(self._count)
        self._last[(chosen.guild_id,)] = turn
        self._last[(chosen.guild_id, chosen.user_id)] = turn
        return chosen.job_id

    def _rank(self, one: WaitingMember) -> tuple[int, int, int]:
        server = self._last.get((one.guild_id,), -1)
        member = self._last.get((one.guild_id, one.user_id), -1)
        return server, member, one.job_id
