"""`earworm sandbox` itself: serves the sandbox's page and runs the bot in it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from errno import EADDRINUSE
from pathlib import Path

from bot import client
from bot.cli.sandboxed_bot import START_SECONDS, embedder_notice, while_running
from bot.client import Earworm
from bot.errors import SettingsError
from bot.settings import Settings
from discord_sandbox import Sandbox, SandboxError
from discord_sandbox.page import DemoServer, MenuEntry, SandboxPage

PORT_TAKEN = "Port {} is taken. Name another one with --port, or end what runs there."
NO_DIGEST = "The weekly digest is off. Ann switches it on with /digest set."
FIRST_STEPS = """\
Try this first:
  1. Press + beside the message box and let the others share eight songs, or drop an audio file into #music.
  2. Type / and choose /similar or /recommend; react with 👍 and 👎; press the buttons under the answers.
  3. Speak as Ann, the admin, for /settings and /digest preview, and as Bo, who doesn't see #night-shift.
"""


async def serve_sandbox(
    settings: Settings, home: Path, embedder: str, port: int | None, default_port: int
) -> None:
    """Serve the page, at the default port unless one is named, until it is stopped. Raises SettingsError."""
    async with Sandbox() as discord:
        visit = SandboxVisit(DemoServer.build(discord))
        async with _opened(visit, port, default_port) as page:
            await _serve(visit, _settings(discord, settings, embedder, home), _greeting(page, embedder))


@dataclass
class SandboxVisit:
    """The demo server and, once it is connected, the bot."""

    server: DemoServer
    bot: Earworm | None = None

    @property
    def extras(self) -> tuple[MenuEntry, ...]:
        """What the page offers besides what Discord does."""
        return (
            MenuEntry("Let the others share eight songs", self.server.share_songs),
            MenuEntry("Post the weekly digest now", self.post_digest),
        )

    async def post_digest(self) -> None:
        """Let the bot believe that the digest's hour has come. Raises SandboxError if it is off."""
        guild = await self.bot.services.guilds.get(self.server.guild.id) if self.bot else None
        if self.bot is None or guild is None or guild.digest_channel_id is None:
            raise SandboxError(NO_DIGEST)
        due = await self.bot.services.digests.next_due(guild, self.server.discord.clock.now())
        await self.bot.get_cog("digest").post_all(due + timedelta(seconds=1))  # type: ignore[union-attr]


async def _serve(visit: SandboxVisit, settings: Settings, greeting: str) -> None:
    """Run the bot until it is stopped, and print the greeting once it is ready."""
    ready: asyncio.Future[Earworm] = asyncio.get_running_loop().create_future()
    bot = asyncio.create_task(client.run(settings, ready=ready.set_result))
    try:
        visit.bot = await while_running(bot, asyncio.wait_for(ready, START_SECONDS))
        await while_running(bot, visit.server.set_up())
        print(greeting, flush=True)
        await bot
    finally:
        bot.cancel()
        await asyncio.wait([bot])


@contextlib.asynccontextmanager
async def _opened(visit: SandboxVisit, port: int | None, default_port: int) -> AsyncIterator[SandboxPage]:
    """The page at this port; without one at the default port or, if that is taken, at any. Raises SettingsError."""
    about = {"speaker": visit.server.members[1], "here": visit.server.music, "songs": visit.server.songs}
    for tried in (default_port, 0) if port is None else (port,):
        page = SandboxPage(visit.server.guild, port=tried, extras=visit.extras, **about)  # type: ignore[arg-type]
        try:
            await page.open()
        except OSError as error:
            if port is None and tried:
                continue
            raise SettingsError(
                PORT_TAKEN.format(port) if error.errno == EADDRINUSE else str(error)
            ) from None
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
            "metrics": None,
            "egress_allow": settings.egress_allow | {("127.0.0.1", discord.port)},
        }
    )


def _greeting(page: SandboxPage, embedder: str) -> str:
    return f"Earworm's sandbox: {page.address}\n\n{embedder_notice(embedder)}\n{FIRST_STEPS}\nCtrl-C ends it."
