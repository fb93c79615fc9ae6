"""What vibes are called."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import NotAllowed
from bot.playlists.songs import MeasuredTrack
from bot.playlists.vibe_names import (
    clean_name,
    genre_of,
    is_same_name,
    name_vibe,
    names_hidden_genre,
    short_name,
)
from bot.playlists.vibe_words import GENRES, MOODS, SPELLINGS, SPOKEN, TEXTURES
from bot.playlists.vibes import Vibe
from tests.support.playlists import card, song

SLOW: dict[str, Any] = {"tempo": 78.0, "loudness": -22.0, "brightness": 500.0}
FAST: dict[str, Any] = {"tempo": 150.0, "loudness": -8.0, "brightness": 2400.0}
OURS = {*MOODS.values(), *TEXTURES.values(), *GENRES, SPOKEN, "vibe"}

features = st.fixed_dictionaries(
    {},
    optional={
        "tempo": st.one_of(st.floats(0, 250), st.none(), st.just(float("nan"))),
        "loudness": st.floats(-70, 0),
        "brightness": st.one_of(st.floats(0, 9000), st.text(max_size=3)),
        "key": st.sampled_from(["C major", "A minor", "F# minor", "", "loud"]),
        "speech": st.floats(0, 1),
        "tags": st.lists(
            st.sampled_from(["rock", "Hip-Hop", "JAZZ", "damn rude", "<@1>", "sexy"]), max_size=4
        ),
    },
)
groups = st.lists(st.lists(features, min_size=1, max_size=5), min_size=1, max_size=6)


def songs(count: int, first: int = 0, **words: Any) -> list[MeasuredTrack]:
    return [song(first + i, **words) for i in range(count)]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (SLOW | {"key": "A minor"}, "late-night slow · warm · 78 bpm"),
        (SLOW | {"key": "C major"}, "Sunday-morning slow · warm · 78 bpm"),
        (SLOW, "slow and quiet · warm · 78 bpm"),
        (SLOW | {"speech": 0.9}, "spoken word · warm · 78 bpm"),
        (SLOW | {"tags": ["Jazz"]}, "slow and quiet · jazz · 78 bpm"),
        ({"tempo": 78.4}, "slow-burning · 78 bpm"),
        ({"loudness": -22.0}, "hushed"),
        ({"brightness": 500.0}, "warm"),
        ({"tags": ["Hip-Hop"]}, "hip hop"),
        ({}, "vibe 1"),
    ],
)
def test_a_name_says_how_a_vibe_differs_from_the_rest(words, name):
    assert name_vibe(songs(4, **words), songs(8, 10, **FAST), []) == name


def test_it_is_the_difference_that_counts():
    calm, calmer = SLOW | {"key": "A minor"}, {"tempo": 60.0, "loudness": -35.0, "brightness": 200.0}
    assert name_vibe(songs(4, **calm), songs(8, 10, **calmer), []) == "full throttle · bright · 78 bpm"
    assert name_vibe(songs(4, **calm), [], []) == "wistful · 78 bpm"


def test_a_genre_counts_if_most_have_it_and_clearly_fewer_of_the_rest():
    rock, jazz = songs(4, tags=["Rock", "pop"]), songs(4, 10, tags=["jazz", "pop"])
    assert genre_of(rock, jazz) == "rock"
    assert genre_of(rock[:2] + jazz[:2], jazz) == ""
    assert genre_of(rock, songs(4, 20, tags=["rock"])) == "pop"
    assert genre_of(rock, rock) == ""


def test_vibes_that_would_be_called_the_same_are_told_apart():
    rest, names = songs(8, 10, **FAST), []
    for tempo in (78.0, 77.0, 76.0, 75.0, 74.0):
        words = SLOW | {"tempo": tempo, "key": "A minor", "tags": ["jazz"]}
        names.append(name_vibe(songs(4, **words), rest, names))
    assert names == [
        "late-night slow · jazz · 78 bpm",
        "late-night slow · jazz · warm · 77 bpm",
        "late-night slow · jazz · warm · 8A · 76 bpm",
        "late-night slow 2 · 75 bpm",
        "late-night slow 3 · 74 bpm",
    ]


def named(vibes: Sequence[Sequence[dict]]) -> list[str]:
    """The names of all vibes of a server, each compared with the others."""
    made = [[song(10 * i + j, **words) for j, words in enumerate(vibe)] for i, vibe in enumerate(vibes)]
    names: list[str] = []
    for i, vibe in enumerate(made):
        rest = [each for j, other in enumerate(made) if j != i for each in other]
        names.append(name_vibe(vibe, rest, names))
    return names


@settings(max_examples=80, deadline=None)
@given(groups)
def test_no_two_are_alike_and_every_word_is_ours(vibes):
    names = named(vibes)
    assert not any(is_same_name(one, other) for i, one in enumerate(names) for other in names[:i])
    for name in names:
        for part in name.split(" · "):
            words = re.sub(r" \d+$", "", part)
            assert words in OURS or re.fullmatch(r"\d+ bpm|\d+[AB]", part), name
    assert named(vibes) == names


def test_the_number_of_beats_alone_does_not_tell_two_apart():
    assert is_same_name("warm · 78 bpm", "Warm · 80 bpm")
    assert not is_same_name("warm · 78 bpm", "bright · 78 bpm")


def test_a_vibe_is_called_by_as_much_as_tells_it_from_the_others():
    names = ("steady · jazz · 90 bpm", "steady · jazz · warm · 80 bpm", "steady · 95 bpm", "hushed · 70 bpm")
    vibes = [Vibe(number, name, False, frozenset()) for number, name in enumerate(names)]
    vibes.append(Vibe(9, "Ours · all", True, frozenset()))
    assert [short_name(vibe, vibes) for vibe in vibes] == [
        "steady · jazz · 90 bpm",
        "steady · jazz · warm",
        "steady · 95 bpm",
        "hushed",
        "Ours · all",
    ]


def test_genres_are_spelled_once():
    assert set(SPELLINGS.values()) <= GENRES
    assert not SPELLINGS.keys() & GENRES


# -- names by admins ---------------------------------------------------------------------------------------


def test_a_name_is_one_line_without_what_nobody_sees():
    assert clean_name("  Wind\ndown \u202eevil\u202c\x00 👩\u200d🎤  ") == "Wind down evil 👩\u200d🎤"
    assert is_same_name("Wind\u200d down", "wind down")


@pytest.mark.parametrize("name", ["", "  ", "\u202e\u200b", "…!?", "x" * 61])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(NotAllowed, match="1 to 60"):
        clean_name(name)


# -- what a name may tell ----------------------------------------------------------------------------------


def test_a_genre_that_no_song_in_sight_has_is_not_told():
    seen = [card(1, tags=["Jazz"]), card(2)]
    assert not names_hidden_genre("late-night slow · jazz · 78 bpm", seen)
    assert names_hidden_genre("late-night slow · fado · 78 bpm", seen)
    assert names_hidden_genre("from steady to fado", seen)
    assert not names_hidden_genre("from jazz to full throttle", seen)
    assert not names_hidden_genre("Ana's fado nights", seen)
