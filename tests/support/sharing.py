"""A server whose members share songs with the pipeline, and what became of them."""

from collections.abc import Collection
from itertools import count
from typing import Any

from sqlalchemy import select

from bot.intake.links import PostedMedia as Link
from bot.services import Services
from bot.shares.jobs import JobSnapshot, new_share
from bot.shares.pipeline import Pipeline
from models import Job
from tests.support.channel import ReplyLog
from tests.support.http import Site
from tests.support.songs import clip

MINUTE = 60_000 << 22
messages = count(1_430_000_000_000_000_000, MINUTE)
songs = count(1)


async def until_done(pipeline: Pipeline, job_ids: Collection[int]) -> None:
    """Wait until nothing is left to do for these jobs."""
    async for _ in pipeline.finished(job_ids):
        pass


class SharingClub:
    """A server, its members' links, and what became of them."""

    def __init__(self, services: Services, web: Site, channel: ReplyLog, guild: int) -> None:
        self.services = services
        self.web = web
        self.channel = channel
        self.guild = guild

    def song(self, path: str = "", number: int | None = None) -> str:
        """A link to a song of its own."""
        number = next(songs) if number is None else number
        return self.web.serve(path or f"/song-{self.guild}-{number}.wav", clip(number, 5.0))

    async def post(self, *links: str, user: int = 7, guild: int = 0, message: int = 0) -> list[int]:
        """Post links in one message; gives their jobs."""
        message = message or next(messages)
        place = {"guild_id": guild or self.guild, "channel_id": 5, "message_id": message, "user_id": user}
        return await self.services.pipeline.submit([new_share(Link(link), **place) for link in links])

    async def share(self, *links: str, **where: int) -> list[JobSnapshot]:
        """Post links in one message and wait for their end."""
        jobs = await self.post(*links, **where)
        await until_done(self.services.pipeline, jobs)
        return await self.services.ledger.states(jobs)

    async def all(self, table: type[Any]) -> list[Any]:
        async with self.services.store.session() as session:
            return list(await session.scalars(select(table).where(table.guild_id == self.guild)))

    async def points(self) -> set[int]:
        return await self.services.vectors.ids(self.guild)

    async def message_of(self, job: int) -> int:
        async with self.services.store.session() as session:
            return await session.scalar(select(Job.message_id).where(Job.id == job)) or 0
