"""Visible channels: whose shares an answer may show, from Discord's roles and channel overwrites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class SharedChannels:
    """A server's channels that something was shared in, and who may know of what was shared there."""

    guild: discord.Guild
    threads: Mapping[int, Thread]  # also archived ones
    views: Sequence[ChannelView]

    def visible_in(self, channel_id: int) -> frozenset[int]:
        """The channels whose shares may be shown to everybody who sees channel `channel_id`."""
        here = _view(self.guild, channel_id, self.threads.get(channel_id))
        allowed = channels_for_audience(view_of_guild(self.guild), here, self.views) if here else frozenset()
        return allowed | {channel_id}

    def visible_to(self, member: discord.Member, *, here: int | None) -> frozenset[int]:
        """The channels whose shares may be shown to a member alone, who asks in channel `here`."""
        roles = [role.id for role in member.roles]
        return channels_for_member(view_of_guild(self.guild), member.id, roles, self.views, here=here)


async def audience_of(bot: Earworm, guild_id: int, channel_id: int) -> frozenset[int]:
    """The channels whose shares may be shown to everybody who sees channel `channel_id`."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return frozenset({channel_id})
    return (await _read_shared_channels(bot, guild)).visible_in(channel_id)


async def audience_in(interaction: discord.Interaction[Earworm], channel_id: int) -> frozenset[int]:
    """As `audience_of`, from what is read once an interaction."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None:
        return frozenset({channel_id})
    return (await _shared_channels(interaction, guild)).visible_in(channel_id)


async def channels_of_member(interaction: discord.Interaction[Earworm]) -> frozenset[int]:
    """The channels whose shares may be shown to the asker alone."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return frozenset()
    shared_in = await _shared_channels(interaction, guild)
    return shared_in.visible_to(member, here=interaction.channel_id)


async def channels_for(interaction: discord.Interaction[Earworm], *, private: bool) -> frozenset[int]:
    """The channels whose shares an answer may show: the asker's own, or those of everybody who sees it."""
    if private:
        return await channels_of_member(interaction)
    assert interaction.channel_id is not None
    return await audience_in(interaction, interaction.channel_id)


def read_channels_again(interaction: discord.Interaction[Earworm]) -> None:
    """Much time has passed since they were read for this interaction; permissions may have changed."""
    interaction.extras.pop(SharedChannels, None)


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


async def _shared_channels(interaction: discord.Interaction[Earworm], guild: discord.Guild) -> SharedChannels:
    """What `_read_shared_channels` finds, kept for as long as the interaction lasts."""
    kept: SharedChannels | None = interaction.extras.get(SharedChannels)
    if kept is None:
        kept = interaction.extras[SharedChannels] = await _read_shared_channels(interaction.client, guild)
    return kept


async def _read_shared_channels(bot: Earworm, guild: discord.Guild) -> SharedChannels:
    """The channels that something was shared in, as far as they still exist.

    To ask of every channel of a large server would take long.
    """
    threads = await bot.services.guilds.threads(guild.id)
    ids = await bot.services.catalog.channels_with_shares(guild.id)
    views = (_view(guild, channel_id, threads.get(channel_id)) for channel_id in ids)
    return SharedChannels(guild, threads, [view for view in views if view is not None])


def _view(guild: discord.Guild, channel_id: int, archived: Thread | None) -> ChannelView | None:
    """A channel or thread; of an archived thread Discord says nothing, but its parent stands for it."""
    if channel := guild.get_channel_or_thread(channel_id):
        return view_of_channel(channel)
    parent = guild.get_channel(archived.parent_id) if archived else None
    if archived is None or parent is None:
        return None
    kind = ChannelKind.PRIVATE_THREAD if archived.private else ChannelKind.THREAD
    return ChannelView(channel_id, kind, parent=view_of_channel(parent))
