"""What goes wrong on a share's way: links that fail, workers that die, replies that can't be made, crashes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web as http
from sqlalchemy import update

from bot.services import Services
from bot.shares.jobs import now
from models import Job, Share, Track
from tests.support.channel import unreachable
from tests.support.sharing import SharingClub, messages, songs, until_done
from tests.support.songs import clip
from tests.support.workers import kill

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_fails_says_why_and_stores_nothing(
    club: SharingClub, leftovers: Callable[[], list[Path]]
) -> None:
    text = club.web.serve("/text.mp3", "This is no song. " * 100, "audio/mpeg")
    gone, fake, drm = await club.share(
        club.web.url("/nothing-here.mp3"), text, "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"
    )
    assert [job.failure for job in (gone, fake, drm)] == ["gone", "not_audio", "drm"]
    assert {job.state for job in (gone, fake, drm)} == {"failed"}
    assert all(job.done and job.reason and job.track_id is None for job in (gone, fake, drm))
    assert await club.all(Track) == await club.all(Share) == []
    assert leftovers() == []


async def test_a_site_that_stumbles_is_asked_again(club: SharingClub) -> None:
    song = clip(next(songs))
    answers = [500]

    async def stumble(request: http.Request) -> http.Response:
        return (
            http.Response(status=answers.pop())
            if answers
            else http.Response(body=song, content_type="audio/wav")
        )

    (job,) = await club.share(club.web.on("/stumbles.wav", stumble))
    assert job.state == "announced"
    assert answers == []


async def test_who_waits_for_a_link_that_fails_learns_of_it_without_another_try(club: SharingClub) -> None:
    link = club.web.url(f"/dead-{club.guild}.mp3")
    jobs = [job for user in range(4) for job in await club.post(link, user=user)]
    await until_done(club.services.pipeline, jobs)
    states = await club.services.ledger.states(jobs)
    assert [state.failure for state in states] == ["gone"] * 4
    assert [state.known for state in states].count(False) == 1


async def test_a_song_survives_the_death_of_the_worker_that_fetches_it(
    club: SharingClub, leftovers: Callable[[], list[Path]]
) -> None:
    song, deaths = clip(next(songs)), [1]

    async def kill_once(request: http.Request) -> http.Response:
        if deaths:
            deaths.pop()
            assert kill("intake.fetch_worker") == 1
        return http.Response(body=song, content_type="audio/wav")

    (job,) = await club.share(club.web.on(f"/killed-{club.guild}.wav", kill_once))
    assert job.state == "announced" and deaths == []
    assert len(await club.points()) == 1
    assert leftovers() == []


@pytest.mark.parametrize("module", ["audio.decode_worker", "listening.analysis_worker"])
async def test_a_song_survives_the_death_of_a_worker(
    club: SharingClub, module: str, leftovers: Callable[[], list[Path]]
) -> None:
    tried = 0
    while True:  # one that decodes lives for so short that it may be missed
        tried += 1
        link = club.web.serve(f"/{module}-{club.guild}-{tried}.wav", clip(next(songs)))
        if await shared_with_a_death(club, link, module):
            break
    assert len(await club.points()) == tried
    assert leftovers() == []


async def shared_with_a_death(club: SharingClub, link: str, module: str) -> bool:
    """Share a song and kill a worker while it is analysed; whether one was there in time."""
    jobs, is_killed = await club.post(link), False
    while not is_killed:
        (state,) = await club.services.ledger.states(jobs)
        if state.state == "announced":
            return False
        is_killed = state.state == "analysing" and kill(module) > 0
        await asyncio.sleep(0.002)
    await until_done(club.services.pipeline, jobs)
    (state,) = await club.services.ledger.states(jobs)
    assert state.state == "announced"
    return True


async def test_a_song_that_kills_every_worker_is_given_up(
    club: SharingClub, leftovers: Callable[[], list[Path]]
) -> None:
    async def deadly(request: http.Request) -> http.Response:
        kill("intake.fetch_worker")
        return http.Response(body=b"")

    (job,) = await club.share(club.web.on(f"/deadly-{club.guild}.wav", deadly))
    assert (job.state, job.failure) == ("failed", "crashed")
    assert leftovers() == []


# -- telling ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [unreachable(), RuntimeError("a bug")])
async def test_a_reply_that_cannot_be_made_is_made_later(club: SharingClub, trouble: Exception) -> None:
    message = next(messages)
    club.channel.trouble.append(trouble)
    (job,) = await club.share(club.song(), message=message)
    assert job.state == "announced"
    assert club.channel.refreshes[message] == 2
    assert message in club.channel.replies


async def test_a_deleted_message_stores_nothing_and_is_not_answered(
    club: SharingClub, services: Services
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    song = clip(next(songs))

    async def wait(request: http.Request) -> http.Response:
        asked.set()
        await go_on.wait()
        return http.Response(body=song, content_type="audio/wav")

    message = next(messages)
    jobs = await club.post(club.web.on(f"/slow-{club.guild}.wav", wait), message=message)
    await asked.wait()
    assert await services.ledger.withdraw(club.guild, message) == 1
    go_on.set()
    await club.share(club.song())  # meanwhile the withdrawn one comes to its end
    await until_done(services.pipeline, jobs)
    assert message not in club.channel.replies
    assert len(await club.all(Share)) == 1


async def test_a_message_that_is_deleted_while_it_is_answered_is_looked_at_again(club: SharingClub) -> None:
    message = next(messages)

    async def delete_it() -> None:
        await club.services.ledger.withdraw(club.guild, message)

    club.channel.meanwhile[message] = delete_it
    await club.share(club.song(), message=message)
    await club.share(club.song())  # until then the first reply is looked at again
    assert club.channel.refreshes[message] == 2
    assert club.channel.replies[message].jobs[0].failure == "withdrawn"


# -- a crash between two stages --------------------------------------------------------------------------


async def test_a_track_that_was_stored_but_not_indexed_is_indexed(
    club: SharingClub, services: Services
) -> None:
    (job,) = await club.share(club.song())
    assert job.track_id is not None
    await services.vectors.remove(club.guild, [job.track_id])
    await set_back(services, job.id, state="analysing")
    await until_done(services.pipeline, [job.id])
    assert await club.points() == {job.track_id}
    assert len(await club.all(Track)) == len(await club.all(Share)) == 1


async def set_back(services: Services, job: int, *, state: str) -> None:
    """As a killed bot, or the doctor, leaves it."""
    async with services.store.begin() as session:
        values = {"state": state, "done": False, "run_after": now()}
        await session.execute(update(Job).where(Job.id == job).values(**values))
    services.pipeline.wake()
