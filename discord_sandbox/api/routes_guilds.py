"""REST: guilds, their channels, threads, roles and members."""

from discord_sandbox.api.rest import Call, Created, Routes
from discord_sandbox.rules.errors import ApiError, BodyErrors, Json
from discord_sandbox.world import guild_payloads, payloads
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.messages import publish_message
from discord_sandbox.world.permissions import Permission

VIEW = Permission.VIEW_CHANNEL


def routes() -> Routes:
    """The paths of this file."""
    return [
        ("GET", "/guilds/{guild_id}", guild),
        ("GET", "/guilds/{guild_id}/channels", channels),
        ("GET", "/guilds/{guild_id}/roles", roles),
        ("GET", "/guilds/{guild_id}/threads/active", active_threads),
        ("GET", "/guilds/{guild_id}/members", members),
        ("GET", "/guilds/{guild_id}/members/{user_id}", member),
        ("GET", "/channels/{channel_id}", channel),
        ("DELETE", "/channels/{channel_id}", delete_channel),
        ("POST", "/channels/{channel_id}/threads", start_thread),
        ("POST", "/channels/{channel_id}/messages/{message_id}/threads", start_thread_from_message),
        ("PUT", "/channels/{channel_id}/thread-members/@me", join_thread),
    ]


def _guild(call: Call) -> SandboxGuild:
    found = call.state.guilds.get(call.id("guild_id"))
    if found is None:
        raise ApiError.known(10004)
    return found


def guild(call: Call) -> Json:
    """A guild."""
    found = _guild(call)
    counts = {"approximate_member_count": len(found.members), "approximate_presence_count": 1}
    return guild_payloads.guild(found) | (counts if call.query.get("with_counts") in ("1", "true") else {})


def channels(call: Call) -> list[Json]:
    """Its channels."""
    return [payloads.channel(c) for c in _guild(call).channels.values() if not c.is_thread]


def roles(call: Call) -> list[Json]:
    """Its roles."""
    return [payloads.role(r) for r in _guild(call).roles.values()]


def active_threads(call: Call) -> Json:
    """Its open threads that the bot can see."""
    found = _guild(call)
    threads = [c for c in found.channels.values() if c.is_thread and not c.archived and found.bot.can_see(c)]
    joined = [payloads.thread_member(c, found.bot.id) for c in threads if found.bot.id in c.joined]
    return {"threads": [payloads.channel(c) for c in threads], "members": joined, "has_more": False}


def members(call: Call) -> list[Json]:
    """Its members, for applications with the members intent. Raises 50001 otherwise."""
    found = _guild(call)
    if not call.state.world.granted.members:
        raise ApiError.known(50001)
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 1))
    listed = [found.members[id_] for id_ in sorted(found.members) if id_ > after]
    return [payloads.member(m) for m in listed[:limit]]


def member(call: Call) -> Json:
    """One member; this needs no intent."""
    found = _guild(call)
    user_id = call.id("user_id")
    if user_id in found.members:
        return payloads.member(found.members[user_id])
    raise ApiError.known(10007 if user_id in call.state.world.users else 10013)


def channel(call: Call) -> Json:
    """One channel or thread."""
    return payloads.channel(call.channel())


def delete_channel(call: Call) -> Json:
    """Delete a channel or thread."""
    found = call.channel_unchecked()
    needed = Permission.MANAGE_THREADS if found.is_thread else Permission.MANAGE_CHANNELS
    found = call.channel(VIEW | needed)
    data = payloads.channel(found)
    found.delete()
    return data


def _named(call: Call) -> str:
    name: str = call.body.get("name") or ""
    form = BodyErrors()
    form.too_long(["name"], name, 100, 1)
    form.raise_if_any()
    return name


def start_thread(call: Call) -> Json:
    """Open a thread of its own."""
    parent = call.channel(VIEW | Permission.CREATE_PUBLIC_THREADS)
    _check_can_hold_threads(parent)
    private = call.body.get("type") == 12
    return Created(payloads.channel(parent.guild.add_thread(parent, _named(call), private=private)))


def start_thread_from_message(call: Call) -> Json:
    """Open a thread from a message, whose id it takes. Raises 160004 for a second one."""
    message = call.message(VIEW | Permission.CREATE_PUBLIC_THREADS)
    parent = call.channel()
    _check_can_hold_threads(parent)
    if message.thread:
        raise ApiError.known(160004)
    message.thread = parent.guild.add_thread(parent, _named(call), thread_id=message.id)
    publish_message("MESSAGE_UPDATE", message)
    return Created(payloads.channel(message.thread))


def _check_can_hold_threads(parent: Channel) -> None:
    if parent.is_thread:
        raise ApiError.known(50024)


def join_thread(call: Call) -> None:
    """Join a thread."""
    thread = call.channel()
    if thread.archived:
        raise ApiError.known(50083)
    thread.joined.setdefault(thread.guild.bot.id, call.state.world.clock.now())
