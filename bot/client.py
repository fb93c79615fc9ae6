"""The discord.py client: receives Services, loads the cogs by name, and keeps running."""

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.ext import commands

from bot.errors import EarwormError, SettingsError
from bot.services import Services
from bot.settings import Settings

log = logging.getLogger(__name__)

COGS = ("replies", "intake", "feedback", "similar", "recommend", "library", "digest", "settings", "privacy")

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

APOLOGY = "Something went wrong on my side. It is in my log; please try again in a moment."
REJECTED = (
    "Discord rejected DISCORD_TOKEN. Copy the token of your bot again, from the developer portal under Bot."
)
RECONNECT_SECONDS = 5.0


class Earworm(commands.Bot):
    """The bot on one gateway connection."""

    def __init__(self, services: Services, *, message_content: bool = True) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.guild_reactions = True
        intents.message_content = message_content
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            tree_cls=Tree,
        )
        self.services = services

    async def setup_hook(self) -> None:
        """Load every feature, then register the commands with Discord."""
        for cog in COGS:
            await self.load_extension(f"cogs.{cog}")
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """Earworm has no text commands, so nothing is parsed here; cogs listen for themselves."""

    async def on_ready(self) -> None:
        """Say where the bot is."""
        log.info("ready as %s in %d servers", self.user, len(self.guilds))

    async def stay_connected(self) -> None:
        """Keep the gateway up: a malformed event ends `connect()`, which must not end the bot."""
        while not self.is_closed():
            try:
                await self.connect()
            except (discord.PrivilegedIntentsRequired, discord.ConnectionClosed):
                raise
            except Exception:
                log.exception("the gateway connection broke; connecting again in %.0f s", RECONNECT_SECONDS)
                await asyncio.sleep(RECONNECT_SECONDS)


class Tree(app_commands.CommandTree[Earworm]):
    """The commands; turns every error into a sentence for the member who asked."""

    async def on_error(
        self, interaction: discord.Interaction[Earworm], error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the member what went wrong."""
        await explain(interaction, getattr(error, "original", error))


async def explain(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Tell the member who asked what went wrong; log what isn't theirs to know."""
    if isinstance(error, EarwormError):
        sentence = str(error)
    elif isinstance(error, app_commands.MissingPermissions):
        sentence = "That needs the permission Manage Server."
    elif isinstance(error, app_commands.CommandOnCooldown | app_commands.CheckFailure):
        sentence = str(error) or "You can't use that here."
    else:
        log.error("%s failed", _name(interaction), exc_info=error)
        sentence = APOLOGY
    try:
        if interaction.response.is_done():
            await interaction.followup.send(sentence, ephemeral=True)
        else:
            await interaction.response.send_message(sentence, ephemeral=True)
    except discord.HTTPException as failure:
        log.warning("could not answer %s: %s", _name(interaction), failure)


def _name(interaction: discord.Interaction[Any]) -> str:
    command = interaction.command
    return (
        f"/{command.qualified_name}"
        if command
        else "a button"
    )


def point_at(settings: Settings) -> None:
    """Make discord.py speak to another API (a REST proxy, or the sandbox) where the settings name one."""
    if settings.discord_api_base:
        discord.http.Route.BASE = settings.discord_api_base.rstrip("/")
    if settings.discord_gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)


@dataclass(frozen=True)
class Application:
    """The application behind a token: its name, the link that invites it, and whether it may read messages."""

    name: str
    invite: str
    message_content: bool


async def look_up(settings: Settings) -> Application:
    """Ask Discord who the token belongs to. Raises SettingsError if Discord rejects it or can't be reached."""
    point_at(settings)
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            await client.login(settings.discord_token)
            found = await client.application_info()
        except discord.LoginFailure:
            raise SettingsError(REJECTED) from None
        except (discord.HTTPException, OSError) as error:
            raise SettingsError(f"Discord can't be reached: {error}. Check the network.") from None
    flags = found.flags
    return Application(
        name=found.name,
        invite=discord.utils.oauth_url(found.id, permissions=PERMISSIONS),
        message_content=flags.gateway_message_content or flags.gateway_message_content_limited,
    )


async def run(settings: Settings, *, ready: Callable[[Earworm], None] | None = None) -> None:
    """Run the bot until it is told to stop.

    Raises SettingsError if Discord rejects the token, and whatever opening the services raises.
    """
    if not settings.discord_token:
        raise SettingsError(
            "DISCORD_TOKEN is not set. Make an application at https://discord.com/developers/applications, "
            "copy its bot's token, and put DISCORD_TOKEN=… into .env."
        )
    point_at(settings)
    async with Services.open(settings, listen=True) as services:
        try:
            await _serve(settings, services, message_content=True, ready=ready)
        except discord.PrivilegedIntentsRequired:
            log.warning(
                "Message Content Intent is off, so bare links are not seen; /share and the message menu work. "
                "Switch it on under Bot in Discord's developer portal and start again."
            )
            await _serve(settings, services, message_content=False, ready=ready)


async def _serve(
    settings: Settings,
    services: Services,
    *,
    message_content: bool,
    ready: Callable[[Earworm], None] | None,
) -> None:
    loop = asyncio.get_running_loop()
    async with Earworm(services, message_content=message_content) as bot:
        serving = asyncio.current_task()
        assert serving is not None
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, serving.cancel)
        try:
            await bot.login(settings.discord_token)
            if ready is not None:
                ready(bot)
            await bot.stay_connected()
        except discord.LoginFailure:
            raise SettingsError(REJECTED) from None
        except asyncio.CancelledError:
            log.info("stopping")
        finally:
            for signum in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(signum)
