"""The taste card: what a member likes, at a glance."""

from collections.abc import Sequence

import numpy as np

from bot.pictures.boxes import Box
from bot.pictures.canvas import Canvas, fraction_of_scale
from bot.pictures.colours import INK, LINE, MUTED, PALETTE, PANEL, RGB, blend
from bot.pictures.text import as_alt_text, plain
from bot.pictures.values import LikedSharer, Number, Picture, TasteCard

WIDTH, HEIGHT = 1200, 1280
MARGIN, GAP, PAD = 40, 28, 36
TITLE_SIZES = (64, 54, 46)
LARGE, LINE_SIZE, SMALL = 46, 36, 32  # pixels; a phone shows a third of it
TAGS = SHARERS = 4
AMBER, SKY, GREEN, _, _, RED, LILAC, _ = PALETTE
COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2
TEMPO_SCALE, LOUDNESS_SCALE = (50.0, 200.0), (-30.0, -4.0)  # bpm, LUFS: what music has
MIN_VALUES = 3  # songs, of which one can say how they are spread


def taste_card(value: TasteCard) -> Picture:
    """The card as a picture: 1200 by 1280 pixels, legible at 400."""
    return Picture(draw_taste_card(value).png(), _alt(value))


def draw_taste_card(value: TasteCard) -> Canvas:
    """The card as a canvas."""
    canvas = Canvas(WIDTH, HEIGHT)
    name = canvas.fonts.drawable(value.name) or "A member"
    room = WIDTH - 2 * MARGIN
    size = canvas.fonts.fitting(name, room, TITLE_SIZES, bold=True)
    canvas.text((MARGIN, 94), name, size, room=room, bold=True)
    counts = f"{Number('song', value.shared)} shared · {value.liked:,} liked"
    canvas.text((MARGIN, 150), counts, LINE_SIZE, room=room, colour=MUTED)
    right = MARGIN + COLUMN + GAP
    _draw_tags(canvas, Box(MARGIN, 186, MARGIN + COLUMN, 576), value)
    _draw_hits(canvas, Box(right, 186, right + COLUMN, 576), value)
    tempo, loudness = Box(MARGIN, 604, MARGIN + COLUMN, 870), Box(right, 604, right + COLUMN, 870)
    _draw_spread(canvas, tempo, "Tempo", "bpm", AMBER, value.tempos, value.server_tempo, TEMPO_SCALE)
    _draw_spread(
        canvas, loudness, "Loudness", "LUFS", RED, value.loudness, value.server_loudness, LOUDNESS_SCALE
    )
    _draw_sharers(canvas, Box(MARGIN, 898, MARGIN + COLUMN, 1240), value.sharers)
    _draw_closest(canvas, Box(right, 898, right + COLUMN, 1240), value)
    return canvas


def _panel(canvas: Canvas, box: Box, heading: str) -> None:
    canvas.panel(box, 24, PANEL)
    canvas.text((box.left + PAD, box.top + 58), heading, SMALL, room=box.width - 2 * PAD, colour=MUTED)


def _say_nothing(canvas: Canvas, box: Box, sentence: str) -> None:
    canvas.text((box.left + PAD, box.top + 124), sentence, SMALL, room=box.width - 2 * PAD, colour=INK)


def _draw_tags(canvas: Canvas, box: Box, value: TasteCard) -> None:
    _panel(canvas, box, "Top tags")
    tags = [tag for tag in value.tags if canvas.fonts.drawable(tag.name)][:TAGS]
    if not tags:
        _say_nothing(canvas, box, "None yet")
    most = max((tag.share for tag in tags), default=1) or 1
    for number, tag in enumerate(tags):
        base = box.top + 116 + 70 * number
        room = box.width - 2 * PAD
        percent = canvas.text(
            (box.right - PAD, base), f"{tag.share:.0%}", SMALL, room=room, colour=MUTED, anchor="rs"
        )
        canvas.text(
            (box.left + PAD, base), tag.name, LINE_SIZE, room=percent.left - 16 - box.left - PAD, bold=True
        )
        _draw_bar(canvas, Box(box.left + PAD, base + 16, box.right - PAD, base + 28), tag.share / most, SKY)


def _draw_bar(canvas: Canvas, box: Box, share: float, colour: RGB) -> None:
    canvas.panel(box, box.height / 2, LINE)
    filled = max(box.height, box.width * min(1.0, max(0.0, share)))
    canvas.panel(Box(box.left, box.top, box.left + filled, box.bottom), box.height / 2, colour)


def _draw_hits(canvas: Canvas, box: Box, value: TasteCard) -> None:
    _panel(canvas, box, "Hit rate as a sharer")
    if not value.shared:
        _say_nothing(canvas, box, "Share a song to start")
        return
    rate = min(1.0, value.hits / value.shared)
    centre = (box.centre[0], box.top + 196)
    canvas.ring(centre, 88, 24, LINE)
    if rate:
        canvas.arc(centre, 88, 24, GREEN, -90, -90 + 360 * rate)
    canvas.text(centre, f"{rate:.0%}", LARGE, room=140, bold=True, anchor="mm")
    story = f"{value.hits:,} of {value.shared:,} got a like"
    canvas.text((centre[0], box.bottom - 32), story, SMALL, room=box.width - 2 * PAD, anchor="ms")


def _draw_spread(
    canvas: Canvas,
    box: Box,
    heading: str,
    unit: str,
    colour: RGB,
    values: Sequence[float],
    server: float | None,
    scale: tuple[float, float],
) -> None:
    """A hill over the scale where the values are, the middle one in words, and the server's as a line."""
    _panel(canvas, box, heading)
    if len(values) < MIN_VALUES:
        _say_nothing(canvas, box, "Too few songs yet")
        return
    middle = f"{_number(float(np.median(values)))} {unit}"
    canvas.text((box.right - PAD, box.top + 60), middle, LINE_SIZE, room=280, bold=True, anchor="rs")
    left, right, floor = box.left + PAD, box.right - PAD, box.bottom - 66
    heights = _hill(values, scale, round(right - left) + 1)
    curve = [(left + step, floor - 100 * height) for step, height in enumerate(heights)]
    canvas.area([(left, floor), *curve, (right, floor)], blend(PANEL, colour, 0.45))
    canvas.line([(x, y) for x, y in curve], 4, colour)
    canvas.line([(left, floor), (right, floor)], 3, LINE)
    if server is not None:
        x = left + (right - left) * fraction_of_scale(server, scale)
        canvas.line([(x, floor - 112), (x, floor + 8)], 4, INK)
        canvas.panel(Box(left, box.bottom - 47, left + 5, box.bottom - 21), 2, INK)
        label = f"server: {_number(server)}"
        canvas.text((left + 18, box.bottom - 22), label, SMALL, room=right - left, colour=MUTED)
    else:
        canvas.text((left, box.bottom - 22), _number(scale[0]), SMALL, room=120, colour=MUTED)
        canvas.text((right, box.bottom - 22), _number(scale[1]), SMALL, room=120, colour=MUTED, anchor="rs")


def _hill(values: Sequence[float], scale: tuple[float, float], steps: int) -> list[float]:
    """How dense the values are along the scale, the densest 1."""
    at = np.array([fraction_of_scale(value, scale) for value in values])
    along = np.linspace(0, 1, steps)
    width = max(0.025, 0.9 * min(0.15, float(at.std())) * len(at) ** -0.2)  # Scott's rule, within reason
    density = np.exp(-0.5 * ((along[:, None] - at) / width) ** 2).sum(axis=1)
    return [float(height) for height in density / density.max()]


def _number(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


def _draw_sharers(canvas: Canvas, box: Box, sharers: Sequence[LikedSharer]) -> None:
    _panel(canvas, box, "Likes songs from")
    if not sharers:
        _say_nothing(canvas, box, "Nobody yet")
    for number, sharer in enumerate(sharers[:SHARERS]):
        base = box.top + 122 + 60 * number
        likes = canvas.text(
            (box.right - PAD, base),
            f"{sharer.likes:,}",
            LINE_SIZE,
            room=200,
            colour=AMBER,
            bold=True,
            anchor="rs",
        )
        name = canvas.fonts.drawable(sharer.name) or "a member"
        canvas.text((box.left + PAD, base), name, LINE_SIZE, room=likes.left - 24 - box.left - PAD)


def _draw_closest(canvas: Canvas, box: Box, value: TasteCard) -> None:
    _panel(canvas, box, "Closest taste")
    if not value.closest:
        _say_nothing(canvas, box, "Nobody yet")
        return
    room = box.width - 2 * PAD
    name = canvas.fonts.drawable(value.closest) or "a member"
    size = canvas.fonts.fitting(name, room, (LARGE, LINE_SIZE), bold=True)
    canvas.text((box.left + PAD, box.top + 142), name, size, room=room, bold=True)
    _draw_bar(
        canvas,
        Box(box.left + PAD, box.top + 190, box.right - PAD, box.top + 214),
        value.closest_percent / 100,
        LILAC,
    )
    canvas.text((box.left + PAD, box.top + 276), f"{value.closest_percent}% match", LINE_SIZE, room=room)


def _alt(value: TasteCard) -> str:
    sentences = [
        f"Taste card of {plain(value.name)}: {Number('song', value.shared)} shared, {value.liked:,} liked."
    ]
    if value.shared:
        sentences.append(f"{value.hits:,} of {value.shared:,} shared songs got a like.")
    if value.tags:
        tags = ", ".join(f"{plain(tag.name)} ({tag.share:.0%})" for tag in value.tags[:TAGS])
        sentences.append(f"Top tags: {tags}.")
    spreads = (
        ("Tempo", "bpm", value.tempos, value.server_tempo),
        ("Loudness", "LUFS", value.loudness, value.server_loudness),
    )
    sentences += [_spread_in_words(*spread) for spread in spreads if len(spread[2]) >= MIN_VALUES]
    if value.sharers:
        likes = ", ".join(f"{plain(one.name)} ({one.likes:,})" for one in value.sharers[:SHARERS])
        sentences.append(f"Likes songs from {likes}.")
    if value.closest:
        sentences.append(f"Closest taste: {plain(value.closest)}, {value.closest_percent}% match.")
    return as_alt_text(sentences)


def _spread_in_words(name: str, unit: str, values: Sequence[float], server: float | None) -> str:
    low, middle, high = (_number(float(part)) for part in np.quantile(values, (0.1, 0.5, 0.9)))
    compared = f" (server: {_number(server)})" if server is not None else ""
    return f"{name}: mostly {low} to {high} {unit}, middle {middle}{compared}."
