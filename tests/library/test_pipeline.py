"""Shares on their whole way: fetched from a real server, decoded, embedded, stored, told."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as http
from sqlalchemy import func, select, update

from bot.errors import Failure, Refused
from bot.intake.links import Source as Link
from bot.library.jobs import now
from bot.library.ledger import JobState, new_share
from bot.services import Services
from models import Job, MessageTrack, Share, Source, Track, TrackVector
from tests.support.channel import REPLY, Channel, unreachable
from tests.support.http import Site
from tests.support.songs import clip, encoded
from tests.support.workers import kill

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE = 60_000 << 22
_messages = count(1_430_000_000_000_000_000, MINUTE)
_songs = count(1)


class Club:
    """A server, its members' links, and what became of them."""

    def __init__(self, services: Services, web: Site, channel: Channel, guild: int) -> None:
        self.services = services
        self.web = web
        self.channel = channel
        self.guild = guild

    def song(self, path: str = "", number: int | None = None) -> str:
        """A link to a song of its own."""
        number = next(_songs) if number is None else number
        return self.web.serve(path or f"/song-{self.guild}-{number}.wav", clip(number, 5.0))

    async def post(self, *links: str, user: int = 7, guild: int = 0, message: int = 0) -> list[int]:
        """Post links in one message; gives their jobs."""
        message = message or next(_messages)
        place = {"guild_id": guild or self.guild, "channel_id": 5, "message_id": message, "user_id": user}
        return await self.services.pipeline.submit([new_share(Link(link), **place) for link in links])

    async def share(self, *links: str, **where: int) -> list[JobState]:
        """Post links in one message and wait for their end."""
        jobs = await self.post(*links, **where)
        await self.services.pipeline.until_done(jobs)
        return await self.services.ledger.states(jobs)

    async def all(self, table: type[Any]) -> list[Any]:
        async with self.services.store.session() as session:
            return list(await session.scalars(select(table).where(table.guild_id == self.guild)))

    async def points(self) -> set[int]:
        return await self.services.vectors.ids(self.guild)

    async def message_of(self, job: int) -> int:
        async with self.services.store.session() as session:
            return await session.scalar(select(Job.message_id).where(Job.id == job)) or 0


@pytest.fixture
def club(services: Services, web: Site, channel: Channel, guild: int) -> Club:
    return Club(services, web, channel, guild)


# -- a song's way ------------------------------------------------------------------------------------------


@pytest.mark.database
async def test_a_link_becomes_a_track(club: Club, leftovers: Callable[[], list[Path]]) -> None:
    link = club.web.serve("/harbour.mp3", encoded(3, "mp3", title="Harbour", artist="Ana Lind"))
    message = next(_messages)
    (job,) = await club.share(link, message=message)
    assert (job.state, job.done, job.known, job.failure) == ("announced", True, False, "")

    (track,) = await club.all(Track)
    assert track.id == job.track_id
    assert track.seconds == pytest.approx(5.0, abs=0.1)
    (source,) = await club.all(Source)
    assert (source.track_id, source.key, source.url) == (track.id, f"url:{link}", link)
    assert (source.title, source.artist) == ("Harbour", "Ana Lind")
    (share,) = await club.all(Share)
    assert (share.message_id, share.track_id, share.user_id, share.url) == (message, track.id, 7, link)
    assert {(about.message_id, about.track_id) for about in await club.all(MessageTrack)} == {
        (message, track.id),
        (message + REPLY, track.id),
    }

    stored = (await club.services.vectors.get(club.guild, [track.id])).vectors["mfcc-1"]
    payload = (await club.services.vectors.payloads(club.guild))[track.id]
    assert (payload["title"], payload["sharers"], payload["channels"]) == ("Harbour", [7], [5])
    assert payload["tempo"] == track.features["tempo"] > 0
    async with club.services.store.session() as session:
        raw = await session.get(TrackVector, (track.id, "mfcc-1"))
    assert raw is not None
    assert len(raw.data) == 80 * 4
    assert stored[track.id].shape == (80,)
    assert club.channel.replies[message].jobs[0].state == "stored"
    assert leftovers() == []


async def test_a_page_names_its_song(club: Club) -> None:
    club.web.serve("/page.wav", clip(next(_songs)))
    page = "<html><head><title>Night Bus</title></head><body><audio src='/page.wav'></audio></body></html>"
    (job,) = await club.share(club.web.serve("/page", page))
    (source,) = await club.all(Source)
    assert (source.track_id, source.title) == (job.track_id, "Night Bus")


async def test_a_file_without_tags_is_called_as_it_is_named(club: Club) -> None:
    link = club.web.serve("/03%20-%20blue_train.wav".replace("%20", "_"), clip(next(_songs)))
    await club.share(link)
    (source,) = await club.all(Source)
    assert "blue train" in source.title


async def test_an_attachment_keeps_no_address(club: Club, services: Services) -> None:
    share = new_share(
        Link(club.song(), name="voice.wav", attachment_id=77),
        guild_id=club.guild,
        channel_id=5,
        message_id=next(_messages),
        user_id=7,
    )
    await services.pipeline.until_done(await services.pipeline.submit([share]))
    (source,) = await club.all(Source)
    (kept,) = await club.all(Share)
    assert (source.key, source.url, kept.url) == ("discord:77", "", "")
    assert source.title == "voice"


async def test_the_sign_is_shown_for_each_message(club: Club) -> None:
    message = next(_messages)
    await club.share(club.song(), club.song(), message=message)
    assert club.channel.signs[message] == 1


# -- the same song again -----------------------------------------------------------------------------------


async def test_the_same_link_again_is_not_fetched_again(club: Club) -> None:
    link = club.song("/again.wav")
    (first,) = await club.share(link, user=7)
    fetched = club.web.hits["/again.wav"]
    (second,) = await club.share(link + "#t=30", user=8)
    assert (second.track_id, second.known) == (first.track_id, True)
    assert club.web.hits["/again.wav"] == fetched
    assert [share.user_id for share in await club.all(Share)] == [7, 8]
    assert len(await club.points()) == 1


async def test_the_same_recording_elsewhere_is_the_same_track(club: Club) -> None:
    number = next(_songs)
    (first,) = await club.share(club.web.serve("/original.flac", encoded(number, "flac")))
    other = club.web.serve("/copy.mp3", encoded(number, "mp3"))
    (second,) = await club.share(other)
    assert (second.track_id, second.known) == (first.track_id, True)
    assert len(await club.all(Track)) == 1
    assert {source.url for source in await club.all(Source)} == {club.web.url("/original.flac"), other}
    fetched = club.web.hits["/copy.mp3"]
    await club.share(other)
    assert club.web.hits["/copy.mp3"] == fetched


async def test_another_song_is_another_track(club: Club) -> None:
    jobs = await club.share(club.song(), club.song())
    assert len({job.track_id for job in jobs}) == 2
    assert await club.points() == {job.track_id for job in jobs}


@pytest.mark.database
async def test_members_who_share_the_same_song_at_once_share_one_track(club: Club) -> None:
    number = next(_songs)
    links = [club.song(f"/{suffix}-{club.guild}.wav", number) for suffix in "abc"]
    jobs = [job for user, link in enumerate(links) for job in await club.post(link, user=user)]
    jobs += [job for user, link in enumerate(links) for job in await club.post(link, user=user + 3)]
    await club.services.pipeline.until_done(jobs)
    states = await club.services.ledger.states(jobs)
    assert {state.state for state in states} == {"announced"}
    assert len({state.track_id for state in states}) == 1
    assert [state.known for state in states].count(False) == 1
    assert len(await club.all(Track)) == len(await club.points()) == 1
    assert len(await club.all(Share)) == 6


async def test_each_server_has_a_library_of_its_own(club: Club) -> None:
    link = club.song()
    (here,) = await club.share(link)
    (there,) = await club.share(link, guild=club.guild + 500_000)
    assert here.track_id != there.track_id
    assert not there.known


async def test_many_shares_at_once_are_neither_lost_nor_doubled(club: Club) -> None:
    links = [club.song() for _ in range(5)]
    posts = [club.post(links[number % 5], user=number % 20) for number in range(60)]
    jobs = [job for posted in await asyncio.gather(*posts) for job in posted]
    await club.services.pipeline.until_done(jobs)
    states = await club.services.ledger.states(jobs)
    assert [state.state for state in states] == ["announced"] * 60
    assert len(await club.all(Share)) == 60
    assert len(await club.all(Track)) == len(await club.points()) == 5
    assert [club.channel.replies[await club.message_of(job)].jobs[0].id for job in jobs] == jobs


# -- what fails --------------------------------------------------------------------------------------------


async def test_what_fails_says_why_and_stores_nothing(
    club: Club, leftovers: Callable[[], list[Path]]
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


async def test_a_site_that_stumbles_is_asked_again(club: Club) -> None:
    song = clip(next(_songs))
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


async def test_who_waits_for_a_link_that_fails_learns_of_it_without_another_try(club: Club) -> None:
    link = club.web.url(f"/dead-{club.guild}.mp3")
    jobs = [job for user in range(4) for job in await club.post(link, user=user)]
    await club.services.pipeline.until_done(jobs)
    states = await club.services.ledger.states(jobs)
    assert [state.failure for state in states] == ["gone"] * 4
    assert [state.known for state in states].count(False) == 1


@pytest.mark.parametrize("module", ["intake.fetch_worker", "audio.decode_worker", "library.analysis_worker"])
async def test_a_song_survives_the_death_of_a_worker(
    club: Club, module: str, leftovers: Callable[[], list[Path]]
) -> None:
    song, deaths = clip(next(_songs)), [1]

    async def kill_once(request: http.Request) -> http.Response:
        if deaths and module == "intake.fetch_worker":
            deaths.pop()
            kill(module)
        return http.Response(body=song, content_type="audio/wav")

    jobs = await club.post(club.web.on(f"/{module}-{club.guild}.wav", kill_once))
    while module != "intake.fetch_worker" and deaths:
        (state,) = await club.services.ledger.states(jobs)
        if state.state == "analysing" and kill(module):
            deaths.pop()
        await asyncio.sleep(0.005)
    await club.services.pipeline.until_done(jobs)
    (state,) = await club.services.ledger.states(jobs)
    assert state.state == "announced"
    assert len(await club.points()) == 1
    assert leftovers() == []


async def test_a_song_that_kills_every_worker_is_given_up(
    club: Club, leftovers: Callable[[], list[Path]]
) -> None:
    async def deadly(request: http.Request) -> http.Response:
        kill("intake.fetch_worker")
        return http.Response(body=b"")

    (job,) = await club.share(club.web.on(f"/deadly-{club.guild}.wav", deadly))
    assert (job.state, job.failure) == ("failed", "crashed")
    assert leftovers() == []


# -- telling -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [unreachable(), RuntimeError("a bug")])
async def test_a_reply_that_cannot_be_made_is_made_later(club: Club, trouble: Exception) -> None:
    message = next(_messages)
    club.channel.trouble.append(trouble)
    (job,) = await club.share(club.song(), message=message)
    assert job.state == "announced"
    assert club.channel.refreshes[message] == 2
    assert message in club.channel.replies


async def test_a_deleted_message_stores_nothing_and_is_not_answered(club: Club, services: Services) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    song = clip(next(_songs))

    async def wait(request: http.Request) -> http.Response:
        asked.set()
        await go_on.wait()
        return http.Response(body=song, content_type="audio/wav")

    message = next(_messages)
    jobs = await club.post(club.web.on(f"/slow-{club.guild}.wav", wait), message=message)
    await asked.wait()
    assert await services.ledger.withdraw(club.guild, message) == 1
    go_on.set()
    await club.share(club.song())  # meanwhile the withdrawn one comes to its end
    await services.pipeline.until_done(jobs)
    assert message not in club.channel.replies
    assert len(await club.all(Share)) == 1


async def test_a_message_that_is_deleted_while_it_is_answered_is_looked_at_again(club: Club) -> None:
    message = next(_messages)

    async def delete_it() -> None:
        await club.services.ledger.withdraw(club.guild, message)

    club.channel.meanwhile[message] = delete_it
    await club.share(club.song(), message=message)
    await club.share(club.song())  # until then the first reply is looked at again
    assert club.channel.refreshes[message] == 2
    assert club.channel.replies[message].jobs[0].failure == "withdrawn"


# -- queries -----------------------------------------------------------------------------------------------


async def test_a_query_is_heard_and_nothing_is_kept(club: Club, leftovers: Callable[[], list[Path]]) -> None:
    heard = await club.services.pipeline.hear(
        club.web.serve("/query.mp3", encoded(5, title="Tide", artist="Ben"))
    )
    assert (heard.title, heard.artist) == ("Tide", "Ben")
    assert heard.seconds == pytest.approx(5.0, abs=0.1)
    assert heard.analysis.vectors["mfcc-1"].shape == (80,)
    assert await club.all(Track) == await club.all(Job) == []
    assert leftovers() == []


async def test_a_query_does_not_wait_for_the_queue(club: Club) -> None:
    go_on = asyncio.Event()

    async def wait(request: http.Request) -> http.Response:
        await go_on.wait()
        return http.Response(status=404)

    jobs = await club.post(*(club.web.on(f"/wait-{club.guild}-{n}.wav", wait) for n in range(8)))
    heard = await club.services.pipeline.hear(club.song())
    assert heard.title
    go_on.set()
    await club.services.pipeline.until_done(jobs)


async def test_a_query_that_fails_says_why(club: Club) -> None:
    with pytest.raises(Refused) as refused:
        await club.services.pipeline.hear(club.web.url("/nothing-here.mp3"))
    assert refused.value.kind is Failure.GONE
    with pytest.raises(Refused) as refused:
        await club.services.pipeline.hear("file:///etc/passwd")
    assert refused.value.kind is Failure.BLOCKED


# -- a crash between two stages ----------------------------------------------------------------------------


async def test_a_track_that_was_stored_but_not_indexed_is_indexed(club: Club, services: Services) -> None:
    (job,) = await club.share(club.song())
    assert job.track_id is not None
    await services.vectors.remove(club.guild, [job.track_id])
    await set_back(services, job.id, state="analysing")
    await services.pipeline.until_done([job.id])
    assert await club.points() == {job.track_id}
    assert len(await club.all(Track)) == len(await club.all(Share)) == 1


async def set_back(services: Services, job: int, *, state: str) -> None:
    """As a killed bot, or the doctor, leaves it."""
    async with services.store.begin() as session:
        values = {"state": state, "done": False, "run_after": now()}
        await session.execute(update(Job).where(Job.id == job).values(**values))
    services.pipeline.wake()


async def test_results_come_as_they_are_ready(club: Club) -> None:
    jobs = await club.post(club.web.url("/nothing-here.mp3"), club.song())
    async with aclosing(club.services.pipeline.finished(jobs)) as finished:
        assert {state.id async for state in finished} == set(jobs)


async def test_nothing_is_left_to_do(services: Services, channel: Channel) -> None:
    async with services.store.session() as session:
        assert await session.scalar(select(func.count()).select_from(Job).where(~Job.done)) == 0
