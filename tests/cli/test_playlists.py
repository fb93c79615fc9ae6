"""earworm playlists."""

import json

import pytest

from bot.cli import playlists
from bot.errors import NotAllowed, NotFound
from bot.services import Services
from tests.support.commands import add_song, like, run
from tests.support.library import ANA, BEN, GUILD


@pytest.fixture
async def songs(settings) -> dict[str, list[int]]:
    """Eight songs each of two kinds; ben likes three."""
    async with Services.open(settings) as services:
        await services.guilds.remember(GUILD, ANA, "ana")
        found = {
            kind: [
                await add_song(
                    services,
                    f"{kind}\n{i}",
                    [*sounds, i / 20],
                    f"{kind} artist {i}",
                    url=f"https://youtu.be/{kind}{i:07}",
                )
                for i in range(8)
            ]
            for kind, sounds in {"rock": [1, 0], "jazz": [0, 1]}.items()
        }
        await like(services, BEN, *found["rock"][:3])
        return found


async def document(settings, capsys, *words) -> dict:
    assert await run(playlists, settings, "--guild", GUILD, "--json", *words) == 0
    return json.loads(capsys.readouterr().out)


async def test_this_weeks_playlists_as_json(settings, songs, capsys):
    found = await document(settings, capsys)
    assert [sorted(vibe["tracks"]) for vibe in found["vibes"]] == [songs["rock"], songs["jazz"]]
    first = found["results"][0]
    assert (first["kind"], first["name"]) == ("vibe", found["vibes"][0]["name"])
    assert sorted(track["id"] for track in first["results"]) == songs["rock"]
    assert first["queue"].startswith("https://www.youtube.com/watch_videos?video_ids=rock000000")
    assert all(track.keys() >= {"id", "title", "artist", "score", "why"} for track in first["results"])
    assert all(track["why"].startswith("new this week") for track in first["results"])
    assert await document(settings, capsys) == found


async def test_every_playlist_in_words_with_its_order_and_reasons(settings, songs, capsys):
    await run(playlists, settings, "--guild", GUILD)
    printed = capsys.readouterr().out
    assert printed.startswith("vibe 1: ")
    assert " (8 songs)\nvibe 2: " in printed
    assert "\n  1. rock artist " in printed and "\n  8. " in printed
    assert "       new this week" in printed
    assert "https://www.youtube.com/watch_videos?video_ids=" in printed


async def test_files_of_every_playlist(settings, songs, tmp_path, capsys):
    found = await document(settings, capsys, "--out", tmp_path / "lists")
    written = sorted(path.suffix for path in (tmp_path / "lists").iterdir())
    assert written == sorted([".m3u8", ".xspf", ".jspf", ".csv"] * len(found["results"]))
    assert sorted(found["files"]) == sorted(str(path) for path in (tmp_path / "lists").iterdir())


async def test_one_for_a_member_too(settings, songs, capsys):
    found = await document(settings, capsys, "--user", BEN)
    (mine,) = (result for result in found["results"] if result["kind"] == "member")
    assert mine["id"] == f"member-{BEN}"
    assert not {track["id"] for track in mine["results"]} & set(songs["rock"][:3])


async def test_what_was_kept_is_history_and_can_be_pinned(settings, songs, capsys):
    assert (await document(settings, capsys, "--history"))["results"] == []
    made = await document(settings, capsys, "--keep")
    past = await document(settings, capsys, "--history", "--pin", 1)
    assert [result["id"] for result in past["results"]] == [result["id"] for result in made["results"]]
    assert [result["pinned"] for result in past["results"]][:2] == [True, False]
    await run(playlists, settings, "--guild", GUILD, "--history")
    assert " (pinned)\n" in capsys.readouterr().out
    with pytest.raises(NotFound):
        await run(playlists, settings, "--guild", GUILD, "--pin", 999)


async def test_a_vibe_is_renamed(settings, songs, capsys):
    (one, other) = (await document(settings, capsys))["vibes"]
    renamed = await document(settings, capsys, "--rename", one["id"], "Basement tapes")
    assert renamed["vibes"][0] | {"tracks": []} == {
        "id": one["id"],
        "name": "Basement tapes",
        "named": True,
        "tracks": [],
    }
    with pytest.raises(NotAllowed, match="already"):
        await run(playlists, settings, "--guild", GUILD, "--rename", other["id"], "basement TAPES")


async def test_too_few_songs_say_how_many_it_takes(settings, capsys):
    async with Services.open(settings) as services:
        await add_song(services, "one", [1])
    await run(playlists, settings, "--guild", GUILD)
    printed = capsys.readouterr().out
    assert printed.startswith("15 more songs until vibes.\n")
    assert "No playlist yet" in printed
    assert await document(settings, capsys) | {"missing": 15, "results": [], "files": []} == await document(
        settings, capsys
    )


@pytest.mark.parametrize("number", ["one", "²", "9" * 30])
async def test_what_is_no_vibes_number_is_refused(settings, songs, number):
    with pytest.raises(NotFound, match="vibe"):
        await run(playlists, settings, "--guild", GUILD, "--rename", number, "Name")
