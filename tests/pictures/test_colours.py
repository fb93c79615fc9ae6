"""Colours that can be told apart."""

import itertools

import numpy as np
import pytest

from bot.pictures.colours import FAINT, GROUND, INK, MUTED, NIGHT, PALETTE, PANEL, RGB, contrast, oklch

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009).
EYES = {
    "full": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
LEAST = {
    "full": 0.15,
    "no red": 0.12,
    "no green": 0.12,
    "no blue": 0.1,
}  # about five times what is just noticed
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def seen(colour: RGB, eyes: str) -> np.ndarray:
    """A colour in OKLab, in which distances are what one sees, as somebody with such eyes sees it."""
    parts = np.array(colour) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return np.array(TO_LAB) @ np.cbrt(np.array(TO_CONES) @ np.clip(np.array(EYES[eyes]) @ linear, 0, 1))


def test_contrast_is_that_of_wcag():
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colour", [*PALETTE, FAINT])
def test_dots_stand_out(colour):
    assert contrast(colour, NIGHT) >= 3


@pytest.mark.parametrize("ground", [GROUND, NIGHT, PANEL])
@pytest.mark.parametrize("ink", [INK, MUTED])
def test_text_can_be_read(ink, ground):
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("eyes", EYES)
def test_vibes_can_be_told_apart_by_colour(eyes):
    pairs = itertools.combinations(PALETTE, 2)
    assert min(np.linalg.norm(seen(one, eyes) - seen(other, eyes)) for one, other in pairs) >= LEAST[eyes]


@pytest.mark.parametrize("hue", range(0, 360, 15))
def test_a_colour_by_lightness_has_that_lightness(hue):
    assert seen(oklch(0.6, 0.3, hue), "full")[0] == pytest.approx(0.6, abs=0.02)
