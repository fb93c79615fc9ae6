"""A server's vibes, and playlists of them with files, covers and a past."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.client import Earworm
from bot.errors import WorkerDied
from bot.pictures.values import Picture
from discord_sandbox import Permission, SandboxMember, buttons_of, text_of
from discord_sandbox.rules.component_rules import SECTION, THUMBNAIL, walk
from tests.cogs.suggestions.test_recommend import like
from tests.support.running import PATIENCE, Club, WrittenSong

pytestmark = pytest.mark.asyncio(loop_scope="package")

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
STYLES = {"jazz": (1.0, 0.0), "metal": (-1.0, 0.0), "folk": (0.0, 1.0)}


async def library(
    bot: Earworm, club: Club, styles: Sequence[str] = ("jazz", "metal", "folk"), number: int = 7
) -> dict[str, int]:
    """Songs of these styles, that many of each, which have YouTube links and were shared half a year ago."""
    songs = [
        WrittenSong(
            f"{style} {i}",
            f"{style} band {i}",
            sounds=(*STYLES[style], 0.3 * (i % 3), 0.2 * (i % 2)),
            by=(club.ann, club.bo)[i % 2],
            at=datetime.now(UTC) - timedelta(days=180 - i),
            url=f"https://www.youtube.com/watch?v={style:_<9}{i:02}",
        )
        for style in styles
        for i in range(number)
    ]
    return dict(zip((song.title for song in songs), await club.add_songs(bot, songs), strict=True))


async def said(club: Club, who: SandboxMember, command: str, **options: Any) -> dict[str, Any]:
    answer = await who.command(club.hall, f"vibes {command}", **options)
    message: dict[str, Any] = await answer.message(PATIENCE)
    return message


async def opened(member: SandboxMember, listed: dict[str, Any], value: str) -> dict[str, Any]:
    """What the menu of a message shows."""
    message: dict[str, Any] = await (await member.select(listed, value)).message(PATIENCE)
    return message


@pytest.fixture
def sketched(bot: Earworm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take a process each; where they don't matter, a dot will do."""

    async def paint(_: object, *drawings: object) -> list[Picture]:
        return [Picture(DOT, f"A {type(each).__name__}") for each in drawings]

    monkeypatch.setattr(type(bot.services.painter), "paint", paint)


def attached(message: dict[str, Any], name: str) -> dict[str, Any]:
    return next(file for file in message["attachments"] if file["filename"].endswith(name))


def contents(club: Club, file: dict[str, Any]) -> bytes:
    kept = club.discord.world.cdn.find(int(file["id"]))
    assert kept is not None
    return kept.content


def options_of(message: dict[str, Any]) -> dict[str, str]:
    """The menu's options: label -> value."""
    menus = [c for c in walk(message["components"]) if c["type"] == 3]
    return {option["label"]: option["value"] for menu in menus for option in menu["options"]}


async def test_how_many_songs_it_takes(bot: Earworm, club: Club) -> None:
    await library(bot, club, ["jazz"], 4)
    text = text_of(await said(club, club.bo, "list"))
    assert "12 more songs until vibes." in text and "No playlist yet" in text
    refused = await said(club, club.bo, "playlist", kind="vibe")
    assert text_of(refused) == "12 more songs until vibes."


async def test_the_vibes_with_covers_and_a_menu_that_opens_playlists(bot: Earworm, club: Club) -> None:
    songs = await library(bot, club)
    await like(bot, club, club.cleo, songs["jazz 1"])
    listed = await said(club, club.bo, "list")
    found = await bot.services.playlists.vibes(club.guild.id, None)
    assert found.vibes
    for vibe in found.vibes:
        assert f"**{vibe.name}**\n-# {len(vibe.track_ids)} songs" in text_of(listed)
    pictures = [c for c in walk(listed["components"]) if c["type"] == THUMBNAIL]
    assert len(pictures) == len(found.vibes) == len(listed["attachments"])
    assert all("Cover of the playlist" in picture["description"] for picture in pictures)
    assert all(file["content_type"] == "image/png" for file in listed["attachments"])

    options = options_of(listed)
    value = next(value for value in options.values() if value.startswith("vibe-"))
    shown = await opened(club.cleo, listed, value)
    assert shown["flags"] & 64
    assert "### 🌀" in text_of(shown) and "**1.** [" in text_of(shown)
    mine = await opened(club.cleo, listed, options["For you"])
    assert f"🎁 For {club.cleo.mention}" in text_of(mine) and mine["mentions"] == []


async def test_a_playlist_is_taken_away_as_files_and_as_a_queue(bot: Earworm, club: Club) -> None:
    await library(bot, club)
    vibe = (await bot.services.playlists.vibes(club.guild.id, None)).vibes[0]
    offered = await club.bo.autocomplete(club.hall, "vibes playlist", "vibe", vibe.name[:4], kind="vibe")
    assert {"name": vibe.name, "value": str(vibe.id)} in offered
    message = await said(club, club.bo, "playlist", kind="vibe", vibe=str(vibe.id))
    suffixes = sorted(file["filename"].rpartition(".")[2] for file in message["attachments"])
    assert suffixes == ["csv", "jspf", "m3u8", "png", "xspf"]
    stems = {f["filename"].rpartition(".")[0] for f in message["attachments"] if f["filename"] != "cover.png"}
    assert len(stems) == 1
    jspf = json.loads(contents(club, attached(message, ".jspf")))
    links = [track["location"][0] for track in jspf["playlist"]["track"]]
    assert contents(club, attached(message, ".m3u8")).decode().splitlines()[3::2] == links
    assert contents(club, attached(message, "cover.png")).startswith(b"\x89PNG")
    [queue] = [button["url"] for button in buttons_of(message) if button.get("url")]
    assert queue == "https://www.youtube.com/watch_videos?video_ids=" + ",".join(
        link.rpartition("=")[2] for link in links
    )


@pytest.mark.usefixtures("sketched")
async def test_every_kind_or_the_reason_why_there_is_none(bot: Earworm, club: Club) -> None:
    songs = await library(bot, club)
    none = await said(club, club.bo, "playlist", kind="rediscover")
    assert "Nothing to rediscover yet" in text_of(none) and none["flags"] & 64
    for number in range(2):
        await like(bot, club, club.cleo, songs[f"jazz {number}"])
    sleepers = text_of(await said(club, club.bo, "playlist", kind="sleepers"))
    assert "### 💤 Sleepers" in sleepers and "which 1 member 👍" in sleepers
    for_cleo = await said(club, club.bo, "playlist", kind="member", member=club.cleo)
    assert f"### 🎁 For {club.cleo.mention}" in text_of(for_cleo)
    vibes = (await bot.services.playlists.vibes(club.guild.id, None)).vibes
    ends = {"vibe": str(vibes[0].id), "to": vibes[1].name}
    worlds = text_of(await said(club, club.bo, "playlist", kind="worlds", **ends))
    assert "### 🌉 from " in worlds
    nowhere = await said(club, club.bo, "playlist", kind="vibe", vibe="Nowhere")
    assert "no vibe “Nowhere”" in text_of(nowhere)


@pytest.mark.usefixtures("sketched")
async def test_an_admin_renames_a_vibe(bot: Earworm, club: Club) -> None:
    await library(bot, club)
    vibe = (await bot.services.playlists.vibes(club.guild.id, None)).vibes[0]
    refused = await said(club, club.bo, "rename", vibe=str(vibe.id), name="Mine")
    assert text_of(refused) == "Renaming a vibe needs the permission Manage Server."
    done = await said(club, club.mod, "rename", vibe=vibe.name, name="Smoky *cellar*")
    assert text_of(done).endswith(r"is called **Smoky \*cellar\*** from now on.")
    assert r"**Smoky \*cellar\***" in text_of(await said(club, club.bo, "list"))


@pytest.mark.usefixtures("sketched")
async def test_what_was_posted_is_kept_and_can_be_pinned(bot: Earworm, club: Club) -> None:
    await library(bot, club)
    assert "No playlist was posted here yet" in text_of(await said(club, club.bo, "history"))
    await said(club, club.bo, "playlist", kind="vibe", private=True)
    assert "No playlist was posted here yet" in text_of(await said(club, club.bo, "history"))
    posted = text_of(await said(club, club.bo, "playlist", kind="vibe"))
    offered = await club.bo.autocomplete(club.hall, "vibes pin", "playlist", "")
    [choice] = offered
    refused = await said(club, club.bo, "pin", playlist=choice["value"])
    assert text_of(refused) == "Pinning a playlist needs the permission Manage Server."
    assert "📌" not in text_of(await said(club, club.bo, "history"))
    pinned = await said(club, club.mod, "pin", playlist=choice["value"])
    assert text_of(pinned).endswith("stays on top of /vibes history.")
    history = await said(club, club.bo, "history")
    assert "📌" in text_of(history)
    [value] = options_of(history).values()
    again = text_of(await opened(club.bo, history, value))
    assert again.splitlines()[0] == posted.splitlines()[0]
    await said(club, club.bo, "pin", playlist=choice["value"], pinned=False)
    assert "📌" in text_of(await said(club, club.bo, "history"))
    await said(club, club.mod, "pin", playlist=choice["value"], pinned=False)
    assert "📌" not in text_of(await said(club, club.bo, "history"))


@pytest.mark.usefixtures("sketched")
async def test_songs_out_of_sight_are_in_no_playlist(bot: Earworm, club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    await club.discord.quiet(0.1)
    await library(bot, club)
    await club.add_song(bot, "Hidden song", sounds=(1.0, 0.0, 0.1), channel=secret)
    listed = await said(club, club.bo, "list")
    everything = [await opened(club.bo, listed, value) for value in options_of(listed).values()]
    assert all("Hidden song" not in text_of(message) for message in [listed, *everything])
    for message in everything:
        for file in message["attachments"]:
            assert b"Hidden song" not in contents(club, file)


async def test_without_pictures_the_rest_is_said(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise WorkerDied("It was killed.")

    await library(bot, club)
    monkeypatch.setattr(type(bot.services.painter), "paint", dies)
    listed = await said(club, club.bo, "list")
    assert "The vibes of this server" in text_of(listed) and listed["attachments"] == []
    assert not any(c["type"] == SECTION for c in walk(listed["components"]))
    message = await said(club, club.bo, "playlist", kind="vibe")
    assert len(message["attachments"]) == 4


@pytest.mark.usefixtures("sketched")
async def test_where_the_bot_may_attach_nothing(bot: Earworm, club: Club) -> None:
    await library(bot, club)
    club.hall.set_overwrite(club.guild.bot, deny=Permission.ATTACH_FILES)
    await club.discord.quiet(0.1)
    assert "**1.**" in text_of(await said(club, club.bo, "playlist", kind="vibe"))
