"""What a Discord server consists of: users, roles, channels, messages. State only; JSON is made in payloads.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from discord_sandbox.rules.errors import Json
from discord_sandbox.world import payloads
from discord_sandbox.world.clock import moment
from discord_sandbox.world.permissions import NOTHING, Permission

if TYPE_CHECKING:
    from discord_sandbox.world.guild import SandboxGuild
    from discord_sandbox.world.members import SandboxMember

TEXT, VOICE, CATEGORY, NEWS, PUBLIC_THREAD, PRIVATE_THREAD = 0, 2, 4, 5, 11, 12
THREADS = frozenset({10, PUBLIC_THREAD, PRIVATE_THREAD})

SUPPRESS_EMBEDS, EPHEMERAL, LOADING = 1 << 2, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, VOICE_MESSAGE, COMPONENTS_V2 = 1 << 12, 1 << 13, 1 << 15

DEFAULT, REPLY, CHAT_COMMAND, MENU_COMMAND = 0, 19, 20, 23


@dataclass(eq=False)
class User:
    """An account, a person's or a bot's."""

    id: int
    name: str
    bot: bool = False

    @property
    def mention(self) -> str:
        """How a message names them."""
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    """A role of one guild; the one with the guild's own id is everyone's."""

    guild: "SandboxGuild"
    id: int
    name: str
    permissions: Permission
    colour: int = 0
    position: int = 0
    managed: bool = False

    def set_permissions(self, permissions: int) -> None:
        """Change what the role gives, as an admin would."""
        self.permissions = Permission(permissions)
        data = {"guild_id": str(self.guild.id), "role": payloads.role(self)}
        self.guild.world.emit("GUILD_ROLE_UPDATE", data, self.guild)


@dataclass(frozen=True)
class Overwrite:
    """What a channel gives and takes for one role or member."""

    allow: Permission = NOTHING
    deny: Permission = NOTHING
    member: bool = False


@dataclass(eq=False)
class Attachment:
    """A file on the CDN."""

    id: int
    channel_id: int
    name: str
    content: bytes
    content_type: str
    description: str | None = None
    title: str | None = None
    seconds: float | None = None
    ephemeral: bool = False


@dataclass(eq=False)
class Message:
    """A message, whoever sees it."""

    id: int
    channel: "Channel"
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
    thread: "Channel | None" = None

    @property
    def at(self) -> datetime:
        """When it was written."""
        return moment(self.id)

    @property
    def is_v2(self) -> bool:
        """Whether it is laid out by Components V2."""
        return bool(self.flags & COMPONENTS_V2)


@dataclass(eq=False)
class Channel:
    """A channel or thread with its messages."""

    guild: "SandboxGuild"
    id: int
    name: str
    type: int = TEXT
    position: int = 0
    topic: str | None = None
    parent: "Channel | None" = None
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
    def everything(self) -> list[Message]:
        """All messages, oldest first, also those that only one member sees."""
        return sorted(self.store.values(), key=lambda message: message.id)

    @property
    def messages(self) -> list[Json]:
        """What everybody in the channel sees, oldest first, in the API's form."""
        return [payloads.message(m) for m in self.everything if m.seen_only_by is None]

    def seen_by(self, member: "SandboxMember") -> list[Json]:
        """What one member sees: everybody's messages and those for their eyes only."""
        seen = (m for m in self.everything if m.seen_only_by in (None, member.user.id))
        return [payloads.message(m, viewer=member.user) for m in seen]

    def reactions(self, message: Json | int) -> dict[str, list[str]]:
        """The names of those who reacted to a message, by emoji."""
        found = self.store[int(message["id"]) if isinstance(message, dict) else message]
        return {emoji: [user.name for user in users.values()] for emoji, users in found.reactions.items()}

    def set_overwrite(self, target: "Role | SandboxMember", *, allow: int = 0, deny: int = 0) -> None:
        """Give or take permissions here, as an admin would; nothing at all removes the overwrite."""
        overwrite = Overwrite(Permission(allow), Permission(deny), member=not isinstance(target, Role))
        if allow or deny:
            self.overwrites[target.id] = overwrite
        else:
            self.overwrites.pop(target.id, None)
        self.guild.world.emit("CHANNEL_UPDATE", payloads.channel(self), self.guild)

    def archive(self, archived: bool = True) -> None:
        """Archive a thread, or open it again."""
        self.archived = archived
        self.guild.world.emit("THREAD_UPDATE", payloads.channel(self), self.guild, channel=self)

    def delete(self) -> None:
        """Delete the channel or thread and all that was said in it."""
        self.guild.remove_channel(self)

    def unfurl(self, message: Json, *, title: str, url: str) -> None:
        """Add a link's preview to a message, as Discord does some time after it was posted."""
        found = self.store[int(message["id"])]
        found.embeds = [*found.embeds, {"type": "link", "title": title, "url": url}]
        self.guild.world.tell_of_edit(found)


Overwrites = Mapping["Role | SandboxMember", tuple[int, int]]
