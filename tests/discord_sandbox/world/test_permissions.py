"""Who may do what where: 50001 and 50013, and what depends on who wrote a message."""

import io
from typing import Any

import pytest

from discord_sandbox import ApiError, Permission, Sandbox
from tests.discord_sandbox.client import Raw

UP = "%F0%9F%91%8D"
DENIED: dict[str, tuple[Permission, str, str, Any]] = {
    "post": (Permission.SEND_MESSAGES, "POST", "/messages", {"content": "a"}),
    "typing": (Permission.SEND_MESSAGES, "POST", "/typing", None),
    "embed": (Permission.EMBED_LINKS, "POST", "/messages", {"embeds": [{"title": "a"}]}),
    "react": (Permission.ADD_REACTIONS, "PUT", f"/messages/MESSAGE/reactions/{UP}/@me", None),
    "react without history": (
        Permission.READ_MESSAGE_HISTORY,
        "PUT",
        f"/messages/MESSAGE/reactions/{UP}/@me",
        None,
    ),
    "read one": (Permission.READ_MESSAGE_HISTORY, "GET", "/messages/MESSAGE", None),
    "reply": (
        Permission.READ_MESSAGE_HISTORY,
        "POST",
        "/messages",
        {"content": "a", "message_reference": {"message_id": "MESSAGE"}},
    ),
    "delete another's": (Permission.MANAGE_MESSAGES, "DELETE", "/messages/MESSAGE", None),
    "clear reactions": (Permission.MANAGE_MESSAGES, "DELETE", "/messages/MESSAGE/reactions", None),
    "pin": (Permission.MANAGE_MESSAGES, "PUT", "/messages/pins/MESSAGE", None),
    "open a thread": (
        Permission.CREATE_PUBLIC_THREADS,
        "POST",
        "/messages/MESSAGE/threads",
        {"name": "a"},
    ),
    "delete the channel": (Permission.MANAGE_CHANNELS, "DELETE", "", None),
}


@pytest.mark.parametrize("name", DENIED)
async def test_missing_permission(sandbox: Sandbox, raw: Raw, name: str) -> None:
    denied, method, path, body = DENIED[name]
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    posted = await guild.add_member("Ann").post(music, "hello")
    music.set_overwrite(guild.everyone, deny=denied)
    if body and "message_reference" in body:
        body = body | {"message_reference": {"message_id": posted["id"]}}
    path = f"/channels/{music.id}{path}".replace("MESSAGE", posted["id"])
    status, answer = await raw(method, path, body)
    assert (status, answer["code"]) == (403, 50013)
    music.set_overwrite(guild.bot, allow=denied)
    status, answer = await raw(method, path, body)
    assert status in (200, 201, 204)


async def test_files_need_a_permission(sandbox: Sandbox, raw: Raw) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    music.set_overwrite(guild.bot, deny=Permission.ATTACH_FILES)
    status, answer = await raw("POST", f"/channels/{music.id}/messages", data={"files[0]": io.BytesIO(b"x")})
    assert (status, answer["code"]) == (403, 50013)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/messages"),
        ("POST", "/messages"),
        ("GET", "/messages/MESSAGE"),
        ("PUT", f"/messages/MESSAGE/reactions/{UP}/@me"),
    ],
)
async def test_missing_access(sandbox: Sandbox, raw: Raw, method: str, path: str) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    posted = await guild.add_member("Ann").post(music, "hello")
    music.set_overwrite(guild.everyone, deny=Permission.VIEW_CHANNEL)
    body = {"content": "a"} if method == "POST" else None
    path = f"/channels/{music.id}{path}".replace("MESSAGE", posted["id"])
    status, answer = await raw(method, path, body)
    assert (status, answer["code"]) == (403, 50001)


async def test_history_is_empty_without_the_right_to_read_it(sandbox: Sandbox, raw: Raw) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    await guild.add_member("Ann").post(music, "hello")
    music.set_overwrite(guild.everyone, deny=Permission.READ_MESSAGE_HISTORY)
    assert await raw("GET", f"/channels/{music.id}/messages") == (200, [])


async def test_only_ones_own_messages_can_be_edited(sandbox: Sandbox, raw: Raw) -> None:
    guild = sandbox.add_guild("Club", bot_permissions=Permission.MANAGE_MESSAGES)
    music = guild.add_channel("music")
    posted = await guild.add_member("Ann").post(music, "hello")
    path = f"/channels/{music.id}/messages/{posted['id']}"
    status, answer = await raw("PATCH", path, {"content": "mine now"})
    assert (status, answer["code"]) == (403, 50005)
    assert (await raw("PATCH", path, {"flags": 4}))[0] == 200


async def test_an_admin_may_do_everything_and_member_overwrites_win(sandbox: Sandbox) -> None:
    guild = sandbox.add_guild("Club")
    hidden = guild.add_channel("hidden", private_to=[])
    admin = guild.add_member("Admin", roles=[guild.add_role("Admins", permissions=Permission.ADMINISTRATOR)])
    ann = guild.add_member("Ann")
    assert admin.can(hidden, Permission.MANAGE_CHANNELS)
    assert not ann.can_see(hidden)
    hidden.set_overwrite(ann, allow=Permission.VIEW_CHANNEL)
    assert ann.can_see(hidden)


async def test_a_role_that_allows_wins_over_one_that_denies(sandbox: Sandbox) -> None:
    guild = sandbox.add_guild("Club")
    one, two = guild.add_role("One"), guild.add_role("Two")
    view = Permission.VIEW_CHANNEL
    channel = guild.add_channel("a", overwrites={guild.everyone: (0, view), one: (0, view), two: (view, 0)})
    assert not guild.add_member("Ann", roles=[one]).can_see(channel)
    assert guild.add_member("Bob", roles=[one, two]).can_see(channel)


async def test_a_private_thread_is_for_those_who_joined(sandbox: Sandbox) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    ann, bob = guild.add_member("Ann"), guild.add_member("Bob")
    thread = guild.add_thread(music, "secret", owner=ann, private=True)
    assert ann.can_see(thread)
    assert not bob.can_see(thread)


async def test_a_thread_has_its_parents_overwrites_and_its_own_right_to_write(
    sandbox: Sandbox, raw: Raw
) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    thread = guild.add_thread(music, "later", owner=guild.add_member("Ann"))
    music.set_overwrite(guild.everyone, deny=Permission.SEND_MESSAGES_IN_THREADS)
    assert (await raw("POST", f"/channels/{thread.id}/messages", {"content": "a"}))[1]["code"] == 50013
    music.set_overwrite(guild.everyone, deny=Permission.SEND_MESSAGES)
    assert (await raw("POST", f"/channels/{thread.id}/messages", {"content": "a"}))[0] == 200


async def test_members_meet_the_same_refusals(sandbox: Sandbox) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    ann, bob = guild.add_member("Ann"), guild.add_member("Bob")
    posted = await ann.post(music, "hello")
    for attempt in (bob.edit(posted, "mine"), bob.delete(posted), bob.clear_reactions(posted)):
        with pytest.raises(ApiError, match=r"50005|50013"):
            await attempt
    music.set_overwrite(bob, deny=Permission.SEND_MESSAGES | Permission.ADD_REACTIONS)
    for attempt in (bob.post(music, "hi"), bob.react(posted, "👍")):
        with pytest.raises(ApiError, match="50013"):
            await attempt
    music.set_overwrite(bob, deny=Permission.VIEW_CHANNEL)
    with pytest.raises(ApiError, match="50001"):
        await bob.post(music, "hi")
