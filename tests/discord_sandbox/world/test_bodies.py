"""What Discord refuses in a message, whoever sends it."""

import io
from typing import Any

import pytest

from discord_sandbox import Sandbox
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from tests.discord_sandbox.client import Raw

Json = dict[str, Any]


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def button(custom_id: str = "a", **more: Any) -> Json:
    return {"type": 2, "style": 1, "label": "A", "custom_id": custom_id, **more}


def menu(options: list[Json]) -> Json:
    return {"type": 3, "custom_id": "menu", "options": options}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


def v2(*components: Json, **more: Any) -> Json:
    return {"flags": COMPONENTS_V2, "components": list(components), **more}


OPTION = {"label": "A", "value": "a"}

REFUSED: dict[str, tuple[Json, str]] = {
    "content too long": ({"content": "x" * 2001}, "content"),
    "embeds too long in total": (
        {"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]},
        "embeds",
    ),
    "embed title too long": ({"embeds": [{"title": "x" * 257}]}, "embeds"),
    "embed field without value": ({"embeds": [{"fields": [{"name": "a", "value": ""}]}]}, "embeds"),
    "too many embed fields": ({"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]}, "embeds"),
    "too many embeds": ({"embeds": [{"title": "a"}] * 11}, "embeds"),
    "embed image of an unknown attachment": (
        {"embeds": [{"image": {"url": "attachment://no.png"}}]},
        "embeds",
    ),
    "embed link of another scheme": ({"embeds": [{"title": "a", "url": "javascript:alert()"}]}, "embeds"),
    "unknown key": ({"content": "a", "contents": "b"}, "contents"),
    "unknown embed key": ({"embeds": [{"title": "a", "colour": 1}]}, "embeds"),
    "unknown component key": ({"components": [row(button(text="b"))]}, "components"),
    "mentions both parsed and listed": (
        {"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
    ),
    "flags that can't be set": ({"content": "a", "flags": 1 << 4}, "flags"),
    "nonce too long": ({"content": "a", "nonce": "x" * 26}, "nonce"),
    "six rows": ({"components": [row(button(str(n))) for n in range(6)]}, "components"),
    "six buttons in a row": ({"components": [row(*(button(str(n)) for n in range(6)))]}, "components"),
    "custom id twice": ({"components": [row(button("a"), button("a"))]}, "components"),
    "custom id too long": ({"components": [row(button("x" * 101))]}, "components"),
    "button without custom id": ({"components": [row({"type": 2, "style": 1, "label": "A"})]}, "components"),
    "button without label and emoji": (
        {"components": [row({"type": 2, "style": 1, "custom_id": "a"})]},
        "components",
    ),
    "button label too long": ({"components": [row(button(label="x" * 81))]}, "components"),
    "link with a custom id": ({"components": [row(button(style=5, url="https://a.b"))]}, "components"),
    "link of another scheme": (
        {"components": [row({"type": 2, "style": 5, "label": "A", "url": "file:///etc/passwd"})]},
        "components",
    ),
    "menu beside a button": ({"components": [row(button(), menu([OPTION]))]}, "components"),
    "menu without options": ({"components": [row(menu([]))]}, "components"),
    "menu with 26 options": (
        {"components": [row(menu([{"label": str(n), "value": str(n)} for n in range(26)]))]},
        "components",
    ),
    "menu with a value twice": ({"components": [row(menu([OPTION, OPTION]))]}, "components"),
    "button outside of a row": ({"components": [button()]}, "components"),
    "layout without its flag": ({"components": [text("a")]}, "components"),
    "layout with content": (v2(text("a"), content="b"), "flags"),
    "layout with embeds": (v2(text("a"), embeds=[{"title": "b"}]), "flags"),
    "41 components": (v2(*(text("a") for _ in range(41))), "components"),
    "41 nested components": (
        v2(*({"type": 17, "components": [text("a")] * 20} for _ in range(2))),
        "components",
    ),
    "4001 characters in all": (v2(text("a" * 2001), text("b" * 2000)), "components"),
    "section without accessory": (v2({"type": 9, "components": [text("a")]}), "components"),
    "section with four texts": (
        v2({"type": 9, "components": [text("a")] * 4, "accessory": button()}),
        "components",
    ),
    "container in a container": (
        v2({"type": 17, "components": [{"type": 17, "components": [text("a")]}]}),
        "components",
    ),
    "empty container": (v2({"type": 17, "components": []}), "components"),
    "gallery of an unknown attachment": (
        v2({"type": 12, "items": [{"media": {"url": "attachment://no.png"}}]}),
        "components",
    ),
    "component id twice": (v2({**text("a"), "id": 7}, {**text("b"), "id": 7}), "components"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused_with_the_place(sandbox: Sandbox, raw: Raw, name: str) -> None:
    body, place = REFUSED[name]
    sandbox.schema = None
    music = sandbox.add_guild("Club").add_channel("music")
    status, answer = await raw("POST", f"/channels/{music.id}/messages", body)
    assert (status, answer["code"], list(answer["errors"])) == (400, 50035, [place])
    assert music.messages == []
    assert len(sandbox.violations) == 1


@pytest.mark.parametrize("body", [{}, {"content": " \n"}, {"embeds": []}, {"components": []}])
async def test_an_empty_message_is_refused(sandbox: Sandbox, raw: Raw, body: Json) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    status, answer = await raw("POST", f"/channels/{music.id}/messages", body)
    assert (status, answer["code"]) == (400, 50006)


async def test_an_edit_that_leaves_nothing_is_refused(sandbox: Sandbox, raw: Raw) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    path = f"/channels/{music.id}/messages"
    _, message = await raw("POST", path, {"content": "a"})
    status, answer = await raw("PATCH", f"{path}/{message['id']}", {"content": ""})
    assert (status, answer["code"]) == (400, 50006)


async def test_an_edit_to_a_layout_takes_the_content_away(sandbox: Sandbox, raw: Raw) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    path = f"/channels/{music.id}/messages"
    _, message = await raw("POST", path, {"content": "a"})
    status, answer = await raw("PATCH", f"{path}/{message['id']}", v2(text("b")))
    assert (status, answer["code"]) == (400, 50035)
    status, answer = await raw("PATCH", f"{path}/{message['id']}", v2(text("b"), content=None))
    assert (status, answer["content"], answer["components"][0]["content"]) == (200, "", "b")


async def test_a_layout_stays_one(sandbox: Sandbox, raw: Raw) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    path = f"/channels/{music.id}/messages"
    _, message = await raw("POST", path, v2(text("a")))
    status, answer = await raw("PATCH", f"{path}/{message['id']}", {"content": "b"})
    assert (status, list(answer["errors"])) == (400, ["flags"])
    _, answer = await raw("PATCH", f"{path}/{message['id']}", {"components": [text("c")], "flags": 0})
    assert answer["flags"] == COMPONENTS_V2


async def test_broken_json_is_refused(sandbox: Sandbox, raw: Raw) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    status, answer = await raw("POST", f"/channels/{music.id}/messages", data=b"{")
    assert (status, answer["code"]) == (400, 50109)


async def test_a_file_that_is_too_large_is_refused(sandbox: Sandbox, raw: Raw) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    files = {"files[0]": io.BytesIO(b"x" * (10 * 1024 * 1024 + 1))}
    status, answer = await raw("POST", f"/channels/{music.id}/messages", data=files)
    assert (status, answer["code"]) == (413, 40005)


async def test_what_fits_exactly_is_taken(sandbox: Sandbox, raw: Raw) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    path = f"/channels/{music.id}/messages"
    rows = [row(*(button(f"{r}{n}" + "x" * 98) for n in range(5))) for r in range(5)]
    embed = {"description": "x" * 4000, "footer": {"text": "y" * 2000}}
    whole = {"content": "x" * 2000, "components": rows, "embeds": [embed]}
    assert (await raw("POST", path, whole))[0] == 200
    layout = v2({"type": 17, "components": [text("x" * 102) for _ in range(39)]})
    assert (await raw("POST", path, layout))[0] == 200
    assert sandbox.violations == []
