"""Discord's servers and channels as values that decide who can see what."""

from collections.abc import Iterable

import discord

from bot.client import Earworm
from bot.taste.visibility import (
    ChannelView,
    GuildView,
    Kind,
    OverwriteView,
    channels_for_audience,
    channels_for_member,
)

NOWHERE: frozenset[int] = frozenset({0})  # only what came in on the command line


async def audience_of(bot: Earworm, guild_id: int, channel_id: int) -> frozenset[int]:
    """The channels whose shares may be shown to everybody who sees channel `channel_id`."""
    guild = bot.get_guild(guild_id)
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    if guild is None or channel is None:
        return NOWHERE | {channel_id}
    shared_in = _channels(guild, await bot.services.catalog.places(guild_id))
    allowed = channels_for_audience(view_of_guild(guild), view_of_channel(channel), shared_in)
    return allowed | NOWHERE | {channel_id}


async def sight_of(interaction: discord.Interaction[Earworm]) -> frozenset[int]:
    """The channels whose shares may be shown to the asker alone."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return NOWHERE
    roles = [role.id for role in member.roles]
    shared_in = _channels(guild, await interaction.client.services.catalog.places(guild.id))
    seen = channels_for_member(view_of_guild(guild), member.id, roles, shared_in, here=interaction.channel_id)
    return seen | NOWHERE


def view_of_guild(guild: discord.Guild) -> GuildView:
    """A server's owner and roles; roles that only bots can have are left out."""
    roles = {
        role.id: role.permissions.value
        for role in guild.roles
        if not role.is_default() and not role.is_bot_managed()
    }
    return GuildView(guild.owner_id or 0, guild.me.id, guild.default_role.permissions.value, roles)


def view_of_channel(channel: discord.abc.GuildChannel | discord.Thread) -> ChannelView:
    """A channel's overwrites, or a thread's parent's."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        kind = Kind.PRIVATE_THREAD if channel.is_private() else Kind.THREAD
        return ChannelView(channel.id, kind, parent=view_of_channel(parent) if parent else None)
    roles: dict[int, OverwriteView] = {}
    members: dict[int, OverwriteView] = {}
    everyone = OverwriteView()
    for target, overwrite in channel.overwrites.items():
        allow, deny = overwrite.pair()
        value = OverwriteView(allow.value, deny.value)
        if target.id == channel.guild.id:
            everyone = value
        elif isinstance(target, discord.Role) or (
            isinstance(target, discord.Object) and target.type is discord.Role
        ):
            roles[target.id] = value
        else:
            members[target.id] = value
    voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return ChannelView(channel.id, Kind.VOICE if voice else Kind.TEXT, everyone, roles, members)


def _channels(guild: discord.Guild, ids: Iterable[int]) -> list[ChannelView]:
    """Those of the channels that still exist; to ask of every channel of a large server would take long."""
    found = (guild.get_channel_or_thread(channel_id) for channel_id in ids)
    return [view_of_channel(channel) for channel in found if channel is not None]
