"""Erases a member from a server: everything that existed only because of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.library.store import Store
from bot.library.unsharing import Dropped, GoneReply
from bot.privacy.answer_traces import names_or_shows
from bot.privacy.members import of_member
from bot.privacy.registry import TRACES
from bot.privacy.traces import Erasing
from bot.vectors.refresh import PointRefresher
from models import Answer, Digest, Share, Suggestion

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

STAYS_OUT = "You stay opted out; for that I keep your id and since when. `/privacy opt-in` takes it back."
IS_KEPT_AGAIN = "What you post from now on I keep again, unless you say `/privacy opt-out`."
MAX_EDITED = 100  # messages from which a member's name is taken


class BotMessage(NamedTuple):
    """A message of the bot's."""

    channel_id: int
    message_id: int


@dataclass(frozen=True)
class Forgotten:
    """What was erased of a member.

    `replies`: the bot's messages that are about nothing now; `still_shared`: their tracks that others share too;
    `posted`: public answers and digests that may name them, newest first, at most MAX_EDITED; `stays_out`: they opted
    out, which stands.
    """

    replies: tuple[GoneReply, ...]
    posted: tuple[BotMessage, ...]
    still_shared: frozenset[int]
    shares: int
    tracks: int
    reactions: int
    stays_out: bool = False

    @property
    def summary(self) -> str:
        """What to tell the member."""
        return (
            f"Erased: your name, {self.shares} share(s), {self.reactions} reaction(s) and everything you asked. "
            f"{self.tracks} song(s) that nobody else shared left the library.\n"
            + (STAYS_OUT if self.stays_out else IS_KEPT_AGAIN)
        )


class MemberErasure:
    """Erases every trace of a member, and refreshes the vectors' copies of them."""

    def __init__(self, store: Store, vectors: "VectorStorage", refresher: PointRefresher) -> None:
        self._store = store
        self._vectors = vectors
        self._refresher = refresher

    async def forget(self, guild_id: int, user_id: int) -> Forgotten:
        """Erase a member from this server; tracks that others share too stay. Any number of times."""
        async with self._store.begin() as session:
            posted = await _posted(session, guild_id, user_id)
            erasing = Erasing(session, guild_id, user_id)
            for trace in reversed(TRACES):
                await trace.erase(erasing)
        dropped = erasing.dropped
        await self._follow(guild_id, user_id, dropped)
        return Forgotten(
            replies=dropped.replies,
            posted=posted,
            still_shared=dropped.tracks - dropped.gone,
            shares=erasing.shares,
            tracks=len(dropped.gone),
            reactions=erasing.reactions,
            stays_out=erasing.stays_out,
        )

    async def _follow(self, guild_id: int, user_id: int, dropped: Dropped) -> None:
        # Asked of the vectors too: a bot that was killed between the database and here left them behind.
        named = await self._vectors.shared_by(guild_id, user_id)
        await self._refresher.follow(guild_id, dropped.tracks | named)


async def _posted(session: AsyncSession, guild_id: int, user_id: int) -> tuple[BotMessage, ...]:
    """Public answers and digests that may name them: recommended to them, or with songs that they shared."""
    theirs = Suggestion.track_id.in_(select(Share.track_id).where(of_member(Share, guild_id, user_id)))
    answers = select(Answer.channel_id, Answer.message_id).where(
        Answer.guild_id == guild_id,
        Answer.message_id.is_not(None),
        ~Answer.private,
        names_or_shows(user_id, theirs),
    )
    digests = select(Digest.channel_id, Digest.message_id).where(
        Digest.guild_id == guild_id, Digest.message_id.is_not(None)
    )
    rows = [row for query in (answers, digests) for row in await session.execute(query)]
    found = {BotMessage(row.channel_id, row.message_id) for row in rows}
    return tuple(sorted(found, key=lambda each: -each.message_id)[:MAX_EDITED])
