"""The commands available to a member, and their filled-in options as values for `SandboxMember.command`."""

from collections.abc import Mapping
from typing import Any

from discord_sandbox.page.fields import option_field
from discord_sandbox.rules.errors import Json, SandboxError
from discord_sandbox.world.command_client import may_use
from discord_sandbox.world.commands import (
    BOOLEAN,
    CHANNEL,
    CHAT,
    INTEGER,
    MENTIONABLE,
    MESSAGE_MENU,
    NUMBER,
    ROLE,
    USER,
    leaf_options,
)
from discord_sandbox.world.members import File, SandboxMember
from discord_sandbox.world.model import ChannelState
from discord_sandbox.world.permissions import Permission


def available_commands(member: SandboxMember, channel: ChannelState) -> Json:
    """The slash commands with their option fields as HTML, and the names in the message menu."""
    usable = _usable(member, channel)
    chat = [
        {
            "name": " ".join((command["name"], *path)),
            "description": _described(command, path),
            "fields": "".join(option_field(option, member) for option in options),
        }
        for command in usable
        if command["type"] == CHAT
        for path, options in leaf_options(command)
    ]
    menus = [command["name"] for command in usable if command["type"] == MESSAGE_MENU]
    return {"commands": sorted(chat, key=lambda command: command["name"]), "menus": menus}


def _usable(member: SandboxMember, channel: ChannelState) -> list[Json]:
    if not member.can(channel, Permission.VIEW_CHANNEL | Permission.USE_APPLICATION_COMMANDS):
        return []
    commands, guild = member.interactions.commands, member.guild
    every = [*commands.registered(guild.id), *commands.registered(None)]
    return [command for command in every if may_use(member, channel, command)]


def _described(command: Json, path: tuple[str, ...]) -> str:
    found = command
    for name in path:
        found = next(option for option in found["options"] if option["name"] == name)
    return str(found["description"])


def option_values(
    member: SandboxMember,
    channel: ChannelState,
    name: str,
    typed: Mapping[str, str],
    files: Mapping[str, list[File]],
) -> dict[str, Any]:
    """The filled-in options, each converted to its option's type. Raises SandboxError for one that can't be."""
    first, *path = name.split()
    found = next((c for c in _usable(member, channel) if (c["type"], c["name"]) == (CHAT, first)), None)
    leaves = dict(leaf_options(found)) if found else {}
    options = {option["name"]: option for option in leaves.get(tuple(path), [])}
    values = {
        key: _value(member, options[key], text) for key, text in typed.items() if text and key in options
    }
    return values | {key: some[0] for key, some in files.items() if key in options and some}


def _value(member: SandboxMember, option: Json, text: str) -> Any:
    kind, guild = option["type"], member.guild
    try:
        if kind == INTEGER:
            return int(text)
        if kind == NUMBER:
            return float(text)
        if kind == BOOLEAN:
            return text == "true"
        if kind in (USER, ROLE, CHANNEL, MENTIONABLE):
            return guild.members.get(int(text)) or guild.roles.get(int(text)) or guild.channels[int(text)]
    except (ValueError, KeyError):
        raise SandboxError(f"The option {option['name']} doesn't take “{text[:100]}”.") from None
    return text
