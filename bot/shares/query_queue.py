"""The queue of queries by songs outside the library: the member waits for the answer, so each gets a fair turn."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.errors import Busy
from bot.shares.lane import Lane
from bot.shares.round_robin import RoundRobin, WaitingMember

MAX_RUNNING = 4
MAX_RUNNING_PER_SERVER = 2
MAX_WAITING_PER_SERVER = 6
TIMEOUT_SECONDS = 60.0

ONE_AT_A_TIME = "I'm still listening to what you asked about before. Ask again once I have answered that."
FULL = "Too many members of this server wait for an answer right now. Ask again in a minute."
NO_TURN = "Many are asking right now, and your turn didn't come within a minute. Ask again in a moment."
TOO_SLOW = (
    "Downloading that and listening to it took more than a minute, so I stopped. "
    "Add it with /share, which has more time, and ask by the song once it is in the library."
)


@dataclass(frozen=True)
class Requester:
    """A member who asks in a server."""

    guild_id: int
    user_id: int


@dataclass(frozen=True)
class _InLine:
    requester: Requester
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    since: float = field(default_factory=time.monotonic)


class QueryQueue:
    """Bounds queries: one a member, a few a server, and `seconds` for each, the time in the queue included."""

    def __init__(self, *, seconds: float = TIMEOUT_SECONDS) -> None:
        self._seconds = seconds
        self._turns = RoundRobin()
        self._asking: dict[int, Requester] = {}  # by member
        self._waiting: dict[int, _InLine] = {}  # by member, the longest first

    @property
    def lane(self) -> Lane:
        """How many wait for their turn."""
        now = time.monotonic()
        return Lane(
            "queries", len(self._waiting), max((now - p.since for p in self._waiting.values()), default=0.0)
        )

    @contextlib.asynccontextmanager
    async def turn(self, requester: Requester) -> AsyncIterator[None]:
        """Wait for a member's turn, and bound what is done in it.

        Raises Busy if they have a question open, if their server has too many, or if it takes too long.
        """
        self._refuse(requester)
        place = self._waiting[requester.user_id] = _InLine(requester)
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
            self._waiting.pop(requester.user_id, None)
            self._asking.pop(requester.user_id, None)
            self._give_turns()

    def _refuse(self, requester: Requester) -> None:
        if requester.user_id in self._asking or requester.user_id in self._waiting:
            raise Busy(ONE_AT_A_TIME)
        in_line = Counter(place.requester.guild_id for place in self._waiting.values())
        if in_line[requester.guild_id] >= MAX_WAITING_PER_SERVER:
            raise Busy(FULL)

    def _give_turns(self) -> None:
        """Give the free slots to the servers, and of each to the members, whose last turn was the longest ago."""
        while len(self._asking) < MAX_RUNNING and (places := self._candidates()):
            waiting = [
                WaitingMember(p.requester.guild_id, p.requester.user_id, number)
                for number, p in enumerate(places)
            ]
            place = places[self._turns.pick(waiting)]
            member = place.requester.user_id
            self._asking[member] = self._waiting.pop(member).requester
            place.turn.set()

    def _candidates(self) -> list[_InLine]:
        """Who waits in a server that doesn't hold all of its slots, the longest first."""
        taken = Counter(requester.guild_id for requester in self._asking.values())
        return [p for p in self._waiting.values() if taken[p.requester.guild_id] < MAX_RUNNING_PER_SERVER]
