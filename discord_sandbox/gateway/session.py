"""A client's gateway session: its intents and shard, and the sent events that a resume may need again."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from discord_sandbox.gateway.connection import Connection
from discord_sandbox.world import payloads
from discord_sandbox.world.intents import Intent
from discord_sandbox.world.world import GatewayEvent

RESUMABLE_EVENTS = 5000


@dataclass(eq=False)
class Session:
    """A client's session; it survives the loss of its connection for a while."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    connection: Connection | None
    sequence: int = 0
    kept: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=RESUMABLE_EVENTS))
    lost_at: float = 0.0

    def send(self, name: str, data: Any) -> None:
        """Dispatch an event, or keep it until the client resumes."""
        self.sequence += 1
        text = json.dumps({"op": 0, "s": self.sequence, "t": name, "d": data})
        self.kept.append((self.sequence, text))
        if self.connection:
            self.connection.send_text(text)

    def wants(self, event: GatewayEvent) -> bool:
        """Whether the client subscribed to such events, on this shard."""
        number, count = self.shard
        return (event.guild_id >> 22) % count == number and event.intent & self.intents == event.intent

    def forward(self, event: GatewayEvent) -> None:
        """Send an event; without the message content intent most messages arrive empty."""
        sees_content = not event.private_content or Intent.MESSAGE_CONTENT in self.intents
        self.send(event.name, event.data if sees_content else event.data | payloads.WITHOUT_CONTENT)

    def missed_since(self, sequence: int) -> list[str] | None:
        """What was sent after that event, or None if not all of it is still kept."""
        missed = [text for number, text in self.kept if number > sequence]
        return missed if len(missed) == self.sequence - sequence else None
