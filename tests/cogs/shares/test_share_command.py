"""/share and the message menu add a song from anywhere."""

import pytest

from bot.client import Earworm
from discord_sandbox import Permission
from tests.support.running import Club
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_link_by_command(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/command.mp3", encoded(30, title="By command"))
    answer = await club.ann.command(club.hall, "share", link=link)
    assert answer.deferred
    said = await club.settled(answer)
    assert said["content"] == f"🎵 **By command** · 0:05 · shared by {club.ann.mention}"
    assert set(club.hall.reactions(said)) == {"👍", "👎"}
    assert len(club.hall.messages) == 1
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert page.cards[0].first is not None
    assert page.cards[0].first.message_id == int(said["id"])


async def test_a_file_by_command(club: Club) -> None:
    answer = await club.bo.command(club.hall, "share", file=file(31, title="As a file"))
    said = await club.settled(answer)
    assert "**As a file**" in said["content"]


async def test_neither_link_nor_file_is_answered_to_the_asker_alone(club: Club) -> None:
    for options in ({}, {"link": "not a link"}, {"link": "https://open.spotify.com/track/1"}):
        answer = await club.ann.command(club.hall, "share", **options)
        said = await answer.message()
        assert said["flags"] & 64
        assert len(said["content"]) > 15
    assert club.hall.messages == []


async def test_the_menu_adds_somebody_elses_song_as_theirs(bot: Earworm, club: Club) -> None:
    message = await club.bo.post(club.hall, "mine", files=[file(32, title="By menu")])
    answer = await club.ann.menu(club.hall, "Add to library", message)
    said = await club.settled(answer)
    assert said["content"] == f"🎵 **By menu** · 0:05 · shared by {club.bo.mention}"
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert page.cards[0].first is not None
    assert page.cards[0].first.message_id == int(message["id"])
    assert club.replies_to(message) == []


async def test_the_menu_on_a_message_without_music(club: Club) -> None:
    message = await club.bo.post(club.hall, "nothing here")
    answer = await club.ann.menu(club.hall, "Add to library", message)
    said = await answer.message()
    assert said["flags"] & 64
    assert said["content"] == "I see no link and no audio file in that message."


async def test_a_command_asks_again_about_what_failed(club: Club) -> None:
    link = club.web.url("/later.mp3")
    first = await club.settled(await club.ann.command(club.hall, "share", link=link))
    assert first["content"].startswith("⚠️ 127\\.0.0.1: Nothing is there any more")
    assert club.hall.reactions(first) == {}
    club.web.serve("/later.mp3", encoded(33, title="Later"))
    second = await club.settled(await club.ann.command(club.hall, "share", link=link))
    assert "**Later**" in second["content"]


async def test_in_a_channel_that_the_bot_itself_does_not_see(club: Club) -> None:
    secret = club.guild.add_channel("secret")
    secret.set_overwrite(club.guild.bot, deny=Permission.VIEW_CHANNEL)
    answer = await club.ann.command(secret, "share", file=file(34, title="Unseen"))
    await club.discord.wait_for(lambda: answer.responses and "🎵" in answer.responses[0]["content"], 60)
    assert "**Unseen**" in answer.responses[0]["content"]
