"""The plot area of the music map: scale and size of its dots, and the haze behind them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.pictures.boxes import Box
from bot.pictures.colours import NIGHT, RGB

WIDTH = 1200  # pixels of the picture
FIELD = Box(48, 190, WIDTH - 48, 1190)  # where labels and dots may be
BACKDROP = FIELD.grown(16)  # what is dark behind them
SCALED_SHARE = 0.97  # of the dots are inside the field by scale; those farther out are moved in
BIGGEST, SMALLEST, DOT_SHARE = 16.0, 5.0, 0.22  # a dot's radius, and its share of the room that each dot has
HAZE, HAZE_WIDTH = 8, 40  # pixels: its grain, and how far a dot lights its surroundings
MAX_ADDED_LIGHT = 34  # of 255: how much light a vibe adds at most


def spread(places: Sequence[tuple[float, float]], field: Box) -> NDArray[np.float64]:
    """Where in the field (pixels, (n, 2)) the places are drawn: scaled to fill it, with outliers moved to its edge.

    Both directions have the same scale as long as the field is well used that way.
    """
    spots = np.array(places, dtype=np.float64).reshape(-1, 2)
    if not len(spots):
        return spots
    centre = (np.quantile(spots, 0.02, axis=0) + np.quantile(spots, 0.98, axis=0)) / 2
    reach = np.quantile(np.abs(spots - centre), SCALED_SHARE, axis=0)
    reach = np.maximum(reach, 0.6 * reach.max())
    reach[reach < 1e-9] = 1.0
    room = np.array([field.width / 2, field.height / 2]) - 1.5 * BIGGEST
    scaled = (spots - centre) / reach
    return np.array(field.centre) + room * _softly_within(scaled)


def radius_of(dots: int) -> float:
    """How big a dot is among that many."""
    room = (FIELD.width * FIELD.height / max(1, dots)) ** 0.5
    return float(np.clip(DOT_SHARE * room, SMALLEST, BIGGEST))


def haze(lights: Sequence[tuple[RGB, NDArray[np.float64]]]) -> Image.Image:
    """The BACKDROP, small, lit where dots (n, 2) of a colour are dense, so that vibes are seen before they are read."""
    rows, columns = round(BACKDROP.height / HAZE), round(BACKDROP.width / HAZE)
    extent = [(BACKDROP.top, BACKDROP.bottom), (BACKDROP.left, BACKDROP.right)]
    light = np.zeros((rows, columns, 3))
    down, across = _bell(rows), _bell(columns)
    for colour, dots in lights:
        counts = np.histogram2d(dots[:, 1], dots[:, 0], bins=(rows, columns), range=extent)[0]
        density = down @ counts @ across
        light += (1 - np.exp(-2 * density / max(1e-9, density.max())))[:, :, None] * np.array(colour)
    return Image.fromarray(
        np.minimum(np.array(NIGHT) + MAX_ADDED_LIGHT * light / 255, 255).round().astype(np.uint8)
    )


def _softly_within(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values that mostly lie within ±1, all brought there: straight up to .75, then ever slower."""
    knee, rest = 0.75, 0.25
    beyond = np.maximum(0, np.abs(values) - knee)
    inner = np.minimum(np.abs(values), knee)
    return np.sign(values) * (inner + rest * np.tanh(beyond / rest * 0.7))


def _bell(cells: int) -> NDArray[np.float64]:
    """How much each cell lights each other one of a row (cells, cells)."""
    apart = np.subtract.outer(np.arange(cells), np.arange(cells)) * HAZE / HAZE_WIDTH
    return np.asarray(np.exp(-0.5 * apart**2))
