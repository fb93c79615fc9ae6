"""👍 and 👎 on a share, on the bot's reply and on suggestions are feedback."""

from typing import Any

import pytest

from bot.client import Earworm
from tests.support.running import Club, eventually
from tests.support.songs import file

pytestmark = pytest.mark.asyncio(loop_scope="package")

Votes = list[tuple[int, int]]


async def become(bot: Earworm, club: Club, wanted: Votes) -> None:
    """Wait until these (member, kind) are the votes, and stay so."""

    async def are() -> bool:
        return await votes(bot, club) == wanted

    await eventually(are)
    await club.discord.quiet(0.2)
    assert await votes(bot, club) == wanted


async def votes(bot: Earworm, club: Club) -> Votes:
    return sorted((vote.user_id, vote.kind) for vote in await bot.services.feedback.votes(club.guild.id))


async def shared(bot: Earworm, club: Club) -> dict[str, Any]:
    """The message in which Ann shared a song."""
    await club.add_song(bot, "Song", by=club.ann)
    return club.music.messages[-1]


async def test_on_a_share_and_taking_it_back(bot: Earworm, club: Club) -> None:
    message = await shared(bot, club)
    await club.bo.react(message, "👍🏽")
    await club.cleo.react(message, "👎")
    await club.cleo.react(message, "🎉")
    await become(bot, club, [(club.bo.id, +1), (club.cleo.id, -1)])
    await club.bo.unreact(message, "👍🏽")
    await become(bot, club, [(club.cleo.id, -1)])
    names = await bot.services.guilds.names(club.guild.id, [club.bo.id, club.cleo.id])
    assert names == {club.bo.id: "Bo", club.cleo.id: "Cleo"}


async def test_on_the_reply_also_while_the_song_is_on_its_way(bot: Earworm, club: Club) -> None:
    message = await club.ann.post(club.music, files=[file(80)])
    await club.discord.wait_for(lambda: club.replies_to(message))
    await club.bo.react(message, "👍")
    reply = await club.reply_to(message)
    await become(bot, club, [(club.bo.id, +1)])
    await club.cleo.react(reply, "👍")
    await become(bot, club, [(club.bo.id, +1), (club.cleo.id, +1)])


async def test_ones_own_share_and_bots_do_not_count(bot: Earworm, club: Club) -> None:
    message = await shared(bot, club)
    robot = club.guild.add_member("Robot", bot=True)
    await club.ann.react(message, "👍")
    await robot.react(message, "👎")
    await club.bo.react(message, "👎")
    await become(bot, club, [(club.bo.id, -1)])
    await club.ann.react(message, "👎")
    await become(bot, club, [(club.ann.id, -1), (club.bo.id, -1)])


async def test_a_mark_on_a_message_that_is_none_of_the_bots_business(bot: Earworm, club: Club) -> None:
    chat = await club.ann.post(club.hall, "good morning")
    await club.bo.react(chat, "👍")
    message = await shared(bot, club)
    await club.cleo.react(message, "👍")
    await become(bot, club, [(club.cleo.id, +1)])
    assert await bot.services.guilds.names(club.guild.id, [club.bo.id]) == {}


async def test_on_a_suggestion(bot: Earworm, club: Club) -> None:
    seed = await club.add_song(bot, "Seed", sounds=(1.0, 0.1))
    near = await club.add_song(bot, "Near", sounds=(1.0, 0.2))
    answer = await club.bo.command(club.hall, "similar", track=str(seed))
    suggestion = await answer.message()
    await club.bo.react(suggestion, "👍")
    await become(bot, club, [(club.bo.id, +1)])
    assert (await bot.services.feedback.votes(club.guild.id))[0].track_id == near


async def test_clearing_reactions(bot: Earworm, club: Club) -> None:
    message = await shared(bot, club)
    await club.bo.react(message, "👍")
    await club.cleo.react(message, "👎")
    await become(bot, club, [(club.bo.id, +1), (club.cleo.id, -1)])
    await club.mod.clear_reactions(message, "👍")
    await become(bot, club, [(club.cleo.id, -1)])
    await club.bo.react(message, "👍")
    await become(bot, club, [(club.bo.id, +1), (club.cleo.id, -1)])
    await club.mod.clear_reactions(message)
    await become(bot, club, [])


async def test_the_message_is_deleted(bot: Earworm, club: Club) -> None:
    track = await club.add_song(bot, "Song", by=club.ann)
    first = club.music.messages[-1]
    again = await club.ann.command(club.hall, "track", track=str(track))
    shown = await again.message()
    await club.bo.react(shown, "👍")
    await become(bot, club, [(club.bo.id, +1)])
    await club.mod.delete(shown)
    await become(bot, club, [])
    assert first in club.music.messages
