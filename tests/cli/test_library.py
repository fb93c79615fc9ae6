"""Whose library a command asks, and who listened to it."""

import pytest
from sqlalchemy import select

from bot.cli import digest, playlists, recommend, similar
from bot.errors import NotFound
from bot.services import Services
from models import Guild
from tests.support.commands import add_song, run
from tests.support.library import GUILD

ASKED = [(digest,), (playlists,), (recommend,), (similar, "x"), (similar, "https://music.example/1")]


async def registered(settings) -> list[int]:
    async with Services.open(settings) as services, services.store.session() as session:
        return list(await session.scalars(select(Guild.id)))


@pytest.mark.parametrize("words", ASKED)
async def test_a_server_without_music_is_refused_and_not_registered(settings, words):
    async with Services.open(settings) as services:
        await add_song(services, "Song", [1])
    with pytest.raises(NotFound, match=f"No server 99 here. Servers with music: {GUILD}."):
        await run(words[0], settings, *words[1:], "--guild", 99)
    assert await registered(settings) == [GUILD]


@pytest.mark.parametrize("command", [digest, playlists])
async def test_nor_is_one_where_there_is_no_music_at_all(settings, command):
    with pytest.raises(NotFound, match="earworm ingest"):
        await run(command, settings, "--guild", 99)
    assert await registered(settings) == []


async def test_another_embedder_that_answers_is_named(settings, capsys):
    before = settings.model_copy(update={"embedders": ("mfcc",)})
    async with Services.open(before) as services:
        track = await add_song(services, "Asked", [1])
        await add_song(services, "Other", [0.95, 0.3])
    await run(similar, before, track, "--guild", GUILD)
    assert capsys.readouterr().err == ""
    await run(similar, settings, track, "--guild", GUILD)
    printed = capsys.readouterr()
    assert printed.err == "earworm: answered by mfcc: openl3 has not heard this library yet.\n"
    assert "Other" in printed.out
