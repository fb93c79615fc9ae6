"""Taste cards, covers and banners."""

import dataclasses
import io
import itertools

import numpy as np
import pytest
from PIL import Image

from bot.pictures.banner import banner, draw_banner
from bot.pictures.canvas import Canvas
from bot.pictures.colours import PALETTE
from bot.pictures.cover import cover, draw_cover, mood_of
from bot.pictures.music_map import draw_music_map
from bot.pictures.taste_card import draw_taste_card, taste_card
from bot.pictures.values import Banner, Number, TasteCard
from tests.support import pictures

GREEN = PALETTE[2]
KINDS = (1, 3, 8, 0)  # each gives another kind of drawing


def image(png: bytes) -> np.ndarray:
    """A PNG's pixels, as whole numbers that can be subtracted."""
    return pixels(Image.open(io.BytesIO(png)))


def pixels(drawn: Image.Image) -> np.ndarray:
    """An image's pixels, as whole numbers that can be subtracted."""
    return np.array(drawn).astype(int)


def test_a_taste_card_says_everything_in_its_alternative():
    alt = taste_card(pictures.taste_card("Ada")).alt
    for part in (
        "Ada",
        "214 songs shared",
        "133 of 214",
        "Ada 0 (50%)",
        "Tempo: mostly",
        "−",
        "0 Ada (40)",
        "74% match",
    ):
        assert part in alt


def test_the_ring_shows_the_hit_rate():
    def greens(hits: int) -> int:
        canvas = draw_taste_card(TasteCard("Ada", shared=100, hits=hits))
        return int(np.sum(np.all(np.array(canvas.image) == GREEN, axis=2)))

    assert greens(0) == 0
    assert greens(50) == pytest.approx(greens(100) / 2, rel=0.03)


def test_tempos_stand_where_they_are_on_the_scale():
    def middle(tempo: float) -> float:
        blank = np.array(draw_taste_card(TasteCard("Ada")).image).astype(int)
        drawn = np.array(draw_taste_card(TasteCard("Ada", tempos=(tempo,) * 5)).image).astype(int)
        rows = slice(690, 800)  # the hill, without what is written
        return float(
            np.nonzero(np.abs(drawn[rows, :580] - blank[rows, :580]).sum(axis=(0, 2)) > 60)[0].mean()
        )

    assert middle(70) < middle(110) < middle(170)


def test_too_few_songs_say_nothing_about_a_spread():
    words = [written.text for written in draw_taste_card(TasteCard("Ada", tempos=(100.0, 120.0))).written]
    assert words.count("Too few songs yet") == 2


@pytest.mark.parametrize("tags", [(f"tag {place}",) for place in KINDS])
def test_every_number_of_a_playlist_changes_its_cover(tags):
    old = pixels(draw_cover(pictures.cover(tags=tags)).image)
    changes: list[dict[str, object]] = [
        {"track_ids": (3, 1, 4, 15, 92, 66)},
        {"tempo": 140.0},
        {"key": "D# major"},
        {"loudness": -8.0},
        {"brightness": 3500.0},
        {"tags": ("metal", "loud")},
    ]
    for change in changes:
        new = pixels(draw_cover(pictures.cover(**({"tags": tags} | change))).image)
        assert np.mean(np.abs(old - new).max(axis=2) > 8) > 0.02, change


def test_different_playlists_look_different():
    keys = ("A minor", "E major", "F# minor", "")
    values = [
        pictures.cover(track_ids=tuple(range(n, n + 8)), tempo=70.0 + 20 * n, key=key, tags=(f"tag {n}",))
        for n, key in enumerate(keys)
    ]
    covers = [image(cover(value).png) for value in values]
    assert all(np.abs(one - other).mean() > 12 for one, other in itertools.combinations(covers, 2))


def test_keys_that_go_together_are_near_each_other_in_colour():
    a_minor, c_major, f_sharp = (
        mood_of(pictures.cover(key=key)).hue for key in ("A minor", "C major", "F# major")
    )
    assert a_minor == c_major
    assert abs(f_sharp - c_major) == 180


def test_a_name_does_not_change_the_drawing():
    one, other = (image(cover(pictures.cover(name, caption="")).png) for name in ("one", "two"))
    assert np.array_equal(one[:400], other[:400])


def test_a_banner_shows_what_changed():
    words = [written.text for written in draw_banner(pictures.banner("A week")).written]
    assert {"42", "▲7", "▼2", "123k", "▼12k", "songs"} <= set(words)


def test_a_banner_tells_what_it_shows():
    alt = banner(pictures.banner("A week")).alt
    for part in ("A week", "42 songs (7 more)", "9 sharers (2 fewer)", "123,456 likes", "(as before)"):
        assert part in alt
    assert alt.endswith(". 40 shares: Monday 3, Tuesday 8, Wednesday 5, Thursday 12, Saturday 9, Sunday 3.")


def test_of_a_month_the_busiest_day_is_told_and_of_one_song_that_it_is_one():
    bars = tuple(9 if day == 13 else 1 for day in range(30))
    labels = tuple(f"{day + 1} November" for day in range(30))
    value = Banner("The month", "November 2026", (Number("song", 1), Number("member", 0)), bars, labels)
    assert banner(value).alt == (
        "The month, November 2026. 1 song; 0 members. 38 shares, most on 14 November: 9."
    )
    words = {written.text for written in draw_banner(value).written}
    assert {"song", "members"} <= words and not any("November" in word for word in words - {"November 2026"})


@pytest.mark.parametrize(
    ("period", "bars"),
    [
        ("28 September to 4 October 2026", 7),
        ("30 November to 29 December 2026", 30),
        ("30 Nov 2025 to 29 Nov 2026", 13),
    ],
)
def test_the_longest_dates_are_not_cut(period, bars):
    value = Banner("Your server's year in music", period, bars=(1,) * bars)
    assert period in {written.text for written in draw_banner(value).written}


@pytest.fixture(scope="module")
def wide() -> list[Canvas]:
    """Pictures as wide as Discord shows them."""
    titles = ("A week", "Your server's year in music, " * 3)
    return [
        *(draw_banner(pictures.banner(title)) for title in titles),
        draw_music_map(pictures.music_map(300, 9)),
    ]


@pytest.mark.parametrize("pixels", [400, 420, 550])
def test_the_alt_badge_of_discord_hides_no_word(wide, pixels):
    """In the left corner below: 8 pixels from both edges, some 38 by 24 large, at whatever width it is shown."""
    for canvas in wide:
        scale = canvas.image.width / pixels
        right, top = 46 * scale, canvas.image.height - 32 * scale
        hidden = [each.text for each in canvas.written if each.box.left < right and each.box.bottom > top]
        assert hidden == []


def test_bars_are_as_high_as_what_they_count():
    def lit(bars: tuple[int, ...]) -> list[int]:
        empty = image(banner(Banner("x", "y", bars=(1,) * len(bars))).png)
        full = image(banner(Banner("x", "y", bars=bars)).png)
        return [int(np.abs(empty - full).sum()) for _ in (0,)]

    assert lit((1, 1, 1)) == [0]
    assert lit((1, 2, 9)) > [0]


def test_numbers_beyond_the_fourth_are_left_out():
    numbers = tuple(Number(f"thing {place}", place) for place in range(6))
    words = {
        written.text
        for written in draw_banner(dataclasses.replace(pictures.banner("x"), numbers=numbers)).written
    }
    assert "thing 3s" in words
    assert "thing 4s" not in words
