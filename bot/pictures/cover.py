"""A playlist's cover, drawn from its own numbers: the same playlist always looks the same."""

import hashlib

import numpy as np
from PIL import Image

from bot.pictures.canvas import Canvas, fraction_of_scale
from bot.pictures.colours import RGB, oklch
from bot.pictures.motifs import MOTIFS, SIZE, ColourLayer, Mood
from bot.pictures.text import Fonts, as_alt_text, plain
from bot.pictures.values import Cover, Number, Picture

MARGIN = 40
NAME, LINE, CAPTION = 60, 38, 30  # pixels; a phone shows two thirds of it
MAX_NAME_LINES = 2
SPACING = 1.4
PAPER: RGB = (255, 252, 245)
SHADE_OPACITY = 0.9  # how thick the shade is that it is written on
DARK_HUE = 285.0  # degrees: all colours turn to this violet as they get dark, as olive and brown look dull
TEMPOS, LOUDNESSES, BRIGHTNESSES = (60.0, 180.0), (-28.0, -7.0), (500.0, 4500.0)  # bpm, LUFS, Hz
FIFTHS = ("C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "F")
MINOR_BEFORE = 3  # fifths: A minor has the notes of C major
LAYERS = (5, 9)  # at least and at most: as many as songs


def cover(value: Cover) -> Picture:
    """The cover as a picture, 640 pixels square: the same value gives the same bytes."""
    return Picture(draw_cover(value).png(), _alt(value))


def draw_cover(value: Cover) -> Canvas:
    """The cover as a canvas."""
    mood = mood_of(value)
    sheet = ColourLayer()
    kind = _number(*sorted(value.tags)) if value.tags else _number(value.key, *value.track_ids)
    MOTIFS[kind % len(MOTIFS)](
        sheet, mood, np.random.default_rng(_number(*value.track_ids, *sorted(value.tags)))
    )
    canvas = Canvas(SIZE, SIZE)
    lines = _lines(value, canvas.fonts)
    _darken(sheet, mood, SIZE - MARGIN - sum(SPACING * size for _, size in lines))
    canvas.image.paste(Image.fromarray(sheet.pixels))
    base = float(SIZE - MARGIN)
    for line, size in reversed(lines):
        canvas.text((MARGIN, base), line, size, room=SIZE - 2 * MARGIN, colour=PAPER, bold=size == NAME)
        base -= SPACING * size
    return canvas


def _lines(value: Cover, fonts: Fonts) -> list[tuple[str, int]]:
    """What is written, each line with its size: the first part of the name large, the rest of it below."""
    first, _, rest = (fonts.drawable(value.name) or "a playlist").partition(" · ")
    name = fonts.wrapped(first, SIZE - 2 * MARGIN, MAX_NAME_LINES, NAME, bold=True)
    below = [(rest, LINE), (fonts.drawable(value.caption), CAPTION)]
    return [(line, NAME) for line in name] + [(line, size) for line, size in below if line]


def mood_of(value: Cover) -> Mood:
    """What the numbers say, on the scales of music; keys that go together are near each other in colour."""
    tonic, _, mode = value.key.partition(" ")
    minor = mode == "minor"
    if tonic in FIFTHS:
        hue = 20 + 30.0 * ((FIFTHS.index(tonic) - MINOR_BEFORE * minor) % 12)
    else:
        hue = float(_number(*value.track_ids) % 360)
    fewest, most = LAYERS
    return Mood(
        pace=fraction_of_scale(value.tempo, TEMPOS),
        force=fraction_of_scale(value.loudness, LOUDNESSES),
        light=fraction_of_scale(
            float(np.log(max(1.0, value.brightness))), (np.log(BRIGHTNESSES[0]), np.log(BRIGHTNESSES[1]))
        ),
        minor=minor,
        hue=hue,
        turn=0.6 * ((DARK_HUE - hue + 180) % 360 - 180) + _number("turn", *sorted(value.tags)) % 60 - 30,
        layers=min(most, max(fewest, len(value.track_ids))),
    )


def _darken(sheet: ColourLayer, mood: Mood, top: float) -> None:
    """Lay a shade over the lower part, so dark below `top` that what is written there can be read on anything."""
    shade = oklch(0.2, 0.07, mood.hue + mood.turn)
    ramp = np.clip((np.arange(SIZE, dtype=np.float32) - top + 170) / 150, 0, 1)
    ramp = SHADE_OPACITY * ramp * ramp * (3 - 2 * ramp)
    sheet.lay(shade, np.repeat(ramp[:, None], SIZE, axis=1))


def _number(*parts: object) -> int:
    """A number that stands for these, the same in every process and year."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest())


def _alt(value: Cover) -> str:
    facts = [f"{value.tempo:.0f} bpm" if value.tempo else "", value.key, *map(plain, value.tags[:3])]
    listed = ", ".join(fact for fact in facts if fact)
    return as_alt_text(
        [
            f"Cover of the playlist “{plain(value.name)}”, {Number('song', len(value.track_ids))}.",
            f"Drawn from its numbers: {listed}." if listed else "",
        ]
    )
