"""The line that says why."""

from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from bot.library.cards import ShareLine, TrackCard
from bot.suggestions.wording import (
    ForDiscord,
    ForMarkdown,
    ForTerminal,
    Reason,
    ReasonKind,
    explain,
    month,
    shorten,
    tempo_and_key,
)
from tests.support.library import ANA, GUILD, START

X_ID = 2
NASTY = "**x** <@1> @everyone [a](http://b) `c`\n# d ||e||"


def card(title: str, artist: str = "", *, user: int = ANA, likes: int = 0) -> TrackCard:
    share = ShareLine(5, 6, user, START)
    return TrackCard(1, GUILD, title, artist, "", 100.0, "", (share,), likes)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason(ReasonKind.ASKED, 92), "close to “X” · shared by ana, 4 likes"),
        (Reason(ReasonKind.LIKED), "close to “X”, which you 👍 · shared by ana, 4 likes"),
        (Reason(ReasonKind.LIKED, you=False), "close to “X”, which they 👍 · shared by ana, 4 likes"),
        (Reason(ReasonKind.SHARED), "close to “X”, which you shared · shared by ana, 4 likes"),
        (Reason(ReasonKind.SERVER, likes=2), "close to “X”, which 2 members 👍 · shared by ana, 4 likes"),
        (Reason(ReasonKind.MORE), "close to “X”, which you asked more of · shared by ana, 4 likes"),
        (
            Reason(ReasonKind.LIKED, when="in May"),
            "close to “X”, which you 👍 in May · shared by ana, 4 likes",
        ),
        (Reason(ReasonKind.LIKED, user_id=ANA), "close to “X”, which ana 👍 · shared by ana, 4 likes"),
        (Reason(ReasonKind.COLIKED), "who 👍 “X” tends to 👍 this · shared by ana, 4 likes"),
        (Reason(ReasonKind.NEW), "new ground: unlike anything you 👍 · shared by ana, 4 likes"),
        (Reason(ReasonKind.UNLIKE_DISLIKED), "unlike what you 👎 · shared by ana, 4 likes"),
        (Reason(ReasonKind.POPULAR), "shared by ana, 4 likes"),
    ],
)
def test_a_line_for_each_kind_of_evidence(reason, expected):
    carrier = replace(card("X"), id=X_ID)
    assert explain(reason, card("Song", likes=4), carrier, ForTerminal({ANA: "ana"})) == expected


def test_what_somebody_else_likes_is_its_own_reason_for_several():
    reason = Reason(ReasonKind.LIKED, user_id=ANA, when="in May")
    song = card("Song")
    assert explain(reason, song, song, ForTerminal({ANA: "ana"})).startswith("ana 👍 it in May · ")


def test_of_a_song_that_nothing_is_known_of_the_match_is_told():
    assert explain(Reason(ReasonKind.ASKED, 92), card("Song", user=0), None, ForTerminal()) == "92% match"


def test_tempo_and_key_are_told_where_they_are_certain():
    sure = {"tempo": 117.6, "tempo_confidence": 0.6, "key": "A minor", "key_confidence": 0.7}
    assert tempo_and_key(replace(card("Song"), features=sure)) == "118 bpm, A minor"
    assert tempo_and_key(replace(card("Song"), features={**sure, "key_confidence": 0.0})) == "118 bpm"
    assert tempo_and_key(replace(card("Song"), features={**sure, "tempo": 0.0})) == "A minor"
    assert tempo_and_key(card("Song")) == ""


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-05-31", "in May"),
        ("2025-12-01", "in December"),
        ("2025-11-30", "in November 2025"),
        ("2026-11-20", "in November"),
    ],
)
def test_a_month_has_its_year_once_it_may_be_taken_for_another(at, said):
    assert month(datetime.fromisoformat(at).replace(tzinfo=UTC), START) == said


def test_a_carrier_that_may_not_be_named_is_something():
    assert (
        explain(Reason(ReasonKind.LIKED), card("Song", user=0), None, ForTerminal())
        == "close to something you 👍"
    )


def test_who_took_it_in_on_the_command_line_is_nobody():
    assert explain(Reason(ReasonKind.POPULAR), card("Song", user=0, likes=1), None, ForTerminal()) == "1 like"


def test_in_discord_members_are_mentioned_and_titles_do_nothing():
    line = explain(Reason(ReasonKind.LIKED), card("Song"), replace(card(NASTY, "A*B"), id=X_ID), ForDiscord())
    assert line == (
        "close to **A\\*B – \\*\\*x\\*\\* \\<@1\\> @\u200beveryone \\[a\\](http\\://b) \\`c\\` # d \\|\\|e\\|\\|**, "
        f"which you 👍 · shared by <@{ANA}>"
    )


def test_in_a_markdown_file_names_do_nothing_either():
    line = explain(Reason(ReasonKind.POPULAR), card("Song"), None, ForMarkdown({ANA: "_ana_"}))
    assert line == "shared by \\_ana\\_"


def test_on_a_terminal_a_title_controls_nothing():
    assert ForTerminal().title(card("a\x1b[31mb\x07\u202ec")) == "“a[31mbc”"


def test_long_titles_are_cut():
    assert shorten("word " * 40) == ("word " * 16)[:79].rstrip() + "…"
    assert len(shorten("x" * 200)) == 80


@pytest.mark.parametrize("evidence", ReasonKind)
def test_a_reason_is_read_as_it_was_stored(evidence):
    reason = Reason(evidence, 3, 4, 5, you=False)
    assert Reason.read(asdict(reason)) == reason
