"""What a track is called."""

import pytest

from bot.listening.track_names import TrackName, name_track

NOTHING = TrackName()


def test_the_page_wins_over_the_tags() -> None:
    named = name_track(TrackName("Page", "P", "Pa"), TrackName("Tag", "T", "Ta"), "file")
    assert named == TrackName("Page", "P", "Pa")


def test_the_tags_win_over_the_files_name() -> None:
    assert name_track(NOTHING, TrackName("Tag", "T"), "file") == TrackName("Tag", "T")


def test_what_the_page_does_not_say_the_tags_do() -> None:
    assert name_track(TrackName("Page"), TrackName("Tag", "Artist", "Album"), "x") == TrackName(
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
        ("Ana Lind - Harbour", "", TrackName("Harbour", "Ana Lind")),
        ("Ana Lind – Harbour", "", TrackName("Harbour", "Ana Lind")),
        ("Ana Lind - Harbour - Live", "", TrackName("Ana Lind - Harbour - Live")),
        ("Ana-Lind", "", TrackName("Ana-Lind")),
        ("- Harbour", "", TrackName("- Harbour")),
        ("Ana Lind - Harbour", "Somebody", TrackName("Ana Lind - Harbour", "Somebody")),
    ],
)
def test_artist_and_title_in_one_are_taken_apart_only_where_that_is_sure(
    title: str, artist: str, expected: TrackName
) -> None:
    assert name_track(TrackName(title, artist), NOTHING, "x") == expected


def test_whoever_uploaded_it_counts_only_when_nobody_else_does() -> None:
    assert name_track(TrackName("Harbour"), NOTHING, "x", uploader="Ana Lind - Topic").artist == "Ana Lind"
    assert name_track(TrackName("Ben - Harbour"), NOTHING, "x", uploader="A Label").artist == "Ben"


def test_names_are_cleaned_and_bounded() -> None:
    named = name_track(TrackName("a\x00b\n c\u2028d", "x" * 500), NOTHING, "x")
    assert named.title == "a b c d"
    assert len(named.artist) == 200
