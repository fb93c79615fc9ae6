"""Members beside each other, over a real library."""

from itertools import permutations

import numpy as np
import pytest

from bot.errors import NotFound
from bot.suggestions.engine import Engine
from bot.suggestions.groups import Together
from tests.support.library import ANA, BEN, CLEO, GUILD, HIDDEN, PUBLIC, START
from tests.support.scene import DISLIKE, LIKE, MARKED, Scene, near

ROCK, JAZZ, FOLK = 0, 1, 2
DORA, EMIL = 3004, 3005


@pytest.fixture
def engine(scene: Scene) -> Engine:
    return Engine.over(scene.store, scene.vectors, scene.catalog, scene.feedback)


@pytest.fixture
def together(engine: Engine) -> Together:
    return Together(engine)


async def songs(scene: Scene, direction: int, name: str, count: int) -> list[int]:
    return [
        await scene.add(f"{name} {i}", near(direction, 0.02 * (i + 1)), f"artist of {name} {i}")
        for i in range(count)
    ]


async def both(scene: Scene, name: str = "both") -> int:
    """Halfway between rock and jazz."""
    half = float(np.sqrt(0.5))
    return await scene.add(name, [half, half, 0.0, 0.0], f"artist of {name}")


def titles(answer) -> list[str]:
    return [pick.card.title for pick in answer.picks]


# -- how alike ----------------------------------------------------------------------------------------------


async def test_a_match_needs_no_song_in_common(scene, together):
    rock, jazz = await songs(scene, ROCK, "rock", 8), await songs(scene, JAZZ, "jazz", 8)
    await songs(scene, FOLK, "folk", 8)
    await scene.vote(BEN, LIKE, *rock[:3])
    await scene.vote(CLEO, LIKE, *rock[3:6])
    await scene.vote(DORA, LIKE, *jazz[:3])
    assert await together.match(GUILD, BEN, CLEO, None) > 80
    assert await together.match(GUILD, BEN, CLEO, None) == await together.match(GUILD, CLEO, BEN, None)
    assert await together.match(GUILD, BEN, DORA, None) == 0
    buddies = await together.buddies(GUILD, BEN, None)
    assert [buddy.user_id for buddy in buddies] == [CLEO]
    assert buddies[0].match == await together.match(GUILD, BEN, CLEO, None)


async def test_of_too_few_likes_nothing_is_said(scene, together):
    rock = await songs(scene, ROCK, "rock", 6)
    await scene.vote(BEN, LIKE, *rock[:2])
    await scene.vote(CLEO, LIKE, *rock[2:6])
    assert await together.match(GUILD, BEN, CLEO, None) is None
    assert (await together.blend(GUILD, BEN, CLEO, None)).match is None
    with pytest.raises(NotFound, match="1 more song"):
        await together.buddies(GUILD, BEN, None)
    with pytest.raises(NotFound, match="3 more songs"):
        await together.buddies(GUILD, EMIL, None)


# -- groups -------------------------------------------------------------------------------------------------


async def test_a_group_gets_what_is_good_for_all_rather_than_great_for_one(scene, together):
    rock, jazz = await songs(scene, ROCK, "rock", 5), await songs(scene, JAZZ, "jazz", 5)
    await both(scene)
    await scene.vote(BEN, LIKE, *rock[:3])
    await scene.vote(CLEO, LIKE, *jazz[:3])
    answer = await together.group(GUILD, [BEN, CLEO], None)
    assert titles(answer)[0] == "both"
    assert (await scene.recommender.recommend(GUILD, BEN, None)).picks[0].card.title != "both"


async def test_what_one_of_them_dislikes_or_hid_is_out_for_all(scene, together, engine):
    rock, jazz = await songs(scene, ROCK, "rock", 6), await songs(scene, JAZZ, "jazz", 1)
    await scene.vote(BEN, LIKE, *rock[:3], *jazz)
    await scene.vote(CLEO, LIKE, *rock[:2])
    await scene.vote(CLEO, DISLIKE, *jazz)
    await engine.history.hide(GUILD, CLEO, rock[4])
    await engine.history.hide(GUILD, EMIL, rock[5])
    assert set(titles(await together.group(GUILD, [BEN, CLEO], None))) == {"rock 2", "rock 3", "rock 5"}
    assert "rock 5" not in titles(await together.group(GUILD, [BEN, CLEO, EMIL], None))


async def test_a_veto_keeps_away_what_sounds_like_it(scene, together):
    rock, jazz = await songs(scene, ROCK, "rock", 4), await songs(scene, JAZZ, "jazz", 4)
    await scene.vote(BEN, LIKE, *rock[:2], *jazz[:2])
    await scene.vote(CLEO, LIKE, jazz[0])
    assert "rock 3" in titles(await together.group(GUILD, [BEN, CLEO], None))
    await scene.vote(CLEO, DISLIKE, rock[0])
    assert all(title.startswith("jazz") for title in titles(await together.group(GUILD, [BEN, CLEO], None)))


async def test_who_said_nothing_has_no_say_and_the_note_tells(scene, together):
    rock = await songs(scene, ROCK, "rock", 9)
    await scene.vote(BEN, LIKE, *rock[:3])
    answer = await together.group(GUILD, [BEN, EMIL], None)
    assert answer.note == "Of 1 member I know nothing yet, so I went by the others."
    assert len(answer.picks) == 6
    nobody = await together.group(GUILD, [EMIL, DORA], None)
    assert nobody.picks == () and nobody.note.startswith("I have nothing to go by yet.")
    assert (await together.group(GUILD, [], None)).picks == ()


async def test_the_reason_names_whose_song_it_is_close_to(scene, together):
    rock = await songs(scene, ROCK, "rock", 4)
    await scene.vote(BEN, LIKE, *rock[:3])
    (pick,) = (await together.group(GUILD, [BEN], None)).picks
    assert pick.why.startswith(f"close to **artist of rock 2 – rock 2**, which <@{BEN}> 👍 in ")


async def test_a_blend_shows_only_what_may_be_shown(scene, together):
    rock = [await scene.add(f"rock {i}", near(ROCK, 0.02 * i), channel=HIDDEN) for i in range(4)]
    await scene.vote(BEN, LIKE, *rock[:2])
    await scene.vote(CLEO, LIKE, *rock[:2])
    assert titles((await together.blend(GUILD, BEN, CLEO, frozenset({PUBLIC}))).recommendation) == []
    assert len(titles((await together.blend(GUILD, BEN, CLEO, None)).recommendation)) == 2


async def test_a_group_is_answered_the_same_whoever_is_named_first(scene, together):
    """Rock and jazz mirror each other, so that both members are as pleased with what lies between."""
    rock, jazz, folk = [await songs(scene, style, f"{style}", 3) for style in (ROCK, JAZZ, FOLK)]
    await both(scene)
    await scene.vote(BEN, LIKE, *rock)
    await scene.vote(CLEO, LIKE, *jazz)
    await scene.vote(DORA, LIKE, *folk)
    answers = [
        await together.group(GUILD, order, None, now=START) for order in permutations((BEN, CLEO, DORA))
    ]
    assert answers[0].picks and all(answer == answers[0] for answer in answers)


async def test_one_and_the_same_cannot_be_blended(together):
    with pytest.raises(NotFound, match="another member"):
        await together.blend(GUILD, ANA, ANA, None)


async def test_a_song_that_one_of_them_likes_is_its_own_reason_and_taking_that_away_lowers_it(
    scene, together
):
    rock = await songs(scene, ROCK, "rock", 5)
    await scene.vote(BEN, LIKE, *rock[:2])
    await scene.vote(CLEO, LIKE, *rock[1:4])
    before = {pick.card.id: pick for pick in (await together.group(GUILD, [BEN, CLEO], None)).picks}
    assert set(before) == {rock[0], rock[2], rock[3], rock[4]}
    deciding = {before[track].reason.user_id for track in rock[2:4]}
    assert all("close to" in before[track].why for track in rock[2:4]) or CLEO in deciding
    for track, pick in before.items():
        carrier, member = pick.reason.carrier, pick.reason.user_id
        assert f"<@{member}> 👍" in pick.why
        await scene.feedback.remove_reaction(GUILD, MARKED + carrier, member, LIKE)
        after = {each.card.id: each for each in (await together.group(GUILD, [BEN, CLEO], None)).picks}
        assert after[track].score < pick.score
        await scene.vote(member, LIKE, carrier)


async def test_nobody_can_go_by_songs_that_were_never_listened_to(scene, together):
    silent = [await scene.add(f"silent {i}", ()) for i in range(3)]
    await songs(scene, ROCK, "rock", 3)
    await scene.vote(BEN, LIKE, *silent)
    answer = await together.group(GUILD, [BEN], None)
    assert not answer.picks and "3 not listened to yet" in answer.note


async def test_how_alike_two_are_is_told_by_what_may_be_shown(scene, together):
    rock = [await scene.add(f"rock {i}", near(ROCK, 0.02 * i), channel=HIDDEN) for i in range(6)]
    await songs(scene, FOLK, "folk", 6)
    await scene.vote(BEN, LIKE, *rock[:3])
    await scene.vote(CLEO, LIKE, *rock[3:])
    assert (await together.match(GUILD, BEN, CLEO, None)) > 80
    assert await together.match(GUILD, BEN, CLEO, frozenset({PUBLIC})) is None
