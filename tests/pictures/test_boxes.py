"""Where labels stand."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pictures.boxes import MAX_COVERED_SHARE, Box, LabelRequest, place_labels

FRAME = Box(48, 190, 1152, 1190)
NONE = np.zeros((0, 2))


def covered(box: Box, dots: np.ndarray, margin: float = 0) -> int:
    """How many dots a box covers, counted one by one."""
    wide = box.grown(margin)
    return sum(wide.left <= x <= wide.right and wide.top <= y <= wide.bottom for x, y in dots)


@given(
    seed=st.integers(0, 10_000),
    clouds=st.integers(1, 14),
    dots=st.integers(1, 400),
    spread=st.sampled_from([0.0, 20.0, 120.0, 900.0]),
    margin=st.sampled_from([0.0, 8.0]),
)
@settings(max_examples=25, deadline=None)
def test_labels_never_overlap_nor_cover_much(seed, clouds, dots, spread, margin):
    random = np.random.default_rng(seed)
    middles = random.uniform([48, 190], [1152, 1190], size=(clouds, 2))
    spots = [np.clip(m + spread * random.normal(size=(dots, 2)), [48, 190], [1152, 1190]) for m in middles]
    everything = np.concatenate(spots)
    wanted = [
        LabelRequest(float(random.uniform(80, 440)), float(random.choice([58, 98])), own) for own in spots
    ]
    boxes = place_labels(wanted, everything, FRAME, precious=everything[::7], margin=margin)
    found = [box for box in boxes if box]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(found, 2))
    assert all(FRAME.grown(1).contains(box) for box in found)
    assert all(covered(box, everything, margin) <= MAX_COVERED_SHARE * len(everything) for box in found)


def test_a_label_stands_beside_its_dots_where_there_is_room():
    dots = np.array([[600.0, 600.0], [604.0, 602.0]])
    (box,) = place_labels([LabelRequest(200, 58, dots)], dots, FRAME, precious=NONE, margin=8)
    assert box is not None
    assert covered(box, dots, 8) == 0
    assert box.grown(30).contains(Box(600, 600, 600, 600))


def test_a_label_rather_covers_a_dot_than_one_that_somebody_looks_for():
    random = np.random.default_rng(0)
    dots = random.uniform([500, 500], [700, 700], size=(200, 2))
    plain = LabelRequest(150, 58, dots)
    (first,) = place_labels([plain], dots, FRAME, precious=NONE)
    assert first is not None
    hidden = dots[[covered(first, dots[[place]]) > 0 for place in range(len(dots))]]
    (second,) = place_labels([plain], dots, FRAME, precious=hidden)
    assert len(hidden) > 0
    assert second is not None
    assert covered(second, hidden) < len(hidden)


def test_a_label_without_a_good_place_is_left_out():
    crowd = np.stack(np.meshgrid(np.arange(48, 1152, 40.0), np.arange(190, 1190, 40.0)), axis=2).reshape(
        -1, 2
    )
    huge = LabelRequest(1000, 900, crowd)
    assert place_labels([huge], crowd, FRAME, precious=NONE) == [None]


def test_boxes_that_share_an_edge_do_not_overlap():
    assert not Box(0, 0, 10, 10).overlaps(Box(10, 0, 20, 10))
    assert Box(0, 0, 10, 10).overlaps(Box(9, 9, 20, 20))
