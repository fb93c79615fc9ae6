"""No button and no menu does anything when it is pressed from another server, message or member than its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from discord import ui
from sqlalchemy import func, select

from bot.client import Earworm
from cogs.shared.presses import ELSEWHERE, SOMEBODY_ELSES
from discord_sandbox import SandboxMember, text_of
from discord_sandbox.rules.component_rules import SELECTS, walk
from discord_sandbox.world.interaction import COMPONENT
from models import Hidden, Member, Reaction
from tests.cogs.suggestions.test_recommend import like
from tests.cogs.vibes.test_cog import library, sketched
from tests.support.running import PATIENCE, Club
from tests.support.songs import encoded

pytestmark = pytest.mark.asyncio(loop_scope="package")

COGS = Path(__file__).parents[2] / "cogs"
__all__ = ["sketched"]

# Every component there is, and what another member is told who presses it; "" for those that anybody may use, each for
# themself. A new one has to be named here, and has to stand in one of the messages below.
OTHERS_ARE_TOLD = {
    "VoteButton": "",
    "MoreButton": "",
    "HideButton": "",
    "PlaylistMenu": "",
    "PageButton": "Only who asked can turn these pages",
    "AddButton": "Only who asked with it can add it",
    "RemoveButton": "Only who shared it",
    "LibraryButton": SOMEBODY_ELSES,
    "SongsButton": SOMEBODY_ELSES,
    "QuietButton": SOMEBODY_ELSES,
}


@dataclass(frozen=True)
class Shown:
    """A component as it stands in a message."""

    kind: type[ui.DynamicItem[Any]]
    data: dict[str, Any]
    message: dict[str, Any]
    asker: SandboxMember


def kinds() -> dict[str, type[ui.DynamicItem[Any]]]:
    """Every component that the code of the cogs has."""
    found = {kind.__name__: kind for kind in ui.DynamicItem.__subclasses__()}
    return {name: kind for name, kind in found.items() if kind.__module__.startswith("cogs.")}


def components(asker: SandboxMember, message: dict[str, Any]) -> Iterator[Shown]:
    for component in walk(message["components"]):
        custom_id = component.get("custom_id")
        if custom_id is None:
            continue
        [kind] = [k for k in kinds().values() if k.__discord_ui_compiled_template__.fullmatch(custom_id)]
        data = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
        if component["type"] in SELECTS:
            data["values"] = [component["options"][0]["value"]]
        yield Shown(kind, data, message, asker)


async def all_of_them(bot: Earworm, club: Club) -> dict[str, Shown]:
    """One of each kind, from the messages in which they stand."""
    songs = await library(bot, club)
    await like(bot, club, club.cleo, songs["jazz 1"])
    await club.add_song(bot, "Of this week", sounds=(1.0, 0.1))
    link = club.web.serve("/unknown.mp3", encoded(90, title="Unknown"))
    asked: list[tuple[SandboxMember, str, dict[str, Any]]] = [
        (club.ann, "recommend", {"scope": "server"}),
        (club.ann, "similar", {"link": link}),
        (club.cleo, "library", {}),
        (club.ann, "track", {"track": str(songs["jazz 2"])}),
        (club.mod, "digest preview", {}),
        (club.ann, "vibes list", {}),
    ]
    found: dict[str, Shown] = {}
    for member, command, options in asked:
        message = await (await member.command(club.hall, command, **options)).message(PATIENCE)
        for shown in components(member, message):
            found.setdefault(shown.kind.__name__, shown)
    return found


async def replay(shown: Shown, member: SandboxMember, channel: Any, message: Any) -> str:
    """What the presser is told when a component comes back with these."""
    start = member.interactions.start
    pressed = await start(member, channel, COMPONENT, dict(shown.data), message=message)
    assert pressed.error is None, f"{shown.kind.__name__}: no answer"
    return text_of(await pressed.message(PATIENCE))


async def stored(bot: Earworm, guild_id: int) -> list[int | None]:
    """How many votes, hidden songs and members who want no mention a server has."""
    counts = [
        select(func.count()).select_from(Reaction).where(Reaction.guild_id == guild_id),
        select(func.count()).select_from(Hidden).where(Hidden.guild_id == guild_id),
        select(func.count()).select_from(Member).where(Member.guild_id == guild_id, Member.quiet),
    ]
    async with bot.services.store.session() as session:
        return [await session.scalar(count) for count in counts]


async def test_every_component_is_known_here(bot: Earworm) -> None:
    assert kinds().keys() == OTHERS_ARE_TOLD.keys()


async def test_the_bot_listens_to_no_other_component(bot: Earworm) -> None:
    listening = bot._connection._view_store._dynamic_items.values()
    assert {kind.__qualname__ for kind in listening} == {kind.__qualname__ for kind in kinds().values()}


async def test_every_custom_id_in_the_code_is_one_of_theirs(bot: Earworm) -> None:
    written = {
        begin
        for file in COGS.rglob("*.py")
        for begin in re.findall(r"\"(ew:[a-z]+|ew:\{kind\})[:\"{(]", file.read_text())
    }
    templates = " ".join(kind.__discord_ui_compiled_template__.pattern for kind in kinds().values())
    assert {begin for begin in written - {"ew:{kind}"} if begin not in templates} == set()
    custom = sum(len(re.findall(r"custom_id=", file.read_text())) for file in COGS.rglob("*.py"))
    named = sum(
        len(re.findall(r"custom_id=(f?\"ew:|custom_id)", file.read_text())) for file in COGS.rglob("*.py")
    )
    assert custom == named


@pytest.mark.usefixtures("sketched")
async def test_a_replay_from_another_server_message_or_member_is_refused(
    bot: Earworm, club: Club, discord: Any, web: Any
) -> None:
    shown = await all_of_them(bot, club)
    assert shown.keys() == OTHERS_ARE_TOLD.keys()
    other = Club(discord, web, "Another server")
    await other.listen()
    elsewhere = await (await club.mod.command(club.hall, "settings show")).message()
    without_it = club.hall.store[int(elsewhere["id"])]
    before = await stored(bot, club.guild.id)
    for name, component in shown.items():
        own = club.hall.store[int(component.message["id"])]
        assert await replay(component, other.ann, other.hall, own) == ELSEWHERE, name
        assert await replay(component, component.asker, club.hall, without_it) == ELSEWHERE, name
        if told := OTHERS_ARE_TOLD[name]:
            stranger = club.guild.add_member(f"Stranger to {name}")
            assert (await replay(component, stranger, club.hall, own)).startswith(told), name
    assert await stored(bot, club.guild.id) == before
    assert await stored(bot, other.guild.id) == [0, 0, 0]
