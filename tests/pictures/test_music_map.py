"""The music map."""

import numpy as np
import pytest

from bot.pictures.canvas import Shape
from bot.pictures.colours import FAINT, INK, PALETTE
from bot.pictures.field import FIELD, radius_of, spread
from bot.pictures.music_map import draw_music_map, marks_of, music_map
from bot.pictures.values import Dot, MapVibe, MusicMap
from tests.support import pictures


def pixels(value: MusicMap, colour: tuple[int, int, int]) -> int:
    """How many pixels of the field have exactly this colour."""
    image = np.array(draw_music_map(value).image)[int(FIELD.top) : int(FIELD.bottom)]
    return int(np.sum(np.all(image == colour, axis=2)))


def test_up_to_eight_vibes_have_colours_of_their_own():
    marks = marks_of([MapVibe(number, "x") for number in (3, 11, 19, 27, 4, 90, 1000, 7)])
    assert {mark.colour for mark in marks.values()} == set(PALETTE)
    assert {mark.shape for mark in marks.values()} == {Shape.CIRCLE}


def test_thirty_vibes_all_look_different():
    marks = marks_of([MapVibe(number, "x") for number in range(100, 130)])
    assert len(set(marks.values())) == 30


def test_a_vibe_keeps_its_look_when_a_new_one_comes():
    old = marks_of([MapVibe(number, "x") for number in (2, 5, 9)])
    new = marks_of([MapVibe(number, "x") for number in (2, 5, 9, 12)])
    assert old == {number: new[number] for number in old}


def test_places_fill_the_field_and_stay_inside():
    random = np.random.default_rng(0)
    places = [*random.normal(size=(500, 2)).tolist(), (90.0, -70.0)]
    spots = spread(places, FIELD)
    assert FIELD.left < spots[:, 0].min() < FIELD.left + 120
    assert FIELD.right - 120 < spots[:, 0].max() < FIELD.right
    assert FIELD.top < spots[:, 1].min() < spots[:, 1].max() < FIELD.bottom


def test_one_more_outlier_hardly_moves_the_others():
    places = np.random.default_rng(0).normal(size=(300, 2)).tolist()
    moved = spread([*places, (50.0, 50.0)], FIELD)[:300] - spread(places, FIELD)
    assert np.abs(moved).max() < 0.02 * FIELD.width


def test_dots_get_smaller_but_never_tiny():
    assert radius_of(10) > radius_of(1000) >= radius_of(100_000) == 5


def test_each_dot_is_drawn_in_the_colour_of_its_vibe():
    value = MusicMap("x", (Dot(0, 0, 1), Dot(1, 1, 2), Dot(2, 0)), (MapVibe(1, "one"), MapVibe(2, "two")))
    for colour in (marks_of(value.vibes)[1].colour, marks_of(value.vibes)[2].colour, FAINT):
        assert pixels(value, colour) > 200


def test_the_askers_songs_are_ringed():
    dots = [Dot(x, x % 3) for x in range(9)]
    ringed = [Dot(x, x % 3, mine=x == 4) for x in range(9)]
    assert pixels(MusicMap("x", tuple(dots)), INK) == 0
    assert pixels(MusicMap("x", tuple(ringed)), INK) > 200


def test_new_songs_are_highlighted():
    old = music_map(MusicMap("x", (Dot(0, 0), Dot(1, 1))))
    new = music_map(MusicMap("x", (Dot(0, 0, new=True), Dot(1, 1))))
    assert old.png != new.png
    assert "1 new song" in new.alt


def test_up_to_eight_vibes_are_named_on_the_map_in_full():
    words = {written.text for written in draw_music_map(pictures.music_map(300, 6)).written}
    assert {f"Vinyl {place}" for place in range(6)} <= words


@pytest.mark.parametrize(("dots", "vibes"), [(300, 6), (900, 30), (5000, 12)])
def test_every_vibe_is_named_on_the_map_or_below_it(dots, vibes):
    value = pictures.music_map(dots, vibes)
    present = {dot.vibe for dot in value.dots}
    written = [written.text for written in draw_music_map(value).written]
    for vibe in value.vibes:
        name, _, rest = vibe.name.partition(" · ")
        if vibe.id in present:
            assert vibe.name in written or {name, rest} <= set(written)


def test_labels_leave_most_dots_to_be_seen():
    value = pictures.music_map(300, 7)
    canvas = draw_music_map(value)
    spots = spread([(dot.x, dot.y) for dot in value.dots], FIELD)
    boxes = [w.box for w in canvas.written if w.box.top > FIELD.top and w.box.bottom < FIELD.bottom]
    hidden = sum(any(b.left < x < b.right and b.top < y < b.bottom for b in boxes) for x, y in spots)
    assert len(boxes) >= 7
    assert hidden < 0.15 * len(spots)


def test_the_alternative_says_what_is_on_it():
    value = MusicMap(
        "日本の音楽",
        (Dot(0, 0, 1, mine=True), Dot(1, 0, 1, new=True), Dot(5, 5, 2), Dot(9, 9)),
        (MapVibe(1, "dreamy · ambient"), MapVibe(2, "heavy · loud")),
    )
    alt = music_map(value).alt
    for part in (
        "日本の音楽",
        "4 songs",
        "dreamy · ambient (2)",
        "heavy · loud (1)",
        "1 song of yours, mostly in dreamy",
    ):
        assert part in alt


def test_the_note_stands_where_it_says_how_many_songs_there_are():
    words = [
        written.text
        for written in draw_music_map(MusicMap("x", (), note="12 more songs until vibes")).written
    ]
    assert "12 more songs until vibes" in words
    assert "0 songs" not in words
