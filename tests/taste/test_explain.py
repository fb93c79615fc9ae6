"""The line that says why."""

from dataclasses import asdict

import pytest

from bot.library.cards import ShareLine, TrackCard
from bot.taste.explain import Evidence, ForDiscord, ForMarkdown, ForTerminal, Reason, explain, shorten
from tests.support.library import ANA, GUILD, START

NASTY = "**x** <@1> @everyone [a](http://b) `c`\n# d ||e||"


def card(title: str, artist: str = "", *, user: int = ANA, likes: int = 0) -> TrackCard:
    share = ShareLine(5, 6, user, START)
    return TrackCard(1, GUILD, title, artist, "", 100.0, "", (share,), likes)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason(Evidence.ASKED, 92), "92% match"),
        (Reason(Evidence.LIKED), "close to “X”, which you 👍 · shared by ana, 4 likes"),
        (Reason(Evidence.LIKED, you=False), "close to “X”, which they 👍 · shared by ana, 4 likes"),
        (Reason(Evidence.SHARED), "close to “X”, which you shared · shared by ana, 4 likes"),
        (Reason(Evidence.SERVER, likes=2), "close to “X”, which 2 members 👍 · shared by ana, 4 likes"),
        (Reason(Evidence.FAR), "unlike what you 👎 · shared by ana, 4 likes"),
        (Reason(Evidence.POPULAR), "shared by ana, 4 likes"),
    ],
)
def test_a_line_for_each_kind_of_evidence(reason, expected):
    assert explain(reason, card("Song", likes=4), card("X"), ForTerminal({ANA: "ana"})) == expected


def test_a_carrier_that_may_not_be_named_is_something():
    assert (
        explain(Reason(Evidence.LIKED), card("Song", user=0), None, ForTerminal())
        == "close to something you 👍"
    )


def test_who_took_it_in_on_the_command_line_is_nobody():
    assert explain(Reason(Evidence.POPULAR), card("Song", user=0, likes=1), None, ForTerminal()) == "1 like"


def test_in_discord_members_are_mentioned_and_titles_do_nothing():
    line = explain(Reason(Evidence.LIKED), card("Song"), card(NASTY, "A*B"), ForDiscord())
    assert line == (
        "close to **A\\*B – \\*\\*x\\*\\* \\<\\@1\\> \\@everyone \\[a\\](http://b) \\`c\\` \\# d \\|\\|e\\|\\|**, "
        f"which you 👍 · shared by <@{ANA}>"
    )


def test_in_a_markdown_file_names_do_nothing_either():
    line = explain(Reason(Evidence.POPULAR), card("Song"), None, ForMarkdown({ANA: "_ana_"}))
    assert line == "shared by \\_ana\\_"


def test_on_a_terminal_a_title_controls_nothing():
    assert ForTerminal().title(card("a\x1b[31mb\x07\u202ec")) == "“a[31mbc”"


def test_long_titles_are_cut():
    assert shorten("word " * 40) == ("word " * 16)[:79].rstrip() + "…"
    assert len(shorten("x" * 200)) == 80


@pytest.mark.parametrize("evidence", Evidence)
def test_a_reason_is_read_as_it_was_stored(evidence):
    reason = Reason(evidence, 3, 4, 5, you=False)
    assert Reason.read(asdict(reason)) == reason
