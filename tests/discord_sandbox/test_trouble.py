"""Faults on purpose: refused and lost requests, outages, rate limits; expiring files; Discord's own schema."""

import asyncio
import io
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from discord_sandbox import Sandbox, SandboxError, Schema
from discord_sandbox.rules.errors import BodyErrors
from discord_sandbox.world.guild import Channel
from tests.discord_sandbox.client import Client, Raw, connected

MESSAGES = "/channels/{channel_id}/messages"


@pytest.fixture
def music(sandbox: Sandbox) -> Channel:
    return sandbox.add_guild("Club").add_channel("music")


async def known(sandbox: Sandbox, client: Client, channel: Channel) -> discord.TextChannel:
    return await sandbox.wait_for(lambda: client.get_channel(channel.id))


async def test_a_rate_limited_request_is_sent_again(sandbox: Sandbox, client: Client, music: Channel) -> None:
    there = await known(sandbox, client, music)
    sandbox.faults.fail_next("POST", r"/messages$", status=429, retry_after=0.01, times=2)
    await there.send("a")
    sent = [r.status for r in sandbox.requests if r.route == MESSAGES]
    assert sent == [429, 429, 200]
    assert len(music.messages) == 1


async def test_a_failing_server(sandbox: Sandbox, raw: Raw, music: Channel) -> None:
    sandbox.faults.fail_next("POST", r"/messages$", status=500)
    path = f"/channels/{music.id}/messages"
    assert (await raw("POST", path, {"content": "a"}))[0] == 500
    assert (await raw("POST", path, {"content": "a"}))[0] == 200
    assert len(music.messages) == 1


async def test_a_lost_answer_doubles_a_message_unless_its_nonce_is_enforced(
    sandbox: Sandbox, client: Client, music: Channel
) -> None:
    there = await known(sandbox, client, music)
    nonces: list[tuple[Any, int]] = [(None, 2), ("n1", 3)]
    for nonce, count in nonces:
        sandbox.faults.fail_next("POST", r"/messages$", status="drop_after")
        with pytest.raises(aiohttp.ClientError):
            await there.send("a", nonce=nonce)
        await there.send("a", nonce=nonce)
        assert len(music.messages) == count


async def test_an_outage(sandbox: Sandbox, client: Client, music: Channel) -> None:
    there = await known(sandbox, client, music)
    sandbox.pause()
    with pytest.raises(discord.DiscordServerError):
        await there.send("a")
    sandbox.resume()
    await there.send("b")
    assert [m["content"] for m in music.messages] == ["b"]


async def test_strict_ratelimits() -> None:
    async with Sandbox(strict_ratelimits=True) as sandbox, aiohttp.ClientSession() as session:
        raw = Raw(sandbox, session)
        music = sandbox.add_guild("Club").add_channel("music")
        path = f"/channels/{music.id}/messages"
        answers = [await raw("POST", path, {"content": "a"}) for _ in range(6)]
        assert [status for status, _ in answers] == [200] * 5 + [429]
        assert 0 < answers[-1][1]["retry_after"] <= 5


async def test_discord_py_keeps_within_strict_ratelimits() -> None:
    async with Sandbox(strict_ratelimits=True) as sandbox:
        music = sandbox.add_guild("Club").add_channel("music")
        posted = await music.guild.add_member("Ann").post(music, "a")
        async with connected(sandbox, Client()) as client:
            message = client.get_channel(music.id).get_partial_message(int(posted["id"]))
            for emoji in "👍👎🎧":
                await message.add_reaction(emoji)
        assert len(music.messages[0]["reactions"]) == 3
        assert 429 not in [r.status for r in sandbox.requests]


async def test_the_log_of_requests(sandbox: Sandbox, raw: Raw, music: Channel) -> None:
    path = f"/channels/{music.id}/messages"
    await raw("POST", path, data={"payload_json": '{"content": "a"}', "files[0]": io.BytesIO(b"x")})
    [logged] = sandbox.requests
    assert (logged.method, logged.path, logged.route, logged.status) == ("POST", path, MESSAGES, 200)
    assert (logged.body, len(logged.files)) == ({"content": "a"}, 1)


async def test_an_attachment_is_fetched_without_a_token(raw: Raw, music: Channel) -> None:
    ann = music.guild.add_member("Ann")
    posted = await ann.post(music, files=[("a.mp3", b"sound", "audio/mpeg")])
    url = posted["attachments"][0]["url"]
    assert all(f"{part}=" in url for part in ("ex", "is", "hm"))
    async with raw.session.get(url) as answer:
        assert (answer.status, await answer.read(), answer.content_type) == (200, b"sound", "audio/mpeg")
    for broken in (url.replace("hm=", "hm=0"), url.replace("ex=", "ex=f"), url.partition("?")[0]):
        async with raw.session.get(broken) as answer:
            assert answer.status == 404
    await ann.delete(posted)
    async with raw.session.get(url) as answer:
        assert answer.status == 404


async def test_an_attachments_address_expires(raw: Raw) -> None:
    async with Sandbox(attachment_seconds=0) as sandbox:
        music = sandbox.add_guild("Club").add_channel("music")
        posted = await music.guild.add_member("Ann").post(music, files=[("a.mp3", b"x", "audio/mpeg")])
        async with raw.session.get(posted["attachments"][0]["url"]) as answer:
            assert answer.status == 404


async def test_a_voice_message(music: Channel) -> None:
    ann = music.guild.add_member("Ann")
    posted = await ann.post(music, files=[("voice-message.ogg", b"x", "audio/ogg")], voice=2.5)
    assert posted["flags"] & 1 << 13
    assert posted["attachments"][0]["duration_secs"] == 2.5


async def test_quiet_waits_for_what_is_still_going_on(sandbox: Sandbox, music: Channel) -> None:
    ann = music.guild.add_member("Ann")

    async def chat() -> None:
        for word in ("one", "two", "three"):
            await ann.post(music, word)
            await asyncio.sleep(0.02)

    chatting = asyncio.create_task(chat())
    await sandbox.quiet(0.3)
    assert chatting.done()


async def test_waiting_in_vain_ends(sandbox: Sandbox, music: Channel) -> None:
    with pytest.raises(TimeoutError):
        await sandbox.wait_for(lambda: music.messages, 0.05)


@pytest.fixture
def discords(schema: Schema | None) -> Schema:
    if schema is None:
        pytest.skip("Discord's OpenAPI document isn't beside the repository")
    return schema


@pytest.mark.parametrize(
    ("method", "route", "body", "place"),
    [
        ("POST", MESSAGES, {"content": 5}, ["content"]),
        ("POST", MESSAGES, {"embeds": {"title": "a"}}, ["embeds"]),
        (
            "POST",
            MESSAGES,
            {"components": [{"type": 1, "components": []}]},
            ["components", "0", "components"],
        ),
        ("POST", MESSAGES, {"components": [{"type": 99}]}, ["components", "0", "type"]),
        ("POST", MESSAGES, {"message_reference": {"message_id": "abc"}}, ["message_reference", "message_id"]),
        ("POST", "/channels/{channel_id}/messages/bulk-delete", {"messages": ["1"]}, ["messages"]),
        ("PUT", "/applications/{application_id}/commands", [{"description": "a"}], ["0"]),
        (
            "POST",
            "/interactions/{interaction_id}/{interaction_token}/callback",
            {"type": 4, "data": {"content": 5}},
            ["data", "content"],
        ),
    ],
)
def test_the_schema_names_the_place(
    discords: Schema, method: str, route: str, body: object, place: list[str]
) -> None:
    form = BodyErrors()
    discords.check(method, route, body, form)
    node = form.tree
    for step in place:
        assert list(node) == [step]
        node = node[step]
    assert node["_errors"][0]["code"].startswith("SCHEMA_")


def test_the_schema_takes_integers_for_snowflakes(discords: Schema) -> None:
    form = BodyErrors()
    discords.check("POST", MESSAGES, {"message_reference": {"message_id": 12, "channel_id": "13"}}, form)
    assert form.tree == {}


async def test_a_violation_is_refused_and_kept(
    sandbox: Sandbox, discords: Schema, raw: Raw, music: Channel
) -> None:
    status, answer = await raw("POST", f"/channels/{music.id}/messages", {"content": 5})
    assert (status, answer["code"]) == (400, 50035)
    assert len(sandbox.violations) == 1
    assert "content" in sandbox.violations[0]


def test_every_route_of_the_sandbox_is_one_of_discords(discords: Schema) -> None:
    from discord_sandbox.api import routes_application, routes_guilds, routes_messages

    modules = (routes_application, routes_guilds, routes_messages)
    ours = {(method, route) for module in modules for method, route, _ in module.routes()}
    paths = discords._document["paths"]
    assert [entry for entry in ours if entry[0].lower() not in paths.get(entry[1], {})] == []


def test_a_missing_dependency_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jsonschema", None)
    with pytest.raises(SandboxError, match="pip install"):
        Schema(tmp_path / "openapi.json")
