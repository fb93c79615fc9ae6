"""A bare discord.py client on the sandbox, and raw requests beside it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from discord_sandbox import Sandbox


class Client(discord.Client):
    """Keeps every event that it is told, in order."""

    def __init__(self, *, intents: discord.Intents | None = None, **options: Any) -> None:
        wanted = intents or discord.Intents(guilds=True, guild_messages=True, guild_reactions=True)
        super().__init__(intents=wanted, guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.seen: list[tuple[str, Any]] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Don't wait five seconds before identifying again."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.seen.append((event, args[0] if args else None))
        super().dispatch(event, *args, **kwargs)

    def events(self, name: str) -> list[Any]:
        return [about for event, about in self.seen if event == name]


@contextlib.asynccontextmanager
async def connected(sandbox: Sandbox, client: Client) -> AsyncIterator[Client]:
    """The client, logged in and ready."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = sandbox.api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)
    running = asyncio.create_task(client.start(sandbox.token))
    try:
        ready = asyncio.create_task(client_ready(sandbox, client))
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            ready.cancel()
            running.result()
        await ready
        yield client
    finally:
        await client.close()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def client_ready(sandbox: Sandbox, client: Client) -> None:
    await sandbox.wait_for(lambda: client.events("ready"), 10)


class Raw:
    """Requests as any program could make them, with the bot's token."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {self.sandbox.token}"}
        if body is not None:
            options["json"] = body
        url = yarl.URL(self.sandbox.api_base + path, encoded=True)
        async with self.session.request(method, url, headers=headers, **options) as answer:
            return answer.status, await answer.json() if answer.status != 204 else {}
