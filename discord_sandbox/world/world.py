"""What all guilds share: users, files, clock and ids, and the events that are published when something changes."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from discord_sandbox.rules.errors import Json
from discord_sandbox.world.cdn import Cdn
from discord_sandbox.world.clock import Clock, Snowflakes
from discord_sandbox.world.intents import Intent
from discord_sandbox.world.user import User

FIRST_GUILD_AT = datetime(2019, 3, 1, tzinfo=UTC)
GUILD_INTERVAL = timedelta(days=41, hours=7, seconds=13, milliseconds=77)
POLL_SECONDS, PAUSE_SECONDS = 0.1, 0.01


@dataclass(frozen=True)
class GatewayEvent:
    """Something that the gateway sends to a client that subscribed to such events.

    `bot_sees`: whether the bot sees the channel that it happened in. `private_content`: whether it carries a message
    that is empty for clients without the message content intent.
    """

    name: str
    data: Json
    guild_id: int
    intent: Intent = Intent.GUILDS
    bot_sees: bool = True
    private_content: bool = False


@dataclass
class Granted:
    """The privileged intents that the application may ask for."""

    message_content: bool = False
    members: bool = False
    presences: bool = False


@dataclass
class World:
    """The state that every guild shares, and the publisher of events; it outlives any client."""

    cdn: Cdn
    clock: Clock
    ids: Snowflakes
    bot: User
    granted: Granted = field(default_factory=Granted)
    users: dict[int, User] = field(default_factory=dict)
    listeners: list[Callable[[GatewayEvent], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.users[self.bot.id] = self.bot
        self.last_change = time.monotonic()
        self.began = self.clock.now() - timedelta(milliseconds=1)  # an id knows whole ones only
        self._changed = asyncio.Event()
        self._watchers: set[asyncio.Event] = set()
        self._guild_numbers = itertools.count()

    def new_guild_id(self) -> int:
        """An id with a moment of its own, so that sharding (`id >> 22`) spreads guilds."""
        return self.ids.new(FIRST_GUILD_AT + GUILD_INTERVAL * next(self._guild_numbers))

    def publish(self, event: GatewayEvent) -> None:
        """Send an event to the listeners, and wake everybody who waits for something to happen."""
        for listener in self.listeners:
            listener(event)
        self.touch()

    def touch(self) -> None:
        """Wake everybody who waits for something to happen."""
        self.last_change = time.monotonic()
        self._changed.set()
        for watcher in self._watchers:
            watcher.set()

    @contextlib.contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """An asyncio event that is set whenever something happened."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def wait_for(self, predicate: Callable[[], Any], timeout: float) -> Any:
        """The predicate's first true value. Raises TimeoutError after that many seconds."""
        async with asyncio.timeout(timeout):
            while not (value := predicate()):
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    # The predicate may depend on things outside the sandbox.
                    await asyncio.wait_for(self._changed.wait(), POLL_SECONDS)
                # Many things may happen at once, and a predicate may read whole channels.
                await asyncio.sleep(PAUSE_SECONDS)
        return value
