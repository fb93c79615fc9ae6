"""A canvas for anti-aliased shapes, lines and text."""

import io
import math
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image, ImageDraw

from bot.pictures.boxes import Box
from bot.pictures.colours import GROUND, INK, RGB
from bot.pictures.text import Fonts

SUPERSAMPLING = 4  # times its size that a shape is drawn at before it is scaled down
EDGE_WIDTH = 1.5  # pixels
GLOW = 0.35  # of what is below stays hidden

CanvasPoint = tuple[float, float]


class Shape(StrEnum):
    """What a dot looks like."""

    CIRCLE = "circle"
    TRIANGLE = "triangle"
    SQUARE = "square"
    DIAMOND = "diamond"


# Corners as (turn, reach): where on the clock, and how far out, so that every shape looks equally heavy.
CORNERS = {
    Shape.TRIANGLE: [(-90, 1.3), (30, 1.3), (150, 1.3)],
    Shape.SQUARE: [(45, 1.22), (135, 1.22), (225, 1.22), (315, 1.22)],
    Shape.DIAMOND: [(0, 1.2), (90, 1.35), (180, 1.2), (270, 1.35)],
}


@dataclass(frozen=True)
class WrittenText:
    """A text that stands on the canvas, and where."""

    text: str
    box: Box
    colour: RGB


class Canvas:
    """An opaque picture of `width` by `height` pixels; `written` is every text on it."""

    def __init__(self, width: int, height: int, ground: RGB = GROUND, *, fonts: Fonts | None = None) -> None:
        self.image = Image.new("RGB", (width, height), ground)
        self.fonts = fonts or Fonts()
        self.written: list[WrittenText] = []
        self._draw = ImageDraw.Draw(self.image)
        self._marks: dict[tuple[Shape, float, RGB, RGB | None], tuple[Image.Image, Image.Image]] = {}

    def text(
        self,
        place: CanvasPoint,
        text: str,
        size: int,
        *,
        room: float,
        colour: RGB = INK,
        bold: bool = False,
        anchor: str = "ls",
    ) -> Box:
        """Write a line, cut to `room` pixels; `place` is where its `anchor` stands (Pillow's names), "ls" its start.

        What the font lacks is transliterated or left out. Returns the box that it takes.
        """
        shown = self.fonts.shortened(self.fonts.drawable(text), room, size, bold=bold)
        font = self.fonts.font(size, bold=bold)
        box = Box(*self._draw.textbbox(place, shown, font=font, anchor=anchor))
        if shown:
            self._draw.text(place, shown, font=font, fill=colour, anchor=anchor)
            self.written.append(WrittenText(shown, box, colour))
        return box

    def mark(
        self, shape: Shape, centre: CanvasPoint, radius: float, colour: RGB, *, edge: RGB | None = None
    ) -> None:
        """Draw one small shape, with a thin edge around it; many of the same kind are quick."""
        key = (shape, radius, colour, edge)
        if key not in self._marks:
            self._marks[key] = _mark(shape, radius, colour, edge)
        self._stamp(*self._marks[key], centre)

    def glow(self, centre: CanvasPoint, radius: float, colour: RGB) -> None:
        """Draw a half transparent disc."""
        mask = _shape_mask(Shape.CIRCLE, radius, radius).point(lambda level: round(GLOW * level))
        self._stamp(colour, mask, centre)

    def ring(self, centre: CanvasPoint, radius: float, thickness: float, colour: RGB) -> None:
        """Draw a circle's line of that thickness, `radius` at its middle."""
        self.arc(centre, radius, thickness, colour, 0, 360)

    def arc(
        self, centre: CanvasPoint, radius: float, thickness: float, colour: RGB, start: float, end: float
    ) -> None:
        """Draw a part of a ring, from `start` to `end` degrees (0 is three o'clock, clockwise)."""
        self._stamp(colour, _arc_mask(radius, thickness, start, end), centre)

    def _stamp(self, fill: RGB | Image.Image, mask: Image.Image, centre: CanvasPoint) -> None:
        x, y = (round(value - mask.width / 2) for value in centre)
        box = (x, y, x + mask.width, y + mask.height)
        self.image.paste(fill, box, mask)

    def panel(self, box: Box, radius: float, fill: RGB | Image.Image) -> None:
        """Fill a box that has round corners, with a colour or with a picture that is stretched to its size."""
        left, top = math.floor(box.left), math.floor(box.top)
        size = (math.ceil(box.right) - left, math.ceil(box.bottom) - top)
        if size[0] <= 0 or size[1] <= 0:
            return
        mask = Image.new("L", (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING), 0)
        corners = [
            SUPERSAMPLING * v for v in (box.left - left, box.top - top, box.right - left, box.bottom - top)
        ]
        shape = (corners[0], corners[1], corners[2] - 1, corners[3] - 1)
        radius = min(radius, box.width / 2, box.height / 2)
        ImageDraw.Draw(mask).rounded_rectangle(shape, radius * SUPERSAMPLING, fill=255)
        if isinstance(fill, Image.Image):
            self.image.paste(
                fill.resize(size, Image.Resampling.BICUBIC), (left, top), mask.reduce(SUPERSAMPLING)
            )
        else:
            self.image.paste(fill, (left, top), mask.reduce(SUPERSAMPLING))

    def line(self, points: list[CanvasPoint], thickness: float, colour: RGB) -> None:
        """Draw a smooth line through points."""
        reach = thickness + 1
        left, top = (math.floor(min(p[axis] for p in points) - reach) for axis in (0, 1))
        right, bottom = (math.ceil(max(p[axis] for p in points) + reach) for axis in (0, 1))
        mask = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING), 0)
        finer = [((x - left) * SUPERSAMPLING, (y - top) * SUPERSAMPLING) for x, y in points]
        ImageDraw.Draw(mask).line(finer, fill=255, width=round(thickness * SUPERSAMPLING), joint="curve")
        self.image.paste(colour, (left, top), mask.reduce(SUPERSAMPLING))

    def area(self, points: list[CanvasPoint], colour: RGB) -> None:
        """Fill what the points go around."""
        left, top = (math.floor(min(p[axis] for p in points)) for axis in (0, 1))
        right, bottom = (math.ceil(max(p[axis] for p in points)) + 1 for axis in (0, 1))
        mask = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING), 0)
        finer = [((x - left) * SUPERSAMPLING, (y - top) * SUPERSAMPLING) for x, y in points]
        ImageDraw.Draw(mask).polygon(finer, fill=255)
        self.image.paste(colour, (left, top), mask.reduce(SUPERSAMPLING))

    def png(self) -> bytes:
        """The picture as a PNG; the same canvas gives the same bytes."""
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG", compress_level=3)
        return buffer.getvalue()


def fraction_of_scale(value: float, scale: tuple[float, float]) -> float:
    """How far along a scale a value lies, from 0 to 1."""
    return min(1.0, max(0.0, (value - scale[0]) / (scale[1] - scale[0])))


def _mark(shape: Shape, radius: float, colour: RGB, edge: RGB | None) -> tuple[Image.Image, Image.Image]:
    """A shape as the colours and the mask of a stamp."""
    whole = radius + (EDGE_WIDTH if edge else 0)
    mask = _shape_mask(shape, whole, whole)
    stamp = Image.new("RGB", mask.size, edge or colour)
    stamp.paste(colour, (0, 0), _shape_mask(shape, radius, whole))
    return stamp, mask


def _shape_mask(shape: Shape, radius: float, room: float) -> Image.Image:
    """Where a shape is, in the middle of a square that has room for one of radius `room`."""
    side = 2 * math.ceil(1.4 * room + 1) + 1
    middle = side * SUPERSAMPLING / 2
    mask = Image.new("L", (side * SUPERSAMPLING, side * SUPERSAMPLING), 0)
    draw = ImageDraw.Draw(mask)
    if shape is Shape.CIRCLE:
        draw.circle((middle, middle), radius * SUPERSAMPLING, fill=255)
    else:
        turns = [(math.radians(turn), reach * radius * SUPERSAMPLING) for turn, reach in CORNERS[shape]]
        draw.polygon([(middle + far * math.cos(t), middle + far * math.sin(t)) for t, far in turns], fill=255)
    return mask.reduce(SUPERSAMPLING)


def _arc_mask(radius: float, thickness: float, start: float, end: float) -> Image.Image:
    side = 2 * math.ceil(radius + thickness + 1) + 1
    middle, reach = side * SUPERSAMPLING / 2, (radius + thickness / 2) * SUPERSAMPLING
    mask = Image.new("L", (side * SUPERSAMPLING, side * SUPERSAMPLING), 0)
    box = (middle - reach, middle - reach, middle + reach, middle + reach)
    ImageDraw.Draw(mask).arc(box, start, end, fill=255, width=round(thickness * SUPERSAMPLING))
    return mask.reduce(SUPERSAMPLING)
