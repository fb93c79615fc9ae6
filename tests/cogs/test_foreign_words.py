"""Hostile titles, artists, tags and names do nothing in any answer, button, menu, choice or refusal of the bot's."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from discord import app_commands
from sqlalchemy import select

from bot.client import Earworm
from discord_sandbox import SandboxMember
from models import Source, Track
from tests.support.running import PATIENCE, Club, WrittenSong

pytestmark = pytest.mark.asyncio(loop_scope="package")

PILE = "a" + "\u0301" * 40
HOSTILE = f"<@666> @everyone **bold** [c](https://evil.example) http://evil.example discord.gg/evil \u202ex\u200b{PILE}"
# What would be alive of it, in Markdown and where no Markdown is known.
ALIVE = re.compile(
    r"<@666>|@everyone|(?<!\\)\]\(https?\W*//evil|https?://evil|discord\.gg/|(?<!\\)\*\*bold", re.IGNORECASE
)
UNSEEN = re.compile(r"[\u202e\u200d]|\u0301{9}")
WORDLESS = {"label", "description", "placeholder", "name"}  # where Discord knows no Markdown


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a message as Discord has it, with the name of its field."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, key)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in {
                "author",
                "custom_id",
                "interaction_metadata",
                "interaction",
                "value",
                "referenced_message",
            }:
                yield from texts(each, name)


def assert_harmless(said: Any, about: str) -> None:
    for field, text in texts(said):
        assert UNSEEN.search(text) is None, (about, field, text)
        if field not in WORDLESS:
            assert ALIVE.search(text) is None, (about, field, text)


async def hostile_library(bot: Earworm, club: Club) -> list[int]:
    """Songs that are called so, half of them exactly alike, with hostile tags; some liked."""
    songs = await club.add_songs(
        bot,
        [
            WrittenSong(HOSTILE if i % 2 else f"{i} {HOSTILE}", HOSTILE, (1.0, 0.1 * (i % 5), 0.05 * i))
            for i in range(20)
        ],
    )
    async with bot.services.store.begin() as session:
        for song in songs:
            (await session.get_one(Track, song)).tags = {HOSTILE: 0.9}
        rows = select(Source).where(Source.guild_id == club.guild.id)
        for source in await session.scalars(rows):
            source.album = HOSTILE
    for message in club.music.messages[:4]:
        await club.bo.react(message, "👍")
    await club.discord.quiet(0.3)
    return songs


def questions(club: Club, songs: list[int]) -> list[tuple[SandboxMember, str, dict[str, Any]]]:
    """Every command, as an answer and, where there is one, as a refusal that repeats what was asked."""
    ann, bo, mod = club.ann, club.bo, club.mod
    first, last = str(songs[0]), str(songs[-1])
    return [
        (ann, "similar", {"track": first}),
        (ann, "similar", {"track": "evil"}),
        (ann, "similar", {"track": f"no such {HOSTILE}"}),
        (ann, "similar", {"track": first, "tag": HOSTILE}),
        (ann, "similar", {"track": first, "key": HOSTILE}),
        (ann, "similar", {"track": first, "tempo": HOSTILE}),
        (ann, "share", {"link": HOSTILE}),
        (bo, "recommend", {}),
        (bo, "recommend", {"scope": "server"}),
        (bo, "recommend", {"without_artist": HOSTILE}),
        (ann, "blend", {"member": bo}),
        (ann, "tastebuddies", {}),
        (ann, "alchemy", {"add": first, "subtract": last}),
        (ann, "alchemy", {"add": f"tag:no such {HOSTILE}"}),
        (ann, "path", {"from": first, "to": last}),
        (ann, "stats show", {}),
        (mod, "stats compare", {"strategies": "none"}),
        (ann, "library", {}),
        (ann, "library", {"search": "evil <@666>"}),
        (ann, "track", {"track": first}),
        (ann, "vibes list", {}),
        (ann, "vibes playlist", {"kind": "vibe"}),
        (ann, "vibes playlist", {"kind": "vibe", "vibe": HOSTILE}),
        (ann, "vibes history", {}),
        (mod, "vibes rename", {"vibe": HOSTILE, "name": HOSTILE}),
        (mod, "vibes pin", {"playlist": HOSTILE}),
        (ann, "map", {}),
        (ann, "taste", {"member": bo}),
        (mod, "digest set", {"channel": club.hall, "timezone": HOSTILE}),
        (mod, "digest preview", {}),
        (mod, "digest off", {}),
        (mod, "settings channel", {}),
        (mod, "settings show", {}),
        (ann, "privacy export", {}),
        (ann, "privacy about", {}),
        (club.cleo, "privacy opt-out", {}),
        (club.cleo, "privacy opt-in", {}),
        (club.cleo, "privacy forget", {}),
    ]


async def test_every_command_says_hostile_words_as_mere_words(bot: Earworm, club: Club) -> None:
    songs = await hostile_library(bot, club)
    asked = questions(club, songs)
    commands = {c.qualified_name for c in bot.tree.walk_commands() if isinstance(c, app_commands.Command)}
    assert commands - {command for _, command, _ in asked} == set()
    hostile = 0
    for member, command, options in asked:
        said = await (await member.command(club.hall, command, **options)).message(PATIENCE)
        assert_harmless(said, command)
        hostile += "evil" in str(said)
    assert hostile > 15
    for option in ("evil", ""):
        assert_harmless(await club.ann.autocomplete(club.hall, "track", "track", option), "choices of track")
    assert_harmless(await club.ann.autocomplete(club.hall, "recommend", "tag", ""), "choices of tag")
