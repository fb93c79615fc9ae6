"""The pictures that come with a digest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.client import Earworm
from cogs.digest.layout import COVERS
from cogs.vibes.layout import heading
from discord_sandbox import text_of
from discord_sandbox.rules.component_rules import SECTION, walk
from tests.cogs.suggestions.test_recommend import like
from tests.cogs.suggestions.test_steering import describe
from tests.cogs.vibes.test_cog import contents, library
from tests.support.running import PATIENCE, Club, WrittenSong

pytestmark = pytest.mark.asyncio(loop_scope="package")


def beside(digest: dict[str, Any]) -> dict[str, str]:
    """The pictures at the side of a text: the attachment's name -> the text's first line."""
    names = {file["id"]: file["filename"] for file in digest["attachments"]}
    return {
        names[part["accessory"]["media"]["attachment_id"]]: part["components"][0]["content"].splitlines()[0]
        for part in walk(digest["components"])
        if part["type"] == SECTION and "media" in part["accessory"]
    }


async def test_covers_and_where_the_sound_moved_the_map(bot: Earworm, club: Club) -> None:
    songs = await library(bot, club)
    for track_id in songs.values():
        await describe(bot, track_id, tags={}, tempo=100.0)
    fast = [WrittenSong(f"new {number}", sounds=(1.0, 0.1 * number), by=club.cleo) for number in range(3)]
    for track_id in await club.add_songs(bot, fast):
        await describe(bot, track_id, tags={}, tempo=160.0)
    await like(bot, club, club.cleo, songs["jazz 1"])
    channels = frozenset({club.music.id, club.hall.id})
    weekly = await bot.services.playlists.weekly(club.guild.id, channels)
    assert weekly
    now = datetime.now(UTC)
    due = now + timedelta(days=1)
    await (
        await club.mod.command(
            club.hall, "digest set", channel=club.hall, weekday=due.weekday(), hour=due.hour
        )
    ).message()
    preview = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    cog: Any = bot.get_cog("digest")
    await cog.post_all(due)
    [posted] = club.hall.messages
    for digest in (preview, posted):
        assert "🧭 How the sound moved\nThis week was faster (160 against 100 bpm)" in text_of(digest)
        assert {file["filename"] for file in digest["attachments"]} == {"banner.png", *beside(digest)}
        assert beside(digest) == {
            "map.png": "### 🧭 How the sound moved",
            **{f"{each.key}.png": f"**{heading(each, 90)}**" for each in weekly[:COVERS]},
        }
        for file in digest["attachments"]:
            assert contents(club, file).startswith(b"\x89PNG") and file["description"]
