"""Rows in which a member stands."""

from dataclasses import asdict

from sqlalchemy import select

from bot.suggestions.wording import Reason, ReasonKind
from models import (
    Answer,
    Base,
    Job,
    Reaction,
    Suggestion,
)
from tests.support.library import ANA, GUILD, PUBLIC, START

NAME = "Ana Banana"
OTHER_GUILD = GUILD + 1
NO_REASON = Reason(ReasonKind.POPULAR)


def job(message, track=None, *, user=ANA, key="url:a", state="announced", done=True, url="https://a.example"):
    return Job(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=message,
        user_id=user,
        url=url,
        key=key,
        shared_at=START,
        state=state,
        done=done,
        track_id=track,
        run_after=START,
        created_at=START,
    )


def mark(message, user, *, track=0, kind=1, guild=GUILD):
    return Reaction(
        message_id=message, user_id=user, track_id=track, kind=kind, guild_id=guild, created_at=START
    )


def answer(user, message, track, *, private=False, kind="similar", why=NO_REASON, **about):
    return Answer(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=message,
        user_id=user,
        kind=kind,
        private=private,
        **about,
        source={"url": "https://asked.example"},
        created_at=START,
        suggestions=[
            Suggestion(rank=1, track_id=track, percent=80, score=0.9, why=asdict(why), shown_at=START),
            Suggestion(rank=2, track_id=track, percent=10, score=0.1, why=asdict(NO_REASON)),
        ],
    )


async def dump(store):
    """Every value of every row, by table and column."""
    async with store.session() as session:
        return [
            (f"{table.name}.{column}", value)
            for table in Base.metadata.sorted_tables
            for row in (await session.execute(select(table))).mappings()
            for column, value in row.items()
        ]
