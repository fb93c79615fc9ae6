"""What a track is called."""

import pytest

from bot.listening.track_names import Naming, name_track

NOTHING = Naming()


def test_the_page_wins_over_the_tags() -> None:
    named = name_track(Naming("Page", "P", "Pa"), Naming("Tag", "T", "Ta"), "file")
    assert named == Naming("Page", "P", "Pa")


def test_the_tags_win_over_the_files_name() -> None:
    assert name_track(NOTHING, Naming("Tag", "T"), "file") == Naming("Tag", "T")


def test_what_the_page_does_not_say_the_tags_do() -> None:
    assert name_track(Naming("Page"), Naming("Tag", "Artist", "Album"), "x") == Naming(
        "Page", "Artist", "Album"
    )


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("blue_train", "blue train"),
        ("blue+train", "blue train"),
        ("03 - Blue Train", "Blue Train"),
        ("03. Blue Train", "Blue Train"),
        ("99 Luftballons", "99 Luftballons"),
        ("7", "7"),
        ("St. Thomas", "St. Thomas"),
        ("Vol. 2", "Vol. 2"),
        ("Mr.Big", "Mr.Big"),
        ("", "Untitled"),
    ],
)
def test_a_files_name_as_a_person_would_write_it(stem: str, title: str) -> None:
    assert name_track(NOTHING, NOTHING, stem).title == title


@pytest.mark.parametrize(
    ("title", "artist", "expected"),
    [
        ("Ana Lind - Harbour", "", Naming("Harbour", "Ana Lind")),
        ("Ana Lind – Harbour", "", Naming("Harbour", "Ana Lind")),
        ("Ana Lind - Harbour - Live", "", Naming("Ana Lind - Harbour - Live")),
        ("Ana-Lind", "", Naming("Ana-Lind")),
        ("- Harbour", "", Naming("- Harbour")),
        ("Ana Lind - Harbour", "Somebody", Naming("Ana Lind - Harbour", "Somebody")),
    ],
)
def test_artist_and_title_in_one_are_taken_apart_only_where_that_is_sure(
    title: str, artist: str, expected: Naming
) -> None:
    assert name_track(Naming(title, artist), NOTHING, "x") == expected


def test_whoever_uploaded_it_counts_only_when_nobody_else_does() -> None:
    assert name_track(Naming("Harbour"), NOTHING, "x", uploader="Ana Lind - Topic").artist == "Ana Lind"
    assert name_track(Naming("Ben - Harbour"), NOTHING, "x", uploader="A Label").artist == "Ben"


def test_names_are_cleaned_and_bounded() -> None:
    named = name_track(Naming("a\x00b\n c\u2028d", "x" * 500), NOTHING, "x")
    assert named.title == "a b c d"
    assert len(named.artist) == 200
