"""Words of members and pages are disarmed and shortened before they are shown."""

from cogs.shared.text import duration, fitted, fitting, plain


def test_plain_words_stay_and_others_are_disarmed() -> None:
    assert plain("Don't Stop (Live) – Ünïcode 100% #1") == "Don't Stop (Live) – Ünïcode 100% #1"
    assert plain("a\nb\t c") == "a b c"
    assert plain("<@1> **x** [y](z)") == r"\<@1\> \*\*x\*\* \[y\](z)"
    assert "@everyone" not in plain("@everyone")
    assert plain("ab\u202ecd\u0007e") == "abcde"
    assert len(plain("y" * 300)) == 90


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.6, 205, 3723)] == ["0:00", "1:00", "3:25", "1:02:03"]


def test_as_many_lines_as_fit() -> None:
    assert fitting(["ab", "cd"], 5) == ["ab", "cd"]
    kept = fitting([f"line {i}" for i in range(100)], 60)
    assert kept[0] == "line 0"
    assert kept[-1] == f"… and {100 - len(kept) + 1} more"
    assert len("\n".join(kept)) <= 60


def test_the_longest_titles_that_fit() -> None:
    assert fitted(lambda length: "x" * length, len, 50) == "x" * 40
    assert fitted(lambda length: "x" * length, len, 3) == "x" * 8
