"""Fits text to the fonts' glyphs and to the width that there is."""

import unicodedata
from collections.abc import Sequence
from importlib.resources import as_file, files

from anyascii import anyascii
from PIL import ImageFont

from bot.foreign_text import readable
from bot.pictures.values import ALT_LENGTH

LEFT_OUT = {"Cf", "Co", "Cs", "Cn", "Me", "Mn", "Sk", "So"}  # what joins, marks and decorates; emoji are So
MISSING_GLYPH = "\U0010ffff"  # no character, so it is drawn as the box that stands for what is missing


class Fonts:
    """Inter in two weights and all sizes, each opened once; the same shapes whatever the system has installed."""

    def __init__(self) -> None:
        self._opened: dict[tuple[int, bool], ImageFont.FreeTypeFont] = {}
        self._covered: dict[str, bool] = {}

    def font(self, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels."""
        if (size, bold) not in self._opened:
            name = "Inter-Bold.ttf" if bold else "Inter-Medium.ttf"
            with as_file(files("bot.pictures") / "fonts" / name) as path:
                # The other engine needs a library that not every system has, and shapes would depend on it.
                self._opened[size, bold] = ImageFont.truetype(
                    path, size, layout_engine=ImageFont.Layout.BASIC
                )
        return self._opened[size, bold]

    def covers(self, character: str) -> bool:
        """Whether the font has a glyph for it."""
        if character not in self._covered:
            font = self.font(16)
            shape, missing = (font.getmask(letter) for letter in (character, MISSING_GLYPH))
            same = shape.size == missing.size and bytes(shape) == bytes(missing)
            self._covered[character] = character.isprintable() and not same
        return self._covered[character]

    def drawable(self, text: str) -> str:
        """The text as far as the font has it: other scripts in Latin letters, emoji left out; "" if nothing is left.

        What is written from right to left turns into Latin letters too, so a line always runs one way.
        """
        composed = unicodedata.normalize("NFC", text)
        return " ".join("".join(map(self._shown, composed)).split())

    def _shown(self, character: str) -> str:
        if character.isspace():
            return " "
        if self.covers(character):
            return character
        if unicodedata.category(character) in LEFT_OUT:
            return ""
        return "".join(letter for letter in anyascii(character) if self.covers(letter))

    def width(self, text: str, size: int, *, bold: bool = False) -> float:
        """How wide a drawable text is, in pixels."""
        return self.font(size, bold=bold).getlength(text)

    def fitting(self, text: str, room: float, sizes: Sequence[int], *, bold: bool = False) -> int:
        """The first of the sizes at which a drawable text is at most `room` pixels wide, or else the last."""
        fits = (size for size in sizes if self.width(text, size, bold=bold) <= room)
        return next(fits, sizes[-1])

    def shortened(self, text: str, room: float, size: int, *, bold: bool = False) -> str:
        """A drawable text that is at most `room` pixels wide, cut with … where it has to be."""
        if self.width(text, size, bold=bold) <= room:
            return text
        fits, too_long = 0, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if self.width(_cut(text, middle), size, bold=bold) <= room:
                fits = middle
            else:
                too_long = middle
        return _cut(text, fits) if fits else ""

    def wrapped(self, text: str, room: float, lines: int, size: int, *, bold: bool = False) -> list[str]:
        """A drawable text in at most that many lines, broken between words, the last cut where it has to be."""
        done: list[str] = []
        words = text.split()
        while words and len(done) < lines - 1:
            taken = 1
            while taken < len(words) and self.width(" ".join(words[: taken + 1]), size, bold=bold) <= room:
                taken += 1
            done.append(self.shortened(" ".join(words[:taken]), room, size, bold=bold))
            words = words[taken:]
        if words:
            done.append(self.shortened(" ".join(words), room, size, bold=bold))
        return done


def plain(text: str) -> str:
    """A name as a text alternative may hold it: any script and emoji, but nothing that steers the text around it."""
    return readable(text, ALT_LENGTH)


def as_alt_text(sentences: list[str], limit: int = ALT_LENGTH) -> str:
    """As many sentences as fit, the last cut with … where it has to be."""
    text = " ".join(sentence for sentence in sentences if sentence)
    return text if len(text) <= limit else text[: limit - 1].rstrip(" ,;") + "…"


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip(" ·,–-") + "…"
