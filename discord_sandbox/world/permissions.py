"""Who may do what where: Discord's permission bits and how roles and overwrites combine.

https://docs.discord.com/developers/topics/permissions
"""

from collections.abc import Iterable
from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discord_sandbox.world.members import SandboxMember
    from discord_sandbox.world.model import Channel, Role


class Permission(IntFlag):
    """The permission bits that matter to a bot that talks."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


NOTHING = Permission(0)
EVERYTHING = Permission((1 << 52) - 1)
EVERYONE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CHANGE_NICKNAME
    | Permission.CONNECT
    | Permission.SPEAK
)


def in_guild(member: "SandboxMember") -> Permission:
    """What a member's roles give, before any channel has its say."""
    if member.user.id == member.guild.owner_id:
        return EVERYTHING
    granted = member.guild.everyone.permissions
    for role in member.roles:
        granted |= role.permissions
    return EVERYTHING if Permission.ADMINISTRATOR in granted else granted


def in_channel(member: "SandboxMember", channel: "Channel") -> Permission:
    """What a member may do in a channel; a thread has its parent's overwrites."""
    granted = in_guild(member)
    if Permission.ADMINISTRATOR in granted:
        return EVERYTHING
    overwrites = (channel.parent if channel.is_thread and channel.parent else channel).overwrites
    if everyone := overwrites.get(member.guild.id):
        granted = granted & ~everyone.deny | everyone.allow
    allow = deny = NOTHING
    for role in member.roles:
        if overwrite := overwrites.get(role.id):
            allow |= overwrite.allow
            deny |= overwrite.deny
    granted = granted & ~deny | allow
    if own := overwrites.get(member.user.id):
        granted = granted & ~own.deny | own.allow
    stranger = channel.is_private_thread and member.user.id not in channel.joined
    if Permission.VIEW_CHANNEL not in granted or (stranger and Permission.MANAGE_THREADS not in granted):
        return NOTHING
    return granted


def by_position(roles: "Iterable[Role]") -> "list[Role]":
    """Roles from the highest down."""
    return sorted(roles, key=lambda role: -role.position)
