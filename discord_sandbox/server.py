"""The sandbox itself: one server on loopback with REST API, gateway and CDN."""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from discord_sandbox.api import routes_application, routes_guilds, routes_messages
from discord_sandbox.api.faults import Faults
from discord_sandbox.api.rate_limits import RateLimits
from discord_sandbox.api.rest import BODY_LIMIT, PREFIX, ApiState, LoggedRequest, Rest
from discord_sandbox.gateway.gateway import Gateway, Heartbeat
from discord_sandbox.rules.errors import Json
from discord_sandbox.rules.openapi import Schema
from discord_sandbox.world import guild_payloads
from discord_sandbox.world.cdn import Cdn
from discord_sandbox.world.clock import Clock, Snowflakes
from discord_sandbox.world.commands import Commands
from discord_sandbox.world.guild import SandboxGuild
from discord_sandbox.world.interactions import Interactions
from discord_sandbox.world.messages import Messages
from discord_sandbox.world.user import User
from discord_sandbox.world.world import World

HOST = "127.0.0.1"


class Sandbox:
    """A Discord on loopback; use as an async context manager. See the package's docstring."""

    def __init__(
        self,
        *,
        port: int = 0,
        schema: Path | Schema | None = None,
        bot_name: str = "Earworm",
        heartbeat_seconds: float = 41.25,
        answer_within: float = 3.0,
        token_seconds: float = 900.0,
        attachment_seconds: float = 86400.0,
        strict_ratelimits: bool = False,
    ) -> None:
        self.port = port
        self.clock = Clock()
        ids = Snowflakes(self.clock)
        created = self.clock.now() - timedelta(days=200)
        bot = User(ids.new(created), bot_name, bot=True)
        self.developer = User(ids.new(created), "Developer")
        self.token = f"{bot.id}.{secrets.token_urlsafe(24)}"
        self.world = World(Cdn(lifetime=attachment_seconds), self.clock, ids, bot)
        self.world.users[self.developer.id] = self.developer
        self.guilds: dict[int, SandboxGuild] = {}
        self.schema = Schema(schema) if isinstance(schema, Path) else schema
        self.faults = Faults()
        self.limits = RateLimits(strict_ratelimits)
        self.messages = Messages(self.world)
        self.commands = Commands(ids, bot.id)
        self.interactions = Interactions(
            self.world,
            self.messages,
            self.commands,
            answer_within=answer_within,
            token_seconds=token_seconds,
        )
        self.gateway = Gateway(self.world, self.guilds, token=self.token, heartbeat_seconds=heartbeat_seconds)
        state = ApiState(
            self.world,
            self.guilds,
            self.messages,
            self.commands,
            self.interactions,
            self.gateway,
            self.developer,
        )
        self._rest = Rest(state, token=self.token, schema=self.schema, limits=self.limits, faults=self.faults)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=BODY_LIMIT)
        modules = (routes_application, routes_guilds, routes_messages)
        self._rest.add_routes(app, [route for module in modules for route in module.routes()])
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        cdn_path = r"/attachments/{channel_id:\d+}/{attachment_id:\d+}/{name}"
        app.router.add_get(cdn_path, self.world.cdn.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.cdn.base = f"http://{HOST}:{self.port}"
        self.gateway.url = self.gateway_url
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.resume()
        self.interactions.close()
        await self.gateway.close()
        if self._runner:
            await self._runner.cleanup()

    # -- where it is ---------------------------------------------------------------------------------------

    @property
    def api_base(self) -> str:
        """The REST API's address, for DISCORD_API_BASE."""
        return f"http://{HOST}:{self.port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """The gateway's address, for DISCORD_GATEWAY_URL."""
        return f"ws://{HOST}:{self.port}/gateway"

    # -- setting it up -------------------------------------------------------------------------------------

    def add_guild(self, name: str, *, bot_permissions: int = 0) -> SandboxGuild:
        """Create a guild that the bot is in; everyone may read, write, react and use commands there."""
        guild = SandboxGuild(self.world, self.interactions, name, bot_permissions=bot_permissions)
        self.invite_to(guild)
        return guild

    def invite_to(self, guild: SandboxGuild) -> None:
        """Let the bot into a guild, again after it was removed."""
        self.guilds[guild.id] = guild
        guild.publish("GUILD_CREATE", guild_payloads.guild_create(guild, all_members=False))

    def remove_guild(self, guild: SandboxGuild) -> None:
        """Remove the bot from a guild."""
        del self.guilds[guild.id]
        guild.publish("GUILD_DELETE", {"id": str(guild.id)})

    def grant(
        self,
        *,
        message_content: bool | None = None,
        members: bool | None = None,
        presences: bool | None = None,
    ) -> None:
        """Grant the application privileged intents, or take them away; none is granted at first."""
        wanted = {"message_content": message_content, "members": members, "presences": presences}
        for name, value in wanted.items():
            if value is not None:
                setattr(self.world.granted, name, value)

    # -- fault injection -----------------------------------------------------------------------------------

    def pause(self, status: int = 503) -> None:
        """Answer every REST request with this status until `resume`."""
        self._rest.outage = status

    def stall(self) -> None:
        """Accept REST requests and answer none until `resume`."""
        self._rest.flowing.clear()

    def resume(self) -> None:
        """End the outage."""
        self._rest.outage = None
        self._rest.flowing.set()

    def drop_gateway(self, code: int = 1006, *, resumable: bool = True) -> None:
        """Break every gateway connection."""
        self.gateway.drop(code, resumable=resumable)

    # -- watching ------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every REST request so far."""
        return self._rest.requests

    @property
    def violations(self) -> list[str]:
        """Every request whose body was refused as an invalid form (50035); a correct bot makes none."""
        return self._rest.violations

    @property
    def heartbeats(self) -> list[Heartbeat]:
        """Every heartbeat so far, with how late it was."""
        return self.gateway.heartbeats

    @property
    def bot(self) -> User:
        """The bot's user."""
        return self.world.bot

    def registered(self, guild: SandboxGuild | None = None) -> list[Json]:
        """The commands that the bot registered, globally or in a guild."""
        return self.commands.registered(guild.id if guild else None)

    async def wait_for(self, predicate: Callable[[], Any], timeout: float = 60.0) -> Any:
        """The predicate's first true value; it is checked whenever something happens. Raises TimeoutError."""
        return await self.world.wait_for(predicate, timeout)

    async def ready(self, timeout: float = 60.0) -> None:
        """Wait until a bot is connected. Raises TimeoutError."""
        await self.wait_for(lambda: self.gateway.connected, timeout)

    async def quiet(self, seconds: float = 0.3, *, timeout: float = 60.0) -> None:
        """Wait until nothing has happened for so long. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                rest = self.world.last_change + seconds - time.monotonic()
                if rest <= 0 and not self._rest.in_flight:
                    return
                await asyncio.sleep(max(rest, 0.02))
