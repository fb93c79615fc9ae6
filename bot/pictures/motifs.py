"""The four motifs of playlist covers, each computed from the playlist's features; deterministic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.pictures.colours import RGB, oklch

Plane = NDArray[np.floating[Any]]

SIZE = 640  # pixels
TURN = 2 * np.pi


@dataclass(frozen=True)
class Mood:
    """A playlist's numbers, each from 0 to 1, but `hue` and `turn` in degrees and the number of `layers`.

    `pace`: slow to fast; `force`: quiet to loud; `light`: dark to bright; `minor`: its key; `hue`: its key's colour,
    which turns by `turn` from what is far to what is near.
    """

    pace: float
    force: float
    light: float
    minor: bool
    hue: float
    turn: float
    layers: int

    def shade(self, depth: float) -> RGB:
        """A colour from far (0: light) to near (1: dark)."""
        far, near = (0.68, 0.2) if self.minor else (0.8, 0.27)
        lightness = (far + 0.1 * self.light) * (1 - depth) + near * depth
        return oklch(lightness, 0.1 + 0.07 * self.force, self.hue + depth * self.turn)

    @property
    def accent(self) -> RGB:
        """What shines."""
        return oklch(0.9, 0.1 + 0.05 * self.force, self.hue + 150)


class ColourLayer:
    """A square of pixels that colours are laid over; x to the right, y down, both from 0 to 1."""

    def __init__(self) -> None:
        along = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
        self.x, self.y = along[None, :], along[:, None]
        self._parts = np.zeros((3, SIZE, SIZE), np.float32)  # one plane a colour, which is twice as quick

    def fill(self, colour: RGB) -> None:
        """Cover everything."""
        self._parts[:] = np.array(colour, np.float32)[:, None, None]

    def lay(self, colour: RGB, cover: Plane) -> None:
        """Lay a colour over it, as thick as `cover` (SIZE, SIZE) from 0 to 1 says."""
        for part, level in zip(self._parts, colour, strict=True):
            part += cover * (np.float32(level) - part)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The finished pixels (SIZE, SIZE, 3)."""
        return np.ascontiguousarray(np.moveaxis(self._parts, 0, 2).clip(0, 255).round().astype(np.uint8))

    def inside(self, distance: Plane) -> Plane:
        """What is on the negative side of an edge, smooth over a pixel; distances are parts of the width."""
        return np.asarray(np.clip(0.5 - distance * SIZE, 0, 1))

    def polar(self, x: float, y: float) -> tuple[Plane, Plane]:
        """The distance and the angle of each pixel as seen from (x, y)."""
        across, down = self.x - np.float32(x), self.y - np.float32(y)
        return np.hypot(across, down), np.arctan2(down, across)


Motif = Callable[[ColourLayer, Mood, np.random.Generator], None]


def hills(sheet: ColourLayer, mood: Mood, random: np.random.Generator) -> None:
    """Ridges one behind the other under a sun: quick music has more of them side by side, loud music higher ones."""
    _sky(sheet, mood)
    x, y = float(random.uniform(0.2, 0.8)), float(random.uniform(0.18, 0.34))
    far, _ = sheet.polar(x, y)
    size = 0.07 + 0.05 * float(random.random())
    sheet.lay(mood.accent, 0.5 * np.exp(-np.maximum(0, far - size) / 0.13))
    sheet.lay(mood.accent, sheet.inside(far - size))
    for layer in range(mood.layers):
        depth = (layer + 1) / mood.layers
        height = 0.3 + 0.55 * layer / mood.layers
        ridge = height - (0.04 + 0.1 * mood.force) * _waves(sheet.x, 1 + 2.5 * mood.pace, mood.light, random)
        shadow = np.exp(-np.maximum(0, ridge - sheet.y) / 0.03) * (sheet.y < ridge)
        sheet.lay(mood.shade(min(1, depth + 0.2)), 0.25 * shadow.astype(np.float32))
        sheet.lay(mood.shade(depth), sheet.inside(ridge - sheet.y))


def bloom(sheet: ColourLayer, mood: Mood, random: np.random.Generator) -> None:
    """A flower cut out of paper: quick music has more petals, loud music deeper ones."""
    sheet.fill(mood.shade(1))
    far, angle = sheet.polar(float(random.uniform(0.38, 0.62)), float(random.uniform(0.34, 0.5)))
    petals = 3 + round(6 * mood.pace)
    for layer in range(mood.layers):
        depth = 1 - (layer + 1) / mood.layers
        reach = 0.07 + 0.6 * (1 - layer / mood.layers) ** 1.2
        turn = float(random.uniform(0, TURN))
        edge = np.sin(petals * angle + turn) + 0.4 * mood.light * np.sin(2 * petals * angle + 2.3 * turn)
        edge = reach * (1 + (0.08 + 0.16 * mood.force) * edge + 0.05 * np.sin(2 * angle + 3 * turn))
        outside = np.maximum(0, far - edge)
        sheet.lay((0, 0, 0), 0.4 * np.exp(-outside / 0.025))
        sheet.lay(mood.shade(depth), sheet.inside(far - edge))
    sheet.lay(mood.accent, sheet.inside(far - 0.045))


def grooves(sheet: ColourLayer, mood: Mood, random: np.random.Generator) -> None:
    """A record whose grooves swing: one for each track, the louder the wider, the quicker the more often."""
    far, angle = sheet.polar(float(random.uniform(0.4, 0.6)), float(random.uniform(0.36, 0.48)))
    sheet.fill(mood.shade(1))
    sheet.lay(mood.shade(0.55), 0.8 * np.exp(-((far / 0.4) ** 2)))
    rings = 3 * mood.layers
    for ring in range(rings):
        part = ring / (rings - 1)
        swing = np.zeros_like(angle)
        for harmonic in (1, 2, 3):
            often = harmonic * (2 + round(4 * mood.pace))
            swing += np.sin(often * angle + float(random.uniform(0, TURN))) / harmonic**1.5
        loud = (0.5 + 0.5 * np.cos(angle - float(random.uniform(0, TURN)))) ** 3
        radius = 0.1 + 0.5 * part + (0.008 + 0.02 * mood.force) * swing * (0.3 + loud)
        sheet.lay(mood.shade(0.75 * part), 0.95 * sheet.inside(np.abs(far - radius) - 0.0036 - 0.003 * loud))
    sheet.lay(mood.accent, sheet.inside(far - 0.055))
    sheet.lay(mood.shade(1), sheet.inside(far - 0.012))


def bars(sheet: ColourLayer, mood: Mood, random: np.random.Generator) -> None:
    """A sound wave of round bars: quick music has more of them, loud music longer ones."""
    _sky(sheet, mood)
    number = 9 + round(10 * mood.pace)
    width = 0.84 / number
    swell = _waves(np.linspace(0, 1, number, dtype=np.float32), 1 + mood.pace, mood.light, random)
    swell = swell * random.uniform(0.6, 1, number).astype(np.float32)
    swell = (swell - swell.min()) / np.ptp(swell)
    for place in range(number):
        length = width / 2 + (0.14 + 0.12 * mood.force) * float(swell[place])
        across = np.abs(sheet.x - np.float32(0.08 + width * (place + 0.5)))
        down = np.maximum(0, np.abs(sheet.y - np.float32(0.33)) - np.float32(length - 0.32 * width))
        distance = np.hypot(across, down) - np.float32(0.32 * width)
        sheet.lay(mood.shade(1), 0.3 * np.exp(-np.maximum(0, distance) / 0.02))
        lit = place == int(np.argmax(swell))
        sheet.lay(mood.accent if lit else mood.shade(0.05 + 0.75 * place / number), sheet.inside(distance))


MOTIFS: tuple[Motif, ...] = (hills, bloom, grooves, bars)


def _sky(sheet: ColourLayer, mood: Mood) -> None:
    """From dusk at the top to the light at the horizon for music in minor, the other way round in major."""
    top, bottom = (0.95, 0.35) if mood.minor else (0.45, 0.0)
    sheet.fill(mood.shade(top))
    sheet.lay(
        mood.shade(bottom), np.broadcast_to(np.clip(1.4 * sheet.y, 0, 1), (SIZE, SIZE)).astype(np.float32)
    )


def _waves(along: Plane, often: float, rough: float, random: np.random.Generator) -> Plane:
    """A wave of a few swings, within about ±1; the rougher the more overtones."""
    total = np.zeros_like(along)
    for overtone in (1, 2, 3, 5):
        strength = 1.0 if overtone == 1 else (0.25 + 0.5 * rough) / overtone
        swings = often * overtone * float(random.uniform(0.8, 1.2))
        total += np.float32(strength) * np.sin(
            np.float32(TURN * swings) * along + np.float32(random.uniform(0, TURN))
        )
    return total
