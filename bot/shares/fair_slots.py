"""Slots for songs in work, shared so that nobody's slow songs hold up everybody else's.

Turns alone (round_robin.py) are not enough: ten songs that take minutes each fill every slot in their turns. While
others wait, a server holds at most half of the slots and a member a quarter; and while nobody else does, one slot stays
free for whoever comes next.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.shares.round_robin import RoundRobin, WaitingMember


class FairSlots:
    """Counts who holds how many of so many slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._held: Counter[tuple[int, int]] = Counter()

    @property
    def free(self) -> int:
        """How many nobody holds."""
        return self.slots - self._held.total()

    def take(self, guild_id: int, user_id: int) -> None:
        """A member of a server holds one more."""
        self._held[guild_id, user_id] += 1

    def release(self, guild_id: int, user_id: int) -> None:
        """And one less."""
        self._held[guild_id, user_id] -= 1
        self._held += Counter()  # forget those who hold none

    def admitted(self, waiting: Sequence[WaitingMember]) -> list[WaitingMember]:
        """Those of the waiting who may take a slot now."""
        servers = {each.guild_id for each in waiting}
        members = {(each.guild_id, each.user_id) for each in waiting}
        most_of_a_server = self.slots // 2 if len(servers) > 1 else max(2, self.slots - 1)
        most_of_a_member = self.slots // 4 if len(members) > 1 else self.slots - 1
        in_server: Counter[int] = Counter()
        for (guild_id, _), count in self._held.items():
            in_server[guild_id] += count
        return [
            each
            for each in waiting
            if in_server[each.guild_id] < max(1, most_of_a_server)
            and self._held[each.guild_id, each.user_id] < max(1, most_of_a_member)
        ]


class FairGate:
    """Lets so many through at a time, in fair turns and within the limits of `FairSlots`."""

    def __init__(self, slots: int) -> None:
        self._slots = FairSlots(slots)
        self._turns = RoundRobin()
        self._count = itertools.count()
        self._waiting: dict[int, tuple[WaitingMember, asyncio.Event]] = {}

    @asynccontextmanager
    async def turn(self, guild_id: int, user_id: int) -> AsyncIterator[None]:
        """Wait for a slot, and hold it."""
        ticket, let_in = next(self._count), asyncio.Event()
        self._waiting[ticket] = (WaitingMember(guild_id, user_id, ticket), let_in)
        self._let_in()
        try:
            await let_in.wait()
            yield
        finally:
            if let_in.is_set():
                self._slots.release(guild_id, user_id)
            else:
                del self._waiting[ticket]
            self._let_in()

    def _let_in(self) -> None:
        while self._slots.free and (
            admitted := self._slots.admitted([member for member, _ in self._waiting.values()])
        ):
            member, let_in = self._waiting.pop(self._turns.pick(admitted))
            self._slots.take(member.guild_id, member.user_id)
            let_in.set()
