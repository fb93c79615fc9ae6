"""A server: what an admin does to it, and what its bots are told of that."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from discord_sandbox.gateway.intents import Intent
from discord_sandbox.rules.errors import Json
from discord_sandbox.world import guild_payloads, payloads
from discord_sandbox.world.clock import moment
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.model import (
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    Channel,
    Overwrite,
    Overwrites,
    Role,
    User,
)
from discord_sandbox.world.permissions import EVERYONE, Permission

if TYPE_CHECKING:
    from discord_sandbox.world.interactions import Interactions
    from discord_sandbox.world.world import World


class SandboxGuild:
    """One server; the bot is a member from the start, with a role of its own."""

    def __init__(
        self, world: "World", interactions: "Interactions", name: str, *, bot_permissions: int = 0
    ) -> None:
        self.world = world
        self.interactions = interactions
        self.id = world.new_guild_id()
        self.name = name
        self.roles: dict[int, Role] = {}
        self.channels: dict[int, Channel] = {}
        self.members: dict[int, SandboxMember] = {}
        self.everyone = Role(self, self.id, "@everyone", EVERYONE)
        self.roles[self.id] = self.everyone
        self.owner_id = world.ids.new(moment(self.id))
        self.system_channel: Channel | None = None
        self.connected: dict[SandboxMember, Channel] = {}  # to a voice channel
        managed = self._new_role(world.bot.name, bot_permissions, colour=0)
        managed.managed = True
        self.bot = self._new_member(world.bot, [managed], None)

    def add_role(self, name: str, *, permissions: int = 0, colour: int = 0) -> Role:
        """Create a role above the others."""
        role = self._new_role(name, permissions, colour)
        data = {"guild_id": str(self.id), "role": payloads.role(role)}
        self.world.emit("GUILD_ROLE_CREATE", data, self)
        return role

    def add_channel(
        self,
        name: str,
        *,
        type: int = TEXT,  # noqa: A002
        topic: str | None = None,
        parent: Channel | None = None,
        overwrites: Overwrites | None = None,
        private_to: Sequence[Role | SandboxMember] | None = None,
        channel_id: int | None = None,
    ) -> Channel:
        """Create a channel; overwrites are (allow, deny) by role or member.

        `private_to` hides it from everybody but these and the bot; `channel_id` is a new one by default.
        """
        wanted = dict(overwrites or {})
        if private_to is not None:
            wanted |= dict.fromkeys([*private_to, self.bot], (Permission.VIEW_CHANNEL, 0))
            wanted[self.everyone] = (0, Permission.VIEW_CHANNEL)
        made = {
            who.id: Overwrite(Permission(allow), Permission(deny), member=isinstance(who, SandboxMember))
            for who, (allow, deny) in wanted.items()
        }
        position = len(self.channels)
        channel = Channel(self, channel_id or self.world.ids.new(), name, type, position, topic, parent, made)
        self.channels[channel.id] = channel
        self.world.emit("CHANNEL_CREATE", payloads.channel(channel), self)
        return channel

    def add_thread(
        self,
        parent: Channel,
        name: str,
        *,
        owner: SandboxMember | None = None,
        thread_id: int | None = None,
        private: bool = False,
    ) -> Channel:
        """Open a thread; `thread_id` is the message that it starts from."""
        kind = PRIVATE_THREAD if private else PUBLIC_THREAD
        thread = Channel(self, thread_id or self.world.ids.new(), name, kind, parent=parent)
        thread.owner_id = (owner or self.bot).user.id
        thread.joined[thread.owner_id] = self.world.clock.now()
        self.channels[thread.id] = thread
        data = payloads.channel(thread) | {"newly_created": True}
        self.world.emit("THREAD_CREATE", data, self, channel=thread)
        return thread

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with its threads and messages."""
        for thread in [c for c in self.channels.values() if c.parent is channel and c.is_thread]:
            self._drop(thread)
        data = payloads.channel(channel)
        self._drop(channel)
        if not channel.is_thread:
            self.world.emit("CHANNEL_DELETE", data, self)
            return
        keys = ("id", "guild_id", "parent_id", "type")
        self.world.emit("THREAD_DELETE", {key: data[key] for key in keys}, self)

    def set_system_channel(self, channel: Channel | None) -> None:
        """Choose where Discord greets new members."""
        self.system_channel = channel
        self.world.emit("GUILD_UPDATE", guild_payloads.guild(self), self)

    def add_member(
        self, name: str | User, *, roles: Sequence[Role] = (), nick: str | None = None, bot: bool = False
    ) -> SandboxMember:
        """Let somebody join: a new user of that name, or one that exists already."""
        if isinstance(name, str):
            joined = self.world.clock.now() - timedelta(days=30)
            name = User(self.world.ids.new(joined - timedelta(days=400)), name, bot)
        member = self._new_member(name, roles, nick)
        self._tell_of_member("GUILD_MEMBER_ADD", payloads.member(member))
        return member

    def remove_member(self, member: SandboxMember) -> None:
        """Let somebody leave."""
        self.connect(member, None)
        del self.members[member.id]
        self._tell_of_member("GUILD_MEMBER_REMOVE", {"user": payloads.user(member.user)})

    def connect(self, member: SandboxMember, channel: Channel | None) -> None:
        """Let a member join a voice channel, or leave the one that they are in."""
        if self.connected.pop(member, None) is None and channel is None:
            return
        if channel is not None:
            self.connected[member] = channel
        data = payloads.voice_state(member, channel)
        self.world.emit("VOICE_STATE_UPDATE", data, self, intent=Intent.GUILD_VOICE_STATES)

    def tell_of_roles(self, member: SandboxMember) -> None:
        """Announce that a member's roles changed."""
        self._tell_of_member("GUILD_MEMBER_UPDATE", payloads.member(member))

    def _tell_of_member(self, event: str, data: Json) -> None:
        intent = Intent.INTERACTIONS if data["user"]["id"] == str(self.bot.id) else Intent.GUILD_MEMBERS
        self.world.emit(event, data | {"guild_id": str(self.id)}, self, intent=intent)

    def _new_role(self, name: str, permissions: int, colour: int) -> Role:
        position = len(self.roles)
        role = Role(self, self.world.ids.new(), name, Permission(permissions), colour, position)
        self.roles[role.id] = role
        return role

    def _new_member(self, user: User, roles: Sequence[Role], nick: str | None) -> SandboxMember:
        joined: datetime = self.world.clock.now() - timedelta(days=30)
        member = SandboxMember(self, user, list(roles), nick, joined)
        self.world.users[user.id] = user
        self.members[member.id] = member
        return member

    def _drop(self, channel: Channel) -> None:
        for message in channel.store.values():
            self.world.cdn.forget(message.attachments)
        del self.channels[channel.id]
