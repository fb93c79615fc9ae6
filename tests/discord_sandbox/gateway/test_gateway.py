"""The gateway: identifying, heartbeats, resuming, what is told to whom; by hand and with discord.py."""

import asyncio
import json
import zlib
from typing import Any

import aiohttp
import discord
import pytest

from discord_sandbox import Permission, Sandbox
from tests.discord_sandbox.client import Client, Raw, connected

GUILDS, MESSAGES, REACTIONS, CONTENT = 1, 1 << 9, 1 << 10, 1 << 15


class Socket:
    """A gateway client by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, operation: int, data: Any) -> None:
        await self.socket.send_json({"op": operation, "d": data})

    async def receive(self, name: str | None = None) -> dict[str, Any]:
        """The next frame, or the next event of that name."""
        async with asyncio.timeout(5):
            while True:
                frame = json.loads(await self.socket.receive_str())
                if name in (None, frame["t"] if frame["op"] == 0 else frame["op"]):
                    return frame

    async def close_code(self) -> int | None:
        async with asyncio.timeout(5):
            async for _ in self.socket:
                pass
        return self.socket.close_code

    async def identify(
        self, sandbox: Sandbox, intents: int = GUILDS | MESSAGES, **more: Any
    ) -> dict[str, Any]:
        await self.send(2, {"token": sandbox.token, "intents": intents, "properties": {}, **more})
        return (await self.receive("READY"))["d"]


@pytest.fixture
async def connect(sandbox: Sandbox, raw: Raw) -> Any:
    async def opened(query: str = "v=10&encoding=json") -> Socket:
        return Socket(await raw.session.ws_connect(f"{sandbox.gateway_url}?{query}"))

    return opened


async def test_hello_heartbeat_and_ready(sandbox: Sandbox, connect: Any) -> None:
    guild = sandbox.add_guild("Club")
    socket = await connect()
    assert (await socket.receive())["d"] == {"heartbeat_interval": 41250}
    await socket.send(1, None)
    assert (await socket.receive())["op"] == 11
    ready = await socket.identify(sandbox)
    assert ready["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    assert ready["resume_gateway_url"] == sandbox.gateway_url
    assert ready["application"]["id"] == str(sandbox.bot.id)
    assert "shard" not in ready
    assert [beat.late for beat in sandbox.heartbeats] == [0.0]


IDENTIFY = {"intents": GUILDS, "properties": {}}


@pytest.mark.parametrize(
    ("operation", "data", "code"),
    [
        (2, {**IDENTIFY, "token": "wrong"}, 4004),
        (2, {**IDENTIFY, "intents": GUILDS | CONTENT}, 4014),
        (2, {**IDENTIFY, "intents": GUILDS | 1 << 1}, 4014),
        (2, {**IDENTIFY, "intents": 1 << 30}, 4013),
        (2, {"properties": {}}, 4013),
        (2, {**IDENTIFY, "shard": [2, 2]}, 4010),
        (6, {"token": "wrong", "session_id": "a", "seq": 1}, 4004),
        (3, {}, 4003),
        (8, {}, 4003),
    ],
)
async def test_refused(sandbox: Sandbox, connect: Any, operation: int, data: Any, code: int) -> None:
    socket = await connect()
    await socket.send(operation, {"token": sandbox.token} | data)
    assert await socket.close_code() == code
    assert sandbox.gateway.closed_with == [code]


async def test_refused_after_identifying(sandbox: Sandbox, connect: Any) -> None:
    for operation, code in ((2, 4005), (6, 4005), (77, 4001)):
        socket = await connect()
        await socket.identify(sandbox)
        await socket.send(operation, {**IDENTIFY, "token": sandbox.token})
        assert await socket.close_code() == code
    socket = await connect()
    await socket.socket.send_str("no json")
    assert await socket.close_code() == 4002
    assert await (await connect("v=9")).close_code() == 4012


async def test_a_granted_intent_is_taken(sandbox: Sandbox, connect: Any) -> None:
    sandbox.grant(message_content=True, members=True)
    socket = await connect()
    ready = await socket.identify(sandbox, GUILDS | CONTENT | 1 << 1)
    assert ready["application"]["flags"] == 1 << 18 | 1 << 14


async def test_a_guild_is_introduced_without_its_members(sandbox: Sandbox, connect: Any) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    thread = guild.add_thread(music, "open")
    guild.add_thread(music, "old").archive()
    guild.add_thread(music, "secret", owner=guild.add_member("Ann"), private=True)
    socket = await connect()
    await socket.identify(sandbox)
    created = (await socket.receive("GUILD_CREATE"))["d"]
    assert [m["user"]["id"] for m in created["members"]] == [str(sandbox.bot.id)]
    assert [c["id"] for c in created["channels"]] == [str(music.id)]
    assert [t["id"] for t in created["threads"]] == [str(thread.id)]
    assert created["member_count"] == 2
    sandbox.grant(members=True)
    other = await connect()
    await other.identify(sandbox, GUILDS | 1 << 1)
    assert len((await other.receive("GUILD_CREATE"))["d"]["members"]) == 2


async def test_message_content_is_hidden_without_its_intent(sandbox: Sandbox, connect: Any, raw: Raw) -> None:
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    socket = await connect()
    await socket.identify(sandbox)

    async def told() -> tuple[str, int]:
        data = (await socket.receive("MESSAGE_CREATE"))["d"]
        return data["content"], len(data["attachments"])

    await ann.post(music, "secret", files=[("a.mp3", b"x", "audio/mpeg")])
    assert await told() == ("", 0)
    await ann.post(music, f"hello {sandbox.bot.mention}", files=[("a.mp3", b"x", "audio/mpeg")])
    assert await told() == (f"hello {sandbox.bot.mention}", 1)
    await raw("POST", f"/channels/{music.id}/messages", {"content": "mine"})
    assert await told() == ("mine", 0)


async def test_message_content_is_hidden_over_rest_without_its_grant(sandbox: Sandbox, raw: Raw) -> None:
    guild = sandbox.add_guild("Club", bot_permissions=Permission.MANAGE_MESSAGES)
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    secret = await ann.post(music, "secret", files=[("a.mp3", b"x", "audio/mpeg")])
    await ann.post(music, f"hello {sandbox.bot.mention}")
    await raw("POST", f"/channels/{music.id}/messages", {"content": "mine"})
    await raw("PUT", f"/channels/{music.id}/messages/pins/{secret['id']}")

    async def readable() -> tuple[Any, ...]:
        _, one = await raw("GET", f"/channels/{music.id}/messages/{secret['id']}")
        _, read = await raw("GET", f"/channels/{music.id}/messages")
        _, pinned = await raw("GET", f"/channels/{music.id}/messages/pins")
        [pin] = pinned["items"]
        said = [each["content"] for each in read if each["type"] == 0]  # that it was pinned is said too
        return one["content"], said, pin["message"]["content"], len(one["attachments"])

    greeting = f"hello {sandbox.bot.mention}"
    assert await readable() == ("", ["mine", greeting, ""], "", 0)
    sandbox.grant(message_content=True)
    assert await readable() == ("secret", ["mine", greeting, "secret"], "secret", 1)


async def test_only_what_was_asked_for_is_told(sandbox: Sandbox, connect: Any) -> None:
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    socket = await connect()
    await socket.identify(sandbox, GUILDS | REACTIONS)
    posted = await ann.post(music, "hello")
    guild.add_member("Bob")
    await ann.react(posted, "👍")
    events = []
    while "MESSAGE_REACTION_ADD" not in events:
        events.append((await socket.receive())["t"])
    assert "MESSAGE_CREATE" not in events
    assert "GUILD_MEMBER_ADD" not in events


async def test_nothing_is_told_of_a_channel_that_the_bot_does_not_see(sandbox: Sandbox, connect: Any) -> None:
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    socket = await connect()
    await socket.identify(sandbox)
    music.set_overwrite(guild.bot, deny=Permission.VIEW_CHANNEL)
    await ann.post(music, "unseen")
    update = await socket.receive("CHANNEL_UPDATE")
    assert update["d"]["permission_overwrites"][0]["deny"] == str(1 << 10)
    music.set_overwrite(guild.bot)
    await ann.post(music, "seen")
    assert (await socket.receive("MESSAGE_CREATE"))["d"]["id"] == music.messages[1]["id"]


async def test_a_session_is_resumed_with_what_it_missed(sandbox: Sandbox, connect: Any) -> None:
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    socket = await connect()
    ready = await socket.identify(sandbox)
    seen = (await socket.receive("GUILD_CREATE"))["s"]
    sandbox.drop_gateway()
    await sandbox.wait_for(lambda: not sandbox.gateway.connected)
    await ann.post(music, "missed")
    again = await connect()
    await again.send(6, {"token": sandbox.token, "session_id": ready["session_id"], "seq": seen})
    missed = await again.receive("MESSAGE_CREATE")
    assert (missed["s"], missed["d"]["id"]) == (seen + 1, music.messages[0]["id"])
    assert (await again.receive("RESUMED"))["s"] == seen + 2


async def test_an_invalid_session_is_not_resumed(sandbox: Sandbox, connect: Any) -> None:
    socket = await connect()
    ready = await socket.identify(sandbox)
    sandbox.drop_gateway(resumable=False)
    await sandbox.wait_for(lambda: not sandbox.gateway.connected)
    again = await connect()
    await again.send(6, {"token": sandbox.token, "session_id": ready["session_id"], "seq": 1})
    assert (await again.receive(9))["d"] is False


async def test_shards_share_the_guilds(sandbox: Sandbox, connect: Any) -> None:
    guilds = {str(sandbox.add_guild(f"Club {n}").id) for n in range(8)}
    shards = []
    for number in range(2):
        ready = await (await connect()).identify(sandbox, shard=[number, 2])
        assert ready["shard"] == [number, 2]
        shards.append({guild["id"] for guild in ready["guilds"]})
    assert shards[0] and shards[1]
    assert shards[0] | shards[1] == guilds
    assert not shards[0] & shards[1]


async def test_a_compressed_stream(sandbox: Sandbox, raw: Raw) -> None:
    inflate = zlib.decompressobj()
    url = sandbox.gateway_url + "?v=10&encoding=json&compress=zlib-stream"
    async with raw.session.ws_connect(url) as socket:
        for operation in (10, 11):
            frame = await socket.receive_bytes()
            assert frame.endswith(b"\x00\x00\xff\xff")
            assert json.loads(inflate.decompress(frame))["op"] == operation
            await socket.send_json({"op": 1, "d": None})


async def test_members_are_sent_on_request(sandbox: Sandbox, connect: Any) -> None:
    guild = sandbox.add_guild("Club")
    ann = guild.add_member("Ann")
    guild.add_member("Bob")
    socket = await connect()
    await socket.identify(sandbox)
    for wanted in ({"user_ids": [str(ann.id)]}, {"query": "an", "limit": 5}):
        await socket.send(8, {"guild_id": str(guild.id), "nonce": "n", "limit": 0, **wanted})
        chunk = (await socket.receive("GUILD_MEMBERS_CHUNK"))["d"]
        assert [m["user"]["id"] for m in chunk["members"]] == [str(ann.id)]
        assert chunk["nonce"] == "n"


async def test_a_late_heartbeat_is_noted(connect: Any, sandbox: Sandbox) -> None:
    sandbox.gateway._heartbeat_seconds = 0.05
    socket = await connect()
    await socket.send(1, None)
    await asyncio.sleep(0.2)
    await socket.send(1, None)
    await sandbox.wait_for(lambda: len(sandbox.heartbeats) == 2)
    assert sandbox.heartbeats[1].late > 0.1


async def test_what_an_admin_changes_is_told(sandbox: Sandbox, client: Client) -> None:
    guild = sandbox.add_guild("Club")
    await sandbox.wait_for(lambda: client.get_guild(guild.id))
    known = client.get_guild(guild.id)
    music = guild.add_channel("music", topic="songs")
    await sandbox.wait_for(lambda: known.get_channel(music.id))
    assert known.get_channel(music.id).permissions_for(known.me).send_messages
    guild.everyone.set_permissions(Permission.VIEW_CHANNEL)
    await sandbox.wait_for(lambda: not known.get_channel(music.id).permissions_for(known.me).send_messages)
    role = guild.add_role("Mods", colour=0xFF0000)
    await sandbox.wait_for(lambda: known.get_role(role.id))
    thread = guild.add_thread(music, "later")
    await sandbox.wait_for(lambda: known.get_thread(thread.id))
    thread.archive()
    await sandbox.wait_for(lambda: client.events("thread_update"))
    music.delete()
    await sandbox.wait_for(lambda: not known.get_channel(music.id))
    assert known.get_thread(thread.id) is None
    sandbox.remove_guild(guild)
    await sandbox.wait_for(lambda: not client.get_guild(guild.id))


async def test_reactions_and_deletions_are_told(sandbox: Sandbox, client: Client) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    mod = guild.add_member("Mod", roles=[guild.add_role("Mods", permissions=Permission.MANAGE_MESSAGES)])
    one, two = await mod.post(music, "one"), await mod.post(music, "two")
    await mod.react(one, "👍")
    await mod.unreact(one, "👍")
    for emoji in ("👍", None):
        await mod.react(one, "👍")
        await mod.clear_reactions(one, emoji)
    music.unfurl(one, title="A page", url="https://example.org")
    await mod.delete(one)
    await mod.delete(two, await mod.post(music, "three"))
    await sandbox.wait_for(lambda: client.events("raw_bulk_message_delete"))
    raw = [event for event, _ in client.seen if event.startswith("raw_")]
    assert raw == [
        "raw_reaction_add",
        "raw_reaction_remove",
        "raw_reaction_add",
        "raw_reaction_clear_emoji",
        "raw_reaction_add",
        "raw_reaction_clear",
        "raw_message_edit",
        "raw_message_delete",
        "raw_bulk_message_delete",
    ]


async def test_a_client_without_a_granted_intent_stops(sandbox: Sandbox) -> None:
    intents = discord.Intents(guilds=True, message_content=True)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(sandbox, Client(intents=intents)):
            pass


@pytest.mark.parametrize("trouble", ["dropped", "asked to reconnect", "closed", "invalidated but resumable"])
async def test_a_client_comes_back_and_misses_nothing(sandbox: Sandbox, client: Client, trouble: str) -> None:
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    await sandbox.wait_for(lambda: client.get_channel(music.id))
    if trouble == "asked to reconnect":
        sandbox.gateway.ask_to_reconnect()
    elif trouble == "invalidated but resumable":
        sandbox.gateway.invalidate(resumable=True)
    else:
        sandbox.drop_gateway(1006 if trouble == "dropped" else 4000)
    posted = await ann.post(music, "meanwhile")
    await sandbox.wait_for(lambda: client.events("message"), 10)
    assert client.events("message")[0].id == int(posted["id"])
    await sandbox.wait_for(lambda: client.events("resumed"))


async def test_a_client_identifies_again_after_its_session_is_gone(sandbox: Sandbox, client: Client) -> None:
    sandbox.gateway.invalidate()
    await sandbox.wait_for(lambda: len(client.events("ready")) == 2, 10)
    assert client.events("resumed") == []


async def test_a_sharded_client(sandbox: Sandbox) -> None:
    for number in range(4):
        sandbox.add_guild(f"Club {number}")

    class Sharded(Client, discord.AutoShardedClient):
        pass

    async with connected(sandbox, Sharded(shard_count=2)) as client:
        assert sorted(g.shard_id for g in client.guilds) == sorted((g >> 22) % 2 for g in sandbox.guilds)


async def test_a_client_runs_uncompressed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = discord.gateway.DiscordWebSocket.from_client
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket,
        "from_client",
        lambda client, **options: plain(client, **options, compress=False),
    )
    async with connected(sandbox, Client()) as client:
        assert client.user.name == "earworm"
