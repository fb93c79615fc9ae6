"""A server's tracks in memory, beside Qdrant: the same answers, and never yesterday's."""

import numpy as np
import pytest

from bot.library.catalog import Catalog
from bot.library.matrix import Library
from bot.library.vectors import Vectors
from bot.taste.scoring import best_score
from models import Track
from tests.support.library import GUILD, INFOS, add_share, add_track


@pytest.fixture
def catalog(store, vectors: Vectors) -> Catalog:
    return Catalog(store, vectors)


@pytest.fixture
def library(store, vectors: Vectors) -> Library:
    return Library(store, vectors)


async def fill(store, catalog: Catalog, count: int, seed: int = 0) -> list[int]:
    random = np.random.default_rng(seed)
    tracks = []
    for i in range(count):
        tracks.append(
            await add_track(
                store, f"song {i}", "band", sounds=random.normal(size=4).tolist(), message=9000 + i
            )
        )
        await catalog.refresh_point(GUILD, tracks[-1])
    return tracks


async def test_the_order_is_qdrants(store, vectors, catalog, library):
    tracks = await fill(store, catalog, 30)
    liked, disliked = tracks[:3], tracks[3:5]
    heard = await library.heard(GUILD, tracks[5:], liked, disliked, channels=None)
    frame = (await vectors.epochs.current(GUILD)).frames[INFOS[0].vector_name]
    cosines = heard.matches * (1 - frame.chance) + frame.chance
    scores = best_score(cosines[:, :3], cosines[:, 3:])
    theirs = await vectors.recommend(GUILD, liked, disliked, channels=None, exclude=tracks[:5], limit=30)
    ours = [heard.tracks[row] for row in np.argsort(-scores, kind="stable")]
    assert [hit.track_id for hit in theirs] == ours
    assert [hit.score for hit in theirs] == pytest.approx(np.sort(scores)[::-1].tolist(), abs=1e-5)


async def test_matches_are_those_of_sounds(store, vectors, catalog, library):
    tracks = await fill(store, catalog, 12)
    silent = await add_track(store, "never listened to")
    await catalog.refresh_point(GUILD, silent)
    heard = await library.heard(GUILD, [*tracks, silent], [tracks[0], silent], channels=None)
    sounds = await vectors.get(GUILD, [*tracks, silent])
    expected = sounds.matches(heard.tracks, [tracks[0], silent])
    assert heard.matches == pytest.approx(expected, abs=1e-5)
    assert np.isneginf(heard.matches[:, 1]).all()


async def test_something_that_is_not_in_the_library_can_be_an_example(store, catalog, library):
    tracks = await fill(store, catalog, 5)
    raw = {INFOS[0].vector_name: np.array([3, 0, 0, 0], np.float32)}
    heard = await library.heard(GUILD, tracks, [raw], channels=None)
    assert heard.matches.shape == (5, 1) and np.isfinite(heard.matches).all()


async def test_what_is_stored_and_removed_is_known_at_once(store, catalog, library):
    tracks = await fill(store, catalog, 3)
    assert list(await library.facts(GUILD)) == tracks
    new = await add_track(store, "new", "band", sounds=[1, 0, 0, 0])
    await catalog.refresh_point(GUILD, new)
    assert list(await library.facts(GUILD)) == [*tracks, new]
    heard = await library.heard(GUILD, [new], [new], channels=None)
    assert heard.matches[0, 0] == pytest.approx(1, abs=1e-5)
    await catalog.drop_share(GUILD, 9001)
    assert list(await library.facts(GUILD)) == [tracks[0], tracks[2], new]
    heard = await library.heard(GUILD, tracks, [tracks[0]], channels=None)
    assert heard.tracks == (tracks[0], tracks[2])


async def test_a_share_somewhere_else_is_known_at_once(store, catalog, library):
    (track,) = await fill(store, catalog, 1)
    before = (await library.facts(GUILD))[track]
    await add_share(store, track, channel=77)
    await catalog.refresh_point(GUILD, track)
    assert (await library.facts(GUILD))[track].channels == before.channels | {77}


async def test_tags_count_from_where_they_are_likely(store, catalog, library):
    (track,) = await fill(store, catalog, 1)
    async with store.begin() as session:
        row = await session.get(Track, track)
        row.tags = {"Hip-Hop": 0.5, "happy": 0.01}
        row.features = {"tempo": 91.5, "key": "A minor", "speech": 0.2}
    await catalog.refresh_point(GUILD, track)
    facts = (await library.facts(GUILD))[track]
    assert facts.tags == {"hip-hop"}
    assert (facts.tempo, facts.key, facts.speech) == (91.5, "A minor", 0.2)
    assert facts.names() == [("band", "song 0")]


async def test_a_server_without_tracks(library):
    assert await library.facts(GUILD) == {}
    assert (await library.heard(GUILD, [], [1], channels=None)).tracks == ()
    assert (await library.side_by_side(GUILD, [], [1], channels=None))[0] == []


async def test_side_by_side_are_tracks_with_a_vector_of_length_1(store, catalog, library):
    tracks = await fill(store, catalog, 4)
    silent = await add_track(store, "never listened to")
    found, rows = await library.side_by_side(GUILD, [*tracks[:2], silent], [tracks[3]], channels=None)
    assert found == [tracks[0], tracks[1], tracks[3]]
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


async def test_a_qdrant_server_is_asked_instead_with_the_same_answer(store, vectors, catalog, library):
    """The way of a server, over the embedded client, which speaks the same words."""
    tracks = await fill(store, catalog, 20)
    here = await library.heard(GUILD, tracks, tracks[:2], tracks[2:3], channels=None)
    vectors.embedded = False
    there = await Library(store, vectors).heard(GUILD, tracks, tracks[:2], tracks[2:3], channels=None)
    assert there.tracks == here.tracks
    assert there.matches == pytest.approx(here.matches, abs=1e-5)
