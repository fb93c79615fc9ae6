"""Bots without Discord that end when they are told to: the program of tests/shares/test_kills.py.

`python -m tests.support.mortal {"homes": [...], ...}` reads one life a line as JSON, lets it be lived by a fork for
each home, and writes how each of them ended. Everything is imported once, as a bot that starts anew would cost seconds.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.errors import StorageFailed
from bot.intake.links import PostedMedia
from bot.library.store import Store
from bot.listening.listener import Listener
from bot.services import Services
from bot.settings import Settings
from bot.shares import jobs, leases
from bot.shares.filing import Filing
from bot.shares.jobs import new_share, now
from bot.shares.leases import Leases
from bot.shares.ledger import Ledger
from bot.vectors.refresh import PointRefresher
from models import Job
from tests.support.listening import GUILD, Files, all_jobs
from tests.support.sharing import until_done

LEASE = timedelta(seconds=3)  # of sixty: what one bot was at the other takes over soon
MOMENTS: dict[str, tuple[type, str, bool]] = {  # and whether it comes after what is called there
    "before its row is saved": (Ledger, "enqueue", False),
    "after its row is saved": (Ledger, "enqueue", True),
    "while it is fetched": (Listener, "fetch", False),
    "while it is listened to": (Listener, "listen", False),
    "before it is filed": (Filing, "add", False),
    "after it is filed, before its point is": (Filing, "add", True),
    "after its point is written, before that is recorded": (PointRefresher, "refresh_point", True),
    "before its reply is written": (Files, "refresh", False),
    "after its reply is written, before that is recorded": (Ledger, "replied", False),
    "after its reply is recorded": (Ledger, "replied", True),
    "while it waits to be tried again": (Leases, "retry", True),
}


@dataclass(frozen=True)
class Life:
    """What the bots have to do, and the moment that the first of them ends, or is frozen, at; "" for none."""

    messages: list[tuple[int, str]]
    moment: str = ""
    delay: float = 0.0
    freezes: bool = False
    days: int = 0


@dataclass(frozen=True)
class Bots:
    """Where they live."""

    homes: list[str]
    channel: str
    allowed: str
    database_url: str = ""
    qdrant_url: str = ""

    def settings(self, home: str) -> Settings:
        """Those of the bot at this home."""
        named = {"database_url": self.database_url, "qdrant_url": self.qdrant_url}
        return Settings.load(
            home=Path(home), embedders="mfcc", egress_allow=self.allowed, disk_floor=0, **named
        )

    def live(self, life: Life) -> list[int]:
        """One life of all of them; how each ended: −9, or 0 with nothing left to do."""
        if life.freezes:
            return self._frozen(life)
        children = [self._fork(life, number) for number in range(len(self.homes))]
        first = _ended(children[0])
        if life.moment:  # it takes the others with it, soon
            time.sleep(life.delay)
            for child in children[1:]:
                os.kill(child, signal.SIGKILL)
        return [first, *map(_ended, children[1:])]

    def _frozen(self, life: Life) -> list[int]:
        """The first is frozen at what it does, and goes on once the others have nothing left to do."""
        frozen = self._fork(life, 0)
        _, status = os.waitpid(frozen, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "its moment didn't come"
        others = [_ended(self._fork(life, number)) for number in range(1, len(self.homes))]
        os.kill(frozen, signal.SIGCONT)
        return [_ended(frozen), *others]

    def _fork(self, life: Life, number: int) -> int:
        child = os.fork()
        if child:
            return child
        signal.alarm(300)  # the end also of one that hangs
        try:
            asyncio.run(_lived(self, life, number))
            os._exit(0)
        except BaseException as error:
            print(f"{error!r}", file=sys.stderr, flush=True)
        os._exit(1)


async def _lived(bots: Bots, life: Life, number: int) -> None:
    leases.LEASE = LEASE  # type: ignore[attr-defined]
    jobs.FIRST_DELAY = timedelta(seconds=0.1)
    if life.moment and number == 0:
        _arm(life)
    async with Services.open(bots.settings(bots.homes[number]), listen=True) as services:
        services.ledger._clock = services.ledger.leases._clock = lambda: now() + timedelta(days=life.days)
        await services.pipeline.start(Files(services.ledger, Path(bots.channel)))
        mine = life.messages[number :: len(bots.homes)]
        await services.pipeline.submit([_share(*message) for message in await _new(services.store, mine)])
        while not await _is_done(services, life):  # noqa: ASYNC110 -- a database may be away
            await asyncio.sleep(0.1)
        if life.moment and not life.freezes:
            await asyncio.sleep(life.delay + 0.5)  # the end may be near


async def _is_done(services: Services, life: Life) -> bool:
    """Whether everything that anybody has to do is done; waits for what is known to be left."""
    try:
        if await _new(services.store, life.messages):  # what the others have still to save
            return False
        await until_done(services.pipeline, await all_jobs(services))
    except StorageFailed:
        return False
    return True


def _arm(life: Life) -> None:
    owner, name, is_after = MOMENTS[life.moment]
    original = getattr(owner, name)
    sign = signal.SIGSTOP if life.freezes else signal.SIGKILL

    async def then(*args: Any, **options: Any) -> Any:
        result = await original(*args, **options) if is_after else None
        setattr(owner, name, original)
        if life.delay:
            threading.Timer(life.delay, os.kill, (os.getpid(), sign)).start()
        else:
            os.kill(os.getpid(), sign)
        return result if is_after else await original(*args, **options)

    setattr(owner, name, then)


def _share(message: int, link: str) -> Any:
    return new_share(PostedMedia(link), guild_id=GUILD, channel_id=5, message_id=message, user_id=7)


async def _new(store: Store, messages: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """As a bot finds in the channel what it didn't save before it ended."""
    async with store.session() as session:
        saved = set(await session.scalars(select(Job.message_id)))
    return [(message, link) for message, link in messages if message not in saved]


def _ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Live one life after another until there is no more."""
    bots = Bots(**json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(bots.live(Life(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
