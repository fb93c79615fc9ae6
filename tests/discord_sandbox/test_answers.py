"""What the sandbox answers fits Discord's own OpenAPI document, too."""

import asyncio
import io
from typing import Any

import pytest

from discord_sandbox import Sandbox, Schema
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from tests.discord_sandbox.client import Raw

Json = dict[str, Any]
CHANNEL, GUILD = "/channels/{channel_id}", "/guilds/{guild_id}"
MESSAGE = CHANNEL + "/messages/{message_id}"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"

LAYOUT = {
    "flags": COMPONENTS_V2,
    "components": [
        {
            "type": 17,
            "components": [
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "x"}],
                    "accessory": {"type": 2, "style": 1, "custom_id": "a", "emoji": {"name": "👍"}},
                },
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "x"}],
                    "accessory": {"type": 11, "media": {"url": "https://a.b/c.png"}},
                },
                {"type": 14},
                {"type": 12, "items": [{"media": {"url": "https://a.b/c.png"}}]},
                {
                    "type": 1,
                    "components": [
                        {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "b"}]},
                    ],
                },
            ],
        }
    ],
}
EMBED = {
    "title": "a",
    "color": 1,
    "fields": [{"name": "a", "value": "b"}],
    "footer": {"text": "x"},
    "image": {"url": "https://a.b/c.png"},
}
COMMAND = {
    "name": "similar",
    "description": "d",
    "options": [{"type": 3, "name": "track", "description": "x", "autocomplete": True}],
}


class Checked:
    """Makes requests and compares the answers with the document."""

    def __init__(self, schema: Schema, raw: Raw) -> None:
        self.schema, self.raw = schema, raw

    async def __call__(self, method: str, route: str, body: Any = None, **parameters: Any) -> Json:
        query, form = parameters.pop("query", ""), parameters.pop("form", None)
        path = route.format(**parameters) + query
        options = {"data": form} if form else {}
        status, answer = await self.raw(method, path, body, **options)
        responses = self.schema._document["paths"][route][method.lower()]["responses"]
        expected = responses[str(status)]["content"]["application/json"]["schema"]
        errors = [
            f"{list(e.absolute_path)}: {e.message}"
            for e in self.schema._factory(expected).iter_errors(answer)
        ]
        assert errors == []
        return answer


@pytest.fixture
def checked(schema: Schema | None, raw: Raw) -> Checked:
    if schema is None:
        pytest.skip("Discord's OpenAPI document isn't beside the repository")
    return Checked(schema, raw)


async def test_the_application(sandbox: Sandbox, checked: Checked) -> None:
    guild = sandbox.add_guild("Club")
    ann = guild.add_member("Ann")
    for route in (
        "/users/@me",
        "/applications/@me",
        "/oauth2/applications/@me",
        "/gateway/bot",
        "/users/@me/guilds",
    ):
        await checked("GET", route)
    application = {"application_id": sandbox.bot.id}
    await checked("PUT", "/applications/{application_id}/commands", [COMMAND], **application)
    await checked("GET", "/applications/{application_id}/commands", **application)
    await checked("POST", "/users/@me/channels", {"recipient_id": str(ann.id)})
    await checked("GET", "/users/{user_id}", user_id=ann.id)


async def test_a_guild(sandbox: Sandbox, checked: Checked) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music", private_to=[])
    thread = guild.add_thread(music, "later")
    guild.add_channel("voice", type=2)
    for path in ("", "/channels", "/roles", "/threads/active"):
        await checked("GET", GUILD + path, guild_id=guild.id)
    await checked("GET", GUILD + "/members/{user_id}", guild_id=guild.id, user_id=guild.add_member("Ann").id)
    for channel in (music, thread):
        await checked("GET", CHANNEL, channel_id=channel.id)
    await checked("POST", CHANNEL + "/threads", {"name": "new", "type": 11}, channel_id=music.id)


async def test_messages(sandbox: Sandbox, checked: Checked) -> None:
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    posted = await ann.post(music, f"hi {ann.mention}", files=[("a.mp3", b"x", "audio/mpeg")])
    await ann.react(posted, "👍")
    await ann.post(music, files=[("v.ogg", b"x", "audio/ogg")], voice=1.5)
    here = {"channel_id": music.id}
    await checked("POST", CHANNEL + "/messages", dict(LAYOUT), **here)
    picture = {"embeds": [EMBED], "message_reference": {"message_id": posted["id"]}}
    sent = await checked("POST", CHANNEL + "/messages", picture, **here)
    about = '{"flags": 32768, "components": [{"type": 13, "file": {"url": "attachment://a.txt"}}]}'
    file = io.BytesIO(b"x")
    file.name = "a.txt"
    form = {"payload_json": about, "files[0]": file}
    await checked("POST", CHANNEL + "/messages", form=form, **here)
    await checked("PATCH", MESSAGE, {"content": "y"}, message_id=sent["id"], **here)
    await checked("GET", CHANNEL + "/messages", **here)
    up = "%F0%9F%91%8D"
    await checked("GET", MESSAGE + "/reactions/{emoji_name}", message_id=posted["id"], emoji_name=up, **here)
    await checked("POST", MESSAGE + "/threads", {"name": "n"}, message_id=sent["id"], **here)
    await checked("GET", MESSAGE, message_id=sent["id"], **here)
    await checked("GET", CHANNEL + "/messages/pins", **here)


@pytest.mark.parametrize("answer", [{"type": 4, "data": {"content": "a"}}, {"type": 5}])
async def test_answers_to_interactions(sandbox: Sandbox, checked: Checked, answer: Json) -> None:
    sandbox.commands.overwrite(None, [COMMAND])
    guild = sandbox.add_guild("Club")
    music, ann = guild.add_channel("music"), guild.add_member("Ann")
    told: list[Json] = []
    sandbox.world.listeners.append(lambda event: told.append(event.data))
    waiting = asyncio.create_task(ann.command(music, "similar", track="x"))
    await sandbox.wait_for(lambda: told)
    which = {"interaction_id": told[-1]["id"], "interaction_token": told[-1]["token"]}
    await checked("POST", CALLBACK, answer, query="?with_response=true", **which)
    await waiting
    webhook = {"webhook_id": sandbox.bot.id, "webhook_token": told[0]["token"]}
    await checked("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", **webhook)
