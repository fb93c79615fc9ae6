"""Strings that the font can show, in the room that there is."""

from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.text import Fonts, as_alt_text, plain
from tests.support.fonts import characters

FONTS = Fonts()
FILES = [Path(str(files("bot.pictures") / "fonts" / name)) for name in ("Inter-Medium.ttf", "Inter-Bold.ttf")]
COVERED = characters(FILES[0]) & characters(FILES[1])


@pytest.mark.parametrize(
    "text", ["Ærøskøbing ŁÓDŹ ñ ạ", "Ζήνων ο Ελεάτης", "Чайковский Ґанок", "▲7 ▼2 · – … “x”"]
)
def test_latin_greek_and_cyrillic_are_shown_as_they_are(text):
    assert FONTS.drawable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("日本", "RiBen"),
        ("한국", "HanGug"),
        ("שלום", "slvm"),
        ("فيروز", "fyrwz"),
        ("𝓕𝓪𝓷𝓬𝔂", "Fancy"),
        ("fire 🔥 walk", "fire walk"),
        ("👩‍👩‍👧 family", "family"),
        ("🇫🇷 été", "été"),
        ("1️⃣ one", "1 one"),
        ("e\u0301te\u0301", "été"),
        ("Z\u0321\u0347a\u034al", "Zal"),
        ("a\u202eb\u200bc", "abc"),
        ("a\r\n\tb", "a b"),
        ("🎧", ""),
    ],
)
def test_the_rest_is_transliterated_or_left_out(text, shown):
    assert FONTS.drawable(text) == shown


@given(st.text(max_size=60))
def test_nothing_is_drawn_that_the_font_lacks(text):
    assert set(FONTS.drawable(text)) <= COVERED


def test_every_character_of_the_font_counts_as_covered():
    letters = {letter for letter in COVERED if letter.isprintable()}
    assert {letter for letter in letters if not FONTS.covers(letter)} == set()


@given(st.text(max_size=80), st.floats(0, 600), st.sampled_from([24, 38, 60]), st.booleans())
def test_a_shortened_text_fits(text, room, size, bold):
    shown = FONTS.shortened(FONTS.drawable(text), room, size, bold=bold)
    assert FONTS.width(shown, size, bold=bold) <= room


def test_a_text_that_fits_is_not_cut():
    assert FONTS.shortened("short", 500, 38) == "short"


def test_a_cut_text_keeps_its_beginning_and_says_so():
    shown = FONTS.shortened("The Very Long-Named Listening Society", 400, 38)
    assert shown.endswith("…")
    assert "The Very Long-Named Listening Society".startswith(shown[:-1])


@given(
    st.lists(st.text("abcdefghij", min_size=1, max_size=12), max_size=12),
    st.floats(60, 500),
    st.integers(1, 3),
)
def test_wrapped_lines_fit_and_keep_the_order_of_words(words, room, lines):
    found = FONTS.wrapped(" ".join(words), room, lines, 38)
    assert len(found) <= lines
    assert all(FONTS.width(line, 38) <= room for line in found)
    if not any("…" in line or not line for line in found):
        assert " ".join(found).split() == words


def test_an_alternative_keeps_other_scripts_but_nothing_that_steers_them():
    assert plain("日本\u202e🎧 \n x\u0000 👩‍👧") == "日本🎧 x 👩‍👧"


def test_a_long_alternative_is_cut():
    text = as_alt_text(["word " * 300])
    assert len(text) <= 1024
    assert text.endswith("…")
