"""A song that was heard is filed once, whoever shares it when."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from bot.audio.fingerprint import fingerprint
from bot.errors import LeaseLost
from bot.library.store import Store
from bot.library.unsharing import drop_shares
from bot.listening.analyst import Analysis
from bot.listening.listener import AnalysedSong
from bot.listening.track_names import TrackName
from bot.shares.filing import Filing
from bot.shares.jobs import Claimed, NewShare
from bot.shares.ledger import Ledger
from models import MessageTrack, Share, Source, Track, TrackVector
from tests.support.library import GUILD
from tests.support.songs import samples

RATE = 44_100


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store)


@pytest.fixture
def filing(store: Store, ledger: Ledger) -> Filing:
    return Filing(store, ledger.leases)


def heard(number: int = 0, *, title: str = "Song") -> AnalysedSong:
    sound = samples(number)
    vector = np.full(4, number + 1, np.float32)
    analysis = Analysis({"first-1": vector}, fingerprint(sound, RATE), len(sound) / RATE, tags={"jazz": 0.5})
    return AnalysedSong(TrackName(title, "Artist", "Album"), ("genre",), analysis)


async def claim(ledger: Ledger, name: str, message: int) -> Claimed:
    share = NewShare(
        guild_id=GUILD,
        channel_id=5,
        message_id=message,
        user_id=message % 10,
        url=f"https://music.example/{name}",
        key=f"url:{name}",
        shared_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    await ledger.enqueue([share])
    claimed = await ledger.leases.claim()
    assert claimed is not None
    return claimed


async def rows(store: Store, table: type[Any]) -> list[Any]:
    async with store.session() as session:
        return list(await session.scalars(select(table)))


async def test_a_new_song_is_filed_with_all_that_is_known(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    claimed = await claim(ledger, "a", 100)
    await ledger.replied(GUILD, 100, 900)
    track_id = await filing.add(claimed, {"url:a": claimed.url, "site:7": "https://site.example/7"}, heard())
    (track,) = await rows(store, Track)
    assert (track.id, track.tags) == (track_id, {"jazz": 0.5})
    sources = {source.key: source for source in await rows(store, Source)}
    assert {key: source.url for key, source in sources.items()} == {
        "url:a": claimed.url,
        "site:7": "https://site.example/7",
    }
    for source in sources.values():
        assert (source.title, source.artist, source.album) == ("Song", "Artist", "Album")
        assert (source.genres, source.search_text) == (["genre"], "song\nartist")
    (share,) = await rows(store, Share)
    assert share.source_id == sources["url:a"].id
    assert (share.message_id, share.channel_id, share.user_id, share.url) == (100, 5, 0, claimed.url)
    assert {about.message_id for about in await rows(store, MessageTrack)} == {100, 900}
    (vector,) = await rows(store, TrackVector)
    assert np.frombuffer(vector.data, "<f4").tolist() == [1, 1, 1, 1]
    (job,) = await ledger.states([claimed.id])
    assert (job.track_id, job.known) == (track_id, False)


async def test_the_same_recording_filed_at_the_same_moment_is_one_track(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    claims = [await claim(ledger, name, 100 + place) for place, name in enumerate("abcd")]
    filed = await asyncio.gather(*(filing.add(c, {c.key: c.url}, heard()) for c in claims))
    assert len(set(filed)) == len(await rows(store, Track)) == 1
    assert len(await rows(store, Share)) == len(await rows(store, Source)) == 4
    assert sorted(job.known for job in await ledger.states([c.id for c in claims])) == [
        False,
        True,
        True,
        True,
    ]


async def test_a_recording_that_was_removed_is_a_new_track(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    filed = []
    for place, name in enumerate("ab"):
        claimed = await claim(ledger, name, 100 + place)
        filed.append(await filing.add(claimed, {claimed.key: claimed.url}, heard()))
        async with store.begin() as session:
            await drop_shares(session, GUILD, (await session.scalars(select(Share))).all())
    assert filed[0] != filed[1]


async def names(store: Store) -> dict[str, str]:
    """What the sources say the track is called, by their keys."""
    return {source.key: source.title for source in await rows(store, Source)}


async def test_each_link_keeps_the_name_that_it_gave(filing: Filing, ledger: Ledger, store: Store) -> None:
    for place, name in enumerate("ab"):
        claimed = await claim(ledger, name, 100 + place)
        await filing.add(claimed, {claimed.key: claimed.url}, heard(title=f"Called {name}"))
    sources = {source.id: source.title for source in await rows(store, Source)}
    shares = {share.message_id: sources[share.source_id] for share in await rows(store, Share)}
    assert shares == {100: "Called a", 101: "Called b"}


async def test_a_known_link_gives_the_name_that_it_gave_before(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    first = await claim(ledger, "a", 100)
    await filing.add(first, {"url:a": first.url, "site:7": "https://site.example/7"}, heard(title="Page"))
    other = await claim(ledger, "b", 101)
    await filing.add(other, {"url:b": other.url}, heard(title="Elsewhere"))
    short = await claim(ledger, "c", 102)
    known = await filing.add_share_of_known(short, {"url:c": short.url, "site:7": "https://site.example/7"})
    assert known is not None
    assert await names(store) == {"url:a": "Page", "site:7": "Page", "url:b": "Elsewhere", "url:c": "Page"}


async def test_what_was_posted_says_which_track_it_is_rather_than_where_it_led(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    for place, name in enumerate("ab"):
        claimed = await claim(ledger, name, 100 + place)
        await filing.add(claimed, {claimed.key: claimed.url}, heard(place))
        await ledger.leases.stored(claimed)
    again = await claim(ledger, "b", 102)
    track_id = await filing.add_share_of_known(again, {"url:b": again.url, "url:a": "https://a.example"})
    (share,) = [share for share in await rows(store, Share) if share.message_id == 102]
    (source,) = [source for source in await rows(store, Source) if source.id == share.source_id]
    assert share.track_id == source.track_id == track_id == 2


async def test_a_known_recording_gets_the_vectors_that_it_lacks(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    first = await claim(ledger, "a", 100)
    track_id = await filing.add(first, {first.key: first.url}, heard())
    fuller = heard()
    vectors = {"first-1": np.full(4, 9, np.float32), "second-1": np.full(2, 5, np.float32)}
    fuller = replace(fuller, analysis=replace(fuller.analysis, vectors=vectors))
    second = await claim(ledger, "b", 101)
    assert await filing.add(second, {second.key: second.url}, fuller) == track_id
    kept = {row.name: np.frombuffer(row.data, "<f4").tolist() for row in await rows(store, TrackVector)}
    assert kept == {"first-1": [1, 1, 1, 1], "second-1": [5, 5]}


async def test_another_recording_is_another_track(filing: Filing, ledger: Ledger, store: Store) -> None:
    for place, name in enumerate("ab"):
        claimed = await claim(ledger, name, 100 + place)
        await filing.add(claimed, {claimed.key: claimed.url}, heard(place))
    assert len(await rows(store, Track)) == 2


async def test_a_song_is_known_by_what_the_site_calls_it(filing: Filing, ledger: Ledger) -> None:
    first = await claim(ledger, "a", 100)
    track_id = await filing.add(first, {"url:a": first.url, "site:7": ""}, heard())
    second = await claim(ledger, "b", 101)
    assert await filing.add_share_of_known(second, {"url:b": second.url}) is None
    assert await filing.add_share_of_known(second, {"url:b": second.url, "site:7": ""}) == track_id
    await ledger.leases.stored(second)
    third = await claim(ledger, "b", 102)
    assert await filing.add_share_of_known(third, {"url:b": third.url}) == track_id
    assert [job.known for job in await ledger.states([first.id, second.id, third.id])] == [False, True, True]


@pytest.mark.parametrize("known", [True, False])
async def test_a_job_that_was_withdrawn_files_nothing(
    filing: Filing, ledger: Ledger, store: Store, known: bool
) -> None:
    if known:
        first = await claim(ledger, "a", 100)
        await filing.add(first, {"url:a": first.url}, heard())
        await ledger.leases.stored(first)
    claimed = await claim(ledger, "a", 101)
    await ledger.withdraw(GUILD, 101)
    with pytest.raises(LeaseLost):
        if known:
            await filing.add_share_of_known(claimed, {"url:a": claimed.url})
        else:
            await filing.add(claimed, {"url:a": claimed.url}, heard())
    assert len(await rows(store, Track)) == len(await rows(store, Share)) == int(known)


async def test_a_share_that_was_removed_meanwhile_is_not_announced_as_stored(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    claimed = await claim(ledger, "a", 100)
    await filing.add(claimed, {"url:a": claimed.url}, heard())
    async with store.begin() as session:
        await drop_shares(session, GUILD, (await session.scalars(select(Share))).all())
    with pytest.raises(LeaseLost):
        await ledger.leases.stored(claimed)
    (job,) = await ledger.states([claimed.id])
    assert (job.state, job.failure) == ("failed", "withdrawn")


async def test_filing_the_same_job_again_changes_nothing(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    claimed = await claim(ledger, "a", 100)
    first = await filing.add(claimed, {"url:a": claimed.url}, heard())
    assert await filing.add(claimed, {"url:a": claimed.url}, heard(title="Other")) == first
    assert len(await rows(store, Track)) == len(await rows(store, Share)) == 1


async def test_a_recording_that_is_heard_anew_gets_the_vectors_that_it_lacks(
    filing: Filing, ledger: Ledger, store: Store
) -> None:
    first = await claim(ledger, "a", 100)
    track_id = await filing.add(first, {"url:a": first.url}, heard())
    more = heard()
    vectors = {**more.analysis.vectors, "second-1": np.ones(2, np.float32)}
    second = await claim(ledger, "b", 101)
    again = replace(more, analysis=replace(more.analysis, vectors=vectors))
    assert await filing.add(second, {"url:b": second.url}, again) == track_id
    assert len(await rows(store, TrackVector)) == 2
