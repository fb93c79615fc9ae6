"""Calling a command as Discord's client does: it knows the registered commands and checks before it sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from discord_sandbox.rules.errors import Json, SandboxError
from discord_sandbox.world import payloads
from discord_sandbox.world.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    CHAT,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    USER,
    leaf_options,
)
from discord_sandbox.world.interactions import Interactions
from discord_sandbox.world.messages import Upload
from discord_sandbox.world.model import ChannelState, MemberState, Message, RoleState
from discord_sandbox.world.permissions import Permission

# The kind of option that resolves what a menu of this kind offers.
OPTION_OF_MENU = {5: USER, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}


@dataclass(frozen=True)
class CommandClient:
    """A member's Discord client in a channel: it makes an interaction's data, or raises SandboxError."""

    member: MemberState
    channel: ChannelState
    interactions: Interactions

    def chat_command(
        self, name: str, values: Mapping[str, Any], *, focused: tuple[str, str] | None = None
    ) -> Json:
        """The data of a slash command; `focused` is the option being typed and its text, for autocompletion."""
        first, *rest = name.split()
        command = self._offered(first, CHAT)
        leaves = dict(leaf_options(command))
        path = tuple(rest)
        if path not in leaves:
            offered = sorted(" ".join((first, *names)) for names in leaves)
            raise SandboxError(f"There is no command /{name}; there is {offered}.")
        options = {option["name"]: option for option in leaves[path]}
        if unknown := values.keys() - options.keys():
            raise SandboxError(f"/{name} has no option {sorted(unknown)}; it has {sorted(options)}.")
        missing = [key for key, o in options.items() if o.get("required") and values.get(key) is None]
        if missing and focused is None:
            raise SandboxError(f"/{name} requires {missing}.")
        resolved: Json = {}
        given = [self._option(options[key], value, resolved) for key, value in values.items()]
        if focused:
            given.append(_focused(options, focused))
        for subcommand in reversed(path):
            kind = 1 if subcommand == path[-1] else 2
            given = [{"name": subcommand, "type": kind, "options": given}]
        data: Json = {"id": command["id"], "name": first, "type": CHAT, "options": given}
        return data | {"resolved": resolved} if resolved else data

    def menu_command(self, name: str, kind: int, message: Message) -> Json:
        """The data of a message's context menu command; it carries the message with its content."""
        command = self._offered(name, kind)
        return {
            "id": command["id"],
            "name": name,
            "type": kind,
            "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): payloads.message(message)}},
        }

    def chosen(self, menu: Json, values: Sequence[str]) -> Json:
        """The `resolved` data of a choice of members, roles or channels."""
        guild = self.member.guild
        resolved: Json = {}
        for value in map(int, values):
            who: Any = guild.members.get(value) or guild.roles.get(value) or guild.channels.get(value)
            if who is None or self._resolve({"type": OPTION_OF_MENU[menu["type"]]}, who, resolved) is None:
                raise SandboxError(f"The menu doesn't offer {value!r}.")
        return resolved

    def _offered(self, name: str, kind: int) -> Json:
        self.member.require(self.channel, Permission.USE_APPLICATION_COMMANDS)
        command = self.interactions.commands.find(self.member.guild.id, name, kind)
        if command is None:
            raise SandboxError(f"No command {name!r} is registered.")
        if not may_use(self.member, self.channel, command):
            raise SandboxError(f"{self.member.name} may not use /{name}.")
        return command

    def _option(self, option: Json, value: Any, resolved: Json) -> Json:
        kind = option["type"]
        wrong = SandboxError(f"The option {option['name']!r} doesn't take {value!r}.")
        if kind in (STRING, INTEGER, NUMBER, BOOLEAN):
            if not _fits(option, value):
                raise wrong
            return {"name": option["name"], "type": kind, "value": value}
        snowflake = self._resolve(option, value, resolved)
        if snowflake is None:
            raise wrong
        return {"name": option["name"], "type": kind, "value": str(snowflake)}

    def _resolve(self, option: Json, value: Any, resolved: Json) -> int | None:
        kind = option["type"]
        if value in self.member.guild.members.values() and kind in (USER, MENTIONABLE):
            permissions = {"permissions": str(int(value.permissions_in(self.channel)))}
            about = payloads.member(value, with_user=False) | permissions
            resolved.setdefault("users", {})[str(value.id)] = payloads.user(value.user)
            resolved.setdefault("members", {})[str(value.id)] = about
            return int(value.id)
        if isinstance(value, RoleState) and kind in (ROLE, MENTIONABLE):
            resolved.setdefault("roles", {})[str(value.id)] = payloads.role(value)
            return value.id
        if isinstance(value, ChannelState) and kind == CHANNEL:
            if option.get("channel_types") and value.type not in option["channel_types"]:
                return None
            permissions = {"permissions": str(int(self.member.permissions_in(value)))}
            resolved.setdefault("channels", {})[str(value.id)] = payloads.channel(value) | permissions
            return value.id
        if isinstance(value, tuple) and kind == ATTACHMENT:
            file = self.interactions.messages.attach(self.channel, [Upload(*value)], ephemeral=True)[0]
            data = self.member.guild.world.cdn.payload(file)
            resolved.setdefault("attachments", {})[str(file.id)] = data
            return file.id
        return None


def may_use(member: MemberState, channel: ChannelState, command: Json) -> bool:
    """Whether a member has the permissions that a command requires by default."""
    needed = command["default_member_permissions"]
    granted = member.permissions_in(channel)
    if needed is None or Permission.ADMINISTRATOR in granted:
        return True
    return int(needed) != 0 and granted & int(needed) == int(needed)


def _focused(options: Mapping[str, Json], focused: tuple[str, str]) -> Json:
    name, typed = focused
    if not options.get(name, {}).get("autocomplete"):
        raise SandboxError(f"The option {name!r} offers no choices while one types.")
    return {"name": name, "type": options[name]["type"], "value": typed, "focused": True}


def _fits(option: Json, value: Any) -> bool:
    expected: Any = {STRING: str, INTEGER: int, NUMBER: (int, float), BOOLEAN: bool}[option["type"]]
    if not isinstance(value, expected) or isinstance(value, bool) != (option["type"] == BOOLEAN):
        return False
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        return False
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    low, high = option.get(least), option.get(most)
    return (low is None or size >= low) and (high is None or size <= high)
