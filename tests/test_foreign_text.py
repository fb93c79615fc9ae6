"""Whatever somebody wrote formats nothing, mentions nobody, links to nothing and stays in its place."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import NotFound
from bot.foreign_text import BIDI_CONTROLS, JOINERS, MAX_MARKS, NO_WIDTH, harmless, readable

NASTY = st.lists(
    st.sampled_from(
        [
            "<@1>", "<@!1>", "<@&1>", "<#1>", "</similar:1>", "<t:1:R>", "<:e:1>", "@everyone", "@here", "@Everyone",
            "https://evil.example/x", "HTTP://evil.example", "discord.gg/abc", "discord.com/invite/abc", "steam://run/1",
            "[click](https://evil.example)", "[", "](", ")", "**", "__", "~~", "||", "`", "```", "\\", "# ", "-# ",
            "> ", "- ", "1. ", "\n", "\r", "\u2028", "\u202e", "\u2066", "\u200b", "\u200d", "\u200c", "\ufeff",
            "\u00ad", "\u0000", "\u001b[31m", "\ud800", "\U000e0041", "\u3164", "a" + "\u0301" * 40, "Z\u0489", "word",
        ]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)  # fmt: skip
# What Discord's clients make something of, wherever it stands unescaped.
ALIVE = re.compile(
    r"(?<!\\)(?:\\\\)*[*_~|<>\[\]`]|@(?:everyone|here)|<[@#:/t][^\\>]*>|\w://|\w\.(?:gg|com)/", re.IGNORECASE
)
AT_THE_BEGINNING = re.compile(r"(#{1,3}|-#|[-+*>]|\d+[.)])(\s|$)")


@given(NASTY)
@example("https\\://evil.example")
@example("a\\*b*")
def test_nothing_of_it_is_alive_in_markdown(text):
    shown = harmless(text, 90)
    assert ALIVE.search(shown) is None
    assert AT_THE_BEGINNING.match(shown) is None


@given(NASTY, st.integers(2, 90))
def test_all_of_it_is_seen_and_stays_in_its_place(text, length):
    shown = readable(text, length)
    assert len(shown) <= length
    assert shown.splitlines() in ([shown], [])
    assert not BIDI_CONTROLS & set(shown) and not NO_WIDTH & set(shown)
    assert {unicodedata.category(c) for c in set(shown) - JOINERS}.isdisjoint({"Cc", "Cf", "Cs", "Co"})
    assert not any(first in JOINERS and second in JOINERS for first, second in pairwise(shown))
    marks = 0
    for character in shown:
        marks = (
            marks + 1
            if unicodedata.category(character).startswith("M")
            else 0
            if character not in JOINERS
            else marks
        )
        assert marks <= MAX_MARKS


@given(NASTY)
def test_the_two_differ_in_what_nobody_sees(text):
    assert harmless(text, 90).replace("\\", "").replace("\u200b", "") == readable(text, 90).replace("\\", "")


@pytest.mark.parametrize(
    "text",
    [
        "Don't Stop (Live) – Ünïcode 100% #1",
        "AC/DC",
        "Mr. Brightside",
        "می‌خواهم",
        "👩‍👩‍👧 🏳️‍🌈",
        "नमस्ते",
        "Việt Nam",
        "10:30 a.m.",
    ],
)
def test_what_people_call_songs_stays_as_it_is(text):
    assert harmless(text, 90) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.example/a", "https\\://evil\\.example/a"),
        ("discord.gg/abc", "discord\\.gg/abc"),
        ("@everyone", "@\u200beveryone"),
        ("# big", "\\# big"),
        ("1. one", "1\\. one"),
        ("x" * 100, "x" * 89 + "…"),
    ],
)
def test_what_would_be_alive_is_escaped(text, shown):
    assert harmless(text, 90) == shown


def test_a_refusal_repeats_words_plainly_and_in_markdown():
    refused = NotFound("Nothing is called “{name}”.", name="<@1> **x**\u202e {name}")
    assert str(refused) == "Nothing is called “<@1> **x** {name}”."
    assert refused.in_markdown == "Nothing is called “\\<@1\\> \\*\\*x\\*\\* {name}”."
    assert NotFound("Braces {stay}.").in_markdown == "Braces {stay}."
