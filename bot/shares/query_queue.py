"""Questions by songs that are not in the library: whoever asks one waits for the answer, so each gets a fair turn."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.errors import Busy
from bot.shares.round_robin import RoundRobin, WaitingMember

SLOTS = 4
SLOTS_OF_A_SERVER = 2
WAITING_OF_A_SERVER = 6
SECONDS = 60.0

ONE_AT_A_TIME = "I'm still listening to what you asked about before. Ask again once I have answered that."
FULL = "Too many members of this server wait for an answer right now. Ask again in a minute."
NO_TURN = "Many are asking right now, and your turn didn't come within a minute. Ask again in a moment."
TOO_SLOW = (
    "Downloading that and listening to it took more than a minute, so I stopped. "
    "Add it with /share, which has more time, and ask by the song once it is in the library."
)


@dataclass(frozen=True)
class Asker:
    """A member who asks in a server."""

    guild_id: int
    user_id: int


@dataclass(frozen=True)
class _InLine:
    asker: Asker
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Queries:
    """Who asks and who waits: one question a member, a few a server, `seconds` for each with its waiting time."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._turns = RoundRobin()
        self._asking: dict[int, Asker] = {}  # by member
        self._waiting: dict[int, _InLine] = {}  # by member, the longest first

    @contextlib.asynccontextmanager
    async def turn(self, asker: Asker) -> AsyncIterator[None]:
        """Wait for a member's turn, and bound what is done in it.

        Raises Busy if they have a question open, if their server has too many, or if it takes too long.
        """
        self._refuse(asker)
        place = self._waiting[asker.user_id] = _InLine(asker)
        try:
            async with asyncio.timeout(self._seconds) as limit:
                self._give_turns()
                await place.turn.wait()
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise Busy(TOO_SLOW if place.turn.is_set() else NO_TURN) from None
        finally:
            self._waiting.pop(asker.user_id, None)
            self._asking.pop(asker.user_id, None)
            self._give_turns()

    def _refuse(self, asker: Asker) -> None:
        if asker.user_id in self._asking or asker.user_id in self._waiting:
            raise Busy(ONE_AT_A_TIME)
        in_line = Counter(place.asker.guild_id for place in self._waiting.values())
        if in_line[asker.guild_id] >= WAITING_OF_A_SERVER:
            raise Busy(FULL)

    def _give_turns(self) -> None:
        """Give the free slots to the servers, and of each to the members, whose last turn was the longest ago."""
        while len(self._asking) < SLOTS and (places := self._candidates()):
            waiting = [
                WaitingMember(p.asker.guild_id, p.asker.user_id, number) for number, p in enumerate(places)
            ]
            place = places[self._turns.pick(waiting)]
            member = place.asker.user_id
            self._asking[member] = self._waiting.pop(member).asker
            place.turn.set()

    def _candidates(self) -> list[_InLine]:
        """Who waits in a server that doesn't hold all of its slots, the longest first."""
        taken = Counter(asker.guild_id for asker in self._asking.values())
        return [p for p in self._waiting.values() if taken[p.asker.guild_id] < SLOTS_OF_A_SERVER]
