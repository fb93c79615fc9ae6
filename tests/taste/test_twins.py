"""The same song twice, and too much of one artist."""

import pytest

from bot.taste.twins import OF_AN_ARTIST, Likeness, Song, artist_of, base_title, chosen

NOTHING_ALIKE = Likeness({})


def songs(*names: tuple[str, str]) -> list[Song]:
    return [Song.of(number, artist, title) for number, (artist, title) in enumerate(names, 1)]


@pytest.mark.parametrize(
    "version",
    [
        "Hurt (Live)",
        "Hurt [live at the Fillmore, 1999]",
        "Hurt - Remastered 2011",
        "Hurt - Live",
        "HURT (Official Video) [4K]",
        "Hurt feat. Somebody",
        "Hurt (2009 Remaster)",
        "Hürt",
    ],
)
def test_versions_of_a_song_have_one_title(version):
    assert base_title(version) == "hurt"


@pytest.mark.parametrize(
    "title", ["Hurt Again", "Live and Let Die", "Hurt (Part 2)", "Hurt (Somebody Remix)", "Alive", "(Live)"]
)
def test_other_songs_keep_theirs(title):
    assert base_title(title) not in {"hurt", ""}


def test_an_artist_is_the_first_named():
    assert artist_of("Daft Punk, Pharrell") == artist_of("Daft Punk feat. Nile") == "daft punk"
    assert artist_of("AC/DC") == "ac/dc"


def test_an_artist_may_stand_in_the_title():
    assert Song.of(1, "", "Band - Song (Live)") == Song.of(1, "Band", "Song")
    assert Song.of(1, "Band", "Band - Song") == Song.of(1, "Band", "Song")


def test_of_twins_by_name_the_best_is_shown():
    ranked = songs(("Band", "Song (Live)"), ("Other", "Song"), ("band", "Song - Remastered 2011"))
    assert chosen(ranked, (), 9, NOTHING_ALIKE) == [1, 2]


def test_what_is_known_does_not_come_back_as_another_version():
    known = [Song.of(9, "Band", "Song")]
    assert chosen(songs(("Band", "Song (Live)"), ("Band", "New")), known, 9, NOTHING_ALIKE) == [2]


def test_closeness_alone_hides_nothing():
    alike = Likeness({1: {2}, 2: {1}})
    assert chosen(songs(("A", "One"), ("B", "Two")), (), 9, alike) == [1, 2]
    assert chosen(songs(("", "voice message"), ("", "voice message")), (), 9, alike) == [1, 2]


def test_closeness_and_a_second_sign_hide():
    near = {1: {2}, 2: {1}}
    agree = Likeness(near, {frozenset((1, 2))})
    assert chosen(songs(("A", "One"), ("B", "Two")), (), 9, agree) == [1]
    assert chosen(songs(("Band", "Song"), ("", "Song")), (), 9, Likeness(near)) == [1]
    assert chosen(songs(("Band", "Song"), ("", "Song")), (), 9, NOTHING_ALIKE) == [1, 2]
    assert chosen(songs(("Band", "Song"), ("Else", "Song")), (), 9, Likeness(near)) == [1, 2]


def test_at_most_two_of_an_artist():
    ranked = songs(
        *(("Band", f"Song {i}") for i in range(5)), ("Else", "Other"), *(("", f"file {i}") for i in range(4))
    )
    assert chosen(ranked, (), 9, NOTHING_ALIKE) == [1, 2, 6, 7, 8, 9, 10]
    assert OF_AN_ARTIST == 2


def test_rather_too_many_of_an_artist_than_too_few_where_that_is_wanted():
    ranked = songs(*(("Band", f"Song {i}") for i in range(4)), ("Else", "Other"))
    assert chosen(ranked, (), 4, NOTHING_ALIKE, fill=True) == [1, 2, 5, 3]


def test_not_this_artist():
    ranked = songs(("Band feat. Else", "One"), ("Else", "Two"), ("", "Three"))
    assert chosen(ranked, (), 9, NOTHING_ALIKE, without_artists=["BAND"]) == [2, 3]
