"""How a title is searched."""

import pytest

from models import Source
from models.track import searchable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Beyoncé", "beyonce"),
        ("BJÖRK", "bjork"),
        ("Straße", "strasse"),
        ("Mø & Łona", "mo & lona"),
        ("ＷＩＤＥ　ｔｅｘｔ", "wide text"),
        ("Кино — Группа Крови", "кино - группа крови"),
        ("İstanbul", "istanbul"),
        ("Guns N’ Roses", "guns n' roses"),
        ("  two\n lines ", "two lines"),
        ("a\0b\ud800c", "abc"),
    ],
)
def test_case_accents_and_blanks_do_not_count(text, expected):
    assert searchable(text) == expected


@pytest.mark.parametrize("text", ["ガラス", "हिन्दी", "ไทย", "한국어"])
def test_marks_that_make_another_word_stay(text):
    assert searchable(text) == searchable(searchable(text))
    assert searchable("か") != searchable("が")
    assert searchable("हिन्दी") != searchable("हन्द")


def test_the_search_text_follows_title_and_artist():
    source = Source(title="Café", artist="Ana")
    assert source.search_text == "cafe\nana"
    source.title = "Tea"
    assert source.search_text == "tea\nana"
    source.artist = "Ben"
    assert source.search_text == "tea\nben"
