"""The JSON that Discord sends for its objects."""

from typing import Any

from discord_sandbox.rules.errors import Json
from discord_sandbox.world.clock import iso
from discord_sandbox.world.model import ChannelState, MemberState, Message, RoleState
from discord_sandbox.world.user import User

WITHOUT_CONTENT: Json = {"content": "", "attachments": [], "embeds": [], "components": []}


def user(user: User) -> Json:
    """A user."""
    return {
        "id": str(user.id),
        "username": user.name.lower().replace(" ", "_"),
        "global_name": None if user.bot else user.name,
        "discriminator": "0",
        "avatar": None,
        "primary_guild": None,
        "bot": user.bot,
        "public_flags": 0,
        "flags": 0,
    }


def member(member: MemberState, *, with_user: bool = True) -> Json:
    """A member; messages carry it without its user, who stands under `author`."""
    data: Json = {
        "roles": [str(role.id) for role in member.roles],
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "joined_at": iso(member.joined),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }
    return data | {"user": user(member.user)} if with_user else data


def voice_state(member_: MemberState, channel: ChannelState | None) -> Json:
    """Where a member listens and speaks; None: nowhere any more."""
    off = ("deaf", "mute", "self_deaf", "self_mute", "self_video", "self_stream", "suppress")
    return {
        "guild_id": str(member_.guild.id),
        "channel_id": str(channel.id) if channel else None,
        "user_id": str(member_.id),
        "member": member(member_),
        "session_id": f"{member_.id:032x}",
        "request_to_speak_timestamp": None,
    } | dict.fromkeys(off, False)


def role(role: RoleState) -> Json:
    """A role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "description": None,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": role.colour,
        "colors": {"primary_color": role.colour, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(channel: ChannelState) -> Json:
    """A channel or a thread, as the gateway and REST give it."""
    if channel.is_thread:
        return _thread(channel)
    return {
        "id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "type": channel.type,
        "name": channel.name,
        "position": channel.position,
        "topic": channel.topic,
        "nsfw": False,
        "flags": 0,
        "parent_id": str(channel.parent.id) if channel.parent else None,
        "last_message_id": _last_message(channel),
        "rate_limit_per_user": 0,
        "permission_overwrites": [
            {
                "id": str(target),
                "type": int(overwrite.member),
                "allow": str(int(overwrite.allow)),
                "deny": str(int(overwrite.deny)),
            }
            for target, overwrite in channel.overwrites.items()
        ],
    } | ({"bitrate": 64000, "user_limit": 0, "rtc_region": None} if channel.type == 2 else {})


def _thread(channel: ChannelState) -> Json:
    assert channel.parent is not None, "a thread has a parent"
    me = channel.guild.bot.user.id
    data: Json = {
        "id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "parent_id": str(channel.parent.id),
        "owner_id": str(channel.owner_id),
        "type": channel.type,
        "name": channel.name,
        "flags": 0,
        "last_message_id": _last_message(channel),
        "rate_limit_per_user": 0,
        "message_count": len(channel.store),
        "total_message_sent": len(channel.store),
        "member_count": len(channel.joined),
        "thread_metadata": {
            "archived": channel.archived,
            "archive_timestamp": iso(channel.guild.world.clock.now()),
            "auto_archive_duration": 1440,
            "locked": channel.locked,
        },
    }
    return data | {"member": thread_member(channel, me)} if me in channel.joined else data


def thread_member(channel: ChannelState, user_id: int) -> Json:
    """That a user joined a thread."""
    return {
        "id": str(channel.id),
        "user_id": str(user_id),
        "join_timestamp": iso(channel.joined[user_id]),
        "flags": 0,
    }


def _last_message(channel: ChannelState) -> str | None:
    return str(max(channel.store)) if channel.store else None


def emoji(key: str) -> Json:
    """An emoji: `name:id` for a custom one, else the character itself."""
    name, _, id_ = key.partition(":")
    return {"id": id_ or None, "name": name}


def message(message: Message, *, viewer: User | None = None, nested: bool = False) -> Json:
    """A message as REST gives it; `me` in its reactions is about `viewer`, the bot by default."""
    guild_ = message.channel.guild
    viewer_id = viewer.id if viewer else guild_.bot.user.id
    data: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "type": message.kind,
        "author": user(message.author),
        "content": message.content,
        "timestamp": iso(message.at),
        "edited_timestamp": iso(message.edited) if message.edited else None,
        "tts": message.tts,
        "mention_everyone": message.mention_everyone,
        "mentions": [user(u) for u in message.mentions],
        "mention_roles": [str(role_id) for role_id in message.mention_roles],
        "attachments": [guild_.world.cdn.payload(a) for a in message.attachments],
        "embeds": [_resolved(embed, message) for embed in message.embeds],
        "components": [_resolved(c, message) for c in message.components],
        "pinned": message.pinned,
        "flags": message.flags,
    }
    if message.reactions:
        data["reactions"] = [_reaction(key, users, viewer_id) for key, users in message.reactions.items()]
    return data | _optional_parts(message, viewer, nested)


def message_to_bot(shown: Message) -> Json:
    """A message as the bot reads it over REST: without the message content intent most are empty there too.

    What counts is the application's grant, not what a session asked for:
    https://docs.discord.com/developers/events/gateway#privileged-intents-http-restrictions
    """
    readable = shown.channel.guild.world.granted.message_content or not shown.is_private
    return message(shown) if readable else message(shown) | WITHOUT_CONTENT


def _optional_parts(message: Message, viewer: User | None, nested: bool) -> Json:
    data: Json = {}
    if message.nonce is not None:
        data["nonce"] = message.nonce
    if message.webhook_id:
        data |= {"webhook_id": str(message.webhook_id), "application_id": str(message.webhook_id)}
    if message.interaction:
        data["interaction_metadata"] = message.interaction
        if message.interaction["type"] == 2:
            keys = ("id", "type", "name", "user")
            data["interaction"] = {key: message.interaction[key] for key in keys}
    if message.thread:
        data["thread"] = channel(message.thread)
    if message.reference:
        data |= _reference(message, viewer, nested)
    return data


def _reference(replying: Message, viewer: User | None, nested: bool) -> Json:
    assert replying.reference is not None, "the message answers another"
    channel_id, message_id = replying.reference
    guild_ = replying.channel.guild
    data: Json = {
        "message_reference": {
            "type": 0,
            "channel_id": str(channel_id),
            "message_id": str(message_id),
            "guild_id": str(guild_.id),
        }
    }
    if not nested:
        there = guild_.channels.get(channel_id)
        original = there.store.get(message_id) if there else None
        data["referenced_message"] = message(original, viewer=viewer, nested=True) if original else None
    return data


def _reaction(key: str, users: dict[int, User], viewer_id: int) -> Json:
    return {
        "emoji": emoji(key),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me": viewer_id in users,
        "me_burst": False,
    }


def _resolved(part: Any, message: Message, key: str = "") -> Any:
    """Embeds and components with the present addresses of their pictures and files."""
    if isinstance(part, list):
        return [_resolved(inner, message) for inner in part]
    if not isinstance(part, dict):
        return part
    if key in ("media", "file", "image", "thumbnail"):
        return part | _medium(part["url"], message)
    resolved = {name: _resolved(value, message, name) for name, value in part.items()}
    if isinstance(resolved.get("file"), dict):
        about = next(
            (a for a in message.attachments if str(a.id) == resolved["file"].get("attachment_id")), None
        )
        resolved |= {"name": about.name, "size": len(about.content)} if about else {}
    return resolved


def _medium(url: str, message: Message) -> Json:
    name = url.removeprefix("attachment://")
    file = next((a for a in message.attachments if name != url and a.name == name), None)
    if file is None:
        return {"id": str(message.id), "proxy_url": url}
    address = message.channel.guild.world.cdn.url(file)
    about = {"content_type": file.content_type, "attachment_id": str(file.id), "loading_state": 2}
    return {"id": str(file.id), "url": address, "proxy_url": address} | about
