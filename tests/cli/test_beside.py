"""Commands that read work beside the running bot, which holds the vectors; those that write are refused."""

import json

import pytest

from bot.cli import digest, doctor, ingest, playlists, recommend, similar
from bot.errors import StorageBusy
from bot.services import Services
from tests.support.commands import add_song, like, run
from tests.support.library import BEN, GUILD
from tests.support.songs import clip

SONGS = 16
OF_THIS_MOMENT = {"since", "until"}


@pytest.fixture
async def bot(settings):
    """What a running bot holds open: sixteen songs, of which ben likes one."""
    async with Services.open(settings) as services:
        songs = [
            await add_song(services, f"Song {i}", [i % 2, (i + 1) % 2, 1 / (i + 1)], f"Band {i}")
            for i in range(SONGS)
        ]
        await like(services, BEN, songs[0])
        yield services


def answer(capsys) -> dict:
    said = json.loads(capsys.readouterr().out)
    return {key: value for key, value in said.items() if key not in OF_THIS_MOMENT}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (similar, ["Song 1", "--guild", GUILD]),
        (recommend, ["--guild", GUILD, "--user", BEN]),
        (playlists, ["--guild", GUILD]),
        (digest, ["--guild", GUILD]),
    ],
    ids=["similar", "recommend", "playlists", "digest"],
)
async def test_what_reads_gives_the_same_answer_beside_the_bot(settings, bot, capsys, command, words):
    held = await bot.vectors.generations.known()
    assert await run(command, settings, *words, "--json") == 0
    beside = answer(capsys)
    assert await bot.vectors.generations.known() == held
    assert len(await bot.vectors.ids(GUILD)) == SONGS
    await bot.vectors.close()
    assert await run(command, settings, *words, "--json") == 0
    assert beside == answer(capsys)
    assert json.dumps(beside).count("Song ") > 1


async def test_questions_that_need_the_engine_find_what_the_database_says(settings, bot):
    async with Services.open(settings, reads=True) as beside:
        assert beside.vectors.engine is not bot.vectors.engine
        assert await beside.vectors.ids(GUILD) == await bot.vectors.ids(GUILD)
        near = [await each.vectors.nearest(GUILD, 1, channels=None, limit=9) for each in (beside, bot)]
        assert near[0] == near[1]


@pytest.mark.parametrize(
    ("command", "words"), [(doctor, []), (ingest, ["song.wav", "--guild", GUILD])], ids=["doctor", "ingest"]
)
async def test_what_compares_or_writes_is_refused_beside_the_bot(settings, bot, tmp_path, command, words):
    (tmp_path / "song.wav").write_bytes(clip(7))
    words = [tmp_path / word if word == "song.wav" else word for word in words]
    with pytest.raises(StorageBusy, match="The bot is running and holds the vectors"):
        await run(command, settings, *words)
