"""REST: messages, reactions, pins and typing."""

from dataclasses import replace
from typing import Any

from discord_sandbox.api.rest import Call, Routes
from discord_sandbox.rules.errors import ApiError, BodyErrors, Json
from discord_sandbox.rules.message_flags import SUPPRESS_EMBEDS
from discord_sandbox.rules.message_rules import CREATE_KEYS
from discord_sandbox.world import payloads
from discord_sandbox.world.bodies import check_edit, to_draft
from discord_sandbox.world.clock import iso, moment
from discord_sandbox.world.guild import Channel
from discord_sandbox.world.messages import publish_message
from discord_sandbox.world.model import CATEGORY, Message
from discord_sandbox.world.permissions import Permission

HISTORY = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
MANAGE = Permission.VIEW_CHANNEL | Permission.MANAGE_MESSAGES
PAGE_LIMIT, BULK_LIMIT, BULK_SECONDS = 100, 100, 14 * 86400
MESSAGE_PATH = "/channels/{channel_id}/messages/{message_id}"
UNKNOWN_MESSAGE = 10008
REACTIONS = MESSAGE_PATH + "/reactions"


def routes() -> Routes:
    """The paths of this file."""
    return [
        ("POST", "/channels/{channel_id}/messages", create),
        ("GET", "/channels/{channel_id}/messages", history),
        ("POST", "/channels/{channel_id}/messages/bulk-delete", bulk_delete),
        ("GET", MESSAGE_PATH, get),
        ("PATCH", MESSAGE_PATH, edit),
        ("DELETE", MESSAGE_PATH, delete),
        ("PUT", REACTIONS + "/{emoji_name}/@me", react),
        ("DELETE", REACTIONS + "/{emoji_name}/@me", unreact),
        ("DELETE", REACTIONS + "/{emoji_name}/{user_id}", unreact_other),
        ("DELETE", REACTIONS + "/{emoji_name}", clear_emoji),
        ("DELETE", REACTIONS, clear),
        ("GET", REACTIONS + "/{emoji_name}", reactors),
        ("POST", "/channels/{channel_id}/typing", typing),
        ("GET", "/channels/{channel_id}/messages/pins", pins),
        ("PUT", "/channels/{channel_id}/messages/pins/{message_id}", pin),
        ("DELETE", "/channels/{channel_id}/messages/pins/{message_id}", unpin),
    ]


def create(call: Call) -> Json:
    """Post a message as the bot."""
    if call.id("channel_id") in call.state.world.users:
        # The bot's direct channels carry their user's id here; nobody takes messages from it.
        raise ApiError.known(50007)
    channel = call.channel()
    check_may_write(channel, call)
    messages = call.state.messages
    draft = to_draft(call.body, call.uploads, known=CREATE_KEYS)
    bot = call.state.world.bot
    nonce = call.body.get("nonce")
    if call.body.get("enforce_nonce") and (same := messages.by_nonce(channel, bot, nonce)):
        return payloads.message(same)
    draft = replace(draft, nonce=nonce, reference=_reference(call, channel))
    if channel.archived:
        channel.archive(False)
    return payloads.message(messages.create(channel, bot, draft))


def check_may_write(channel: Channel, call: Call) -> None:
    """Raise 50008, 50013 or 50083 unless the bot may post this body's parts here."""
    if channel.type == CATEGORY:
        raise ApiError.known(50008)
    thread = channel.is_thread
    needed = Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES
    if call.uploads:
        needed |= Permission.ATTACH_FILES
    if call.body.get("embeds"):
        needed |= Permission.EMBED_LINKS
    channel.guild.bot.require(channel, needed)
    if channel.archived and channel.locked:
        raise ApiError.known(50083)


def _reference(call: Call, channel: Channel) -> tuple[int, int] | None:
    reference = call.body.get("message_reference")
    if not reference or not reference.get("message_id"):
        return None
    channel.guild.bot.require(channel, Permission.READ_MESSAGE_HISTORY)
    message_id = int(reference["message_id"])
    original = channel.store.get(message_id)
    if original is not None and original.seen_only_by is None:
        return channel.id, message_id
    if reference.get("fail_if_not_exists", True):
        form = BodyErrors()
        form.add(["message_reference"], "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        form.raise_if_any()
    return None


def history(call: Call) -> list[Json]:
    """A page of a channel's messages, newest first; nothing without the right to read its past."""
    channel = call.channel()
    if not channel.guild.bot.can(channel, Permission.READ_MESSAGE_HISTORY):
        return []
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= PAGE_LIMIT:
        form = BodyErrors()
        form.add(["limit"], "NUMBER_TYPE_MAX", f"int value should be between 1 and {PAGE_LIMIT}.")
        form.raise_if_any()
    seen = [m for m in channel.all_messages if m.seen_only_by is None]
    return [payloads.message_to_bot(m) for m in reversed(_page(seen, call.query, limit))]


def _page(seen: list[Message], query: Any, limit: int) -> list[Message]:
    if "after" in query:
        return [m for m in seen if m.id > int(query["after"])][:limit]
    if "around" in query:
        older = [m for m in seen if m.id <= int(query["around"])][-(limit // 2 + 1) :]
        newer = [m for m in seen if m.id > int(query["around"])][: limit - len(older)]
        return older + newer
    before = int(query["before"]) if "before" in query else None
    return [m for m in seen if before is None or m.id < before][-limit:]


def get(call: Call) -> Json:
    """One message. Raises 503 for one from before the sandbox began, of which it can't say that it was deleted."""
    try:
        return payloads.message_to_bot(call.message(HISTORY))
    except ApiError as error:
        if error.code == UNKNOWN_MESSAGE and moment(call.id("message_id")) < call.state.world.began:
            raise ApiError(
                503, 0, "This was posted in another sandbox, before it was started anew"
            ) from error
        raise


def edit(call: Call) -> Json:
    """Edit the bot's own message; of others' only the suppression of embeds, with the right to manage."""
    message = call.message()
    bot = call.state.world.bot
    if message.author is not bot:
        only_suppresses = set(call.body) == {"flags"} and not call.body["flags"] & ~SUPPRESS_EMBEDS
        if not only_suppresses:
            raise ApiError.known(50005)
        message.channel.guild.bot.require(message.channel, Permission.MANAGE_MESSAGES)
    if message.channel.archived:
        raise ApiError.known(50083)
    files = check_edit(message, call.body, call.uploads)
    call.state.messages.edit(message, call.body, files)
    return payloads.message(message)


def delete(call: Call) -> None:
    """Delete the bot's own message, or anyone's with the right to manage."""
    message = call.message()
    if message.author is not call.state.world.bot:
        message.channel.guild.bot.require(message.channel, Permission.MANAGE_MESSAGES)
    if message.channel.archived:
        raise ApiError.known(50083)
    call.state.messages.delete([message])


def bulk_delete(call: Call) -> None:
    """Delete 2 to 100 messages of the last two weeks; unknown ones are passed over."""
    channel = call.channel(MANAGE)
    ids = {int(id_) for id_ in call.body.get("messages") or ()}
    if not 2 <= len(ids) <= BULK_LIMIT:
        raise ApiError.known(50016)
    now = call.state.world.clock.now()
    if any((now - moment(id_)).total_seconds() > BULK_SECONDS for id_ in ids):
        raise ApiError.known(50034)
    if found := [channel.store[id_] for id_ in ids if id_ in channel.store]:
        call.state.messages.delete(found)


def react(call: Call) -> None:
    """React as the bot; a new emoji needs one right more."""
    message = call.message(HISTORY)
    emoji = call.parameters["emoji_name"]
    if emoji not in message.reactions:
        message.channel.guild.bot.require(message.channel, Permission.ADD_REACTIONS)
    if message.channel.archived:
        raise ApiError.known(50083)
    call.state.messages.react(message, call.state.world.bot, emoji)


def unreact(call: Call) -> None:
    """Take back the bot's reaction."""
    message = call.message(HISTORY)
    call.state.messages.unreact(message, call.state.world.bot, call.parameters["emoji_name"])


def unreact_other(call: Call) -> None:
    """Take away somebody's reaction."""
    message = call.message(MANAGE)
    user = call.state.world.users.get(call.id("user_id"))
    if user is None:
        raise ApiError.known(10013)
    call.state.messages.unreact(message, user, call.parameters["emoji_name"])


def clear(call: Call) -> None:
    """Take away all reactions."""
    call.state.messages.clear(call.message(MANAGE))


def clear_emoji(call: Call) -> None:
    """Take away all reactions with one emoji."""
    call.state.messages.clear(call.message(MANAGE), call.parameters["emoji_name"])


def reactors(call: Call) -> list[Json]:
    """Who reacted with an emoji, by id; nobody did with a super reaction."""
    message = call.message(HISTORY)
    if call.query.get("type") == "1":
        return []
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 25))
    users = message.reactions.get(call.parameters["emoji_name"], {})
    return [payloads.user(users[id_]) for id_ in sorted(users) if id_ > after][:limit]


def typing(call: Call) -> None:
    """Show that the bot is typing."""
    call.channel(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)


def pins(call: Call) -> Json:
    """The pinned messages, newest first."""
    pinned = [m for m in call.channel(HISTORY).all_messages if m.pinned]
    items = [{"pinned_at": iso(m.at), "message": payloads.message_to_bot(m)} for m in reversed(pinned)]
    return {"items": items, "has_more": False}


def pin(call: Call) -> None:
    """Pin a message."""
    _set_pinned(call, True)


def unpin(call: Call) -> None:
    """Unpin a message."""
    _set_pinned(call, False)


def _set_pinned(call: Call, pinned: bool) -> None:
    message = call.message()
    bot = message.channel.guild.bot
    if not bot.can(message.channel, Permission.MANAGE_MESSAGES):
        bot.require(message.channel, Permission.PIN_MESSAGES)
    message.pinned = pinned
    publish_message("MESSAGE_UPDATE", message)
