"""Rankings by several vectors become one: on the embedded engine and on a server."""

import numpy as np
import pytest

from bot.vectors.points import Point
from tests.support.library import GUILD, HIDDEN, INFOS, PUBLIC, vector
from tests.vectors.test_storage import backend, vectors  # noqa: F401 -- the same storages

FIRST, SECOND = (each.vector_name for each in INFOS)
TRACKS = 60


@pytest.fixture
def music():
    """Raw vectors of some tracks by name; some have only one of them."""
    rng = np.random.default_rng(11)
    first = {track: rng.normal(size=4).astype(np.float32) for track in range(1, TRACKS + 1) if track % 7}
    second = {track: rng.normal(size=2).astype(np.float32) for track in range(1, TRACKS + 1) if track % 5}
    return {FIRST: first, SECOND: second}


@pytest.fixture
async def library(vectors, music):  # noqa: F811
    points = [
        Point(
            track,
            {name: tracks[track] for name, tracks in music.items() if track in tracks},
            {"channels": [PUBLIC if track % 3 else HIDDEN], "sharers": []},
        )
        for track in range(1, TRACKS + 1)
    ]
    await vectors.put_all(GUILD, points)
    return vectors


def cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def fused(*rankings):
    """Reciprocal rank fusion as it was published: 1 / (60 + rank), ranks from 1."""
    scores = {}
    for ranking in rankings:
        for rank, track in enumerate(ranking, start=1):
            scores[track] = scores.get(track, 0) + 1 / (60 + rank)
    return scores


def assert_in_order(hits, scores):
    """The hits come in the order of these scores; equals in any order."""
    best = sorted(scores.values(), reverse=True)[: len(hits)]
    assert [hit.score for hit in hits] == pytest.approx(best, abs=1e-6)
    assert [scores[hit.track_id] for hit in hits] == pytest.approx(best, abs=1e-6)


def ranking(tracks, score, *, without=(), shown=lambda track: True):
    wanted = [track for track in tracks if track not in without and shown(track)]
    return sorted(wanted, key=lambda track: -score(tracks[track]))


async def test_two_rankings_are_fused_by_reciprocal_rank(library, music):
    asked = {FIRST: vector(1, 2, 3, 4), SECOND: vector(1, -1)}
    hits = await library.nearest(GUILD, asked, channels=None, limit=TRACKS)
    both = [ranking(music[name], lambda raw, name=name: cosine(raw, asked[name])) for name in music]
    assert_in_order(hits, fused(*both))
    assert len(hits) == len(music[FIRST].keys() | music[SECOND].keys())


async def test_what_is_left_out_and_what_may_not_be_shown_take_no_rank(library, music):
    asked, out = {FIRST: vector(1, 2, 3, 4), SECOND: vector(1, -1)}, set(range(2, 30, 2))
    hits = await library.nearest(GUILD, asked, channels={PUBLIC}, exclude=out, limit=9)
    both = [
        ranking(
            music[name],
            lambda raw, name=name: cosine(raw, asked[name]),
            without=out,
            shown=lambda track: track % 3,
        )
        for name in music
    ]
    assert len(hits) == 9
    assert_in_order(hits, fused(*both))


async def test_a_track_is_asked_about_by_the_vectors_that_it_has(library, music):
    only_second = await library.nearest(GUILD, 7, channels=None, exclude=[7], limit=9)
    expected = ranking(music[SECOND], lambda raw: cosine(raw, music[SECOND][7]), without=[7])[:9]
    assert [hit.track_id for hit in only_second] == expected
    (itself, *_) = await library.nearest(GUILD, 1, channels=None, limit=3)
    assert (itself.track_id, itself.match) == (1, pytest.approx(1, abs=1e-5))
    assert await library.nearest(GUILD, 35, channels=None, limit=3) == []  # it has neither
    assert await library.nearest(GUILD, {"third-1": vector(1)}, channels=None, limit=3) == []


def best_score(raw, liked, disliked):
    """Qdrant's: by the closest positive, and below all of those if a negative is closer."""
    near, far = (max((cosine(raw, each) for each in group), default=-9) for group in (liked, disliked))
    return near if near > far else -10 - far


async def test_recommendations_are_fused_too(library, music):
    liked, disliked = [1, 2, 7], [3, 5]
    hits = await library.recommend(
        GUILD, liked, disliked, channels=None, exclude=[*liked, *disliked], limit=TRACKS
    )
    both = []
    for tracks in music.values():
        positives, negatives = ([tracks[t] for t in group if t in tracks] for group in (liked, disliked))
        both.append(
            ranking(
                tracks,
                lambda raw, p=positives, n=negatives: best_score(raw, p, n),
                without=[*liked, *disliked],
            )
        )
    assert_in_order(hits, fused(*both))


async def test_a_hit_says_how_well_it_matches_what_was_asked_for_and_against(library, music):
    hits = await library.recommend(GUILD, [1], [2], channels=None, exclude=[1, 2], limit=5)
    for hit in hits:
        for example, match in ((1, hit.match), (2, hit.against)):
            common = [name for name in music if hit.track_id in music[name] and example in music[name]]
            cosines = [cosine(music[name][hit.track_id], music[name][example]) for name in common]
            expected = np.mean([(each - 0.5) / 0.5 for each in cosines]) if common else -np.inf
            assert match == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "asked", [{FIRST: vector(1, 2, 3, 4)}, {FIRST: vector(1, 2, 3, 4), SECOND: vector(1, -1)}]
)
async def test_only_tracks_among_those_named_are_found(library, music, asked):
    named, out = set(range(20, 40)), {21, 22}
    hits = await library.recommend(GUILD, [asked], [], channels={PUBLIC}, among=named, exclude=out, limit=6)
    rankings = [
        ranking(
            {track: music[name][track] for track in sorted(named & music[name].keys())},
            lambda raw, name=name: cosine(raw, asked[name]),
            without=out,
            shown=lambda track: track % 3,
        )
        for name in asked
    ]
    expected = fused(*rankings) if len(rankings) > 1 else {track: -i for i, track in enumerate(rankings[0])}
    found = [expected[hit.track_id] for hit in hits]
    assert len(hits) == 6 and found == pytest.approx(sorted(expected.values(), reverse=True)[:6], abs=1e-6)
