"""earworm similar."""

import json

import pytest

from bot.__main__ import main, parser
from bot.cli import similar
from bot.errors import NotFound, Refused, WeightsError
from bot.services import Services
from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.synth import compose
from tests.support.commands import add_song, run
from tests.support.http import site
from tests.support.library import ANA, GUILD
from tests.support.songs import clip

LINK = "https://music.example/asked"


@pytest.fixture
async def asked(settings) -> int:
    """A song with two others; its id."""
    async with Services.open(settings) as services:
        await services.guilds.remember(GUILD, ANA, "ana")
        asked = await add_song(services, "Asked", [1, 0], "Band", url=LINK)
        await add_song(services, "Far", [1, 0.5], "Else")
        await add_song(services, "Near", [1, 0.2])
        return asked


@pytest.mark.parametrize("name", ["id", "ask", LINK])
async def test_a_track_by_id_part_of_its_title_or_link(settings, asked, capsys, name):
    assert await run(similar, settings, asked if name == "id" else name, "--guild", GUILD, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["query"] == {"id": asked, "title": "Asked", "artist": "Band"}
    assert [result["title"] for result in answer["results"]] == ["Near", "Far"]
    near = answer["results"][0]
    assert near.keys() >= {"id", "title", "artist", "score", "why"}
    assert near["score"] == pytest.approx(1 / (1 + 0.2**2) ** 0.5, abs=1e-4)
    assert near["why"] == "shared by ana"


async def test_as_many_as_wanted(settings, asked, capsys):
    await run(similar, settings, asked, "--guild", GUILD, "-k", 1, "--json")
    assert len(json.loads(capsys.readouterr().out)["results"]) == 1


async def test_in_words(settings, asked, capsys):
    await run(similar, settings, asked, "--guild", GUILD)
    printed = capsys.readouterr().out
    assert printed.startswith("Like “Band – Asked”:\n  1.  92%  Near (3:20), track ")
    assert "Else – Far" in printed


@pytest.mark.parametrize("name", ["nothing like it", "999"])
async def test_what_is_not_there_says_so(settings, asked, name):
    with pytest.raises(NotFound):
        await run(similar, settings, name, "--guild", GUILD)


async def test_a_link_that_can_never_be_opened_is_refused(settings, asked):
    with pytest.raises(Refused):
        await run(similar, settings, "file:///etc/passwd", "--guild", GUILD)


@pytest.mark.parametrize("named", ["fake.mp3", "file:///etc/passwd", "https://open.spotify.com/track/1"])
def test_what_is_no_song_is_refused_before_anything_is_opened(named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARWORM_HOME", str(tmp_path / "home"))
    (tmp_path / "fake.mp3").write_text("This is no song. " * 100)
    assert main(["similar", named, "--guild", str(GUILD)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 15 <= len(line) <= 300
    assert not (tmp_path / "home").exists()


async def test_a_link_that_fails_is_refused_before_a_model_is_loaded(settings):
    async with site() as web:
        settings = settings.model_copy(update={"egress_allow": frozenset([web.origin])})
        with pytest.raises(Refused, match="Nothing is there any more"):
            await run(similar, settings, web.url("/gone.mp3"), "--guild", GUILD)


async def test_without_weights_it_says_where_they_come_from(settings, tmp_path):
    (tmp_path / "song.wav").write_bytes(clip(7))
    with pytest.raises(WeightsError, match="earworm models pull openl3"):
        await run(similar, settings, tmp_path / "song.wav", "--guild", GUILD)


@pytest.mark.parametrize("count", ["0", "-1", "x", "1001"])
async def test_a_count_that_is_none_is_refused(settings, capsys, count):
    with pytest.raises(SystemExit):
        await run(similar, settings, "x", "--guild", GUILD, "-k", count)
    assert "1 to 1000" in capsys.readouterr().err


async def test_a_file_is_listened_to_and_not_stored(settings, tmp_path, capsys):
    settings = settings.model_copy(update={"embedders": ("mfcc",)})
    async with Services.open(settings) as services:
        await add_song(services, "Some song", [1, 0.5])
    song = compose()[0]
    path = tmp_path / "query.wav"
    write_audio(song.samples, song.rate, path)
    assert await run(similar, settings, path, "--guild", GUILD, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["query"] == {"id": None, "title": "query", "artist": ""}
    assert answer["results"] == [] and "1 no more alike than by chance" in answer["note"]
    async with Services.open(settings) as services:
        assert (await services.catalog.search(GUILD, "", None)).total == 1


async def test_wishes_narrow_the_answer(settings, asked, capsys):
    await run(similar, settings, asked, "--guild", GUILD, "--json", "--not-artist", "else")
    assert [result["title"] for result in json.loads(capsys.readouterr().out)["results"]] == ["Near"]


async def test_the_nearest_come_first_unless_it_is_to_be_adventurous(settings, asked, capsys):
    async with Services.open(settings) as services:
        for number in range(12):
            await add_song(services, f"Song {number}", [1, 0.3 + 0.01 * number], f"Band {number}")
        await add_song(services, "Other", [1, 0, 1.5], "Others")
    answers = []
    for words in ((), ("--adventure", "safe"), ("--adventure", "bold")):
        await run(similar, settings, asked, "--guild", GUILD, "--json", *words)
        found = json.loads(capsys.readouterr().out)["results"]
        answers.append([result["score"] for result in found])
    usual, safe, bold = answers
    assert usual == safe == sorted(usual, reverse=True)
    assert bold != sorted(bold, reverse=True)


def test_a_song_asks_for_the_nearest_and_a_taste_for_some_variety():
    words = ["--guild", str(GUILD)]
    assert parser(["similar"]).parse_args(["similar", "x", *words]).adventure == "safe"
    assert parser(["recommend"]).parse_args(["recommend", *words]).adventure == "balanced"


async def test_a_wish_that_leaves_nothing_is_named(settings, asked, capsys):
    await run(similar, settings, asked, "--guild", GUILD, "--tag", "polka")
    assert capsys.readouterr().out == "Nothing is left to suggest. Left out: 2 without the tag.\n"
    await run(similar, settings, asked, "--guild", GUILD, "--exclude", "near", "far")
    assert "Left out: 2 you left out." in capsys.readouterr().out
