"""The music map: every track a dot placed by sound, coloured by vibe."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.pictures.boxes import Box, LabelRequest, place_labels
from bot.pictures.canvas import Canvas, Shape
from bot.pictures.colours import FAINT, GROUND, INK, MUTED, NIGHT, PALETTE, RGB
from bot.pictures.field import BACKDROP, BIGGEST, FIELD, WIDTH, haze, radius_of, spread
from bot.pictures.text import Fonts, as_alt_text, plain
from bot.pictures.values import Dot, MapVibe, MusicMap, Number, Picture

MARGIN = 48
TITLE_SIZES = (60, 52, 46)  # pixels; a phone shows a third of it
LINE, SMALL = 38, 32
FOOT_HEIGHT = 100  # pixels for the last line
LIST_LINE_HEIGHT = 52  # pixels of a line in the list of vibes that have no label
LABEL_PAD = 14
SIGN_WIDTH = 36  # pixels for the vibe's mark before its name
MAX_LABELS = 14
MAX_FULL_LABELS = 8  # with more, a label has one line, and a list below the map has the names in full


@dataclass(frozen=True)
class Mark:
    """What a vibe's dots look like."""

    colour: RGB
    shape: Shape


NO_VIBE_MARK = Mark(FAINT, Shape.CIRCLE)


@dataclass(frozen=True)
class Label:
    """A vibe's name on the map, in one line or two."""

    vibe: MapVibe
    lines: tuple[str, ...]
    width: float
    height: float


def music_map(value: MusicMap) -> Picture:
    """The map as a picture: 1200 pixels wide, legible at 400."""
    return Picture(draw_music_map(value).png(), _alt(value))


def draw_music_map(value: MusicMap) -> Canvas:
    """The map as a canvas."""
    fonts = Fonts()
    marks = marks_of(value.vibes)
    spots = spread([(dot.x, dot.y) for dot in value.dots], FIELD)
    vibes = _by_size(value)
    brief = len(vibes) > MAX_FULL_LABELS
    labels = [_label(vibe, fonts, brief=brief) for vibe in vibes[:MAX_LABELS]]
    wanted = [_wanted(label, value.dots, spots) for label in labels]
    precious = spots[[dot.mine or dot.new for dot in value.dots]]
    boxes = place_labels(wanted, spots, FIELD, precious=precious, margin=radius_of(len(spots)))
    placed = [(label, box) for label, box in zip(labels, boxes, strict=True) if box]
    named = {label.vibe for label, _ in placed}
    listed = [vibe for vibe in vibes if brief or vibe not in named]
    list_height = LIST_LINE_HEIGHT * -(-len(listed) // 2) + (24 if listed else 0)
    canvas = Canvas(WIDTH, round(FIELD.bottom) + list_height + FOOT_HEIGHT, fonts=fonts)
    _write_head(canvas, value)
    _draw_dots(canvas, value.dots, spots, marks)
    if not value.dots:
        canvas.text(FIELD.centre, "Share a song, and it appears here", LINE, room=FIELD.width, anchor="mm")
    for label, box in placed:
        _draw_leader(canvas, box, marks[label.vibe.id], _wanted(label, value.dots, spots).anchor)
    for label, box in placed:
        _draw_label(canvas, label, box, marks[label.vibe.id])
    _write_list(canvas, listed, marks)
    _write_foot(canvas, value)
    return canvas


def marks_of(vibes: Sequence[MapVibe]) -> dict[int, Mark]:
    """What each vibe looks like, by id: eight colours first, then the same in the next shape; mostly lasting."""
    marks: dict[int, Mark] = {}
    shapes = list(Shape)
    free: list[int] = []
    for number, vibe in enumerate(sorted(vibes, key=lambda vibe: vibe.id)):
        if not free:
            free = list(range(len(PALETTE)))
        colour = min(free, key=lambda place: (place - vibe.id) % len(PALETTE))
        free.remove(colour)
        marks[vibe.id] = Mark(PALETTE[colour], shapes[number // len(PALETTE) % len(shapes)])
    return marks


def _by_size(value: MusicMap) -> list[MapVibe]:
    sizes = Counter(dot.vibe for dot in value.dots)
    present = [vibe for vibe in value.vibes if sizes[vibe.id]]
    return sorted(present, key=lambda vibe: (-sizes[vibe.id], vibe.id))


# -- labels ------------------------------------------------------------------------------------------------


def _label(vibe: MapVibe, fonts: Fonts, *, brief: bool) -> Label:
    """The first part of a name large, the rest below it unless it has to be brief."""
    first, _, rest = (fonts.drawable(vibe.name) or "vibe").partition(" · ")
    room = 0.4 * FIELD.width
    first = fonts.shortened(first, room, LINE, bold=True)
    rest = "" if brief else fonts.shortened(rest, room, SMALL)
    widest = max(fonts.width(first, LINE, bold=True) + SIGN_WIDTH, fonts.width(rest, SMALL))
    lines = (first, rest) if rest else (first,)
    return Label(vibe, lines, widest + 2 * LABEL_PAD, 58 + 40 * (len(lines) - 1))


def _wanted(label: Label, dots: Sequence[Dot], spots: NDArray[np.float64]) -> LabelRequest:
    return LabelRequest(label.width, label.height, spots[[dot.vibe == label.vibe.id for dot in dots]])


def _draw_leader(canvas: Canvas, box: Box, mark: Mark, anchor: tuple[float, float]) -> None:
    """A line from a label to its vibe, if that is some way off."""
    x, y = anchor
    nearest = (float(np.clip(x, box.left, box.right)), float(np.clip(y, box.top, box.bottom)))
    if np.hypot(x - nearest[0], y - nearest[1]) > 2 * BIGGEST:
        canvas.line([anchor, nearest], 3, mark.colour)


def _draw_label(canvas: Canvas, label: Label, box: Box, mark: Mark) -> None:
    canvas.panel(box.grown(3), 14, mark.colour)
    canvas.panel(box, 12, GROUND)
    left, base = box.left + LABEL_PAD, box.top + 42
    canvas.mark(mark.shape, (left + 12, base - 13), 12, mark.colour)
    canvas.text((left + SIGN_WIDTH, base), label.lines[0], LINE, room=box.width, bold=True)
    for rest in label.lines[1:]:
        canvas.text((left, base + 40), rest, SMALL, room=box.width, colour=MUTED)


# -- dots --------------------------------------------------------------------------------------------------


def _draw_dots(
    canvas: Canvas, dots: Sequence[Dot], spots: NDArray[np.float64], marks: dict[int, Mark]
) -> None:
    lights = [(mark.colour, spots[[dot.vibe == vibe for dot in dots]]) for vibe, mark in marks.items()]
    canvas.panel(BACKDROP, 28, haze(lights))
    radius = radius_of(len(dots))
    # Those that matter most to the asker last, so that they lie on top.
    order = sorted(range(len(dots)), key=lambda i: (dots[i].new or dots[i].mine, dots[i].mine, _shuffled(i)))
    for i in order:
        mark = marks.get(vibe, NO_VIBE_MARK) if (vibe := dots[i].vibe) is not None else NO_VIBE_MARK
        _draw_dot(canvas, dots[i], (float(spots[i][0]), float(spots[i][1])), radius, mark)


def _draw_dot(canvas: Canvas, dot: Dot, spot: tuple[float, float], radius: float, mark: Mark) -> None:
    if dot.new:
        canvas.glow(spot, 1.2 * radius + 14, mark.colour)
        radius *= 1.2
    if dot.mine:
        canvas.mark(Shape.CIRCLE, spot, radius + 7, NIGHT)
        canvas.ring(spot, radius + 6, 3.5, INK)
    canvas.mark(mark.shape, spot, radius, mark.colour, edge=NIGHT)


def _shuffled(place: int) -> int:
    """An order in which no vibe lies on top just because it came last (Knuth's multiplicative hash)."""
    return place * 2_654_435_761 % 2**32


# -- words -------------------------------------------------------------------------------------------------


def _write_head(canvas: Canvas, value: MusicMap) -> None:
    room = WIDTH - 2 * MARGIN
    title = canvas.fonts.drawable(value.server) or "Music map"
    size = canvas.fonts.fitting(title, room, TITLE_SIZES, bold=True)
    canvas.text((MARGIN, 92), title, size, room=room, bold=True)
    canvas.text((MARGIN, 148), value.note or _counts(value), LINE - 2, room=room, colour=MUTED)


def _counts(value: MusicMap) -> str:
    present = len(_by_size(value))
    parts = [str(Number("song", len(value.dots))), str(Number("vibe", present)) if present else ""]
    return " · ".join(part for part in parts if part)


def _write_list(canvas: Canvas, vibes: Sequence[MapVibe], marks: dict[int, Mark]) -> None:
    column = (WIDTH - 2 * MARGIN) / 2
    for number, vibe in enumerate(vibes):
        left = MARGIN + column * (number % 2)
        base = FIELD.bottom + 64 + LIST_LINE_HEIGHT * (number // 2)
        canvas.mark(marks[vibe.id].shape, (left + 14, base - 11), 13, marks[vibe.id].colour)
        name = canvas.fonts.drawable(vibe.name) or "vibe"
        canvas.text((left + 44, base), name, SMALL, room=column - 64)


def _write_foot(canvas: Canvas, value: MusicMap) -> None:
    """What the dots' looks mean, at the right: on the left corner phones put their ALT badge."""
    base = canvas.image.height - 34
    right: float = WIDTH - MARGIN
    mine, new = sum(dot.mine for dot in value.dots), sum(dot.new for dot in value.dots)
    if any(dot.vibe is None for dot in value.dots) and value.vibes:
        left = _write_sign(canvas, right, base, "in no vibe")
        canvas.mark(NO_VIBE_MARK.shape, (left - 28, base - 12), 12, NO_VIBE_MARK.colour)
        right = left - 90
    if new:
        left = _write_sign(canvas, right, base, f"{new:,} new")
        canvas.glow((left - 34, base - 12), 22, INK)
        canvas.mark(Shape.CIRCLE, (left - 34, base - 12), 11, INK)
        right = left - 102
    if mine:
        left = _write_sign(canvas, right, base, f"{mine:,} yours")
        canvas.ring((left - 30, base - 12), 14, 3.5, INK)


def _write_sign(canvas: Canvas, right: float, base: float, words: str) -> float:
    """Words that end at `right`; where they begin."""
    return canvas.text((right, base), words, SMALL, room=400, colour=MUTED, anchor="rs").left


def _alt(value: MusicMap) -> str:
    sizes = Counter(dot.vibe for dot in value.dots)
    vibes = ", ".join(f"{plain(vibe.name)} ({sizes[vibe.id]:,})" for vibe in _by_size(value))
    mine = Counter(dot.vibe for dot in value.dots if dot.mine)
    new = sum(dot.new for dot in value.dots)
    names = {vibe.id: plain(vibe.name) for vibe in value.vibes}
    mostly = max((vibe for vibe in mine if vibe in names), key=lambda vibe: mine[vibe], default=None)
    return as_alt_text(
        [
            f"Music map of {plain(value.server)}: {Number('song', len(value.dots))}, near each other where they"
            " sound alike.",
            f"{plain(value.note).rstrip('.')}." if value.note else "",
            f"{Number('song', sum(mine.values()))} of yours"
            + (f", mostly in {names[mostly]}." if mostly else ".")
            if mine
            else "",
            f"{Number('new song', new)}." if new else "",
            f"Vibes: {vibes}." if vibes else "",
        ]
    )
