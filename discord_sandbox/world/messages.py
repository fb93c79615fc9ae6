"""Posting, editing, deleting and reacting, the same for the bot and for members; each publishes its event."""

import mimetypes
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from discord_sandbox.rules.component_rules import completed, texts
from discord_sandbox.rules.errors import ApiError, Json
from discord_sandbox.rules.message_flags import COMPONENTS_V2, EPHEMERAL, VOICE_MESSAGE
from discord_sandbox.world import payloads
from discord_sandbox.world.cdn import FILE_LIMIT, Attachment, clean_name
from discord_sandbox.world.intents import Intent
from discord_sandbox.world.model import DEFAULT, REPLY, ChannelState, Message
from discord_sandbox.world.user import User
from discord_sandbox.world.world import GatewayEvent, World

REACTION_LIMIT = 20
NONCE_SECONDS = 300.0
PERMANENT_FLAGS = EPHEMERAL | VOICE_MESSAGE | COMPONENTS_V2
USER_MENTION, ROLE_MENTION = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>")
EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u2bff\u3030-\u303d\u3297\u3299"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f\u200d\ufe0f0-9#*]+"
)


@dataclass(frozen=True)
class Upload:
    """A file uploaded with a request."""

    name: str
    content: bytes
    content_type: str = ""
    description: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class MessageDraft:
    """A message as its author wants it; `mentioned` is the body's `allowed_mentions`."""

    content: str = ""
    embeds: Sequence[Json] = ()
    components: Sequence[Json] = ()
    uploads: Sequence[Upload] = ()
    flags: int = 0
    mentioned: Json | None = None
    reference: tuple[int, int] | None = None
    nonce: str | int | None = None
    tts: bool = False
    kind: int = DEFAULT
    interaction: Json | None = None
    webhook_id: int | None = None
    seen_only_by: int | None = None


@dataclass
class Messages:
    """Operations on messages; callers check permissions first."""

    world: World
    _nonces: dict[tuple[int, int, str], tuple[int, float]] = field(default_factory=dict)

    def create(
        self, channel: ChannelState, author: User, draft: MessageDraft, *, at: datetime | None = None
    ) -> Message:
        """Post a message."""
        message = Message(self.world.ids.new(at), channel, author)
        message.content = draft.content.strip()
        message.kind = REPLY if draft.reference and draft.kind == DEFAULT else draft.kind
        message.flags, message.tts, message.nonce = draft.flags, draft.tts, draft.nonce
        message.reference, message.interaction = draft.reference, draft.interaction
        message.webhook_id, message.seen_only_by = draft.webhook_id, draft.seen_only_by
        message.embeds = [_rich(embed) for embed in draft.embeds]
        message.components = completed(list(draft.components))
        message.attachments = self.attach(channel, draft.uploads, ephemeral=bool(draft.flags & EPHEMERAL))
        self._mention(message, draft.mentioned)
        channel.store[message.id] = message
        if draft.nonce is not None:
            key = (channel.id, author.id, str(draft.nonce))
            self._nonces[key] = (message.id, time.monotonic())
        publish_message("MESSAGE_CREATE", message)
        return message

    def by_nonce(self, channel: ChannelState, author: User, nonce: str | int | None) -> Message | None:
        """The message that was sent with this nonce in the last five minutes."""
        found = self._nonces.get((channel.id, author.id, str(nonce)))
        if nonce is None or found is None or time.monotonic() - found[1] > NONCE_SECONDS:
            return None
        return channel.store.get(found[0])

    def edit(self, message: Message, changes: Json, uploads: Sequence[Upload] = ()) -> None:
        """Change what the body names; files that `attachments` leaves out are deleted."""
        if "content" in changes:
            message.content = (changes["content"] or "").strip()
        if "embeds" in changes:
            message.embeds = [_rich(embed) for embed in changes["embeds"] or []]
        if "attachments" in changes:
            kept = {str(a["id"]) for a in changes["attachments"] or []}
            message.attachments = [a for a in message.attachments if str(a.id) in kept]
        ephemeral = bool(message.flags & EPHEMERAL)
        message.attachments = message.attachments + self.attach(message.channel, uploads, ephemeral=ephemeral)
        if "components" in changes:
            message.components = completed(changes["components"] or [])
        if changes.get("flags") is not None:
            message.flags = changes["flags"] | message.flags & PERMANENT_FLAGS
        if "content" in changes or "components" in changes:
            self._mention(message, changes.get("allowed_mentions"), answered=False)
        message.edited = self.world.clock.now()
        publish_message("MESSAGE_UPDATE", message)

    def delete(self, messages: Collection[Message]) -> None:
        """Delete one message, or several of a channel at once."""
        channel = next(iter(messages)).channel
        for message in messages:
            del channel.store[message.id]
            self.world.cdn.forget(message.attachments)
        where = {"channel_id": str(channel.id), "guild_id": str(channel.guild.id)}
        shown = [str(m.id) for m in messages if m.seen_only_by is None]
        if len(messages) > 1:
            _publish(channel, "MESSAGE_DELETE_BULK", {"ids": shown} | where, Intent.GUILD_MESSAGES)
        elif shown:
            _publish(channel, "MESSAGE_DELETE", {"id": shown[0]} | where, Intent.GUILD_MESSAGES)
        else:
            self.world.touch()

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Add a reaction, unless it is there already. Raises 10014 and 30010."""
        if not is_emoji(emoji):
            raise ApiError.known(10014)
        if emoji not in message.reactions and len(message.reactions) >= REACTION_LIMIT:
            raise ApiError.known(30010)
        if user.id in message.reactions.setdefault(emoji, {}):
            return
        message.reactions[emoji][user.id] = user
        data = _reaction(message, user, emoji) | {
            "message_author_id": str(message.author.id),
            "burst_colors": [],
        }
        if member := message.channel.guild.members.get(user.id):
            data["member"] = payloads.member(member)
        _publish_reaction(message, "MESSAGE_REACTION_ADD", data)

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Remove a reaction. Raises 10014 if it isn't there."""
        if user.id not in message.reactions.get(emoji, {}):
            raise ApiError.known(10014)
        del message.reactions[emoji][user.id]
        if not message.reactions[emoji]:
            del message.reactions[emoji]
        data = _reaction(message, user, emoji)
        _publish_reaction(message, "MESSAGE_REACTION_REMOVE", data)

    def clear(self, message: Message, emoji: str | None = None) -> None:
        """Remove everybody's reactions, or those with one emoji."""
        if emoji is None:
            message.reactions.clear()
            _publish_reaction(message, "MESSAGE_REACTION_REMOVE_ALL", _place(message))
        elif message.reactions.pop(emoji, None) is not None:
            data = _place(message) | {"emoji": payloads.emoji(emoji)}
            _publish_reaction(message, "MESSAGE_REACTION_REMOVE_EMOJI", data)

    def attach(
        self, channel: ChannelState, uploads: Iterable[Upload], *, ephemeral: bool = False
    ) -> list[Attachment]:
        """Put files on the CDN. Raises 40005 for one that is too large."""
        kept = []
        for upload in uploads:
            if len(upload.content) > FILE_LIMIT:
                raise ApiError.known(40005)
            name = clean_name(upload.name)
            guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
            file = Attachment(
                self.world.ids.new(), channel.id, name, upload.content, upload.content_type or guessed
            )
            file.description, file.seconds, file.ephemeral = upload.description, upload.seconds, ephemeral
            if name != upload.name:
                file.title = upload.name.rpartition(".")[0] or upload.name
            kept.append(self.world.cdn.keep(file))
        return kept

    def _mention(self, message: Message, allowed: Json | None, *, answered: bool = True) -> None:
        text = "\n".join([message.content, *texts(message.components)])
        parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or ())
        allowed = allowed or {"replied_user": True}
        named = dict.fromkeys(int(id_) for id_ in USER_MENTION.findall(text))
        listed = {int(id_) for id_ in allowed.get("users") or ()}
        users = [id_ for id_ in named if "users" in parse or id_ in listed]
        if answered and message.reference and allowed.get("replied_user"):
            channel = message.channel.guild.channels.get(message.reference[0])
            if original := channel and channel.store.get(message.reference[1]):
                users = list(dict.fromkeys([*users, original.author.id]))
        message.mentions = [self.world.users[id_] for id_ in users if id_ in self.world.users]
        roles = {int(id_) for id_ in allowed.get("roles") or ()}
        message.mention_roles = [
            id_ for id_ in map(int, ROLE_MENTION.findall(text)) if "roles" in parse or id_ in roles
        ]
        message.mention_everyone = "everyone" in parse and ("@everyone" in text or "@here" in text)


def publish_message(name: str, message: Message) -> None:
    """Publish a message event, unless only one member sees the message: bots don't receive those."""
    guild, world = message.channel.guild, message.channel.guild.world
    if message.seen_only_by is not None:
        world.touch()
        return
    data = payloads.message(message) | {"guild_id": str(guild.id), "channel_type": message.channel.type}
    if author := guild.members.get(message.author.id):
        data["member"] = payloads.member(author, with_user=False)
    sees = guild.bot.can_see(message.channel)
    world.publish(GatewayEvent(name, data, guild.id, Intent.GUILD_MESSAGES, sees, message.is_private))


def _publish_reaction(message: Message, event: str, data: Json) -> None:
    _publish(message.channel, event, data, Intent.GUILD_MESSAGE_REACTIONS)


def _publish(channel: ChannelState, event: str, data: Json, intent: Intent) -> None:
    guild = channel.guild
    guild.world.publish(GatewayEvent(event, data, guild.id, intent, guild.bot.can_see(channel)))


def is_emoji(text: str) -> bool:
    """Whether this is an emoji character; the sandbox has no custom emoji."""
    return EMOJI.fullmatch(text) is not None and not text.isascii()


def _reaction(message: Message, user: User, emoji: str) -> Json:
    which = {"user_id": str(user.id), "emoji": payloads.emoji(emoji), "burst": False, "type": 0}
    return which | _place(message)


def _place(message: Message) -> Json:
    return {
        "message_id": str(message.id),
        "channel_id": str(message.channel.id),
        "guild_id": str(message.channel.guild.id),
    }


def _rich(embed: Json) -> Json:
    kept = {key: value for key, value in embed.items() if value is not None}
    if "fields" in kept:
        kept["fields"] = [{"inline": False} | field for field in kept["fields"]]
    return {"type": "rich", "content_scan_version": 0} | kept
