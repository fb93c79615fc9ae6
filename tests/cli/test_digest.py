"""earworm digest."""

import json

import pytest

from bot.cli import digest
from bot.errors import NotFound
from bot.periods import Week
from bot.services import Services
from tests.support.commands import add_song, like, run
from tests.support.library import ANA, BEN, GUILD, START


@pytest.fixture
async def songs(settings) -> list[int]:
    """Five songs of this week that sound alike; one is liked."""
    async with Services.open(settings) as services:
        await services.guilds.remember(GUILD, ANA, "ana")
        found = [await add_song(services, f"rock\n{i}", [1, i / 10], f"Band {i}") for i in range(5)]
        await like(services, BEN, found[1])
        return found


async def test_this_week_as_json(settings, songs, capsys):
    assert await run(digest, settings, "--guild", GUILD, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [result["id"] for result in found["results"]] == songs
    assert found["results"][1]["title"] == "rock 1"
    assert found["results"][1]["why"] == "shared by ana, 1 like"
    assert found["headline"] == "5 songs from 1 member"
    assert [track["id"] for track in found["loved"]] == [songs[1]]
    assert found["pick"]["why"] == "close to “Band 1 – rock 1”, which 1 member 👍 · shared by ana"
    assert found["playlist"]["name"] == "around rock 1"
    assert {track["id"] for track in found["playlist"]["results"]} == set(songs)


async def test_this_week_in_words(settings, songs, capsys):
    await run(digest, settings, "--guild", GUILD)
    printed = capsys.readouterr().out
    assert printed.startswith("The week in music, 20")
    for part in (
        "\nShared this week (5)\n  “Band 0 – rock 0” · shared by ana\n",
        "\nMost loved\n  “Band 1 – rock 1” · shared by ana, 1 like\n",
        "\nRecommendation of the week\n",
        "\nVibe playlist: around rock 1\n  1. “Band ",
    ):
        assert part in printed


async def test_another_week(settings, songs, capsys):
    week = Week.of(START.date()).before().before()
    await run(digest, settings, "--guild", GUILD, "--week", week, "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["week"], found["results"]) == (str(week), [])
    assert found["headline"].startswith("A quiet week")


async def test_what_is_no_week_is_refused(settings, songs):
    with pytest.raises(NotFound, match="2026-W07"):
        await run(digest, settings, "--guild", GUILD, "--week", "yesterday")


async def test_its_files_and_pictures(settings, songs, tmp_path, capsys):
    await run(digest, settings, "--guild", GUILD, "--out", tmp_path / "out")
    assert "\nNewcomers' corner\n  ana: “Band 0 – rock 0”\n" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"digest.json", "digest.md", "playlist.m3u8", "banner.png"} <= names
    assert (tmp_path / "out" / "banner.png").read_bytes().startswith(b"\x89PNG")
