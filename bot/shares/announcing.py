"""Tells members what became of their shares, until it works."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from bot.errors import AnnounceLater, LeaseLost
from bot.shares.jobs import Claimed
from bot.shares.leases import Leases
from bot.shares.work_loop import Lane

log = logging.getLogger(__name__)

AT_ONCE = 8
LAST_WORDS_SECONDS = 5.0


class Announcer(Protocol):
    """What can reply to a message; both methods may run twice."""

    async def working(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Show that a message's links were seen. Raises AnnounceLater."""

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Make the one reply to a message say what the ledger says now. Raises AnnounceLater."""


class Teller:
    """Has the announcer tell what the ledger says; `told` is called after each message."""

    def __init__(self, leases: Leases, announcer: Announcer, told: Callable[[], None]) -> None:
        self._leases = leases
        self._announcer = announcer
        self._told = told
        self._lane = Lane(leases.claim_message, self._tell, AT_ONCE)
        self._signs: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to tell."""
        self._lane.start()

    def wake(self) -> None:
        """There may be something to tell."""
        self._lane.wake()

    async def stop(self) -> None:
        """Let what is being said be said, within seconds."""
        await self._lane.stop(grace=LAST_WORDS_SECONDS)
        for task in self._signs:
            task.cancel()
        await asyncio.gather(*self._signs, return_exceptions=True)

    async def refresh(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Bring a message's reply up to date now. Raises AnnounceLater."""
        await self._announcer.refresh(guild_id, channel_id, message_id)

    def show_sign(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Have it shown that a message was seen, in the background."""
        task = asyncio.create_task(self._sign(guild_id, channel_id, message_id))
        self._signs.add(task)
        task.add_done_callback(self._signs.discard)

    async def _sign(self, guild_id: int, channel_id: int, message_id: int) -> None:
        try:
            await self._announcer.working(guild_id, channel_id, message_id)
        except AnnounceLater as error:
            log.info("no sign on message %d: %s", message_id, error)
        except Exception:
            log.exception("showing a sign on message %d broke", message_id)

    async def _tell(self, claims: list[Claimed]) -> None:
        """Bring a message's reply up to date and record it."""
        message = (claims[0].guild_id, claims[0].channel_id, claims[0].message_id)
        keeper = asyncio.create_task(self._renew(claims))
        try:
            await self._announcer.refresh(*message)
        except AnnounceLater as error:
            log.warning("message %d can't be answered now: %s", message[2], error)
            await self._later(claims)
        except Exception:
            log.exception("answering message %d broke", message[2])
            await self._later(claims)
        else:
            await self._record(claims, message)
        finally:
            keeper.cancel()
        self._told()

    async def _renew(self, claims: Sequence[Claimed]) -> None:
        # What is being said is not cut off when a lease is lost: half a reply would be left behind.
        with contextlib.suppress(LeaseLost):
            await self._leases.keep(claims)

    async def _later(self, claims: Sequence[Claimed]) -> None:
        for claimed in claims:
            with contextlib.suppress(LeaseLost):
                await self._leases.announce_later(claimed)

    async def _record(self, claims: Sequence[Claimed], message: tuple[int, int, int]) -> None:
        for claimed in claims:
            try:
                await self._leases.announced(claimed)
            except LeaseLost:
                # It changed while we were talking; most likely somebody deleted the message.
                with contextlib.suppress(AnnounceLater):
                    await self._announcer.refresh(*message)
