"""Tracks side by side."""

import numpy as np
import pytest

from bot.vectors.calibration import Calibration
from bot.vectors.unit_vectors import UnitVectors, cosines
from tests.support.library import vector

EAST, NORTH, BETWEEN = vector(1, 0), vector(0, 1), vector(0.6, 0.8)
CALIBRATIONS = {"a": Calibration(2, 0.5), "b": Calibration(2, 0.0), "old": Calibration(2, 0.0)}


def sounds(**vectors):
    return UnitVectors(7, ("a", "b"), CALIBRATIONS, {"a": {}, "b": {}, "old": {}, **vectors})


def test_a_match_is_the_mean_over_the_vectors_that_both_have():
    both = sounds(a={1: EAST, 2: BETWEEN}, b={1: EAST, 2: EAST, 3: NORTH})
    found = both.matches([1], [1, 2, 3])
    assert found[0] == pytest.approx([1, ((0.6 - 0.5) / 0.5 + 1) / 2, 0])


def test_other_vectors_count_where_there_is_none_in_common():
    some = sounds(a={1: EAST}, old={1: EAST, 2: BETWEEN, 3: EAST})
    assert some.matches([1, 2], [2, 3]) == pytest.approx(np.array([[0.6, 1], [1, 0.6]]))


def test_tracks_that_cannot_be_compared():
    apart = sounds(a={1: EAST}, b={2: EAST})
    assert apart.matches([1, 3], [2]).tolist() == [[-np.inf], [-np.inf]]
    assert 1 in apart and 3 not in apart


def test_side_by_side_cosines_are_means():
    both = sounds(a={1: EAST, 2: BETWEEN}, b={1: EAST, 2: NORTH, 3: NORTH})
    rows = both.matrix([1, 2])
    assert rows @ rows.T == pytest.approx(np.array([[1, 0.3], [0.3, 1]]))
    assert both.matrix([1, 3]).shape == (2, 2)
    assert both.matrix([]).shape == (0, 4)


@pytest.mark.parametrize(("ones", "others"), [(0, 3), (101, 101), (700, 400)], ids=str)
def test_cosines_made_in_pieces_are_those_made_at_once(ones, others):
    random = np.random.default_rng(1)
    left, right = (random.normal(size=(count, 512)).astype(np.float32) for count in (ones, others))
    assert cosines(left, right) == pytest.approx(left @ right.T, abs=1e-3)
