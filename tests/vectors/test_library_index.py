"""A server's tracks in memory, beside Qdrant: the same answers, and never yesterday's."""

import asyncio

import numpy as np
import pytest

from bot.suggestions.scoring import best_score
from bot.vectors.library_index import LibraryIndex
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from models import Track, TrackVector
from tests.support.library import GUILD, INFOS, add_share, add_track


@pytest.fixture
def library(store, vectors: VectorStorage) -> LibraryIndex:
    return LibraryIndex(store, vectors)


async def fill(store, refresher: PointRefresher, count: int, seed: int = 0) -> list[int]:
    random = np.random.default_rng(seed)
    tracks = []
    for i in range(count):
        tracks.append(
            await add_track(
                store, f"song {i}", "band", sounds=random.normal(size=4).tolist(), message=9000 + i
            )
        )
        await refresher.refresh_point(GUILD, tracks[-1])
    return tracks


async def test_the_order_is_qdrants(store, vectors, library, refresher):
    tracks = await fill(store, refresher, 30)
    liked, disliked = tracks[:3], tracks[3:5]
    heard = await library.heard(GUILD, tracks[5:], liked, disliked, channels=None)
    calibration = (await vectors.generations.current(GUILD)).calibrations[INFOS[0].vector_name]
    cosines = heard.matches * (1 - calibration.chance) + calibration.chance
    scores = best_score(cosines[:, :3], cosines[:, 3:])
    theirs = await vectors.recommend(GUILD, liked, disliked, channels=None, exclude=tracks[:5], limit=30)
    ours = [heard.tracks[row] for row in np.argsort(-scores, kind="stable")]
    assert [hit.track_id for hit in theirs] == ours
    assert [hit.score for hit in theirs] == pytest.approx(np.sort(scores)[::-1].tolist(), abs=1e-5)


async def test_matches_are_those_of_sounds(store, vectors, refresher, library):
    tracks = await fill(store, refresher, 12)
    silent = await add_track(store, "never listened to")
    await refresher.refresh_point(GUILD, silent)
    heard = await library.heard(GUILD, [*tracks, silent], [tracks[0], silent], channels=None)
    sounds = await vectors.get(GUILD, [*tracks, silent])
    expected = sounds.matches(heard.tracks, [tracks[0], silent])
    assert heard.matches == pytest.approx(expected, abs=1e-5)
    assert np.isneginf(heard.matches[:, 1]).all()


async def test_servers_do_not_wait_for_each_others_tracks(library, monkeypatch):
    original, on = library._load, asyncio.Event()

    async def slow(guild_id, *words):
        if guild_id == GUILD:
            await on.wait()
        return await original(guild_id, *words)

    monkeypatch.setattr(library, "_load", slow)
    waiting = asyncio.create_task(library.facts(GUILD))
    assert await asyncio.wait_for(library.facts(GUILD + 1), 60) == {}
    on.set()
    assert await waiting == {}


async def test_something_that_is_not_in_the_library_can_be_an_example(store, library, refresher):
    tracks = await fill(store, refresher, 5)
    raw = {INFOS[0].vector_name: np.array([3, 0, 0, 0], np.float32)}
    heard = await library.heard(GUILD, tracks, [raw], channels=None)
    assert heard.matches.shape == (5, 1) and np.isfinite(heard.matches).all()


async def test_what_is_stored_and_removed_is_known_at_once(store, refresher, library):
    tracks = await fill(store, refresher, 3)
    assert list(await library.facts(GUILD)) == tracks
    new = await add_track(store, "new", "band", sounds=[1, 0, 0, 0])
    await refresher.refresh_point(GUILD, new)
    assert list(await library.facts(GUILD)) == [*tracks, new]
    heard = await library.heard(GUILD, [new], [new], channels=None)
    assert heard.matches[0, 0] == pytest.approx(1, abs=1e-5)
    await refresher.drop_share(GUILD, 9001)
    assert list(await library.facts(GUILD)) == [tracks[0], tracks[2], new]
    heard = await library.heard(GUILD, tracks, [tracks[0]], channels=None)
    assert heard.tracks == (tracks[0], tracks[2])


async def test_a_share_somewhere_else_is_known_at_once(store, refresher, library):
    (track,) = await fill(store, refresher, 1)
    before = (await library.facts(GUILD))[track]
    await add_share(store, track, channel=77)
    await refresher.refresh_point(GUILD, track)
    assert (await library.facts(GUILD))[track].channels == before.channels | {77}


async def test_tags_count_from_where_they_are_likely(store, refresher, library):
    (track,) = await fill(store, refresher, 1)
    async with store.begin() as session:
        row = await session.get(Track, track)
        row.tags = {"Hip-Hop": 0.5, "happy": 0.01}
        row.features = {"tempo": 91.5, "key": "A minor", "speech": 0.2}
    await refresher.refresh_point(GUILD, track)
    facts = (await library.facts(GUILD))[track]
    assert facts.tags == {"hip-hop"}
    assert (facts.tempo, facts.key, facts.speech) == (91.5, "A minor", 0.2)
    assert facts.names() == [("band", "song 0")]


async def test_a_server_without_tracks(library):
    assert await library.facts(GUILD) == {}
    assert (await library.heard(GUILD, [], [1], channels=None)).tracks == ()
    assert (await library.side_by_side(GUILD, [], [1], channels=None))[0] == []


async def test_side_by_side_are_tracks_with_a_vector_of_length_1(store, library, refresher):
    tracks = await fill(store, refresher, 4)
    silent = await add_track(store, "never listened to")
    found, rows = await library.side_by_side(GUILD, [*tracks[:2], silent], [tracks[3]], channels=None)
    assert found == [tracks[0], tracks[1], tracks[3]]
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


async def test_side_by_side_is_the_same_of_a_qdrant_server(store, vectors, refresher, library):
    """Also where some tracks lack one of the names."""
    tracks = await fill(store, refresher, 6)
    for track in tracks[:4]:
        async with store.begin() as session:
            data = np.array([track, 1], np.float32).tobytes()
            session.add(TrackVector(track_id=track, name=INFOS[1].vector_name, data=data))
        await refresher.refresh_point(GUILD, track)
    here = await library.side_by_side(GUILD, tracks, tracks[:2], channels=None)
    vectors.embedded = False
    there = await LibraryIndex(store, vectors).side_by_side(GUILD, tracks, tracks[:2], channels=None)
    assert here[0] == there[0] == tracks[:4]
    assert there[1] == pytest.approx(here[1], abs=1e-5)


async def test_a_qdrant_server_is_asked_instead_with_the_same_answer(store, vectors, library, refresher):
    """The way of a server, over the embedded client, which speaks the same words."""
    tracks = await fill(store, refresher, 20)
    here = await library.heard(GUILD, tracks, tracks[:2], tracks[2:3], channels=None)
    vectors.embedded = False
    there = await LibraryIndex(store, vectors).heard(GUILD, tracks, tracks[:2], tracks[2:3], channels=None)
    assert there.tracks == here.tracks
    assert there.matches == pytest.approx(here.matches, abs=1e-5)


@pytest.mark.parametrize("wanted", [8, 30])
async def test_of_very_many_wanted_tracks_a_qdrant_server_names_the_best(
    store, vectors, library, monkeypatch, wanted, refresher
):
    """Few among many that match better; or most of them, so that rather the others are named to Qdrant."""
    tracks = await fill(store, refresher, 40)
    (like,) = tracks[:1]
    all_heard = await library.heard(GUILD, tracks, [like], channels=None)
    order = np.argsort(-all_heard.matches[:, 0])
    far = [tracks[place] for place in order[-wanted:]]
    vectors.embedded = False
    monkeypatch.setattr("bot.vectors.library_index.MAX_CANDIDATES", 5)
    heard = await LibraryIndex(store, vectors).heard(GUILD, sorted(far), [like], channels=None)
    assert list(heard.tracks) == far[:5]
    assert heard.matches[:, 0] == pytest.approx(all_heard.matches[order[-wanted:][:5], 0], abs=1e-5)


async def test_every_track_that_is_asked_for_is_heard_also_of_a_qdrant_server(
    store, vectors, library, monkeypatch, refresher
):
    tracks = await fill(store, refresher, 12)
    silent = await add_track(store, "never listened to")
    asked, examples = [tracks[7], silent, 10**6, *tracks[:4]], [tracks[9], 10**6, tracks[0]]
    here = await library.heard_all(GUILD, asked, examples)
    expected = (await vectors.get(GUILD, tracks)).matches(asked, examples)
    assert here.tracks == tuple(asked)
    assert here.matches == pytest.approx(expected, abs=1e-5)
    monkeypatch.setattr("bot.vectors.library_index.MAX_CANDIDATES", 2)
    vectors.embedded = False
    there = await LibraryIndex(store, vectors).heard_all(GUILD, asked, examples)
    assert there.tracks == here.tracks
    assert there.matches == pytest.approx(here.matches, abs=1e-5)
    assert (await library.heard_all(GUILD, asked, [])).matches.shape == (7, 0)


async def test_likes_that_another_process_just_added_are_unknown_not_an_error(store, library, refresher):
    await fill(store, refresher, 3)
    await library.facts(GUILD)
    new = await add_track(store, "added elsewhere", "band", sounds=[1, 0, 0, 0])
    heard = await library.heard_all(GUILD, [new], [new])
    assert heard.tracks == (new,) and np.isneginf(heard.matches).all()


async def test_tracks_may_be_asked_for_in_any_order(store, vectors, library, refresher):
    """Also if it is all of them."""
    tracks = (await fill(store, refresher, 9))[::-1]
    heard = await library.heard(GUILD, tracks, tracks, channels=None)
    assert heard.tracks == tuple(tracks)
    assert heard.matches == pytest.approx(
        (await vectors.get(GUILD, tracks)).matches(tracks, tracks), abs=1e-5
    )
    assert np.diag(heard.matches) == pytest.approx(np.ones(9), abs=1e-5)


async def test_a_qdrant_server_that_has_no_vectors_matches_nothing(store, vectors):
    track = await add_track(store, "never listened to")
    vectors.embedded = False
    library = LibraryIndex(store, vectors)
    assert np.isneginf((await library.heard(GUILD, [track], [track], channels=None)).matches).all()
    assert np.isneginf((await library.heard_all(GUILD, [track], [track])).matches).all()
    tracks, _ = await library.side_by_side(GUILD, [track], [track], channels=None)
    assert tracks == []
