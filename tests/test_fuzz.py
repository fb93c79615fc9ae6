"""Whatever somebody writes, what reads it on the bot's own thread raises nothing and takes 10 ms at most."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.foreign_text import harmless, readable
from bot.intake.identity import identify
from bot.intake.links import find_links, is_media_file
from bot.intake.page_metadata import page_metadata
from bot.listening.track_names import TrackName, name_track
from bot.suggestions.song_names import SongName, base_title
from tests.support.tally import ProofTally

MESSAGE, LINK, NAME = 4_000, 2_000, 300  # the most characters that reach these
CPU_SECONDS = 0.01
TRIES = 10  # so that it is measured once without a neighbour that takes the processor's caches
PARTS = (
    "http://", "https://", "HTTPS://a.b/c", "http://a)", "https://a]", "||http://a.b||", "http://[::1]/",
    "http://é.", "http://1@2:3", "https://youtu.be/abcdefghijk", "https://youtube.com/watch?v=", "&v=",
    "?utm_x=", "%", "%41", "%zz", "#", "`", "``", "```", "_", "__", "**", "||", "~~", "<", ">", "[", "](", ")",
    "(", "{", "\\", "@everyone", "<@1>", " - ", " – ", "(live)", "[remastered 2011]", " feat. ", "ft", ", ",
    "live at ", "version ", "1. ", ".", "…", "\n", "\x00", "\u202e", "\u200d", "\u0301", "\ud800",
    "\U000e0041", "\u3164", "ﷺ", "ß", "İ", "word",
)  # fmt: skip


def texts(length: int) -> st.SearchStrategy[str]:
    """Anything of up to so many characters, above all the same few things again and again."""
    few = st.lists(st.sampled_from(PARTS) | st.text(max_size=4), min_size=1, max_size=6).map("".join)
    again = st.tuples(few, st.integers(1, length)).map(lambda part: (part[0] * part[1])[:length])
    return st.text(max_size=length) | again | st.tuples(again, again).map(lambda two: "".join(two)[-length:])


def takes(read: Callable[..., Any], *given_: Any) -> float:
    """The CPU seconds of this thread that reading takes; the least of a few tries, where the first took too many."""
    least = CPU_SECONDS
    for _ in range(TRIES):
        began = time.thread_time()
        with suppress(Refused):
            read(*given_)
        least = min(least, time.thread_time() - began)
        if least < CPU_SECONDS:
            break
    return least


class Readings:
    """What was read so far."""

    def __init__(self) -> None:
        self.count = 0

    def check(self, read: Callable[..., Any], *given_: Any) -> None:
        """Read once more, in time."""
        self.count += 1
        assert takes(read, *given_) < CPU_SECONDS, (read, given_)


@pytest.fixture
def readings() -> Readings:
    return Readings()


def test_messages(readings: Readings, tally: ProofTally) -> None:
    @given(texts(MESSAGE))
    @example("http://a)" * 444)  # took 77 ms
    @example("`a``" * 1_000)
    def read(text: str) -> None:
        readings.check(find_links, text)
        readings.check(harmless, text, 90)
        readings.check(readable, text, 90)

    read()
    tally.tried("messages of any text, read in 10 ms without an error", times=readings.count, lost=0)


def test_links(readings: Readings, tally: ProofTally) -> None:
    @given(
        texts(LINK), st.sampled_from(("", "http://", "https://a.example/", "https://youtube.com/watch?v="))
    )
    def read(text: str, before: str) -> None:
        readings.check(identify, before + text)
        readings.check(is_media_file, text, before + text)

    read()
    tally.tried("links of any text, read in 10 ms without an error", times=readings.count, lost=0)


def test_names(readings: Readings, tally: ProofTally) -> None:
    @given(texts(NAME), texts(NAME))
    @example("(" * NAME, "[" * NAME)
    def read(title: str, artist: str) -> None:
        readings.check(base_title, title)
        readings.check(SongName.of, 1, artist, title)
        readings.check(name_track, TrackName(title, artist), TrackName(artist, "", title), title)
        readings.check(name_track, TrackName(), TrackName(), title)
        info = {"title": title, "artist": artist, "tags": [title, artist] * 100, "uploader": title}
        readings.check(page_metadata, info | {"webpage_url": "https://a.example/b"}, artist)

    read()
    tally.tried("names of any text, read in 10 ms without an error", times=readings.count, lost=0)


def test_what_takes_longer_is_noticed() -> None:
    assert takes(lambda: sum(range(2_000_000))) == CPU_SECONDS
