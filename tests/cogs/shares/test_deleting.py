"""A deleted message takes its shares, and the bot's reply, along."""

from typing import Any

import pytest

from bot.client import Earworm
from tests.support.running import AnnouncedShare, Club, eventually
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def library(bot: Earworm, club: Club) -> list[str]:
    return [c.title for c in (await bot.services.catalog.search(club.guild.id, "", None)).cards]


async def test_while_it_is_on_its_way(bot: Earworm, club: Club) -> None:
    link, let_go = club.hold("/deleted.mp3", encoded(70))
    message = await club.ann.post(club.music, link)
    await club.discord.wait_for(lambda: club.replies_to(message) and club.web.hits["/deleted.mp3"], 30)
    await club.ann.delete(message)
    await club.discord.wait_for(lambda: club.music.messages == [], 10)
    let_go.set()
    announced = await club.share(club.bo, files=[file(71, title="Other")])
    assert await library(bot, club) == ["Other"]
    assert [m["id"] for m in club.music.messages] == [announced.message["id"], announced.reply["id"]]


async def test_at_once(bot: Earworm, club: Club) -> None:
    message = await club.ann.post(club.music, files=[file(72)])
    await club.ann.delete(message)
    announced = await club.share(club.bo, files=[file(73, title="Other")])
    await club.discord.quiet(0.5)
    assert await library(bot, club) == ["Other"]
    assert [m["id"] for m in club.music.messages] == [announced.message["id"], announced.reply["id"]]


async def test_after_it_was_told(bot: Earworm, club: Club) -> None:
    announced = await club.share(club.ann, files=[file(74)])
    await club.ann.delete(announced.message)
    await club.discord.wait_for(lambda: club.music.messages == [])

    async def gone() -> bool:
        return await library(bot, club) == [] and await bot.services.vectors.ids(club.guild.id) == set()

    assert await eventually(gone)


async def test_the_track_stays_while_another_share_stands(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/twice.mp3", encoded(75, title="Twice"))
    first = await club.share(club.ann, link)
    second = await club.share(club.bo, link)
    await club.mod.delete(first.message, first.reply)  # several at once, as moderators do
    await eventually(lambda: _sharers(bot, club, [club.bo.id]))
    assert await library(bot, club) == ["Twice"]
    reply = await club.discord.wait_for(lambda: _no_longer_before(club, second))
    assert reply["content"].endswith(f"shared by {club.bo.mention}")


def _no_longer_before(club: Club, announced: AnnouncedShare) -> dict[str, Any] | None:
    [reply] = club.replies_to(announced.message)
    return reply if "before" not in reply["content"] else None


async def _sharers(bot: Earworm, club: Club, wanted: list[int]) -> bool:
    page = await bot.services.catalog.search(club.guild.id, "", None)
    return [share.user_id for card in page.cards for share in card.shares] == wanted


async def test_a_deleted_reply_does_not_come_back(bot: Earworm, club: Club) -> None:
    link, let_go = club.hold("/moderated.mp3", encoded(76, title="Moderated"))
    message = await club.ann.post(club.music, link)
    await club.discord.wait_for(lambda: club.replies_to(message))
    await club.mod.delete(club.replies_to(message)[0])
    let_go.set()

    async def done() -> bool:
        state = await bot.services.ledger.message_snapshot(club.guild.id, int(message["id"]))
        return state is not None and all(job.done for job in state.jobs)

    assert await eventually(done, 90)
    assert club.replies_to(message) == []
    assert await library(bot, club) == ["Moderated"]
