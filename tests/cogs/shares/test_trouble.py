"""Discord, or the bot itself, has trouble: nothing is lost, nothing is said twice."""

import logging
from typing import Any

import pytest

from bot.client import UNEXPECTED_ERROR, Earworm
from discord_sandbox import Permission
from tests.support.running import Club, eventually
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.errors
async def test_an_unexpected_error_is_apologised_for_and_logged(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(bot.services.recommender, "recommend", broken)
    said = await (await club.ann.command(club.hall, "recommend")).message()
    assert said["content"] == UNEXPECTED_ERROR and said["flags"] & 64
    assert club.hall.messages == []
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.getMessage() == "/recommend failed"
    assert record.exc_info and record.exc_info[0] is ZeroDivisionError


@pytest.mark.errors
async def test_an_unexpected_error_of_a_button(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = await club.add_song(bot, "Song")
    shown = await (await club.ann.command(club.hall, "track", track=str(song))).message()

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(bot.services.feedback, "toggle", broken)
    said = await (await club.bo.click(shown, emoji="👍")).message()
    assert said["content"] == UNEXPECTED_ERROR and said["flags"] & 64
    assert [m["id"] for m in club.hall.messages] == [shown["id"]]


@pytest.mark.parametrize(("status", "times"), [(500, 1), (503, 1), (429, 3), ("drop_after", 1)])
async def test_a_reply_that_fails_at_first(club: Club, status: Any, times: int) -> None:
    post = rf"/channels/{club.music.id}/messages$"
    club.discord.faults.fail_next("POST", post, status=status, times=times)
    announced = await club.share(club.ann, files=[file(130, title="Told in the end")])
    assert "**Told in the end**" in announced.text


async def test_a_change_of_the_reply_that_fails_at_first(club: Club) -> None:
    link, let_go = club.hold("/patience.mp3", encoded(131, title="Patience"))
    message = await club.ann.post(club.music, link)
    await club.discord.wait_for(lambda: club.replies_to(message))
    [reply] = club.replies_to(message)
    club.discord.faults.fail_next("PATCH", rf"/messages/{reply['id']}$", status=503, times=2)
    let_go.set()
    assert "**Patience**" in (await club.reply_to(message))["content"]


async def test_an_outage_of_discord(club: Club) -> None:
    message = await club.ann.post(club.music, files=[file(132, title="Outage")])
    club.discord.pause()
    try:
        await club.discord.wait_for(
            lambda: any(r.status == 503 and str(club.music.id) in r.path for r in club.discord.requests)
        )
    finally:
        club.discord.resume()
    assert "**Outage**" in (await club.reply_to(message))["content"]


async def test_a_channel_in_which_the_bot_may_not_speak(bot: Earworm, club: Club) -> None:
    club.music.set_overwrite(
        club.guild.bot,
        deny=Permission.SEND_MESSAGES | Permission.ADD_REACTIONS,
        allow=Permission.VIEW_CHANNEL,
    )
    message = await club.ann.post(club.music, files=[file(133, title="Unspoken")])

    async def done() -> bool:
        state = await bot.services.ledger.message_snapshot(club.guild.id, int(message["id"]))
        return state is not None and all(job.done for job in state.jobs)

    assert await eventually(done, 60)
    assert club.replies_to(message) == []
    assert (await bot.services.catalog.search(club.guild.id, "unspoken", None)).total == 1


async def test_events_that_are_delivered_again_after_a_lost_connection(club: Club) -> None:
    song = file(134, title="Meanwhile")
    await club.discord.quiet()
    club.discord.drop_gateway()
    message = await club.ann.post(club.music, files=[song])
    reply = await club.reply_to(message)
    assert "**Meanwhile**" in reply["content"]
    await club.discord.quiet(0.5)
    assert len(club.replies_to(message)) == 1


async def test_messages_that_were_missed_when_the_session_was_lost(club: Club) -> None:
    song = file(135, title="Missed")
    await club.discord.quiet()
    club.discord.drop_gateway(resumable=False)
    message = await club.ann.post(club.music, files=[song])
    assert "**Missed**" in (await club.reply_to(message))["content"]


@pytest.mark.errors
async def test_an_event_that_makes_no_sense(club: Club) -> None:
    song = file(136, title="After nonsense")
    await club.discord.quiet()
    club.discord.gateway.garble()
    message = await club.ann.post(club.music, files=[song])
    assert "**After nonsense**" in (await club.reply_to(message))["content"]
    await club.discord.ready()
