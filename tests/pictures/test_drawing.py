"""What holds for every picture."""

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image

from bot.pictures.banner import banner, draw_banner
from bot.pictures.canvas import Canvas, WrittenText
from bot.pictures.colours import contrast
from bot.pictures.cover import cover, draw_cover
from bot.pictures.music_map import draw_music_map, music_map
from bot.pictures.taste_card import draw_taste_card, taste_card
from bot.pictures.values import ALT_LENGTH, Banner, Cover, Drawing, MusicMap, Picture, TasteCard
from tests.pictures.test_text import COVERED
from tests.support import pictures

SMALLEST = 30  # pixels of 1200: ten on a phone
HARD = pictures.hard()
IDS = [f"{type(value).__name__}-{place}" for place, value in enumerate(HARD)]


def drawn(value: Drawing) -> Canvas:
    """Any drawing as a canvas."""
    match value:
        case MusicMap():
            return draw_music_map(value)
        case TasteCard():
            return draw_taste_card(value)
        case Cover():
            return draw_cover(value)
        case Banner():
            return draw_banner(value)


def painted(value: Drawing) -> Picture:
    """Any drawing as a picture."""
    match value:
        case MusicMap():
            return music_map(value)
        case TasteCard():
            return taste_card(value)
        case Cover():
            return cover(value)
        case Banner():
            return banner(value)


def around(canvas: Canvas, written: WrittenText) -> np.ndarray:
    """The colours (n, 3) of the pixels right around a text."""
    outer, inner = written.box.grown(4), written.box.grown(2)
    top, left = max(0, int(outer.top)), max(0, int(outer.left))
    cut = canvas.image.crop((left, top, int(outer.right) + 1, int(outer.bottom) + 1))
    right, bottom = int(inner.right) + 1 - left, int(inner.bottom) + 1 - top
    outside = np.ones((cut.height, cut.width), bool)
    outside[max(0, int(inner.top)) - top : bottom, max(0, int(inner.left)) - left : right] = False
    red, green, blue = np.asarray(cut)[outside].astype(np.uint32).T
    colours = np.unique(red << 16 | green << 8 | blue)  # rows would be compared byte by byte
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)


@pytest.mark.parametrize("value", HARD, ids=IDS)
def test_its_words_can_be_read(value):
    canvas = drawn(value)
    page = (canvas.image.width, canvas.image.height)
    assert set("".join(written.text for written in canvas.written)) <= COVERED
    for written in canvas.written:
        assert written.box.left >= 16, written
        assert written.box.top >= 16, written
        assert written.box.right <= page[0] - 16, written
        assert written.box.bottom <= page[1] - 16, written
    for one, other in itertools.combinations(canvas.written, 2):
        assert not one.box.overlaps(other.box), (one, other)
    for written in canvas.written:
        grounds = around(canvas, written)
        assert min(contrast(written.colour, tuple(ground)) for ground in grounds) >= 4.5, written


@pytest.mark.parametrize(
    "value", HARD[: -4 * (len(pictures.NAMES) - 2)], ids=IDS[: -4 * (len(pictures.NAMES) - 2)]
)
def test_it_is_a_png_with_an_alternative(value):
    picture = painted(value)
    image = Image.open(io.BytesIO(picture.png))
    assert (image.format, image.mode) == ("PNG", "RGB")
    assert image.width in (1200, 640)
    assert image.height <= 2400
    assert 0 < len(picture.alt) <= ALT_LENGTH
    assert len(picture.png) < 2_000_000
    image.load()


@pytest.mark.parametrize(
    "value",
    [
        pictures.music_map(200, 12),
        pictures.taste_card("Ada"),
        pictures.cover(),
        pictures.banner("A week"),
    ],
    ids=["map", "taste", "cover", "banner"],
)
def test_the_same_values_give_the_same_bytes(value):
    assert painted(value).png == painted(value).png


def test_a_png_says_nothing_but_the_picture():
    png = painted(pictures.cover()).png
    kinds, at = [], 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        kinds.append(kind)
        at += length + 12
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
