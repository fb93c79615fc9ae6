"""Discord, or the bot itself, has trouble: nothing is lost, nothing is said twice."""

import logging
from typing import Any

import pytest
from sqlalchemy import select

from bot.client import UNEXPECTED_ERROR, Earworm
from discord_sandbox import Permission, Sandbox
from models import Job
from tests.support.http import Site
from tests.support.running import Club, eventually
from tests.support.songs import encoded, file
from tests.support.tally import ProofTally

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


@pytest.mark.parametrize("trouble", ["dropped", "asked to reconnect", "invalid but resumable"])
async def test_events_that_are_delivered_again_after_a_lost_connection(club: Club, trouble: str) -> None:
    song = file(134, title="Meanwhile")
    await club.discord.quiet()
    if trouble == "dropped":
        club.discord.drop_gateway()
    elif trouble == "asked to reconnect":
        club.discord.gateway.ask_to_reconnect()
    else:
        club.discord.gateway.invalidate(resumable=True)
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


TROUBLES: tuple[dict[str, Any], ...] = (
    {"status": 502},
    {"status": 504},
    {"status": 429, "everywhere": True},
    {"status": 429, "retry_after": None},
)


async def test_replies_that_meet_each_another_trouble(club: Club, tally: ProofTally) -> None:
    for trouble in TROUBLES:
        club.discord.faults.fail_next("POST", rf"/channels/{club.music.id}/messages$", **trouble)
    links = [club.web.serve(f"/trouble-{n}.mp3", encoded(134, title="Once")) for n, _ in enumerate(TROUBLES)]
    messages = [await club.ann.post(club.music, link) for link in links]
    for message in messages:
        assert "**Once**" in (await club.reply_to(message))["content"]
    assert club.discord.faults.planned == []
    tally.tried(
        "what Discord does to bots: 502, 504, and 429 of all routes and without a time", times=4, lost=0
    )


async def test_a_rest_api_that_answers_nothing(bot: Earworm, club: Club, tally: ProofTally) -> None:
    beats = len(club.discord.heartbeats)
    club.discord.stall()
    try:
        message = await club.ann.post(club.music, files=[file(135, title="Unstalled")])
        await club.discord.wait_for(lambda: any(str(club.music.id) in r.path for r in club.discord.requests))
        club.discord.drop_gateway()
    finally:
        club.discord.resume()
    assert "**Unstalled**" in (await club.reply_to(message))["content"]
    await club.discord.ready()
    assert all(beat.late < 10 for beat in club.discord.heartbeats[beats:])
    tally.tried("what Discord does to bots: a REST API that answers nothing", lost=0)


async def test_events_that_come_late_twice_and_the_last_first(club: Club, tally: ProofTally) -> None:
    club.discord.gateway.hold()
    links = [club.web.serve(f"/late-{n}.mp3", encoded(136, title="Late")) for n in range(3)]
    messages = [await club.ann.post(club.music, link) for link in links]
    club.discord.gateway.release(times=2, backwards=True)
    for message in messages:
        assert "**Late**" in (await club.reply_to(message))["content"]
    await club.discord.quiet(0.5)
    assert [len(club.replies_to(message)) for message in messages] == [1, 1, 1]
    tally.tried("what Discord does to bots: events late, twice and the last one first", times=6, lost=0)


@pytest.mark.parametrize("status", [401, 404])
async def test_a_command_whose_token_is_lost_is_answered_by_the_bot_itself(
    club: Club, status: int, tally: ProofTally
) -> None:
    link, let_go = club.hold(f"/token-{status}.mp3", encoded(137, title="Without a token"))
    answer = await club.ann.command(club.hall, "share", link=link)
    await club.discord.wait_for(lambda: club.web.hits[f"/token-{status}.mp3"])
    club.discord.faults.fail_next("PATCH", r"/messages/@original$", status=status, times=100)
    let_go.set()
    try:
        assert "**Without a token**" in (await club.settled(answer))["content"]
    finally:
        club.discord.faults.planned.clear()
    tally.tried("what Discord does to bots: a command's token lost", lost=0)


async def test_what_goes_while_its_song_is_at_work(
    bot: Earworm, club: Club, discord: Sandbox, web: Site, tally: ProofTally
) -> None:
    """A channel and a server are deleted, and in a third the bot may do nothing any more."""
    goes = [Club(discord, web, name) for name in ("channel", "server", "right")]
    links = [club.hold(f"/goes-{n}.mp3", encoded(138, title="Gone")) for n in range(len(goes))]
    for each, (link, _) in zip(goes, links, strict=True):
        await each.listen()
        await each.ann.post(each.music, link)
    await discord.wait_for(lambda: all(web.hits[f"/goes-{n}.mp3"] for n in range(len(goes))))
    goes[0].music.delete()
    discord.remove_guild(goes[1].guild)
    goes[2].music.set_overwrite(goes[2].guild.bot, deny=Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)
    for _, let_go in links:
        let_go.set()

    async def are_done() -> bool:
        async with bot.services.store.session() as session:
            jobs = await session.scalars(
                select(Job).where(Job.guild_id.in_([each.guild.id for each in goes]))
            )
            return all(job.done and (job.state == "announced" or job.reason) for job in jobs)

    assert await eventually(are_done)
    still = await club.share(club.ann, files=[file(139, title="Still here")])
    assert "**Still here**" in still.text
    tally.tried(
        "what Discord does to bots: a channel, a server, a right gone while a song is at work",
        times=3,
        lost=0,
    )


@pytest.mark.errors
async def test_an_event_that_makes_no_sense(club: Club) -> None:
    song = file(136, title="After nonsense")
    await club.discord.quiet()
    club.discord.gateway.garble()
    message = await club.ann.post(club.music, files=[song])
    assert "**After nonsense**" in (await club.reply_to(message))["content"]
    await club.discord.ready()
