"""Everything that is kept of a member in a server, as JSON that a person understands, for them to take away."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.privacy.registry import TRACES
from bot.privacy.traces import Reading
from bot.shares.jobs import now

ABOUT = (
    "Everything that Earworm keeps of you in this Discord server; it keeps no audio. "
    "Times are in UTC. Others who shared or voted stand in here without their names and ids."
)


class MemberExport:
    """Reads every trace of a member."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def export(
        self,
        guild_id: int,
        user_id: int,
        channels: VisibleChannels,
        *,
        server: str = "",
        places: Mapping[int, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Everything that is kept of a member in this server, JSON-able.

        Songs of others are named as the shares in `channels` name them. `server`: its name; `places`: the names of
        channels that the member sees.
        """
        async with self._store.session() as session:
            reading = Reading(session, guild_id, user_id, channels, places)
            known = {trace.heading: await trace.export(reading) for trace in TRACES}
        return {
            "about": ABOUT,
            "made_at": now().isoformat(timespec="seconds"),
            "server": {"name": server or None, "id": str(guild_id)},
            "your_id": str(user_id),
            "contents": {trace.heading: trace.about for trace in TRACES},
            **known,
        }
