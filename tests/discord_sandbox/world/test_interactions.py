"""Answering interactions: too late, twice, in the wrong way, with too much; and what a token may touch."""

import asyncio
from typing import Any

import pytest

from discord_sandbox import Interaction, Sandbox, SandboxError, SandboxMember
from discord_sandbox.world.guild import Channel
from tests.discord_sandbox.client import Raw

Json = dict[str, Any]
BUTTONS = [
    {
        "type": 1,
        "components": [
            {"type": 2, "style": 1, "label": "Go", "custom_id": "go"},
            {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": True},
            {"type": 2, "style": 5, "label": "Jump", "url": "https://discord.com"},
        ],
    }
]


class RawBot:
    """Answers the interactions of one member by hand, over raw requests."""

    def __init__(self, sandbox: Sandbox, raw: Raw) -> None:
        track = {"type": 3, "name": "track", "description": "Which", "autocomplete": True}
        sandbox.commands.overwrite(None, [{"name": "similar", "description": "Similar", "options": [track]}])
        self.sandbox, self.raw = sandbox, raw
        self.guild = sandbox.add_guild("Club")
        self.music: Channel = self.guild.add_channel("music")
        self.ann: SandboxMember = self.guild.add_member("Ann")
        self.told: list[Json] = []
        sandbox.world.listeners.append(lambda event: self.told.append({"t": event.name, **event.data}))

    async def asked(self, interaction: Any) -> tuple[Json, "asyncio.Task[Interaction]"]:
        """Start an interaction; what the bot is told of it, and the member who waits."""
        before = len(self.told)
        waiting = asyncio.create_task(interaction)
        await self.sandbox.wait_for(lambda: self.told[before:])
        return self.told[-1], waiting

    async def answer(self, told: Json, body: Json, **options: Any) -> tuple[int, Json]:
        path = f"/interactions/{told['id']}/{told['token']}/callback?with_response=1"
        return await self.raw("POST", path, body, **options)

    def webhook(self, told: Json, path: str = "") -> str:
        return f"/webhooks/{self.sandbox.bot.id}/{told['token']}{path}"


@pytest.fixture
def bot(sandbox: Sandbox, raw: Raw) -> RawBot:
    return RawBot(sandbox, raw)


async def test_a_late_answer_is_refused(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    interaction = await waiting
    assert interaction.error == "The application did not respond"
    status, answer = await bot.answer(told, {"type": 4, "data": {"content": "late"}})
    assert (status, answer["code"]) == (404, 10062)
    assert bot.music.messages == []


async def test_an_unknown_interaction_is_refused(bot: RawBot) -> None:
    status, answer = await bot.answer({"id": "1", "token": "x"}, {"type": 5})
    assert (status, answer["code"]) == (404, 10062)


async def test_a_second_answer_is_refused(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    status, answer = await bot.answer(told, {"type": 4, "data": {"content": "one"}})
    assert (status, answer["resource"]["message"]["content"]) == (200, "one")
    assert answer["interaction"]["response_message_id"] == bot.music.messages[0]["id"]
    assert (await bot.answer(told, {"type": 4, "data": {"content": "two"}}))[1]["code"] == 40060
    assert [m["content"] for m in bot.music.messages] == ["one"]
    assert not (await waiting).deferred


async def test_without_with_response_the_answer_is_empty(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    path = f"/interactions/{told['id']}/{told['token']}/callback"
    assert await bot.raw("POST", path, {"type": 5}) == (204, {})
    assert (await waiting).deferred


@pytest.mark.parametrize(
    "body",
    [
        {"type": 4, "data": {"content": "x" * 2001}},
        {"type": 4, "data": {"content": "x", "wrong": 1}},
        {"type": 7, "data": {"content": "x"}},
        {"type": 6},
        {"type": 8, "data": {"choices": []}},
        {
            "type": 9,
            "data": {"custom_id": "m", "title": "x" * 46, "components": [{"type": 10, "content": "a"}]},
        },
        {"type": 9, "data": {"custom_id": "m", "title": "x", "components": []}},
        {"type": 99},
    ],
)
async def test_a_wrong_answer_is_refused_and_the_right_one_still_counts(bot: RawBot, body: Json) -> None:
    bot.sandbox.schema = None
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    status, answer = await bot.answer(told, body)
    assert (status, answer["code"]) == (400, 50035)
    assert (await bot.answer(told, {"type": 4, "data": {"content": "right"}}))[0] == 200
    assert (await (await waiting).message())["content"] == "right"


async def test_an_empty_answer_is_refused(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    assert (await bot.answer(told, {"type": 4, "data": {}}))[1]["code"] == 50006
    await waiting


@pytest.mark.parametrize(
    "choices",
    [
        [{"name": str(n), "value": str(n)} for n in range(26)],
        [{"name": "x" * 101, "value": "a"}],
        [{"name": "", "value": "a"}],
        [{"name": "a", "value": "x" * 101}],
    ],
)
async def test_choices_that_are_refused(bot: RawBot, choices: list[Json]) -> None:
    bot.sandbox.schema = None
    told, waiting = await bot.asked(bot.ann.autocomplete(bot.music, "similar", "track", "a"))
    status, answer = await bot.answer(told, {"type": 8, "data": {"choices": choices}})
    assert (status, answer["code"]) == (400, 50035)
    with pytest.raises(SandboxError):
        await waiting


async def test_a_deferred_answer_thinks_until_its_first_followup(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 5, "data": {"flags": 64}})
    interaction = await waiting
    assert interaction.responses == []
    _, message = await bot.raw("POST", bot.webhook(told), {"content": "done"})
    assert message["flags"] == 64
    assert [m["content"] for m in interaction.responses] == ["done"]
    assert bot.music.messages == []
    _, second = await bot.raw("POST", bot.webhook(told), {"content": "more"})
    assert second["referenced_message"]["id"] == message["id"]
    assert [m["content"] for m in bot.music.messages] == ["more"]


async def test_a_followup_to_a_deferral_that_was_deleted_is_a_message_of_its_own(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 5})
    interaction = await waiting
    await bot.raw("DELETE", bot.webhook(told) + "/messages/@original")
    _, message = await bot.raw("POST", bot.webhook(told), {"content": "psst", "flags": 64})
    assert message["flags"] == 64
    assert [m["content"] for m in interaction.responses] == ["psst"]
    assert bot.music.messages == []


async def test_a_followup_before_any_answer_is_refused(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    status, answer = await bot.raw("POST", bot.webhook(told), {"content": "early"})
    assert (status, answer["code"]) == (404, 10015)
    await waiting


async def test_a_token_touches_only_its_own_messages(bot: RawBot) -> None:
    told, _ = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 4, "data": {"content": "one"}})
    other, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(other, {"type": 4, "data": {"content": "two"}})
    await waiting
    first, second = bot.music.messages
    edit = {"content": "mine"}
    path = f"/messages/{second['id']}"
    assert (await bot.raw("PATCH", bot.webhook(told, path), edit))[1]["code"] == 10008
    assert (await bot.raw("PATCH", bot.webhook(other, path), edit))[1]["content"] == "mine"
    assert (await bot.raw("DELETE", bot.webhook(told, "/messages/@original")))[0] == 204
    assert (await bot.raw("GET", bot.webhook(told, "/messages/@original")))[1]["code"] == 10008
    assert first["id"] not in [m["id"] for m in bot.music.messages]


async def test_a_token_ends(sandbox: Sandbox, raw: Raw) -> None:
    sandbox.interactions._token_seconds = 0.05
    bot = RawBot(sandbox, raw)
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 5})
    await waiting
    await asyncio.sleep(0.06)
    status, answer = await raw("POST", bot.webhook(told), {"content": "a"})
    assert (status, answer["code"]) == (401, 50027)


async def test_what_only_one_member_sees_nobody_else_touches(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 4, "data": {"content": "psst", "flags": 64, "components": BUTTONS}})
    [whisper] = (await waiting).responses
    path = f"/channels/{bot.music.id}/messages"
    assert (await bot.raw("GET", f"{path}/{whisper['id']}"))[1]["code"] == 10008
    assert (await bot.raw("GET", path))[1] == []
    assert "MESSAGE_CREATE" not in [event["t"] for event in bot.told]
    bob = bot.guild.add_member("Bob")
    with pytest.raises(SandboxError, match="10008"):
        await bob.click(whisper, label="Go")
    assert bot.music.seen_by(bob) == []
    assert bot.music.seen_by(bot.ann) == [whisper]


async def test_a_click_updates_the_message_in_place(bot: RawBot) -> None:
    _, sent = await bot.raw(
        "POST", f"/channels/{bot.music.id}/messages", {"content": "a", "components": BUTTONS}
    )
    told, waiting = await bot.asked(bot.ann.click(sent, label="Go"))
    assert told["data"]["custom_id"] == "go"
    assert told["message"]["id"] == sent["id"]
    await bot.answer(told, {"type": 7, "data": {"content": "b", "components": []}})
    clicked = await waiting
    assert clicked.responses == []
    assert (await clicked.message())["content"] == "b"
    assert bot.music.messages[0]["components"] == []


async def test_buttons_that_cannot_be_pressed(bot: RawBot) -> None:
    _, sent = await bot.raw(
        "POST", f"/channels/{bot.music.id}/messages", {"content": "a", "components": BUTTONS}
    )
    for wanted in ({"label": "Off"}, {"label": "Jump"}, {"label": "Nothing"}, {"emoji": "👍"}):
        with pytest.raises(SandboxError):
            await bot.ann.click(sent, **wanted)


async def test_a_deferred_click_changes_nothing_until_the_bot_edits(bot: RawBot) -> None:
    path = f"/channels/{bot.music.id}/messages"
    _, sent = await bot.raw("POST", path, {"content": "a", "components": BUTTONS})
    told, waiting = await bot.asked(bot.ann.click(sent, label="Go"))
    await bot.answer(told, {"type": 6})
    clicked = await waiting
    assert clicked.updated is None
    await bot.raw("PATCH", bot.webhook(told, "/messages/@original"), {"content": "b"})
    changed = clicked.updated
    assert changed and changed["content"] == "b"


async def test_a_modal_must_be_filled_as_its_client_demands(bot: RawBot) -> None:
    field = {"type": 4, "custom_id": "why", "style": 1, "label": "Why?"}
    modal = {"custom_id": "m", "title": "T", "components": [{"type": 1, "components": [field]}]}
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 9, "data": modal})
    asked = await waiting
    with pytest.raises(SandboxError, match="required"):
        await bot.ann.submit_modal(asked)
    with pytest.raises(SandboxError, match="no field"):
        await bot.ann.submit_modal(asked, other="x")
    told, waiting = await bot.asked(bot.ann.submit_modal(asked, why="so"))
    assert told["data"]["components"][0]["components"][0]["value"] == "so"
    status, answer = await bot.answer(told, {"type": 9, "data": modal})
    assert (status, answer["code"]) == (400, 50035)
    await bot.answer(told, {"type": 4, "data": {"content": "ok"}})
    answer = await (await waiting).message()
    assert answer["content"] == "ok"
    caused_by = answer["interaction_metadata"]["triggering_interaction_metadata"]
    assert (caused_by["id"], caused_by["name"]) == (str(asked.id), "similar")


async def test_a_followup_after_the_deferred_message_was_deleted_stands_alone(bot: RawBot) -> None:
    told, waiting = await bot.asked(bot.ann.command(bot.music, "similar"))
    await bot.answer(told, {"type": 5})
    await waiting
    await bot.raw("DELETE", bot.webhook(told, "/messages/@original"))
    _, message = await bot.raw("POST", bot.webhook(told), {"content": "after all"})
    assert [m["id"] for m in bot.music.messages] == [message["id"]]
    assert "message_reference" not in message
