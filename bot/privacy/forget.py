"""Erases a member from a server: everything that existed only because of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.library.store import Store
from bot.library.unsharing import Dropped, GoneReply, drop_shares
from bot.privacy.members import of_member
from bot.shares.admission import keep_spent
from bot.shares.jobs import now
from bot.vectors.refresh import PointRefresher
from models import (
    NOBODY,
    Answer,
    AnswerKind,
    Digest,
    Hidden,
    Job,
    Member,
    MessageTrack,
    PlaylistRecord,
    Reaction,
    Share,
    Source,
    Suggestion,
)

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

MAX_EDITED = 100  # messages from which a member's name is taken
DISCORD_FILE_PREFIX = "discord:"  # how the keys of files on Discord begin


class BotMessage(NamedTuple):
    """A message of the bot's."""

    channel_id: int
    message_id: int


@dataclass(frozen=True)
class Forgotten:
    """What was erased of a member.

    `replies`: the bot's messages that are about nothing now; `still_shared`: their tracks that others share too;
    `posted`: public answers and digests that may name them, newest first, at most MAX_EDITED.
    """

    replies: tuple[GoneReply, ...]
    posted: tuple[BotMessage, ...]
    still_shared: frozenset[int]
    shares: int
    tracks: int
    reactions: int

    @property
    def summary(self) -> str:
        """What to tell the member."""
        return (
            f"Erased: your name, {self.shares} share(s), {self.reactions} reaction(s) and everything you asked. "
            f"{self.tracks} song(s) that nobody else shared left the library."
        )


class MemberErasure:
    """Erases a member's rows from every table, and refreshes the vectors' copies of them."""

    def __init__(self, store: Store, vectors: "VectorStorage", refresher: PointRefresher) -> None:
        self._store = store
        self._vectors = vectors
        self._refresher = refresher

    async def forget(self, guild_id: int, user_id: int) -> Forgotten:
        """Erase a member from this server; tracks that others share too stay. Any number of times."""
        async with self._store.begin() as session:
            await keep_spent(session, guild_id, user_id, now())
            posted = await _posted(session, guild_id, user_id)
            jobs = await session.scalars(
                delete(Job).where(of_member(Job, guild_id, user_id)).returning(Job.message_id)
            )
            messages = set(jobs)
            shares = (await session.scalars(select(Share).where(of_member(Share, guild_id, user_id)))).all()
            erased = await session.scalars(
                delete(Reaction).where(of_member(Reaction, guild_id, user_id)).returning(Reaction.message_id)
            )
            reactions = len(erased.all())
            dropped = await drop_shares(session, guild_id, shares, messages)
            await _forget_files(session, guild_id)
            await _forget_answers(session, guild_id, user_id)
            for table in (Hidden, PlaylistRecord):
                await session.execute(delete(table).where(of_member(table, guild_id, user_id)))
            await session.execute(delete(Member).where(of_member(Member, guild_id, user_id)))
        await self._follow(guild_id, user_id, dropped)
        return Forgotten(
            dropped.replies, posted, dropped.tracks - dropped.gone, len(shares), len(dropped.gone), reactions
        )

    async def _follow(self, guild_id: int, user_id: int, dropped: Dropped) -> None:
        # Asked of the vectors too: a bot that was killed between the database and here left them behind.
        named = await self._vectors.shared_by(guild_id, user_id)
        for track_id in sorted(dropped.tracks | named):
            await self._refresher.refresh_point(guild_id, track_id)


# -- erasing -----------------------------------------------------------------------------------------------


async def _forget_files(session: AsyncSession, guild_id: int) -> None:
    """Delete what is known of files whose shares are gone.

    A file's number on Discord leads to the message of whoever posted it; a link to a page leads to the song alone.
    """
    shared = exists().where(Share.source_id == Source.id)
    files = and_(Source.guild_id == guild_id, Source.key.startswith(DISCORD_FILE_PREFIX), ~shared)
    await session.execute(delete(Source).where(files))


async def _forget_answers(session: AsyncSession, guild_id: int, user_id: int) -> None:
    """Delete the answers that only they saw; the others stay as nobody's, since others voted on them."""
    asked = of_member(Answer, guild_id, user_id)
    private = select(Answer.message_id).where(asked, Answer.private)
    await session.execute(delete(MessageTrack).where(MessageTrack.message_id.in_(private)))
    await session.execute(delete(Answer).where(asked, Answer.private))

    nobodys = {"user_id": NOBODY, "asked_title": "", "blend_name": "", "note": "", "source": {}}
    await session.execute(update(Answer).where(asked).values(nobodys))
    for_them = and_(Answer.guild_id == guild_id, Answer.member_id == user_id)
    await session.execute(update(Answer).where(for_them).values(member_id=NOBODY, note=""))
    # A blend names two.
    mention = f"<@{user_id}>"
    naming = and_(Answer.guild_id == guild_id, Answer.blend_name.contains(mention, autoescape=True))
    unnamed = func.replace(Answer.blend_name, mention, "somebody")
    await session.execute(update(Answer).where(naming).values(blend_name=unnamed))
    of_groups = (
        select(Suggestion)
        .join(Answer, Answer.id == Suggestion.answer_id)
        .where(Answer.guild_id == guild_id, Answer.kind == AnswerKind.TOGETHER)
    )
    for suggestion in await session.scalars(of_groups):
        if suggestion.why.get("user_id") == user_id:
            suggestion.why = {**suggestion.why, "user_id": NOBODY}


async def _posted(session: AsyncSession, guild_id: int, user_id: int) -> tuple[BotMessage, ...]:
    """Public answers and digests that may name them: recommended to them, or with songs that they shared."""
    theirs = select(Share.track_id).where(of_member(Share, guild_id, user_id))
    shown = exists().where(Suggestion.answer_id == Answer.id, Suggestion.shown_at.is_not(None))
    answers = select(Answer.channel_id, Answer.message_id).where(
        Answer.guild_id == guild_id,
        Answer.message_id.is_not(None),
        ~Answer.private,
        or_(
            Answer.member_id == user_id,
            Answer.blend_name.contains(f"<@{user_id}>", autoescape=True),
            shown.where(Suggestion.track_id.in_(theirs)),
        ),
    )
    digests = select(Digest.channel_id, Digest.message_id).where(
        Digest.guild_id == guild_id, Digest.message_id.is_not(None)
    )
    rows = [row for query in (answers, digests) for row in await session.execute(query)]
    found = {BotMessage(row.channel_id, row.message_id) for row in rows}
    return tuple(sorted(found, key=lambda each: -each.message_id)[:MAX_EDITED])
