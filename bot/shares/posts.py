"""Posted messages on their way into the ledger: many are saved in one transaction, before anything else is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.library.guilds import ParentedThread
from bot.shares.jobs import NewShare


@dataclass(frozen=True, kw_only=True)
class Post:
    """A member's message, or what they gave a command, with the songs in it.

    `music_channel`: taken in only if this is one; None: wherever it stands. `seen`: everything in that channel up to
    this message is in the ledger once this is.
    """

    guild_id: int
    message_id: int
    user_id: int
    user_name: str
    shares: Sequence[NewShare]
    music_channel: int | None = None
    seen: bool = False
    thread: ParentedThread | None = None
