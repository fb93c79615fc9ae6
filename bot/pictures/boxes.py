"""Places labels on the map so that they never overlap and cover few dots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRID_PIXELS = 6  # pixels between the places that are tried
CELL_PIXELS = 3  # pixels: how finely dots are counted
GAP = 10.0  # pixels between two labels
MAX_COVERED_SHARE = 0.06  # of all dots, by one label
MAX_LABEL_DISTANCE = 0.3  # of the frame's width: a label farther from its vibe says nothing
OTHER_DOT_COST = 2.0  # how much worse it is to cover another vibe's dot than an own one
PRECIOUS_DOT_COST = 6.0  # … and a dot that somebody will look for
DISTANCE_COST = 0.012  # a pixel farther away, against covering one dot of a vibe of one


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        """The middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def grown(self, by: float) -> "Box":
        """The same with a margin."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def overlaps(self, other: "Box") -> bool:
        """Whether they have more than an edge in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def contains(self, other: "Box") -> bool:
        """Whether the other is wholly inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True)
class LabelRequest:
    """A label that looks for a place: its size, and the dots (n, 2) in pixels that it names."""

    width: float
    height: float
    dots: NDArray[np.float64]

    @property
    def anchor(self) -> tuple[float, float]:
        """The dot that is most in the middle of them."""
        x, y = self.dots[np.argmin(np.sum((self.dots - np.median(self.dots, axis=0)) ** 2, axis=1))]
        return float(x), float(y)


def place_labels(
    wanted: Sequence[LabelRequest],
    dots: NDArray[np.float64],
    frame: Box,
    *,
    precious: NDArray[np.float64],
    margin: float = 0.0,
) -> list[Box | None]:
    """A place inside the frame for each label, first come first served; None where there is no good one.

    Labels never overlap, and each covers at most MAX_COVERED_SHARE of the `dots` (n, 2), in pixels, with `margin`
    pixels around it as a dot has a size. Of the places that are left a label takes the one that is best by the dots
    that it covers, above all the `precious` of them (m, 2), and by the distance from its own dots.
    """
    taken: list[Box] = []
    places: list[Box | None] = []
    everything, valued = _Counter(dots, frame, margin), _Counter(precious, frame, margin)
    for label in wanted:
        place = _best(label, everything, valued, taken, frame)
        places.append(place)
        if place is not None:
            taken.append(place)
    return places


def _best(
    label: LabelRequest, everything: "_Counter", valued: "_Counter", taken: list[Box], frame: Box
) -> Box | None:
    lefts = np.arange(frame.left, frame.right - label.width + 1e-9, GRID_PIXELS)
    tops = np.arange(frame.top, frame.bottom - label.height + 1e-9, GRID_PIXELS)
    if not lefts.size or not tops.size:
        return None
    x, y = (grid.ravel() for grid in np.meshgrid(lefts, tops))
    covered = everything.inside(x, y, label.width, label.height)
    own = _Counter(label.dots, frame, everything.margin).inside(x, y, label.width, label.height)
    away = _distances(x, y, label)
    cost = own + OTHER_DOT_COST * (covered - own) + DISTANCE_COST * len(label.dots) ** 0.5 * away
    cost += PRECIOUS_DOT_COST * valued.inside(x, y, label.width, label.height)
    cost[covered > MAX_COVERED_SHARE * everything.total] = np.inf
    cost[away > MAX_LABEL_DISTANCE * frame.width] = np.inf
    for other in taken:
        near = other.grown(GAP)
        free = (x + label.width <= near.left) | (x >= near.right)
        free |= (y + label.height <= near.top) | (y >= near.bottom)
        cost[~free] = np.inf
    best = int(np.argmin(cost))
    if not np.isfinite(cost[best]):
        return None
    return Box(float(x[best]), float(y[best]), float(x[best]) + label.width, float(y[best]) + label.height)


def _distances(x: NDArray[np.float64], y: NDArray[np.float64], label: LabelRequest) -> NDArray[np.float64]:
    """From the middle of the label's dots to the nearest point of each place."""
    centre = label.anchor
    across = np.maximum(0, np.maximum(x - centre[0], centre[0] - x - label.width))
    down = np.maximum(0, np.maximum(y - centre[1], centre[1] - y - label.height))
    return np.asarray(np.hypot(across, down))


class _Counter:
    """Counts the dots in many boxes at once, by a summed-area table (Crow 1984); never counts too few."""

    def __init__(self, dots: NDArray[np.float64], frame: Box, margin: float) -> None:
        self.total, self.margin = len(dots), margin
        self._origin = np.array([frame.left - margin, frame.top - margin])
        size = np.ceil(np.array([frame.width, frame.height]) + 2 * margin).astype(int) // CELL_PIXELS + 1
        counts = np.zeros((size[1] + 1, size[0] + 1), np.int32)
        cells = np.clip(np.floor((dots.reshape(-1, 2) - self._origin) / CELL_PIXELS).astype(int), 0, size - 1)
        np.add.at(counts, (cells[:, 1] + 1, cells[:, 0] + 1), 1)
        self._sums = counts.cumsum(axis=0).cumsum(axis=1)

    def inside(
        self, x: NDArray[np.float64], y: NDArray[np.float64], width: float, height: float
    ) -> NDArray[np.float64]:
        """How many dots each box of that size, whose upper left corners are (x, y), has in it or its margin."""
        left, right = self._cells(x, 0, width)
        top, bottom = self._cells(y, 1, height)
        sums = self._sums
        found = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(found, dtype=np.float64)

    def _cells(
        self, starts: NDArray[np.float64], axis: int, length: float
    ) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """From which cell on, and up to which, what starts there and is that long reaches with its margin."""
        first = starts - self.margin - self._origin[axis]
        last = first + length + 2 * self.margin
        most = self._sums.shape[1 - axis] - 1
        cells = (np.floor(first / CELL_PIXELS).astype(int), np.floor(last / CELL_PIXELS).astype(int) + 1)
        return np.clip(cells[0], 0, most), np.clip(cells[1], 0, most)
