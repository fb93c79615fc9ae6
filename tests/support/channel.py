"""A channel without Discord: what the pipeline has to say ends up here."""

from collections import Counter
from collections.abc import Awaitable, Callable

from bot.errors import AnnounceLater
from bot.shares.jobs import MessageSnapshot
from bot.shares.ledger import Ledger

REPLY = 1_000_000  # a reply's id is so much higher than its message's


class ReplyLog:
    """Keeps the one reply to each message as the ledger's state when it was last told."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.signs: Counter[int] = Counter()
        self.refreshes: Counter[int] = Counter()
        self.replies: dict[int, MessageSnapshot] = {}
        self.trouble: list[Exception] = []
        self.meanwhile: dict[int, Callable[[], Awaitable[None]]] = {}

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        self.signs[message_id] += 1

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        self.refreshes[message_id] += 1
        if self.trouble:
            raise self.trouble.pop()
        state = await self._ledger.message_snapshot(guild_id, message_id)
        assert state is not None
        self.replies[message_id] = state
        if meanwhile := self.meanwhile.pop(message_id, None):
            await meanwhile()
        await self._ledger.replied(guild_id, message_id, message_id + REPLY)


def unreachable() -> Exception:
    """What an announcer raises while Discord is down."""
    return AnnounceLater("Discord is down.")
