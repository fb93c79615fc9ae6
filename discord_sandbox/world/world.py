"""Everything that exists in the sandbox, and the word that goes out when something changes."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from discord_sandbox.gateway.intents import Intent
from discord_sandbox.rules.errors import ApiError, Json
from discord_sandbox.world import payloads
from discord_sandbox.world.cdn import Cdn
from discord_sandbox.world.clock import Clock, Snowflakes
from discord_sandbox.world.model import Channel, Message, User

if TYPE_CHECKING:
    from discord_sandbox.world.guild import SandboxGuild

FIRST_GUILD = datetime(2019, 3, 1, tzinfo=UTC)
GUILDS_APART = timedelta(days=41, hours=7, seconds=13, milliseconds=77)
LOOK_AGAIN, BREATH = 0.1, 0.01


@dataclass(frozen=True)
class GatewayEvent:
    """Something the gateway may tell a client."""

    name: str
    data: Json
    guild_id: int
    intent: Intent
    channel: Channel | None = None
    message: Message | None = None


@dataclass
class Granted:
    """The privileged intents that the application may ask for."""

    message_content: bool = False
    members: bool = False
    presences: bool = False


@dataclass
class World:
    """The state behind the API; it outlives any client."""

    cdn: Cdn
    clock: Clock
    ids: Snowflakes
    bot: User
    granted: Granted = field(default_factory=Granted)
    guilds: dict[int, "SandboxGuild"] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    listeners: list[Callable[[GatewayEvent], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.users[self.bot.id] = self.bot
        self.last_change = time.monotonic()
        self._changed = asyncio.Event()
        self._watchers: set[asyncio.Event] = set()
        self._guild_numbers = itertools.count()

    def new_guild_id(self) -> int:
        """An id with a moment of its own, so that sharding (`id >> 22`) spreads guilds."""
        return self.ids.new(FIRST_GUILD + GUILDS_APART * next(self._guild_numbers))

    def channel(self, channel_id: int) -> Channel:
        """Any guild's channel or thread. Raises 10003."""
        for guild in self.guilds.values():
            if found := guild.channels.get(channel_id):
                return found
        raise ApiError.known(10003)

    def emit(
        self,
        name: str,
        data: Json,
        guild: "SandboxGuild",
        *,
        intent: Intent = Intent.GUILDS,
        channel: Channel | None = None,
        message: Message | None = None,
    ) -> None:
        """Tell every listening session, and everybody who waits for something to happen."""
        event = GatewayEvent(name, data, guild.id, intent, channel, message)
        for listener in self.listeners:
            listener(event)
        self.touch()

    def tell_of(self, name: str, message: Message) -> None:
        """Send a message event, unless only one member sees the message: bots aren't told of those."""
        if message.seen_only_by is not None:
            self.touch()
            return
        guild = message.channel.guild
        data = payloads.message(message) | {"guild_id": str(guild.id), "channel_type": message.channel.type}
        if author := guild.members.get(message.author.id):
            data["member"] = payloads.member(author, with_user=False)
        self.emit(name, data, guild, intent=Intent.GUILD_MESSAGES, channel=message.channel, message=message)

    def tell_of_edit(self, message: Message) -> None:
        """Send MESSAGE_UPDATE."""
        self.tell_of("MESSAGE_UPDATE", message)

    def touch(self) -> None:
        """Something happened: let those who wait look again."""
        self.last_change = time.monotonic()
        self._changed.set()
        for watcher in self._watchers:
            watcher.set()

    @contextlib.contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """An event of one's own that is set whenever something happened."""
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
                    # The predicate may look at things that the sandbox knows nothing of.
                    await asyncio.wait_for(self._changed.wait(), LOOK_AGAIN)
                # Much may happen at once, and predicates read whole channels.
                await asyncio.sleep(BREATH)
        return value
