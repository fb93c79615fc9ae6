"""Shares on their whole way: fetched from a real server, decoded, embedded, stored, told."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web as http

from bot.errors import Failure, Refused
from bot.intake.links import PostedMedia as Link
from bot.services import Services
from bot.shares.jobs import new_share
from models import Job, MessageTrack, Share, Source, Track, TrackVector
from tests.support.channel import REPLY
from tests.support.sharing import SharingClub, messages, songs, until_done
from tests.support.songs import clip, encoded

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.postgres
async def test_a_link_becomes_a_track(club: SharingClub, leftovers: Callable[[], list[Path]]) -> None:
    link = club.web.serve("/harbour.mp3", encoded(3, "mp3", title="Harbour", artist="Ana Lind"))
    message = next(messages)
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
    payload = (await club.services.vectors.contents(club.guild)).payloads[track.id]
    assert (payload["title"], payload["sharers"], payload["channels"]) == ("Harbour", [7], [5])
    assert payload["tempo_tenths"] == round(track.features["tempo"] * 10) > 0
    async with club.services.store.session() as session:
        raw = await session.get(TrackVector, (track.id, "mfcc-1"))
    assert raw is not None
    assert len(raw.data) == 80 * 4
    assert stored[track.id].shape == (80,)
    assert club.channel.replies[message].jobs[0].state == "stored"
    assert leftovers() == []


async def test_a_page_names_its_song(club: SharingClub) -> None:
    club.web.serve("/page.wav", clip(next(songs)))
    page = "<html><head><title>Night Bus</title></head><body><audio src='/page.wav'></audio></body></html>"
    (job,) = await club.share(club.web.serve("/page", page))
    (source,) = await club.all(Source)
    assert (source.track_id, source.title) == (job.track_id, "Night Bus")


async def test_a_file_without_tags_is_called_as_it_is_named(club: SharingClub) -> None:
    link = club.web.serve("/03%20-%20blue_train.wav".replace("%20", "_"), clip(next(songs)))
    await club.share(link)
    (source,) = await club.all(Source)
    assert "blue train" in source.title


async def test_an_attachment_keeps_no_address(club: SharingClub, services: Services) -> None:
    share = new_share(
        Link(club.song(), name="voice.wav", attachment_id=77),
        guild_id=club.guild,
        channel_id=5,
        message_id=next(messages),
        user_id=7,
    )
    await until_done(services.pipeline, await services.pipeline.submit([share]))
    (source,) = await club.all(Source)
    (kept,) = await club.all(Share)
    assert (source.key, source.url, kept.url) == ("discord:77", "", "")
    assert source.title == "voice"


async def test_the_sign_is_shown_for_each_message(club: SharingClub) -> None:
    message = next(messages)
    await club.share(club.song(), club.song(), message=message)
    assert club.channel.signs[message] == 1


async def test_results_come_as_they_are_ready(club: SharingClub) -> None:
    jobs = await club.post(club.web.url("/nothing-here.mp3"), club.song())
    async with aclosing(club.services.pipeline.finished(jobs)) as finished:
        assert {state.id async for state in finished} == set(jobs)


# -- the same song again ---------------------------------------------------------------------------------


async def test_the_same_link_again_is_not_fetched_again(club: SharingClub) -> None:
    link = club.song("/again.wav")
    (first,) = await club.share(link, user=7)
    fetched = club.web.hits["/again.wav"]
    (second,) = await club.share(link + "#t=30", user=8)
    assert (second.track_id, second.known) == (first.track_id, True)
    assert club.web.hits["/again.wav"] == fetched
    assert [share.user_id for share in await club.all(Share)] == [7, 8]
    assert len(await club.points()) == 1


async def test_the_same_recording_elsewhere_is_the_same_track(club: SharingClub) -> None:
    number = next(songs)
    (first,) = await club.share(club.web.serve("/original.flac", encoded(number, "flac")))
    other = club.web.serve("/copy.mp3", encoded(number, "mp3"))
    (second,) = await club.share(other)
    assert (second.track_id, second.known) == (first.track_id, True)
    assert len(await club.all(Track)) == 1
    assert {source.url for source in await club.all(Source)} == {club.web.url("/original.flac"), other}
    fetched = club.web.hits["/copy.mp3"]
    await club.share(other)
    assert club.web.hits["/copy.mp3"] == fetched


async def test_another_song_is_another_track(club: SharingClub) -> None:
    jobs = await club.share(club.song(), club.song())
    assert len({job.track_id for job in jobs}) == 2
    assert await club.points() == {job.track_id for job in jobs}


@pytest.mark.postgres
async def test_members_who_share_the_same_song_at_once_share_one_track(club: SharingClub) -> None:
    number = next(songs)
    links = [club.song(f"/{suffix}-{club.guild}.wav", number) for suffix in "abc"]
    jobs = [job for user, link in enumerate(links) for job in await club.post(link, user=user)]
    jobs += [job for user, link in enumerate(links) for job in await club.post(link, user=user + 3)]
    await until_done(club.services.pipeline, jobs)
    states = await club.services.ledger.states(jobs)
    assert {state.state for state in states} == {"announced"}
    assert len({state.track_id for state in states}) == 1
    assert [state.known for state in states].count(False) == 1
    assert len(await club.all(Track)) == len(await club.points()) == 1
    assert len(await club.all(Share)) == 6


async def test_each_server_has_a_library_of_its_own(club: SharingClub) -> None:
    link = club.song()
    (here,) = await club.share(link)
    (there,) = await club.share(link, guild=club.guild + 500_000)
    assert here.track_id != there.track_id
    assert not there.known


async def test_many_shares_at_once_are_neither_lost_nor_doubled(club: SharingClub) -> None:
    links = [club.song() for _ in range(2)]
    posts = [club.post(links[number % 2], user=number % 5) for number in range(20)]
    jobs = [job for posted in await asyncio.gather(*posts) for job in posted]
    await until_done(club.services.pipeline, jobs)
    states = await club.services.ledger.states(jobs)
    assert [state.state for state in states] == ["announced"] * 20
    assert len(await club.all(Share)) == 20
    assert len(await club.all(Track)) == len(await club.points()) == 2
    assert [club.channel.replies[await club.message_of(job)].jobs[0].id for job in jobs] == jobs


# -- queries ---------------------------------------------------------------------------------------------


async def test_a_query_is_heard_and_nothing_is_kept(
    club: SharingClub, leftovers: Callable[[], list[Path]]
) -> None:
    heard = await club.services.pipeline.hear(
        club.web.serve("/query.mp3", encoded(5, title="Tide", artist="Ben"))
    )
    assert (heard.title, heard.artist) == ("Tide", "Ben")
    assert heard.seconds == pytest.approx(5.0, abs=0.1)
    assert heard.analysis.vectors["mfcc-1"].shape == (80,)
    assert await club.all(Track) == await club.all(Job) == []
    assert leftovers() == []


async def test_a_query_does_not_wait_for_the_queue(club: SharingClub) -> None:
    go_on = asyncio.Event()

    async def wait(request: http.Request) -> http.Response:
        await go_on.wait()
        return http.Response(status=404)

    jobs = await club.post(*(club.web.on(f"/wait-{club.guild}-{n}.wav", wait) for n in range(8)))
    heard = await club.services.pipeline.hear(club.song())
    assert heard.title
    go_on.set()
    await until_done(club.services.pipeline, jobs)


async def test_a_query_that_fails_says_why(club: SharingClub) -> None:
    with pytest.raises(Refused) as refused:
        await club.services.pipeline.hear(club.web.url("/nothing-here.mp3"))
    assert refused.value.kind is Failure.GONE
    with pytest.raises(Refused) as refused:
        await club.services.pipeline.hear("file:///etc/passwd")
    assert refused.value.kind is Failure.BLOCKED
