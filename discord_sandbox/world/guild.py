"""A server as its admins use it: creating, changing and deleting roles, channels, threads and members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from discord_sandbox.rules.errors import Json
from discord_sandbox.world import guild_payloads, payloads
from discord_sandbox.world.clock import moment
from discord_sandbox.world.interactions import Interactions
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.messages import publish_message
from discord_sandbox.world.model import (
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    ChannelState,
    GuildState,
    MemberState,
    Overwrite,
    RoleState,
)
from discord_sandbox.world.permissions import EVERYONE, Permission
from discord_sandbox.world.user import User
from discord_sandbox.world.world import GatewayEvent, World

Overwrites = Mapping["Role | SandboxMember", tuple[int, int]]


@dataclass(eq=False)
class Role(RoleState):
    """A role of one guild."""

    guild: "SandboxGuild"

    def set_permissions(self, permissions: int) -> None:
        """Change what the role allows."""
        self.permissions = Permission(permissions)
        self.guild.publish("GUILD_ROLE_UPDATE", {"guild_id": str(self.guild.id), "role": payloads.role(self)})


@dataclass(eq=False)
class Channel(ChannelState):
    """A channel or thread; messages are dicts in the API's form."""

    guild: "SandboxGuild"

    @property
    def messages(self) -> list[Json]:
        """What everybody in the channel sees, oldest first."""
        return [payloads.message(m) for m in self.all_messages if m.seen_only_by is None]

    def seen_by(self, member: MemberState) -> list[Json]:
        """What one member sees: everybody's messages and the ephemeral ones addressed to them."""
        seen = (m for m in self.all_messages if m.seen_only_by in (None, member.id))
        return [payloads.message(m, viewer=member.user) for m in seen]

    def reactions(self, message: Json | int) -> dict[str, list[str]]:
        """The names of those who reacted to a message, by emoji."""
        found = self.store[int(message["id"]) if isinstance(message, dict) else message]
        return {emoji: [user.name for user in users.values()] for emoji, users in found.reactions.items()}

    def set_overwrite(self, target: RoleState | MemberState, *, allow: int = 0, deny: int = 0) -> None:
        """Allow or deny permissions here; neither removes the overwrite."""
        overwrite = Overwrite(Permission(allow), Permission(deny), member=isinstance(target, MemberState))
        if allow or deny:
            self.overwrites[target.id] = overwrite
        else:
            self.overwrites.pop(target.id, None)
        self.guild.publish("CHANNEL_UPDATE", payloads.channel(self))

    def archive(self, archived: bool = True) -> None:
        """Archive a thread, or open it again."""
        self.archived = archived
        self.guild.publish("THREAD_UPDATE", payloads.channel(self), channel=self)

    def delete(self) -> None:
        """Delete the channel with its threads and messages."""
        self.guild.remove_channel(self)

    def unfurl(self, message: Json, *, title: str, url: str) -> None:
        """Add a link's preview to a message, as Discord does some time after it was posted."""
        found = self.store[int(message["id"])]
        found.embeds = [*found.embeds, {"type": "link", "title": title, "url": url}]
        publish_message("MESSAGE_UPDATE", found)


class SandboxGuild(GuildState):
    """One server; the bot is a member from the start, with a role of its own."""

    roles: dict[int, Role]
    channels: dict[int, Channel]
    members: dict[int, SandboxMember]
    bot: SandboxMember
    everyone: Role

    def __init__(
        self, world: World, interactions: Interactions, name: str, *, bot_permissions: int = 0
    ) -> None:
        self.world = world
        self.interactions = interactions
        self.id = world.new_guild_id()
        self.name = name
        self.channels = {}
        self.members = {}
        self.everyone = Role(self, self.id, "@everyone", EVERYONE)
        self.roles = {self.id: self.everyone}
        self.owner_id = world.ids.new(moment(self.id))
        self.system_channel = None
        self.connected = {}
        managed = self._new_role(world.bot.name, bot_permissions, colour=0)
        managed.managed = True
        self.bot = self._new_member(world.bot, [managed], None)

    def publish(self, event: str, data: Json, *, channel: Channel | None = None) -> None:
        """Publish an event; one about a thread or message only if the bot sees its channel."""
        sees = channel is None or self.bot.can_see(channel)
        self.world.publish(GatewayEvent(event, data, self.id, bot_sees=sees))

    def add_role(self, name: str, *, permissions: int = 0, colour: int = 0) -> Role:
        """Create a role above the others."""
        role = self._new_role(name, permissions, colour)
        self.publish("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": payloads.role(role)})
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
        self.publish("CHANNEL_CREATE", payloads.channel(channel))
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
        self.publish("THREAD_CREATE", payloads.channel(thread) | {"newly_created": True}, channel=thread)
        return thread

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with its threads and messages."""
        for thread in [c for c in self.channels.values() if c.parent is channel and c.is_thread]:
            self._drop(thread)
        data = payloads.channel(channel)
        self._drop(channel)
        if not channel.is_thread:
            self.publish("CHANNEL_DELETE", data)
            return
        keys = ("id", "guild_id", "parent_id", "type")
        self.publish("THREAD_DELETE", {key: data[key] for key in keys})

    def set_system_channel(self, channel: Channel | None) -> None:
        """Choose the channel where Discord greets new members."""
        self.system_channel = channel
        self.publish("GUILD_UPDATE", guild_payloads.guild(self))

    def add_member(
        self, name: str | User, *, roles: Sequence[Role] = (), nick: str | None = None, bot: bool = False
    ) -> SandboxMember:
        """Let somebody join: a new user of that name, or one that exists already."""
        if isinstance(name, str):
            joined = self.world.clock.now() - timedelta(days=30)
            name = User(self.world.ids.new(joined - timedelta(days=400)), name, bot)
        member = self._new_member(name, roles, nick)
        member.publish("GUILD_MEMBER_ADD", payloads.member(member))
        return member

    def remove_member(self, member: SandboxMember) -> None:
        """Let somebody leave."""
        member.join_voice(None)
        del self.members[member.id]
        member.publish("GUILD_MEMBER_REMOVE", {"user": payloads.user(member.user)})

    def _new_role(self, name: str, permissions: int, colour: int) -> Role:
        position = len(self.roles)
        role = Role(self, self.world.ids.new(), name, Permission(permissions), colour, position)
        self.roles[role.id] = role
        return role

    def _new_member(self, user: User, roles: Sequence[Role], nick: str | None) -> SandboxMember:
        joined: datetime = self.world.clock.now() - timedelta(days=30)
        member = SandboxMember(self, user, list(roles), nick, joined, self.interactions)
        self.world.users[user.id] = user
        self.members[member.id] = member
        return member

    def _drop(self, channel: Channel) -> None:
        for message in channel.store.values():
            self.world.cdn.forget(message.attachments)
        del self.channels[channel.id]
