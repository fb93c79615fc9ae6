"""`earworm sandbox`: a Discord-like page on loopback to try the bot in, without a token and without a network."""

import argparse
import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from errno import EADDRINUSE
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.loopback import START_SECONDS, beside, best_embedder, lend_weights, listening_with
from bot.errors import SettingsError
from bot.sandbox import Sandbox, SandboxError
from bot.sandbox.page import Club, Extra, Page
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.client import Earworm

USUAL_PORT = 8420
TAKEN = "Port {} is taken. Name another one with --port, or end what runs there."
NO_DIGEST = "The weekly digest is off. Ann switches it on with /digest set."
FIRST = """\
Try this first:
  1. Press + beside the message box and let the others share eight songs, or drop an audio file into #music.
  2. Type / and choose /similar or /recommend; react with 👍 and 👎; press the buttons under the answers.
  3. Speak as Ann, the admin, for /settings and /digest preview, and as Bo, who doesn't see #night-shift.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("sandbox", help="try the bot in a page like Discord: no token, no network")
    parser.add_argument("--port", type=_port, help=f"the page's; {USUAL_PORT} if that is free")
    parser.add_argument("--home", type=Path, help="keep the library here; else it goes in the end")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve the page until told to stop."""
    embedder = best_embedder(settings.home)
    with _home(arguments.home) as home:
        lend_weights(settings.home, home)
        async with Sandbox() as discord:
            visit = Visit(Club.build(discord))
            async with _opened(visit, arguments.port) as page:
                await _serve(visit, _settings(discord, settings, embedder, home), _greeting(page, embedder))
    return 0


@dataclass
class Visit:
    """The club and, once it is there, the bot."""

    club: Club
    bot: "Earworm | None" = None

    @property
    def extras(self) -> tuple[Extra, ...]:
        """What the page offers besides what Discord does."""
        return (
            Extra("Let the others share eight songs", self.club.share_songs),
            Extra("Post the weekly digest now", self.post_digest),
        )

    async def post_digest(self) -> None:
        """Let the bot believe that the digest's hour has come. Raises SandboxError if it is off."""
        from bot.playlists.digest import next_due

        guild = await self.bot.services.guilds.get(self.club.guild.id) if self.bot else None
        if self.bot is None or guild is None or guild.digest_channel_id is None:
            raise SandboxError(NO_DIGEST)
        due = next_due(guild, self.club.discord.clock.now())
        await self.bot.get_cog("digest").post_all(due + timedelta(seconds=1))  # type: ignore[union-attr]


async def _serve(visit: Visit, settings: Settings, greeting: str) -> None:
    """Run the bot until it is told to stop, and say when it is ready."""
    # What takes seconds to import is for what isn't refused.
    from bot import client

    ready: asyncio.Future[Earworm] = asyncio.get_running_loop().create_future()
    bot = asyncio.create_task(client.run(settings, ready=ready.set_result))
    try:
        visit.bot = await beside(bot, asyncio.wait_for(ready, START_SECONDS))
        await beside(bot, visit.club.set_up())
        print(greeting, flush=True)
        await bot
    finally:
        bot.cancel()
        await asyncio.wait([bot])


@contextlib.contextmanager
def _home(wanted: Path | None) -> Iterator[Path]:
    """A home for this time only, unless one was named; the one in `.env` is the real bot's."""
    if named := wanted or os.environ.get("EARWORM_HOME"):
        yield Path(named)
        return
    with tempfile.TemporaryDirectory(prefix="earworm-sandbox-") as folder:
        yield Path(folder)


@contextlib.asynccontextmanager
async def _opened(visit: Visit, port: int | None) -> AsyncIterator[Page]:
    """The page at this port; without one at the usual port or, if that is taken, at any. Raises SettingsError."""
    about = {"speaker": visit.club.members[1], "here": visit.club.music, "shelf": visit.club.shelf}
    for tried in (USUAL_PORT, 0) if port is None else (port,):
        page = Page(visit.club.guild, port=tried, extras=visit.extras, **about)  # type: ignore[arg-type]
        try:
            await page.open()
        except OSError as error:
            if port is None and tried:
                continue
            raise SettingsError(TAKEN.format(port) if error.errno == EADDRINUSE else str(error)) from None
        try:
            yield page
        finally:
            await page.close()
        return


def _settings(discord: Sandbox, settings: Settings, embedder: str, home: Path) -> Settings:
    """The caller's limits and addresses that may be fetched from; everything else is the sandbox's."""
    return settings.model_copy(
        update={
            "discord_token": discord.token,
            "discord_api_base": discord.api_base,
            "discord_gateway_url": discord.gateway_url,
            "database_url": "",
            "qdrant_url": "",
            "qdrant_api_key": "",
            "home": home,
            "embedders": (embedder,),
            "egress_allow": settings.egress_allow | {("127.0.0.1", discord.port)},
        }
    )


def _greeting(page: Page, embedder: str) -> str:
    return f"Earworm's sandbox: {page.address}\n\n{listening_with(embedder)}\n{FIRST}\nCtrl-C ends it."
