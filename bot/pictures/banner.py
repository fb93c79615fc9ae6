"""Draws a digest's banner: its period in a few numbers, and bars."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from bot.pictures.boxes import Box
from bot.pictures.canvas import Canvas
from bot.pictures.colours import INK, MUTED, PALETTE, RGB, blend
from bot.pictures.text import as_alt_text, plain
from bot.pictures.values import Banner, Number, Picture

WIDTH, HEIGHT = 1200, 480
MARGIN = 48
TITLE, SMALL_TITLE = 64, 52
LINE, SMALL, FIGURES = 38, 32, (76, 62, 48)  # pixels; a phone shows a third of it
MAX_NUMBERS = 4
PANEL_Y = (226, 420)  # from where to where the numbers stand; a phone puts its ALT badge on the corner below
TOP, FLOOR = 40, 160  # of the bars
BARS_LEFT, MANY_BARS_LEFT, FEW = 800, 700, 7
MAX_LETTERED_BARS = 13  # bars that have room for a letter each
DAWN, DUSK = (46, 28, 84), (16, 26, 52)  # the ground, from left to right
UP, DOWN = PALETTE[1], PALETTE[0]


def banner(value: Banner) -> Picture:
    """The banner as a picture: 1200 by 480 pixels, legible at 400."""
    return Picture(draw_banner(value).png(), _alt(value))


def draw_banner(value: Banner) -> Canvas:
    """The banner as a canvas."""
    canvas = Canvas(WIDTH, HEIGHT)
    _draw_ground(canvas)
    right = WIDTH - MARGIN
    if value.bars and max(value.bars) > 0:
        right = MANY_BARS_LEFT if len(value.bars) > FEW else BARS_LEFT
        _draw_bars(canvas, right, value.bars, value.bar_labels)
        right -= MARGIN
    _write_title(canvas, value, right - MARGIN)
    _write_numbers(canvas, value.numbers[:MAX_NUMBERS])
    return canvas


def _write_title(canvas: Canvas, value: Banner, room: float) -> None:
    """The title in one line, or smaller in two, and the period below it."""
    title = canvas.fonts.drawable(value.title) or "The digest"
    lines, size, base = [title], TITLE, 104
    if canvas.fonts.width(title, TITLE, bold=True) > room:
        lines, size, base = canvas.fonts.wrapped(title, room, 2, SMALL_TITLE, bold=True), SMALL_TITLE, 78
    for line in lines:
        canvas.text((MARGIN, base), line, size, room=room, bold=True)
        base += 60
    size = canvas.fonts.fitting(canvas.fonts.drawable(value.period), room, (LINE, SMALL))
    canvas.text((MARGIN, base), value.period, size, room=room, colour=MUTED)


def _draw_ground(canvas: Canvas) -> None:
    along = np.linspace(0, 1, WIDTH)[:, None]
    row = np.array(DAWN) + along * (np.array(DUSK) - np.array(DAWN))
    ground = np.broadcast_to(row.round().astype(np.uint8), (HEIGHT, WIDTH, 3))
    canvas.image.paste(Image.fromarray(np.ascontiguousarray(ground)))


def _draw_bars(canvas: Canvas, left: float, bars: Sequence[int], labels: Sequence[str]) -> None:
    """A bar for each day, from dawn's colour to dusk's, the highest one white, and a letter or two below it."""
    letters = 2 if len(bars) <= FEW else 1 if len(bars) <= MAX_LETTERED_BARS else 0
    step = (WIDTH - MARGIN - left) / len(bars)
    thick = min(34.0, 0.62 * step)
    for number, bar in enumerate(bars):
        middle = left + step * (number + 0.5)
        height = max(thick, (FLOOR - TOP) * bar / max(bars))
        colour = INK if bar == max(bars) else blend(PALETTE[6], PALETTE[1], number / max(1, len(bars) - 1))
        box = Box(middle - thick / 2, FLOOR - height, middle + thick / 2, FLOOR)
        canvas.panel(box, thick / 2, colour if bar else blend(DUSK, MUTED, 0.35))
        if letters and number < len(labels):
            label = canvas.fonts.drawable(labels[number])[:letters]
            canvas.text((middle, FLOOR + 40), label, SMALL, room=step, colour=MUTED, anchor="ms")


def _write_numbers(canvas: Canvas, numbers: Sequence[Number]) -> None:
    if not numbers:
        return
    column = (WIDTH - 2 * MARGIN - 24 * (len(numbers) - 1)) / len(numbers)
    for place, number in enumerate(numbers):
        left = MARGIN + place * (column + 24)
        box = Box(left, PANEL_Y[0], left + column, PANEL_Y[1])
        canvas.panel(box, 24, blend(DUSK, (255, 255, 255), 0.08))
        room = column - 52
        change, colour = _change(number)
        taken = canvas.fonts.width(change, LINE, bold=True)
        value = _brief(number.value)
        size = canvas.fonts.fitting(value, room - taken - 12, FIGURES, bold=True)
        written = canvas.text((left + 26, box.top + 84), value, size, room=room, bold=True)
        if change:
            canvas.text(
                (written.right + 14, box.top + 82), change, LINE, room=taken + 1, colour=colour, bold=True
            )
        canvas.text((left + 26, box.top + 142), number.label, LINE, room=room, colour=MUTED)


def _change(number: Number) -> tuple[str, RGB]:
    if not number.change:
        return "", MUTED
    return (f"▲{_brief(number.change)}", UP) if number.change > 0 else (f"▼{_brief(-number.change)}", DOWN)


def _brief(value: int) -> str:
    """1,234 in full, but 12k and 3M: a phone has little room."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if value >= max(10_000, size):
            return f"{value // size}{unit}"
    return f"{value:,}"


def _alt(value: Banner) -> str:
    numbers = [f"{plain(str(number))}{_change_in_words(number)}" for number in value.numbers[:MAX_NUMBERS]]
    sentences = [f"{plain(value.title)}, {plain(value.period)}.", f"{'; '.join(numbers)}." if numbers else ""]
    if value.bars and max(value.bars) > 0:
        sentences.append(_bars_in_words(value))
    return as_alt_text(sentences)


def _bars_in_words(value: Banner) -> str:
    """Every bar by its name, or of many the highest."""
    shares = Number("share", sum(value.bars))
    named = list(zip(value.bar_labels, value.bars, strict=False))
    if not named:
        return f"{shares}."
    if len(named) > MAX_LETTERED_BARS:
        label, most = max(named, key=lambda pair: pair[1])
        return f"{shares}, most on {plain(label)}: {most:,}."
    return f"{shares}: {', '.join(f'{plain(label)} {bar:,}' for label, bar in named if bar)}."


def _change_in_words(number: Number) -> str:
    if number.change is None:
        return ""
    if number.change == 0:
        return " (as before)"
    return f" ({abs(number.change):,} {'more' if number.change > 0 else 'fewer'})"
