"""Tempos as people write them."""

import pytest

from bot.errors import NotFound
from bot.suggestions.wishes import named_tempo


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("90-110", (90, 110)),
        (" 90 – 110 BPM ", (90, 110)),
        ("90 to 110", (90, 110)),
        ("92.5-93.5", (92.5, 93.5)),
        ("140-100", (140, 100)),  # refused where all wishes are looked at together
    ],
)
def test_a_range_is_taken_as_it_is(text, tempo):
    assert named_tempo(text) == tempo


@pytest.mark.parametrize("text", ["120", "120bpm", "120.0"])
def test_one_tempo_is_meant_roughly(text):
    assert named_tempo(text) == pytest.approx((112.8, 127.2))


@pytest.mark.parametrize("text", ["", "fast", "0", "0-90", "90-0", "90-", "-5", "1-2-3", "nan", "inf", "1e3"])
def test_what_is_no_tempo_is_refused(text):
    with pytest.raises(NotFound, match="120, or 90-110"):
        named_tempo(text)
