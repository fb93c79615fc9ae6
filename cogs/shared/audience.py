"""Visible channels: whose shares an answer may show, from Discord's roles and channel overwrites."""

import discord

from bot.client import Earworm
from bot.visibility import (
    ChannelKind,
    ChannelView,
    GuildView,
    OverwriteView,
    channels_for_audience,
    channels_for_member,
)
from models import Thread


async def audience_of(bot: Earworm, guild_id: int, channel_id: int) -> frozenset[int]:
    """The channels whose shares may be shown to everybody who sees channel `channel_id`."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return frozenset({channel_id})
    shared_in = await _places(bot, guild, channel_id)
    here = next((view for view in shared_in if view.id == channel_id), None)
    allowed = channels_for_audience(view_of_guild(guild), here, shared_in) if here else frozenset()
    return allowed | {channel_id}


async def channels_of_member(interaction: discord.Interaction[Earworm]) -> frozenset[int]:
    """The channels whose shares may be shown to the asker alone."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return frozenset()
    roles = [role.id for role in member.roles]
    shared_in = await _places(interaction.client, guild)
    return channels_for_member(view_of_guild(guild), member.id, roles, shared_in, here=interaction.channel_id)


async def channels_for(interaction: discord.Interaction[Earworm], *, private: bool) -> frozenset[int]:
    """The channels whose shares an answer may show: the asker's own, or those of everybody who sees it."""
    if private:
        return await channels_of_member(interaction)
    assert interaction.guild_id is not None and interaction.channel_id is not None
    return await audience_of(interaction.client, interaction.guild_id, interaction.channel_id)


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
        kind = ChannelKind.PRIVATE_THREAD if channel.is_private() else ChannelKind.THREAD
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
    return ChannelView(channel.id, ChannelKind.VOICE if voice else ChannelKind.TEXT, everyone, roles, members)


async def _places(bot: Earworm, guild: discord.Guild, *others: int) -> list[ChannelView]:
    """Where something was shared, and the others, as far as these channels still exist.

    To ask of every channel of a large server would take long.
    """
    threads = await bot.services.guilds.threads(guild.id)
    ids = await bot.services.catalog.channels_with_shares(guild.id) | set(others)
    views = (_view(guild, channel_id, threads.get(channel_id)) for channel_id in ids)
    return [view for view in views if view is not None]


def _view(guild: discord.Guild, channel_id: int, archived: Thread | None) -> ChannelView | None:
    """A channel or thread; of an archived thread Discord says nothing, but its parent stands for it."""
    if channel := guild.get_channel_or_thread(channel_id):
        return view_of_channel(channel)
    parent = guild.get_channel(archived.parent_id) if archived else None
    if archived is None or parent is None:
        return None
    kind = ChannelKind.PRIVATE_THREAD if archived.private else ChannelKind.THREAD
    return ChannelView(channel_id, kind, parent=view_of_channel(parent))
