"""From evidence to scores."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeVectorParams,
    Point,
    Query,
    QueryRequest,
    RecommendQuery,
    UpdateOperation,
)

from bot.suggestions.scoring import (
    average_vector,
    away,
    best_score,
    carriers,
    closeness,
    fuse,
    score,
    sum_scores,
)

seeds = st.integers(0, 10_000)


def unit(random, count, dimension=12):
    vectors = random.normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def averaged(query, using):
    """Qdrant's `average_vector`, which its client library makes of a search for the nearest."""
    likes, dislikes = np.array(query.positives), np.array(query.negatives)
    average = likes.mean(axis=0)
    return Query.Nearest((average * 2 - dislikes.mean(axis=0) if len(dislikes) else average).tolist(), using)


@pytest.mark.parametrize(
    ("strategy", "ours"),
    [
        (Query.RecommendBestScore, best_score),
        (Query.RecommendSumScores, sum_scores),
        (averaged, average_vector),
    ],
    ids=["best_score", "sum_scores", "average_vector"],
)
@pytest.mark.parametrize("disliked", [0, 3])
def test_the_order_is_qdrants(tmp_path, strategy, ours, disliked):
    random = np.random.default_rng(disliked)
    tracks, likes, dislikes = unit(random, 200), unit(random, 5), unit(random, disliked)
    shard = EdgeShard.create(str(tmp_path), EdgeConfig({"v": EdgeVectorParams(12, Distance.Cosine)}))
    points = [Point(i, {"v": each.tolist()}) for i, each in enumerate(tracks)]
    shard.update(UpdateOperation.upsert_points(points))
    query = strategy(RecommendQuery(likes.tolist(), dislikes.tolist()), "v")
    theirs = shard.query(QueryRequest(limit=200, query=query))
    shard.close()
    scores = ours(tracks @ likes.T, tracks @ dislikes.T)
    assert [point.id for point in theirs] == np.argsort(-scores, kind="stable").tolist()
    if strategy is not averaged:
        assert [point.score for point in theirs] == pytest.approx(np.sort(scores)[::-1].tolist(), abs=1e-5)


def test_only_dislikes_are_scored_by_the_closest():
    scores = best_score(np.zeros((2, 0)), np.array([[0.9, 0.1], [0.2, 0.3]]))
    assert scores[1] > scores[0]


def test_closeness_is_1_for_the_same_recording_and_0_where_nothing_is_known():
    close = closeness(np.array([1.0, 1.2, 0.5, 0.0, -np.inf]))
    assert close[0] == close[1] == 1
    assert 1 > close[2] > close[3] > close[4] == 0


def matches_of(seed, tracks=6, evidence=5):
    random = np.random.default_rng(seed)
    return random.uniform(-0.5, 1, (tracks, evidence)), random.uniform(0.1, 1.5, evidence)


@settings(deadline=None, max_examples=40)
@given(seeds, st.integers(0, 4))
def test_leaving_out_the_named_evidence_lowers_the_score(seed, dislikes):
    matches, weights = matches_of(seed)
    weights[:dislikes] *= -1
    close = closeness(matches)
    before = score(close, weights)
    for track, carrier in enumerate(carriers(close, weights)):
        assert weights[carrier] > 0
        left = [i for i in range(len(weights)) if i != carrier]
        assert score(close[:, left], weights[left])[track] < before[track]


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_a_dislike_pushes_away_most_what_sounds_most_like_it(seed):
    matches, weights = matches_of(seed)
    close = closeness(matches)
    before = score(close[:, 1:], weights[1:])
    after = score(close, np.concatenate([[-1.5], weights[1:]]))
    assert (after < before).all()
    assert np.argmax(before - after) == np.argmax(close[:, 0])


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_the_weightier_of_two_likes_pulls_more(seed):
    matches, _ = matches_of(seed, evidence=2)
    one, other = closeness(matches).T
    scores = score(closeness(matches), np.array([1.0, 0.1]))
    order = np.argsort(scores)
    assert all(one[a] <= one[b] or other[a] <= other[b] for a, b in pairwise(order))


def test_two_unlike_tastes_are_both_met_and_what_lies_between_is_not():
    rock, jazz = np.eye(2, dtype=np.float32)
    between = (rock + jazz) / np.sqrt(2)
    tracks = np.stack([rock, between, jazz])
    likes = np.stack([rock, rock, jazz, jazz])
    scores = score(closeness(tracks @ likes.T), np.ones(4))
    assert scores[1] < min(scores[0], scores[2])
    assert np.argmax(average_vector(tracks @ likes.T, np.zeros((3, 0)))) == 1


@settings(deadline=None, max_examples=40)
@given(seeds, st.floats(0.1, 2))
def test_fusing_goes_by_ranks_alone_and_ties_stay_ties(seed, weight):
    random = np.random.default_rng(seed)
    one, other = random.normal(size=20), random.integers(0, 5, 20).astype(float)
    fused = fuse([one, other], [1, weight])
    assert fused == pytest.approx(fuse([one**3, other * 7 + 1], [1, weight]))
    assert fuse([other], [1])[other == other[0]] == pytest.approx(fuse([other], [1])[0])
    assert (np.argsort(fuse([one], [1])) == np.argsort(one)).all()


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_with_dislikes_alone_the_order_is_qdrants_too(seed):
    matches, _ = matches_of(seed)
    theirs = best_score(np.zeros((len(matches), 0)), matches)
    assert np.argsort(-away(matches), kind="stable").tolist() == np.argsort(-theirs, kind="stable").tolist()
