"""Tracks that were heard before an embedder was switched on are listened to again, in the background."""

import asyncio
import io
import wave
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web as http
from sqlalchemy import select, update

from bot.audio.fingerprint import fingerprint, to_bytes
from bot.embedders.weights import WEIGHTS
from bot.intake.links import PostedMedia as Link
from bot.services import Services
from bot.settings import Settings
from bot.shares.jobs import new_share, now
from bot.shares.relistener import FIRST_DELAY, GIVE_WAY_SECONDS, POLL_SECONDS, Relistener
from bot.vectors import consistency, coverage
from models import Job, Relistening, Source, Track, TrackVector
from tests.support.channel import ReplyLog
from tests.support.http import Site
from tests.support.library import add_share, add_track, remove_track
from tests.support.songs import clip
from tests.support.weights import random_musicnn, write_musicnn

pytestmark = pytest.mark.asyncio(loop_scope="module")

MFCC, OLD, MUSICNN = "mfcc-1", "mfcc-0", "musicnn-1"
_songs = count(100)


@pytest_asyncio.fixture(loop_scope="module")
async def again(services: Services, channel: ReplyLog) -> Relistener:
    """One that works when it is told to, in place of the pipeline's own."""
    pipeline = services.pipeline
    await pipeline._relistener.stop()
    return Relistener(
        services.store, services.refresher, services.ledger.leases, pipeline._listener, pipeline._workspace
    )


async def heard_long_ago(services: Services, guild: int, link: str, name: str = OLD) -> int:
    """A track that only an embedder of former days has heard."""
    track = await add_track(services.store, "Song", guild=guild, url=link)
    async with services.store.begin() as session:
        vector = np.random.default_rng(track).normal(size=80).astype("<f4")
        session.add(TrackVector(track_id=track, name=name, data=vector.tobytes()))
    await services.refresher.refresh_point(guild, track)
    return track


async def remember(services: Services, track: int, song: bytes) -> None:
    """Keep the fingerprint of a WAV file's samples."""
    with wave.open(io.BytesIO(song)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(
            32768
        )
        words = fingerprint(samples, file.getframerate())
    async with services.store.begin() as session:
        await session.execute(update(Track).where(Track.id == track).values(fingerprint=to_bytes(words)))


async def names(services: Services, track: int) -> set[str]:
    async with services.store.session() as session:
        return set(await session.scalars(select(TrackVector.name).where(TrackVector.track_id == track)))


async def note(services: Services, track: int) -> Relistening | None:
    async with services.store.session() as session:
        return await session.get(Relistening, track)


async def unheard(services: Services, guild: int) -> coverage.Unheard:
    return await coverage.unheard(services.store, guild, [MFCC])


async def test_what_a_link_still_leads_to_is_heard_again(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    link = web.serve("/back.wav", clip(next(_songs)))
    track = await heard_long_ago(services, guild, link)
    assert await unheard(services, guild) == coverage.Unheard(waiting=(track,))
    assert await again.step() == 0
    assert await names(services, track) == {OLD, MFCC}
    assert await unheard(services, guild) == coverage.Unheard()
    assert await again.step() == POLL_SECONDS


async def test_what_is_gone_is_given_up_and_named(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    track = await heard_long_ago(services, guild, web.serve("/gone.wav", clip(next(_songs))))
    web.serve("/gone.wav", "", status=404)
    await again.step()
    assert await unheard(services, guild) == coverage.Unheard(lost=(track,))
    assert await names(services, track) == {OLD}
    assert "removed" in (await note(services, track)).reason
    assert await again.step() == POLL_SECONDS
    (found,) = [
        each for each in await consistency.agreement(services.store, services.vectors) if each.id == guild
    ]
    assert found.lost == (track,)


async def test_an_attachment_is_lost_without_a_try(services: Services, again: Relistener, guild: int) -> None:
    track = await heard_long_ago(services, guild, "")
    assert await unheard(services, guild) == coverage.Unheard(lost=(track,))
    assert await again.step() == POLL_SECONDS


async def test_trouble_that_may_pass_is_waited_out(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    song = clip(next(_songs))
    track = await heard_long_ago(services, guild, web.serve("/busy.wav", song))
    web.serve("/busy.wav", "", status=429)
    await again.step()
    kept = await note(services, track)
    assert (kept.attempts, kept.given_up) == (1, False)
    assert kept.run_after > now() + FIRST_DELAY / 2
    assert await unheard(services, guild) == coverage.Unheard(waiting=(track,))
    assert await again.step() == POLL_SECONDS
    web.serve("/busy.wav", song)
    await later(services, track)
    await again.step()
    assert await names(services, track) == {OLD, MFCC}
    assert await note(services, track) is None


async def later(services: Services, track: int, **changes: object) -> None:
    async with services.store.begin() as session:
        await session.execute(
            update(Relistening).where(Relistening.track_id == track).values(run_after=now(), **changes)
        )


async def test_the_fifth_failure_is_the_last(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    track = await heard_long_ago(services, guild, web.serve("/never.wav", clip(next(_songs))))
    web.serve("/never.wav", "", status=429)
    await again.step()
    await later(services, track, attempts=4)
    await again.step()
    assert await unheard(services, guild) == coverage.Unheard(lost=(track,))


async def test_with_other_embedders_there_is_another_try(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    song = clip(next(_songs))
    track = await heard_long_ago(services, guild, web.serve("/other.wav", song))
    web.serve("/other.wav", "", status=404)
    await again.step()
    async with services.store.begin() as session:
        mine = update(Relistening).where(Relistening.track_id == track)
        await session.execute(mine.values(names="something-else-1"))
    web.serve("/other.wav", song)
    await again.step()
    assert await names(services, track) == {OLD, MFCC}


async def test_what_is_another_recording_now_is_not_taken(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    track = await heard_long_ago(services, guild, web.serve("/station.wav", clip(next(_songs), 6.0)))
    await remember(services, track, clip(next(_songs), 6.0))
    await again.step()
    assert await names(services, track) == {OLD}
    assert await unheard(services, guild) == coverage.Unheard(lost=(track,))


async def test_another_link_to_the_same_track_is_tried(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    song = clip(next(_songs), 6.0)
    track = await heard_long_ago(services, guild, web.url("/first-place.wav"))
    await add_share(services.store, track, guild=guild, url=web.serve("/second-place.wav", song))
    await remember(services, track, song)
    web.serve("/first-place.wav", "", status=404)
    await again.step()
    assert MFCC in await names(services, track)


async def test_a_file_that_was_named_on_the_command_line_is_read_again(
    services: Services, again: Relistener, web: Site, guild: int, tmp_path: Path
) -> None:
    song = clip(next(_songs))
    (tmp_path / "song.wav").write_bytes(song)
    track = await heard_long_ago(services, guild, web.serve("/as-a-file.wav", song))
    async with services.store.begin() as session:
        path = f"path:{tmp_path / 'song.wav'}"
        await session.execute(update(Source).where(Source.track_id == track).values(url=path))
    await again.step()
    assert await names(services, track) == {OLD, MFCC}


async def test_a_members_share_goes_first(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    track = await heard_long_ago(services, guild, web.serve("/patient.wav", clip(next(_songs))))
    held = asyncio.Event()

    async def wait(request: http.Request) -> http.Response:
        await held.wait()
        raise ConnectionError

    link = Link(web.on("/slow.wav", wait))
    place = {"guild_id": guild, "channel_id": 5, "message_id": 1_440_000_000_000_000_000, "user_id": 7}
    jobs = await services.pipeline.submit([new_share(link, **place)])
    assert await again.step() == GIVE_WAY_SECONDS
    assert await names(services, track) == {OLD}
    async with services.store.begin() as session:
        message = await session.scalar(select(Job.message_id).where(Job.id.in_(jobs)))
    assert message
    await services.ledger.withdraw(guild, message)
    held.set()
    assert await again.step() == 0
    assert MFCC in await names(services, track)


async def test_a_track_that_is_removed_meanwhile_stays_away(
    services: Services, again: Relistener, web: Site, guild: int
) -> None:
    song = clip(next(_songs))
    track = await heard_long_ago(services, guild, web.serve("/removed.wav", song))

    async def remove(request: http.Request) -> http.Response:
        await remove_track(services.catalog, services.refresher, track, guild)
        return http.Response(body=song, content_type="audio/wav")

    web.on("/removed.wav", remove)
    await again.step()
    async with services.store.session() as session:
        assert await session.get(Track, track) is None
    assert await services.vectors.ids(guild) == set()


# -- a changed setting, from end to end --------------------------------------------------------------------


async def test_another_embedder_takes_over_once_it_has_heard_what_can_be_heard(
    tmp_path: Path, web: Site, shaped: str
) -> None:
    home = tmp_path / "home"
    weights = WEIGHTS["musicnn"].place(home)
    weights.parent.mkdir(parents=True)
    write_musicnn(weights, random_musicnn())
    guild = 6001
    settings = Settings.load(home=home, egress_allow=frozenset([web.origin]))
    links = [web.serve(f"/change-{number}.wav", clip(number, 6.0)) for number in range(4)]
    async with Services.open(settings.model_copy(update={"embedders": ("mfcc",)})) as services:
        tracks = [await heard_long_ago(services, guild, link, MFCC) for link in links]
        attached = await heard_long_ago(services, guild, "", MFCC)
    web.serve("/change-3.wav", "", status=404)
    hold, asked = asyncio.Event(), asyncio.Event()

    async def hesitate(request: http.Request) -> http.Response:
        asked.set()
        await hold.wait()
        return http.Response(body=clip(2, 6.0), content_type="audio/wav")

    web.on("/change-2.wav", hesitate)
    changed = settings.model_copy(update={"embedders": ("musicnn",)})
    async with Services.open(changed, listen=True) as services:
        await services.pipeline.start(ReplyLog(services.ledger))
        async with asyncio.timeout(120):
            await asked.wait()
            old = await services.vectors.nearest(guild, attached, channels=None, limit=9)
            in_use = (await services.vectors.generations.current(guild)).searched
            hold.set()
            await until_searched_by(services, guild, MUSICNN)
        new = await services.vectors.nearest(guild, tracks[0], channels=None, limit=9)
        (found,) = await consistency.agreement(services.store, services.vectors)
        kept = {track: await names(services, track) for track in [*tracks, attached]}
        jobs = await services.ledger.unfinished()
    assert in_use == (MFCC,)
    assert {hit.track_id for hit in old} >= set(tracks)
    assert {hit.track_id for hit in new} - {tracks[0]} == set(tracks[1:3])
    assert (found.agree, found.points, found.lost) == (True, 3, (tracks[3], attached))
    assert [kept[track] for track in [*tracks, attached]] == [{MUSICNN}] * 3 + [{MFCC}] * 2
    assert jobs == []


async def until_searched_by(services: Services, guild: int, name: str) -> None:
    while (await services.vectors.generations.current(guild)).searched != (name,):  # noqa: ASYNC110 -- nothing tells
        await asyncio.sleep(0.05)
