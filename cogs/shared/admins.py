"""Telling a server's admins something that nobody asked about."""

import logging

import discord

from bot.client import DISCORD_FAILS
from cogs.shared.permissions import POSTING, missing_permissions

log = logging.getLogger(__name__)


async def tell_admins(guild: discord.Guild, sentence: str) -> None:
    """Say it where admins are likely to read a line, or else in the log."""
    channel = _admin_channel(guild)
    if channel is None:
        log.warning("no channel to tell admins of server %d: %s", guild.id, sentence)
        return
    try:
        await channel.send(sentence)
    except DISCORD_FAILS as error:
        log.warning("can't tell admins in channel %d (%s): %s", channel.id, error, sentence)


def _admin_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where Discord tells admins what is new, or greets new members."""
    channels = (guild.public_updates_channel, guild.system_channel)
    return next((c for c in channels if c is not None and not missing_permissions(c, POSTING)), None)
