"""The discord.py client: receives Services, loads the cogs by name, and keeps running."""

import asyncio
import contextlib
import gc
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket

from bot.backlog import Backlog
from bot.errors import EarwormError, OptedOut, SettingsError
from bot.library.opt_outs import SOMEBODY_OPTED_OUT
from bot.monitoring.gateway import GatewayState
from bot.services import Services, nightly_backups, old_upgrades
from bot.settings import Settings
from bot.signals import until_stopped

if TYPE_CHECKING:
    from bot.monitoring.endpoint import MonitoringEndpoint

log = logging.getLogger(__name__)

COGS = (
    "shares.replies", "shares.intake", "shares.reactions", "shares.review",
    "suggestions.similar", "suggestions.recommend", "suggestions.together", "suggestions.mixing", "suggestions.stats",
    "shared.presses", "library", "vibes.cog", "vibes.pictures", "digest.cog", "settings", "privacy",
    "departures", "outage",
)  # fmt: skip

# What the invite link asks for: everything the bot does, nothing more.
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    add_reactions=True,
    read_message_history=True,
)

UNEXPECTED_ERROR = "Something went wrong on my side. It is in my log; please try again in a moment."
REJECTED = (
    "Discord rejected DISCORD_TOKEN. Copy the token of your bot again, from the developer portal under Bot."
)
UNREACHABLE = "Discord can't be reached: {}. Check the network."
ANSWER_SECONDS = 10.0  # how long Discord may take to say whose token it is
TOKEN_REFUSED = 4004
RECONNECT_SECONDS = 5.0
# What discord.py calls the tasks in which cogs handle events, commands and buttons.
HANDLER_TASK_NAMES = ("discord.py: ", "CommandTree-invoker", "discord-ui-")
HANDLER_GRACE_SECONDS = 3.0

# What a request to Discord may raise.
DISCORD_FAILS = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


class Earworm(commands.Bot):
    """The bot on one gateway connection."""

    def __init__(
        self,
        services: Services,
        *,
        message_content: bool = True,
        ready: Callable[["Earworm"], None] | None = None,
        http_trace: aiohttp.TraceConfig | None = None,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it listens, but never speaks
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.guild_reactions = intents.voice_states = True
        intents.message_content = message_content
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            tree_cls=Tree,
            http_trace=http_trace or aiohttp.TraceConfig(),
        )
        self.services = services
        self.backlog = Backlog(services.pipeline.posts_settled, self.dispatch)
        self._on_first_ready = ready
        self._asked: dict[int, discord.Interaction[Any]] = {}
        self._login_limit: asyncio.Timeout | None = None

    async def login(self, token: str) -> None:
        """Log in and set up; TimeoutError if Discord doesn't say in time whose token it is."""
        async with asyncio.timeout(ANSWER_SECONDS) as self._login_limit:
            await super().login(token)

    async def setup_hook(self) -> None:
        """Load every feature, then register the commands with Discord, which may take its time."""
        if self._login_limit is not None:
            self._login_limit.reschedule(None)
        for cog in COGS:
            await self.load_extension(f"cogs.{cog}")
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """Earworm has no text commands, so nothing is parsed here; cogs listen for themselves."""

    async def on_ready(self) -> None:
        """Log that the bot is connected, and call `ready` the first time."""
        log.info("ready as %s in %d servers", self.user, len(self.guilds))
        on_first_ready, self._on_first_ready = self._on_first_ready, None
        if on_first_ready is not None:
            on_first_ready(self)

    @property
    def gateway(self) -> GatewayState:
        """How the connection to Discord is."""
        socket: DiscordWebSocket | None = self.ws  # there is none before the first connection
        if socket is None or (alive := socket._keep_alive) is None:
            return GatewayState(connected=False, latency=math.nan, heartbeat_age=math.nan)
        return GatewayState(
            connected=self.is_ready() and socket.open and not self.is_closed(),
            latency=alive.latency,
            heartbeat_age=time.perf_counter() - alive._last_ack,
        )

    def asked(self, reply_id: int, interaction: discord.Interaction[Any]) -> None:
        """Remember the command whose answer this reply is, for as long as it may be edited as such."""
        self._asked = {key: known for key, known in self._asked.items() if not known.is_expired()}
        self._asked[reply_id] = interaction

    def interaction_of(self, reply_id: int) -> discord.Interaction[Any] | None:
        """The command whose answer this reply is, if it may still be edited as such."""
        interaction = self._asked.get(reply_id)
        return interaction if interaction and not interaction.is_expired() else None

    async def close(self) -> None:
        """Close the connection, after giving running handlers and announcements a few seconds to finish."""
        await _end_handlers()
        await self.backlog.close()
        await self.services.pipeline.stop()
        # discord.py waits for two seconds before it says that it is ready, and stumbles if it was closed meanwhile.
        if (waiting := self._connection._ready_task) is not None:
            waiting.cancel()
        await super().close()

    async def stay_connected(self) -> None:
        """Keep the gateway up: a malformed event ends `connect()`, which must not end the bot.

        Raises PrivilegedIntentsRequired, and SettingsError if Discord ends the connection for good.
        """
        while not self.is_closed():
            try:
                await self.connect()
            except discord.PrivilegedIntentsRequired:
                raise
            except discord.ConnectionClosed as closed:
                ended = f"Discord ended the connection for good (code {closed.code}). Start me again."
                raise SettingsError(REJECTED if closed.code == TOKEN_REFUSED else ended) from None
            except Exception:
                log.exception("the gateway connection broke; connecting again in %.0f s", RECONNECT_SECONDS)
                self.dispatch("disconnect")
                with contextlib.suppress(*DISCORD_FAILS):
                    await self.ws.close(code=4000)
                await asyncio.sleep(RECONNECT_SECONDS)


async def _end_handlers() -> None:
    """Let what events and commands began come to its end, and cancel what takes long; nothing new comes in any more."""
    handlers = {task for task in asyncio.all_tasks() if task.get_name().startswith(HANDLER_TASK_NAMES)}
    if not handlers:
        return
    _, late = await asyncio.wait(handlers, timeout=HANDLER_GRACE_SECONDS)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)


class Tree(app_commands.CommandTree[Earworm]):
    """The commands; turns every error into a sentence for the member who asked."""

    async def interaction_check(self, interaction: discord.Interaction[Earworm], /) -> bool:
        """Refuse every command that names a member who opted out; they may name themselves."""
        if interaction.type is not discord.InteractionType.application_command:
            return True
        try:
            await _check_members_named(interaction)
        except EarwormError as error:
            await explain(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction[Earworm], error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the member what went wrong."""
        await explain(interaction, getattr(error, "original", error))


async def _check_members_named(interaction: discord.Interaction[Earworm]) -> None:
    """Raise OptedOut if a command's options name a member who opted out."""
    named = {
        value.id for _, value in interaction.namespace if isinstance(value, discord.User | discord.Member)
    }
    named.discard(interaction.user.id)
    if interaction.guild_id is None or not named:
        return
    if named & await interaction.client.services.opt_outs.members(interaction.guild_id):
        raise OptedOut(SOMEBODY_OPTED_OUT)


async def explain(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Tell the member who asked, and nobody else, what went wrong; log what isn't theirs to know."""
    if isinstance(error, EarwormError):
        sentence = error.in_markdown
    elif isinstance(error, app_commands.CheckFailure):
        sentence = "You can't use that here."
    else:
        log.error("%s failed", _name(interaction), exc_info=error)
        sentence = UNEXPECTED_ERROR
    answered = interaction.response.type
    try:
        if answered is None:
            await interaction.response.send_message(sentence, ephemeral=True)
            return
        if answered is discord.InteractionResponseType.deferred_channel_message:
            # What follows a deferral takes its place, visible to everybody where that was promised.
            await interaction.delete_original_response()
        await interaction.followup.send(sentence, ephemeral=True)
    except DISCORD_FAILS as failure:
        log.warning("could not answer %s: %s", _name(interaction), failure)


def _name(interaction: discord.Interaction[Any]) -> str:
    command = interaction.command
    return f"/{command.qualified_name}" if command else "a button"


def point_at(settings: Settings) -> None:
    """Make discord.py speak to another API (a REST proxy, or the sandbox) where the settings name one."""
    if settings.discord_api_base:
        discord.http.Route.BASE = settings.discord_api_base.rstrip("/")
    if settings.discord_gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)


@dataclass(frozen=True)
class Application:
    """The application behind a token: its name, the link that invites it, and whether it may read messages."""

    name: str
    invite: str
    message_content: bool


def _unreachable(error: BaseException) -> SettingsError:
    return SettingsError(
        UNREACHABLE.format(error if str(error) else f"no answer for {ANSWER_SECONDS:.0f} seconds")
    )


async def look_up(settings: Settings) -> Application:
    """Ask Discord who the token belongs to. Raises SettingsError if Discord rejects it or can't be reached."""
    point_at(settings)
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await client.login(settings.discord_token)
                found = await client.application_info()
        except discord.LoginFailure:
            raise SettingsError(REJECTED) from None
        except DISCORD_FAILS as error:
            raise _unreachable(error) from None
    flags = found.flags
    return Application(
        name=found.name,
        invite=discord.utils.oauth_url(found.id, permissions=PERMISSIONS),
        message_content=flags.gateway_message_content or flags.gateway_message_content_limited,
    )


async def run(settings: Settings, *, ready: Callable[[Earworm], None] | None = None) -> None:
    """Run the bot until SIGINT or SIGTERM; `ready` is called once it is connected.

    Raises SettingsError if Discord rejects the token, and whatever opening the services raises.
    """
    if not settings.discord_token:
        raise SettingsError(
            "DISCORD_TOKEN is not set. Make an application at https://discord.com/developers/applications, "
            "copy its bot's token, and put DISCORD_TOKEN=… into .env."
        )
    backups = nightly_backups(settings)
    point_at(settings)
    with until_stopped():
        async with (
            _monitored(settings) as monitor,
            Services.open(settings, listen=True, warm=True) as services,
            backups,
            old_upgrades(settings),
        ):
            if monitor is not None:
                monitor.measure(services)
            try:
                await _serve(settings, services, monitor, message_content=True, ready=ready)
            except discord.PrivilegedIntentsRequired:
                log.warning(
                    "Message Content Intent is off, so bare links are not seen; /share and the message menu work. "
                    "Switch it on under Bot in Discord's developer portal and start again."
                )
                await _serve(settings, services, monitor, message_content=False, ready=ready)


@asynccontextmanager
async def _monitored(settings: Settings) -> "AsyncIterator[MonitoringEndpoint | None]":
    """What serves metrics, where that is wanted."""
    if settings.metrics is None:
        yield None
        return
    from bot.monitoring.endpoint import MonitoringEndpoint  # with a library that nothing else needs

    async with MonitoringEndpoint.open(settings.metrics) as monitor:
        yield monitor


async def _serve(
    settings: Settings,
    services: Services,
    monitor: "MonitoringEndpoint | None",
    *,
    message_content: bool,
    ready: Callable[[Earworm], None] | None,
) -> None:
    trace = monitor.metrics.rest_trace() if monitor is not None else None
    bot = Earworm(services, message_content=message_content, ready=ready, http_trace=trace)
    async with bot, monitor.watching(services, bot) if monitor is not None else nullcontext():
        try:
            await bot.login(settings.discord_token)
        except discord.LoginFailure:
            raise SettingsError(REJECTED) from None
        except DISCORD_FAILS as error:
            raise _unreachable(error) from None
        # What libraries made while they were imported stays; to look through it for garbage takes the loop 150 ms.
        gc.collect()
        gc.freeze()
        await bot.stay_connected()
