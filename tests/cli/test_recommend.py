"""earworm recommend."""

import json
import re

import pytest

from bot.__main__ import main
from bot.cli import recommend
from bot.errors import NotFound
from bot.services import Services
from models import Track
from tests.support.commands import add_song, like, run
from tests.support.library import ANA, BEN, GUILD


@pytest.fixture
async def songs(settings) -> dict[str, int]:
    """Three songs each of two styles, shared by ana; ben likes one."""
    async with Services.open(settings) as services:
        await services.guilds.remember(GUILD, ANA, "ana")
        found = {f"rock {i}": await add_song(services, f"rock {i}", [1, 0, i / 10]) for i in range(3)}
        found |= {f"jazz {i}": await add_song(services, f"jazz {i}", [0, 1, i / 10]) for i in range(3)}
        await like(services, BEN, found["rock 0"])
        return found


async def answer(settings, capsys, *words) -> dict:
    assert await recommend_to(settings, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


async def recommend_to(settings, *words) -> int:
    return await run(recommend, settings, "--guild", GUILD, *words)


def titles(found: dict) -> list[str]:
    return [result["title"] for result in found["results"]]


async def test_for_a_member_with_reasons(settings, songs, capsys):
    found = await answer(settings, capsys, "--user", BEN, "-k", 2)
    assert titles(found) == ["rock 1", "rock 2"]
    first = found["results"][0]
    assert first.keys() >= {"id", "title", "artist", "score", "why"}
    assert re.fullmatch("close to “rock 0”, which they 👍 in November( 2026)? · shared by ana", first["why"])
    assert found["note"] == ""


async def test_for_the_server(settings, songs, capsys):
    found = await answer(settings, capsys)
    assert titles(found)[:2] == ["rock 1", "rock 2"]
    assert found["results"][0]["why"] == "close to “rock 0”, which 1 member 👍 · shared by ana"


async def test_likes_and_dislikes_of_one_question(settings, songs, capsys):
    words = ("--like", "jazz 0", songs["jazz 1"], "--dislike", "rock 0")
    assert titles(await answer(settings, capsys, *words)) == ["jazz 2"]
    assert titles(await answer(settings, capsys))[0] == "rock 1"


async def test_in_words_with_the_note(settings, songs, capsys):
    await recommend_to(settings, "--user", 77)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(
        "They haven't 👍 or shared anything yet, so these are what this server likes most."
    )
    assert printed[1:] == [
        f"  1.       rock 0 (3:20), track {songs['rock 0']}",
        "           shared by ana, 1 like",
    ]


async def test_an_empty_server_is_told_what_would_help(settings, capsys):
    assert titles(found := await answer(settings, capsys, "--user", BEN)) == []
    assert found["note"].startswith("I have nothing to go by yet.")


async def test_a_like_that_is_no_track_says_so(settings, songs):
    with pytest.raises(NotFound, match="polka"):
        await recommend_to(settings, "--like", "polka")


@pytest.mark.parametrize("guild", ["banana", "-1", "²", "9" * 19, "9" * 5000])
def test_what_is_no_server_is_refused_in_a_line(guild, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["recommend", f"--guild={guild}"])
    line = capsys.readouterr().err
    assert ended.value.code == 1
    assert "write an id of Discord's" in line and 15 <= len(line.strip()) <= 300


async def test_wishes_narrow_the_answer(settings, songs, capsys):
    async with Services.open(settings) as services, services.store.begin() as session:
        track = await session.get(Track, songs["jazz 1"])
        track.tags, track.features = {"jazz": 0.8, "happy": 0.01}, {"tempo": 118.4, "key": "A minor"}
    near = ("--tempo", "112")  # six per cent, as in Discord
    for wish in (("--tag", "Jazz"), ("--tempo", "110-120"), near, ("--key", "Am"), ("--key", "minor")):
        assert titles(await answer(settings, capsys, "--user", BEN, *wish)) == ["jazz 1"]
    assert titles(await answer(settings, capsys, "--user", BEN, "--genre", "happy")) == []
    assert titles(await answer(settings, capsys, "--user", BEN, "--sharer", BEN)) == []
    assert titles(await answer(settings, capsys, "--user", BEN, "--since", "2100-01-01")) == []
    assert titles(await answer(settings, capsys, "--user", BEN, "--exclude-member", ANA)) == []
    left = titles(await answer(settings, capsys, "--user", BEN, "--exclude", "rock 1", "jazz 0"))
    assert left[0] == "rock 2" and "jazz 0" not in left


async def test_a_wish_that_leaves_too_little_is_named(settings, songs, capsys):
    found = await answer(settings, capsys, "--user", BEN, "--tag", "polka")
    assert titles(found) == [] and "5 without the tag" in found["note"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tempo", "120-90"), "Put the lower one first"),
        (("--key", "H"), "A minor"),
        (("--sharer", 7, "--exclude-member", 7), "Drop one"),
    ],
)
async def test_wishes_that_make_no_sense_say_so(settings, songs, words, said):
    with pytest.raises(NotFound, match=said):
        await recommend_to(settings, *words)


@pytest.mark.parametrize(
    "words",
    [
        *(("--tempo", tempo) for tempo in ("fast", "nan-nan", "inf", "90-inf", "0", "0-90", "90-", "1-2-3")),
        ("--tempo=-5",),
        ("--since", "May"),
        ("--adventure", "wild"),
    ],
)
async def test_wishes_that_cannot_be_read_are_refused(settings, words):
    with pytest.raises(SystemExit):
        await recommend_to(settings, *words)
