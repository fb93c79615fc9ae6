"""The pipeline as a program that can be killed: `python -m tests.support.listening HOME HOST:PORT [LINK…]`.

Takes the links in, each as a message of its own, works until nothing is left to do, and keeps its replies as files
in HOME/channel. With STALL=telling in the environment it says when it would reply, and doesn't. After SIGUSR1 no file
can be written to any more, as on a full disk.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select

from bot.intake.links import PostedMedia
from bot.services import Services
from bot.settings import Settings
from bot.shares.jobs import new_share
from bot.shares.ledger import Ledger
from models import Job
from tests.support.sharing import until_done

GUILD = 1
FIRST = 1_430_000_000_000_000_000


class Files:
    """A channel whose messages are files."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._ledger = ledger
        self._folder = folder
        folder.mkdir(exist_ok=True)

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Nobody looks at signs here."""

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        if os.environ.get("STALL") == "telling":
            print("telling", flush=True)
            await asyncio.sleep(3600)
        state = await self._ledger.message_snapshot(guild_id, message_id)
        assert state is not None
        reply = json.dumps([asdict(job) for job in state.jobs], default=str)
        (self._folder / str(message_id)).write_text(reply)
        await self._ledger.replied(guild_id, message_id, message_id + 1)


async def all_jobs(services: Services) -> list[int]:
    """Also those of earlier runs."""
    async with services.store.session() as session:
        return list(await session.scalars(select(Job.id)))


async def main(home: Path, allowed: str, links: list[str]) -> None:
    full = resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, resource.setrlimit, *full)
    settings = Settings.load(home=home, embedders="mfcc", egress_allow=allowed)
    async with Services.open(settings, listen=True) as services:
        await services.pipeline.start(Files(services.ledger, home / "channel"))
        shares = [
            new_share(PostedMedia(link), guild_id=GUILD, channel_id=5, message_id=FIRST + number, user_id=7)
            for number, link in enumerate(links)
        ]
        await services.pipeline.submit(shares)
        print("submitted", flush=True)
        await until_done(services.pipeline, await all_jobs(services))
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
