"""Sounds as ingredients, over a real library."""

import itertools

import numpy as np
import pytest

from bot.errors import NotFound
from bot.suggestions.engine import Engine
from bot.suggestions.mixing import Ingredient, Mixing
from models import Track
from tests.support.library import BEN, CLEO, GUILD, HIDDEN, PUBLIC, add_track
from tests.support.scene import LIKE, Scene, near

ROCK, JAZZ, FOLK = 0, 1, 2


@pytest.fixture
def mixing(scene: Scene) -> Mixing:
    return Mixing(Engine.over(scene.store, scene.vectors, scene.catalog, scene.feedback))


async def arc(scene: Scene, count: int = 12) -> list[int]:
    """Songs from rock to jazz at equal angles."""
    angles = np.linspace(0, np.pi / 2, count)
    return [
        await scene.add(f"step {i:02}", [float(np.cos(angle)), float(np.sin(angle)), 0.0, 0.0], f"artist {i}")
        for i, angle in enumerate(angles)
    ]


def track(track_id: int) -> Ingredient:
    return Ingredient(track_id=track_id)


# -- alchemy ------------------------------------------------------------------------------------------------


async def test_what_is_added_is_met_in_the_middle(scene, mixing):
    steps = await arc(scene)
    found = await mixing.alchemy(GUILD, [track(steps[0]), track(steps[-1])], [], None, limit=2)
    assert {pick.card.title for pick in found.picks} == {"step 05", "step 06"}


async def test_what_is_subtracted_pushes_to_the_other_side(scene, mixing):
    steps = await arc(scene)
    found = await mixing.alchemy(GUILD, [track(steps[6])], [track(steps[11])], None)
    assert found.picks[0].card.title in {"step 04", "step 05"}
    shown = {pick.card.title for pick in found.picks}
    assert not shown & {"step 09", "step 10"}


async def test_members_and_tags_are_ingredients(scene, mixing):
    steps = await arc(scene)
    await scene.vote(BEN, LIKE, *steps[:3])
    async with scene.store.begin() as session:
        (await session.get(Track, steps[10])).tags = {"Jazz": 0.9}
    await scene.refresher.refresh_point(GUILD, steps[10])
    by_member = await mixing.alchemy(GUILD, [Ingredient(user_id=BEN)], [], None, limit=4)
    assert {pick.card.title for pick in by_member.picks} == {"step 00", "step 01", "step 02", "step 03"}
    by_tag = await mixing.alchemy(GUILD, [Ingredient(tag="jazz")], [], None, limit=3)
    assert {pick.card.title for pick in by_tag.picks} == {"step 09", "step 10", "step 11"}
    less = await mixing.alchemy(GUILD, [Ingredient(user_id=BEN)], [Ingredient(tag="JAZZ")], None)
    assert "step 10" not in {pick.card.title for pick in less.picks}
    assert less.picks[0].card.title in {"step 00", "step 01"}


@pytest.mark.parametrize(
    ("add", "subtract", "said"),
    [
        ([], [], "Add something"),
        ([Ingredient(tag="polka")], [], "polka"),
        ([Ingredient(user_id=CLEO)], [], "haven't 👍"),
        ([Ingredient(track_id=999)], [], "no longer"),
        ([Ingredient(tag="a")], [Ingredient(tag="a")], "Drop one"),
    ],
)
async def test_ingredients_that_are_none_are_refused(scene, mixing, add, subtract, said):
    await arc(scene, 3)
    with pytest.raises(NotFound, match=said):
        await mixing.alchemy(GUILD, add, subtract, None)


async def test_a_song_that_was_never_listened_to_is_no_ingredient(scene, mixing):
    steps = await arc(scene, 3)
    silent = await add_track(scene.store, "Silent")
    with pytest.raises(NotFound, match="doctor --repair"):
        await mixing.alchemy(GUILD, [track(silent)], [], None)
    with pytest.raises(NotFound, match="doctor --repair"):
        await mixing.path(GUILD, steps[0], silent, None)


# -- paths --------------------------------------------------------------------------------------------------


async def test_a_path_walks_from_one_to_the_other_without_jumps(scene, mixing):
    steps = await arc(scene, 30)
    path = await mixing.path(GUILD, steps[0], steps[-1], None, 8)
    titles = [card.title for card in path.cards]
    assert (titles[0], titles[-1]) == ("step 00", "step 29")
    assert len(set(titles)) == 8 and titles == sorted(titles)
    assert max(int(b[-2:]) - int(a[-2:]) for a, b in itertools.pairwise(titles)) <= 6
    assert path.note == ""


async def test_a_path_steps_only_on_what_may_be_shown_and_on_no_song_twice(scene, mixing):
    steps = await arc(scene, 4)
    await scene.add("secret", [0.8, 0.6, 0.0, 0.0], channel=HIDDEN)
    await scene.add("Step 01 (live)", near(ROCK, 0.3), "Artist 1")
    path = await mixing.path(GUILD, steps[0], steps[-1], frozenset({PUBLIC}), 8)
    assert [card.title for card in path.cards] == ["step 00", "step 01", "step 02", "step 03"]
    assert path.note == "Only 4 songs: there are no others to step on."


async def test_there_is_no_path_from_a_song_to_itself(scene, mixing):
    steps = await arc(scene, 3)
    with pytest.raises(NotFound, match="same song"):
        await mixing.path(GUILD, steps[0], steps[0], None)
    with pytest.raises(NotFound, match="no longer"):
        await mixing.path(GUILD, steps[0], 999, None)


# -- for somebody -------------------------------------------------------------------------------------------


async def test_what_somebody_hid_is_neither_mixed_nor_stepped_on(scene, mixing):
    steps = await arc(scene, 6)
    history = Engine.over(scene.store, scene.vectors, scene.catalog, scene.feedback).history
    await history.hide(GUILD, BEN, steps[1])
    mixed = [await mixing.alchemy(GUILD, [track(steps[0])], [], None, user_id=who) for who in (BEN, CLEO)]
    assert [any(pick.card.id == steps[1] for pick in found.picks) for found in mixed] == [False, True]
    ways = [await mixing.path(GUILD, steps[0], steps[5], None, 6, user_id=who) for who in (BEN, CLEO)]
    assert [any(card.id == steps[1] for card in way.cards) for way in ways] == [False, True]


async def test_a_mixture_says_what_each_song_is_close_to(scene, mixing):
    steps = await arc(scene)
    found = await mixing.alchemy(GUILD, [track(steps[0]), track(steps[-1])], [], None, limit=2)
    carriers = {pick.card.title: pick.reason.carrier for pick in found.picks}
    assert carriers == {"step 05": steps[0], "step 06": steps[-1]}
    assert all(pick.why.startswith("close to **artist ") for pick in found.picks)


async def test_a_member_whose_songs_were_never_listened_to_is_no_ingredient(scene, mixing):
    await arc(scene, 4)
    await scene.vote(BEN, LIKE, await scene.add("silent", ()))
    with pytest.raises(NotFound, match="haven't listened"):
        await mixing.alchemy(GUILD, [Ingredient(user_id=BEN)], [], None)


async def test_a_mixture_in_a_library_of_one_song_says_that_there_is_nothing_else(scene, mixing):
    (only,) = await arc(scene, 1)
    found = await mixing.alchemy(GUILD, [track(only)], [], None)
    assert found.picks == () and found.note == "Nothing else is in this server's library yet."


async def test_a_path_does_not_step_on_the_same_recording_twice(scene, mixing):
    steps = await arc(scene, 8)
    same = np.random.default_rng(0).integers(1, 2**32, 300, dtype=np.uint32).astype("<u4").tobytes()
    async with scene.store.begin() as session:
        for step in (steps[3], steps[4]):
            (await session.get(Track, step)).fingerprint = same
    path = await mixing.path(GUILD, steps[0], steps[7], None, 8)
    titles = [card.title for card in path.cards]
    assert len({"step 03", "step 04"} & set(titles)) == 1 and len(titles) == 7


async def test_a_path_says_where_it_jumps(scene, mixing):
    rock, folk = await scene.add("rock", near(ROCK, 0)), await scene.add("folk", near(FOLK, 0))
    await scene.add("rock too", near(ROCK, 0.1))
    path = await mixing.path(GUILD, rock, folk, None, 3)
    assert path.note == "From song 2 to song 3 it jumps: nothing here sounds like both."
