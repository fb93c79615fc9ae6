"""Tests of benchmarks/taste.py, colike.py and recommend_speed.py: that they measure; how good is their business."""

import numpy as np
import pytest

from benchmarks import colike, recommend_speed, taste


@pytest.fixture(scope="module")
def songs() -> taste.SimulatedServer:
    """Sixty songs of four labels that can be told by their sound, and ten of none."""
    random = np.random.default_rng(0)
    labels = np.array([*np.repeat(["a", "b", "c", "d"], 15), *[""] * 10])
    vectors = random.normal(0, 0.4, (70, 6))
    vectors[:60] += np.eye(6)[np.repeat(range(4), 15)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (vectors @ vectors.T).astype(np.float32)
    return taste.SimulatedServer(cosines, cosines, labels)


def test_taste_compares_every_way_and_says_what_ours_gains(songs):
    found = taste.compare(songs, taste.WAYS, range(1), 1, 0.0)
    gains = [f"gain on {other}" for other in ("plain", "best_score", "average_vector")]
    assert list(found) == [*taste.WAYS, *gains]
    for row in found.values():
        assert list(row) == [str(n) for n in taste.REACTIONS]
    assert found["ours"]["10"]["ndcg"] > found["chance"]["10"]["ndcg"] + 0.2
    assert "two" not in taste.table({"embedder": "x", "songs": 70, "results": {"one": found}})


def test_what_was_reacted_to_is_not_found_again_and_some_is_kept_back(songs):
    (member, *_) = taste.server(songs, 0, 1, 0.0)
    liked = [vote.track_id for vote in member.votes if vote.kind > 0]
    assert len(member.votes) == len({vote.track_id for vote in member.votes}) == 30
    assert all(member.relevant[liked]) and member.relevant.sum() - len(liked) >= 2
    chance = np.arange(70.0)
    view = taste.SimulatedView(songs, member, [], None, chance)
    best = np.where(member.relevant, 1.0, 0.0)
    assert taste.judged(best, view) == (1.0, pytest.approx(1.0))
    assert taste.judged(-best, view)[1] == 0.0


def test_ten_per_cent_of_the_reactions_are_wrong(songs):
    members = taste.server(songs, 0, 2, taste.WRONG)
    wrong = [(vote.kind > 0) != member.relevant[vote.track_id] for member in members for vote in member.votes]
    assert 0.06 < np.mean(wrong) < 0.14


def test_tuning_and_reporting_share_no_song():
    random = np.random.default_rng(0)
    labels = np.array(
        [*np.repeat(["a", "b", "c"], 10), *[""] * 6, *np.tile(np.repeat(["s", "t"], 8), taste.COMPOSED)]
    )
    vectors = random.normal(size=(len(labels), 80)).astype(np.float32)
    vectors[:, 0] = np.arange(len(labels))
    halves = [taste.world(vectors, labels, "mfcc", reported=reported) for reported in (False, True)]
    assert sum(len(half.labels) for half in halves) == len(labels)
    assert not {"a", "b", "c"} & set(halves[0].labels) & set(halves[1].labels)


def test_others_likes_are_compared_and_silent_when_there_are_few():
    row = colike.measured(4, 10, 0.5, range(1))
    assert row["used"] is False and row["fused"] == row["sound"] and row["gain"] == 0
    assert row["sound"] > row["popularity"]


def test_real_likes_are_read_and_held_back(tmp_path):
    random = np.random.default_rng(0)
    rows = [
        f"member {m},track {t},{1 if t % 2 == m % 2 else -1}"
        for m in range(20)
        for t in random.choice(40, 24, replace=False)
    ]
    path = tmp_path / "likes.csv"
    path.write_text("member,track,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (row,) = colike.real(path)
    assert (row["members"], row["tracks"], row["votes"]) == (20, 40, 480)
    assert row["als"] > row["chance"]


async def test_speed_is_measured_beside_the_floor():
    row = await recommend_speed.measured(600, 2)
    assert row["tracks"] == 600 and row["floor"] > 0 and 0 < row["p50"] <= row["p95"] and row["engine"] > 0
    assert row["times"] == pytest.approx(row["p50"] / row["floor"])
    assert row["votes"] >= 400  # what others like is in the time
