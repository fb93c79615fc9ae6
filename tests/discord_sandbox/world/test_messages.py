"""Messages over REST: pages, reactions, nonces, mentions, deletions, threads, unknown things."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_sandbox import ApiError, Sandbox, SandboxMember
from discord_sandbox.world.guild import Channel
from discord_sandbox.world.model import CATEGORY
from tests.discord_sandbox.client import Raw

UP, DOWN = "%F0%9F%91%8D", "%F0%9F%91%8E"


@pytest.fixture
def music(sandbox: Sandbox) -> Channel:
    return sandbox.add_guild("Club").add_channel("music")


@pytest.fixture
def ann(music: Channel) -> SandboxMember:
    return music.guild.add_member("Ann")


async def test_pages_of_history(sandbox: Sandbox, music: Channel, ann: SandboxMember, raw: Raw) -> None:
    sandbox.grant(message_content=True)
    ids = [(await ann.post(music, str(n)))["id"] for n in range(6)]
    path = f"/channels/{music.id}/messages"

    async def page(query: str) -> str:
        return "".join(m["content"] for m in (await raw("GET", f"{path}?{query}"))[1])

    assert await page("limit=100") == "543210"
    assert await page("limit=2") == "54"
    assert await page(f"limit=2&before={ids[3]}") == "21"
    assert await page(f"limit=2&after={ids[1]}") == "32"
    assert await page(f"limit=3&around={ids[2]}") == "321"
    assert (await raw("GET", f"{path}?limit=101"))[1]["code"] == 50035


async def test_a_message_can_be_dated_back(music: Channel, ann: SandboxMember) -> None:
    past = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    await ann.post(music, "now")
    await ann.post(music, "then", at=past)
    assert [m["content"] for m in music.messages] == ["then", "now"]
    assert datetime.fromisoformat(music.messages[0]["timestamp"]) == past


async def test_the_clock_can_be_moved(sandbox: Sandbox, music: Channel, ann: SandboxMember) -> None:
    sandbox.clock.travel(timedelta(days=-7))
    posted = await ann.post(music, "a week ago")
    age = datetime.now(UTC) - datetime.fromisoformat(posted["timestamp"])
    assert age > timedelta(days=6, hours=23)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/channels/1/messages/1", 10003),
        ("/channels/MUSIC/messages/MUSIC", 10008),
        ("/channels/MUSIC/messages/abc", 50035),
        ("/guilds/1", 10004),
        ("/guilds/CLUB/members/1", 10013),
        ("/users/1", 10013),
        ("/nowhere", 0),
    ],
)
async def test_unknown_things(music: Channel, raw: Raw, path: str, code: int) -> None:
    path = path.replace("MUSIC", str(music.id)).replace("CLUB", str(music.guild.id))
    status, answer = await raw("GET", path)
    assert answer["code"] == code
    assert status == (400 if code == 50035 else 404)


async def test_of_messages_in_an_earlier_sandbox_nothing_is_said(music: Channel, raw: Raw) -> None:
    assert (await raw("GET", f"/channels/{music.id}/messages/1"))[0] == 503


async def test_a_user_who_is_no_member(sandbox: Sandbox, music: Channel, raw: Raw) -> None:
    stranger = sandbox.add_guild("Elsewhere").add_member("Zed")
    assert (await raw("GET", f"/guilds/{music.guild.id}/members/{stranger.id}"))[1]["code"] == 10007


async def test_a_deleted_channel_is_unknown_and_takes_its_threads(music: Channel, raw: Raw) -> None:
    thread = music.guild.add_thread(music, "later")
    music.delete()
    for channel in (music, thread):
        assert (await raw("GET", f"/channels/{channel.id}"))[1]["code"] == 10003


async def test_reactions(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    posted = await ann.post(music, "hello")
    path = f"/channels/{music.id}/messages/{posted['id']}/reactions"
    for _ in range(2):
        assert (await raw("PUT", f"{path}/{UP}/@me"))[0] == 204
    await ann.react(posted, "👍")
    [reaction] = music.messages[0]["reactions"]
    assert (reaction["count"], reaction["me"]) == (2, True)
    users = (await raw("GET", f"{path}/{UP}"))[1]
    assert {user["id"] for user in users} == {str(ann.id), str(music.guild.bot.id)}
    assert (await raw("DELETE", f"{path}/{UP}/@me"))[0] == 204
    assert (await raw("DELETE", f"{path}/{UP}/@me"))[1]["code"] == 10014
    assert music.reactions(posted) == {"👍": ["Ann"]}
    await ann.unreact(posted, "👍")
    assert "reactions" not in music.messages[0]


async def test_what_is_no_emoji(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    posted = await ann.post(music, "hello")
    path = f"/channels/{music.id}/messages/{posted['id']}/reactions"
    for emoji in ("up", "9", "custom:123"):
        assert (await raw("PUT", f"{path}/{emoji}/@me"))[1]["code"] == 10014


async def test_a_21st_reaction_is_refused(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    posted = await ann.post(music, "hello")
    for number in range(20):
        await ann.react(posted, chr(0x1F600 + number))
    path = f"/channels/{music.id}/messages/{posted['id']}/reactions/{UP}/@me"
    assert (await raw("PUT", path))[1]["code"] == 30010
    with pytest.raises(ApiError, match="30010"):
        await ann.react(posted, "👍")


async def test_an_enforced_nonce_makes_a_retry_harmless(music: Channel, raw: Raw) -> None:
    path = f"/channels/{music.id}/messages"
    body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    first = (await raw("POST", path, body))[1]
    assert (await raw("POST", path, body))[1]["id"] == first["id"]
    assert len(music.messages) == 1
    await raw("POST", path, {"content": "again", "nonce": "n1"})
    assert len(music.messages) == 2


async def test_mentions_follow_what_is_allowed(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    posted = await ann.post(music, "hello")
    path = f"/channels/{music.id}/messages"
    reply = {"message_reference": {"message_id": posted["id"]}}

    async def mentioned(**body: Any) -> list[str]:
        return [user["id"] for user in (await raw("POST", path, body))[1]["mentions"]]

    assert await mentioned(content=ann.mention) == [str(ann.id)]
    assert await mentioned(content=ann.mention, allowed_mentions={"parse": []}) == []
    assert await mentioned(content=ann.mention, allowed_mentions={"users": [str(ann.id)]}) == [str(ann.id)]
    assert await mentioned(content="a", **reply) == [str(ann.id)]
    assert await mentioned(content="a", allowed_mentions={"parse": ["users"]}, **reply) == []


async def test_a_reply_to_nothing(music: Channel, raw: Raw) -> None:
    path = f"/channels/{music.id}/messages"
    reference: dict[str, Any] = {"message_id": "1"}
    status, answer = await raw("POST", path, {"content": "a", "message_reference": reference})
    assert (status, list(answer["errors"])) == (400, ["message_reference"])
    reference = {"message_id": "1", "fail_if_not_exists": False}
    assert (await raw("POST", path, {"content": "a", "message_reference": reference}))[0] == 200


async def test_a_reply_outlives_what_it_answers(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    posted = await ann.post(music, "hello")
    body = {"content": "a", "message_reference": {"message_id": posted["id"]}}
    reply = (await raw("POST", f"/channels/{music.id}/messages", body))[1]
    assert reply["referenced_message"]["content"] == "hello"
    await ann.delete(posted)
    assert music.messages[0]["referenced_message"] is None


async def test_bulk_deletion(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    music.set_overwrite(music.guild.bot, allow=1 << 13)
    path = f"/channels/{music.id}/messages/bulk-delete"
    ids = [(await ann.post(music, str(n)))["id"] for n in range(3)]
    assert (await raw("POST", path, {"messages": ids[:1]}))[1]["code"] in (50016, 50035)
    assert (await raw("POST", path, {"messages": ids[:2]}))[0] == 204
    assert [m["id"] for m in music.messages] == ids[2:]
    old = await ann.post(music, "old", at=datetime.now(UTC) - timedelta(days=15))
    assert (await raw("POST", path, {"messages": [old["id"], ids[2]]}))[1]["code"] == 50034


async def test_an_archived_thread(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    thread = music.guild.add_thread(music, "later", owner=ann)
    path = f"/channels/{thread.id}/messages"
    sent = (await raw("POST", path, {"content": "a"}))[1]
    thread.archive()
    assert (await raw("PATCH", f"{path}/{sent['id']}", {"content": "b"}))[1]["code"] == 50083
    assert (await raw("PUT", f"{path}/{sent['id']}/reactions/{UP}/@me"))[1]["code"] == 50083
    assert (await raw("DELETE", f"{path}/{sent['id']}"))[1]["code"] == 50083
    thread.locked = True
    assert (await raw("POST", path, {"content": "a"}))[1]["code"] == 50083
    thread.locked = False
    assert (await raw("POST", path, {"content": "wakes it"}))[0] == 200
    assert not thread.archived


async def test_a_thread_from_a_message(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    posted = await ann.post(music, "hello")
    path = f"/channels/{music.id}/messages/{posted['id']}/threads"
    thread = (await raw("POST", path, {"name": "more"}))[1]
    assert (thread["id"], thread["parent_id"]) == (posted["id"], str(music.id))
    assert (await raw("POST", path, {"name": "more"}))[1]["code"] == 160004


async def test_nobody_takes_direct_messages(ann: SandboxMember, raw: Raw) -> None:
    direct = (await raw("POST", "/users/@me/channels", {"recipient_id": str(ann.id)}))[1]
    status, answer = await raw("POST", f"/channels/{direct['id']}/messages", {"content": "psst"})
    assert (status, answer["code"]) == (403, 50007)


async def test_a_category_takes_no_messages(music: Channel, raw: Raw) -> None:
    category = music.guild.add_channel("things", type=CATEGORY)
    assert (await raw("POST", f"/channels/{category.id}/messages", {"content": "a"}))[1]["code"] == 50008


async def test_files_of_a_message_by_multipart(music: Channel, raw: Raw) -> None:
    path = f"/channels/{music.id}/messages"
    about = '{"content": "a", "attachments": [{"id": 0, "filename": "a b.txt", "description": "d"}]}'
    form = {"payload_json": about, "files[0]": io.BytesIO(b"x")}
    sent = (await raw("POST", path, data=form))[1]
    [file] = sent["attachments"]
    assert (file["filename"], file["title"], file["description"], file["size"]) == ("a_b.txt", "a b", "d", 1)
    kept = {"attachments": [{"id": file["id"]}], "content": "b"}
    edited = (await raw("PATCH", f"{path}/{sent['id']}", kept))[1]
    assert [a["id"] for a in edited["attachments"]] == [file["id"]]
    edited = (await raw("PATCH", f"{path}/{sent['id']}", {"attachments": []}))[1]
    assert edited["attachments"] == []


async def test_pins(music: Channel, ann: SandboxMember, raw: Raw) -> None:
    music.set_overwrite(music.guild.bot, allow=1 << 51)
    posted = await ann.post(music, "hello")
    pin = f"/channels/{music.id}/messages/pins/{posted['id']}"
    assert (await raw("PUT", pin))[0] == 204
    pins = (await raw("GET", f"/channels/{music.id}/messages/pins"))[1]
    assert [item["message"]["id"] for item in pins["items"]] == [posted["id"]]
    assert (await raw("DELETE", pin))[0] == 204
    assert not music.messages[0]["pinned"]


async def test_a_stranger_is_unauthorised(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.token = "changed"
    raw_with_old_token = raw.session.get(
        sandbox.api_base + "/users/@me", headers={"Authorization": "Bot old"}
    )
    async with raw_with_old_token as answer:
        assert (answer.status, (await answer.json())["message"]) == (401, "401: Unauthorized")


async def test_every_answer_has_what_discord_py_reads(raw: Raw, sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bot {sandbox.token}"}
    async with raw.session.get(sandbox.api_base + "/users/@me", headers=headers) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Via"]
        for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket"):
            assert answer.headers[f"X-RateLimit-{name}"]
