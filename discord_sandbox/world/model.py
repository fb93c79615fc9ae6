"""What a Discord server consists of: roles, members, channels, messages. State to read; nothing here changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from discord_sandbox.rules.errors import ApiError, Json
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from discord_sandbox.world.cdn import Attachment
from discord_sandbox.world.clock import moment
from discord_sandbox.world.permissions import EVERYTHING, NOTHING, Permission
from discord_sandbox.world.user import User
from discord_sandbox.world.world import World

TEXT, VOICE, CATEGORY, NEWS, PUBLIC_THREAD, PRIVATE_THREAD = 0, 2, 4, 5, 11, 12
THREADS = frozenset({10, PUBLIC_THREAD, PRIVATE_THREAD})

DEFAULT, REPLY, CHAT_COMMAND, MENU_COMMAND = 0, 19, 20, 23


@dataclass(eq=False)
class RoleState:
    """A role of one guild; the one with the guild's own id is everyone's."""

    guild: "GuildState"
    id: int
    name: str
    permissions: Permission
    colour: int = 0
    position: int = 0
    managed: bool = False


@dataclass(eq=False)
class MemberState:
    """A user in one guild, and what they may do there.

    https://docs.discord.com/developers/topics/permissions
    """

    guild: "GuildState"
    user: User
    roles: list[RoleState]
    nick: str | None
    joined: datetime

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """How the guild sees them."""
        return self.nick or self.user.name

    @property
    def mention(self) -> str:
        """How a message names them."""
        return self.user.mention

    @property
    def permissions(self) -> Permission:
        """What their roles allow, before any channel's overwrites."""
        if self.user.id == self.guild.owner_id:
            return EVERYTHING
        granted = self.guild.everyone.permissions
        for role in self.roles:
            granted |= role.permissions
        return EVERYTHING if Permission.ADMINISTRATOR in granted else granted

    def permissions_in(self, channel: "ChannelState") -> Permission:
        """What they may do in a channel; a thread has its parent's overwrites."""
        granted = self.permissions
        if Permission.ADMINISTRATOR in granted:
            return EVERYTHING
        overwrites = (channel.parent if channel.is_thread and channel.parent else channel).overwrites
        if everyone := overwrites.get(self.guild.id):
            granted = granted & ~everyone.deny | everyone.allow
        allow = deny = NOTHING
        for role in self.roles:
            if overwrite := overwrites.get(role.id):
                allow |= overwrite.allow
                deny |= overwrite.deny
        granted = granted & ~deny | allow
        if own := overwrites.get(self.id):
            granted = granted & ~own.deny | own.allow
        uninvited = channel.is_private_thread and self.id not in channel.joined
        if Permission.VIEW_CHANNEL not in granted or (uninvited and Permission.MANAGE_THREADS not in granted):
            return NOTHING
        return granted

    def can(self, channel: "ChannelState", needed: Permission) -> bool:
        """Whether they have every one of these permissions there."""
        return self.permissions_in(channel) & needed == needed

    def can_see(self, channel: "ChannelState") -> bool:
        """Whether they see the channel."""
        return self.can(channel, Permission.VIEW_CHANNEL)

    def require(self, channel: "ChannelState", needed: Permission) -> None:
        """Raise 50001 if they don't see the channel, 50013 if they lack a permission there."""
        if not self.can_see(channel):
            raise ApiError.known(50001)
        if not self.can(channel, needed):
            raise ApiError.known(50013)


@dataclass(frozen=True)
class Overwrite:
    """What a channel allows and denies to one role or member."""

    allow: Permission = NOTHING
    deny: Permission = NOTHING
    member: bool = False


@dataclass(eq=False)
class Message:
    """A message; `seen_only_by` is the one user who sees it, if it is ephemeral."""

    id: int
    channel: "ChannelState"
    author: User
    content: str = ""
    kind: int = DEFAULT
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: dict[str, dict[int, User]] = field(default_factory=dict)
    reference: tuple[int, int] | None = None
    nonce: str | int | None = None
    edited: datetime | None = None
    pinned: bool = False
    tts: bool = False
    interaction: Json | None = None
    webhook_id: int | None = None
    seen_only_by: int | None = None
    thread: "ChannelState | None" = None

    @property
    def at(self) -> datetime:
        """When it was written."""
        return moment(self.id)

    @property
    def is_v2(self) -> bool:
        """Whether it is laid out by Components V2."""
        return bool(self.flags & COMPONENTS_V2)

    @property
    def is_private(self) -> bool:
        """Whether the bot may read it only with the message content intent: it is not its own nor mentions it."""
        bot = self.channel.guild.world.bot
        return self.author is not bot and bot not in self.mentions


@dataclass(eq=False)
class ChannelState:
    """A channel or thread with its messages; `joined` is who joined the thread, and when."""

    guild: "GuildState"
    id: int
    name: str
    type: int = TEXT
    position: int = 0
    topic: str | None = None
    parent: "ChannelState | None" = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    owner_id: int = 0
    archived: bool = False
    locked: bool = False
    joined: dict[int, datetime] = field(default_factory=dict)
    store: dict[int, Message] = field(default_factory=dict)

    @property
    def mention(self) -> str:
        """How a message names it."""
        return f"<#{self.id}>"

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.type in THREADS

    @property
    def is_private_thread(self) -> bool:
        """Whether only those who joined it, and moderators, see it."""
        return self.type == PRIVATE_THREAD

    @property
    def all_messages(self) -> list[Message]:
        """All messages, oldest first, also those that only one member sees."""
        return sorted(self.store.values(), key=lambda message: message.id)


class GuildState:
    """A server: its roles, channels and members by id, and who listens in which voice channel."""

    world: World
    id: int
    name: str
    owner_id: int
    everyone: RoleState
    bot: MemberState
    roles: Mapping[int, RoleState]
    channels: Mapping[int, ChannelState]
    members: Mapping[int, MemberState]
    system_channel: ChannelState | None
    connected: dict[MemberState, ChannelState]
