"""That the benchmarks of vibes and sequences measure what they say; which figures they give is no test's business."""

from itertools import permutations

import numpy as np
import pytest

from benchmarks import sequence, vibes
from benchmarks.listening import LabelledSong, heard, songs_of
from bot.playlists.sequence import problem_of
from tests.support.shared import SHARED, needs


def labelled(count: int) -> list[LabelledSong]:
    """Songs of three labels that sound alike within each, and two that belong to nobody."""
    random = np.random.default_rng(0)
    return [
        LabelledSong(
            label="" if i > count else "abc"[i % 3],
            artist=f"artist {i}",
            title=f"song {i}",
            seconds=100.0,
            vector=(np.eye(8)[i % 3] + 0.1 * random.normal(size=8)).astype(np.float32),
            features={"tempo": float(random.uniform(60, 180)), "key": "C major"},
        )
        for i in range(count + 3)
    ]


def test_vibes_are_compared_with_k_means_and_chance():
    report = vibes.measured(labelled(30), 2)
    assert (report["songs"], report["labels"]) == (31, 3)
    assert report["ways"]["earworm"]["ami"] == pytest.approx(1)
    assert report["ways"]["earworm"]["purity"] == 1
    assert report["ways"]["k-means, as many"]["ami"] == pytest.approx(1)
    assert report["ways"]["random"]["ami"] < 0.3
    assert report["stays"] == 1


def test_orders_are_compared_with_chance_and_with_the_best():
    report = sequence.measured(songs_of(labelled(14)), 2)
    assert report["all"] > 0.3
    assert report["lists_least"] <= report["lists_mean"]
    assert 0 <= report["gap_mean"] <= report["gap_most"] < 0.1


def test_the_best_order_is_the_best_of_all():
    problem = problem_of(songs_of(labelled(3)))
    orders = np.array(list(permutations(range(6))))
    assert sequence.cheapest(problem) == pytest.approx(problem.cost(orders).min())


@needs("music")
def test_a_folder_is_heard_as_the_bot_hears_it(tmp_path):
    for label in ("m374lx", "single"):
        (tmp_path / label).mkdir()
        path = min((SHARED / "music" / label).iterdir())
        (tmp_path / label / path.name).write_bytes(path.read_bytes())
    named, nobodys = heard(tmp_path, "mfcc")
    assert (named.label, nobodys.label) == ("m374lx", "")
    assert named.title == "Speed" and named.features["tempo"] > 0
    assert np.linalg.norm(named.vector) == pytest.approx(1, abs=1e-5)
