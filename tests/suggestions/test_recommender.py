"""What else sounds like this, and what somebody may like."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFound
from bot.suggestions.pick import percent
from bot.taste.evidence import ExtraEvidence
from tests.support.library import (
    ANA,
    BEN,
    CLEO,
    GUILD,
    HIDDEN,
    PUBLIC,
    START,
    add_share,
    add_track,
    remove_track,
    vector,
)
from tests.support.scene import DISLIKE, LIKE, Scene, near

ROCK, JAZZ, FOLK = 0, 1, 2
HERE = frozenset({PUBLIC})


LATER = START + timedelta(days=20)


async def titles(scene: Scene, user: int | None = BEN, **options) -> list[str]:
    answer = await scene.recommender.recommend(GUILD, user, options.pop("channels", None), **options)
    return [pick.card.title for pick in answer.picks]


@pytest.mark.parametrize(
    ("match", "expected"), [(1, 100), (0.9999999, 100), (1.0000001, 100), (0.6, 60), (0, 0), (-np.inf, 0)]
)
def test_per_cent_is_0_at_chance_and_100_for_the_same_recording(match, expected):
    assert percent(match) == expected


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_per_cent_never_falls_as_the_match_grows(one, other):
    low, high = sorted((one, other))
    assert 0 <= percent(low) <= percent(high) <= 100


# -- similar ------------------------------------------------------------------------------------------------


async def test_similar_gives_the_nearest_first_without_the_track_itself(scene):
    asked = await scene.add("Asked", near(ROCK, 0))
    await scene.add("Far", near(JAZZ, 0))
    await scene.add("Near", near(ROCK, 0.3))
    await scene.add("Nearer", near(ROCK, 0.1))
    found = await scene.recommender.similar(GUILD, track_id=asked, channels=None)
    picks = found.picks
    assert [pick.card.title for pick in picks] == ["Nearer", "Near"]
    assert [pick.percent for pick in picks] == [99, 91]
    assert picks[1].score == pytest.approx(np.sqrt(1 - 0.3**2), abs=1e-5)
    assert picks[1].why == f"shared by <@{ANA}>"
    assert found.note == "That is all. Left out: 1 no more alike than by chance."


async def test_similar_to_something_that_is_not_in_the_library(scene):
    await scene.add("Far", near(JAZZ, 0))
    await scene.add("Near", near(ROCK, 0.1))
    picks = (
        await scene.recommender.similar(
            GUILD, vectors={"first-1": vector(7, 0, 0, 0)}, channels=None, limit=1
        )
    ).picks
    assert [pick.card.title for pick in picks] == ["Near"]


async def test_similar_leaves_out_versions_but_not_files_of_the_same_name(scene):
    asked = await scene.add("Song", near(ROCK, 0), "Band")
    await scene.add("SONG", near(ROCK, 0.1), "band")
    await scene.add("Other", near(ROCK, 0.2), "Band")
    await scene.add("Other", near(ROCK, 0.25), "Band")
    await scene.add("voice message", near(ROCK, 0.3))
    await scene.add("voice message", near(ROCK, 0.4))
    picks = (await scene.recommender.similar(GUILD, track_id=asked, channels=None)).picks
    assert [pick.card.title for pick in picks] == ["Other", "voice message", "voice message"]


async def test_similar_shows_only_what_may_be_shown(scene):
    asked = await scene.add("Asked", near(ROCK, 0))
    await scene.add("Secret", near(ROCK, 0.1), channel=HIDDEN)
    seen = await scene.add("Seen", near(ROCK, 0.2))
    out = await scene.add("Left out", near(ROCK, 0.2))
    picks = (await scene.recommender.similar(GUILD, track_id=asked, channels=HERE, exclude=[out])).picks
    assert [pick.card.id for pick in picks] == [seen]


async def test_similar_to_a_track_that_was_never_embedded_says_what_to_do(scene):
    track = await add_track(scene.store, "Silent")
    with pytest.raises(NotFound, match="doctor --repair"):
        await scene.recommender.similar(GUILD, track_id=track, channels=None)


# -- recommend ----------------------------------------------------------------------------------------------


async def songs(scene: Scene, direction: int, name: str, count: int, **options) -> list[int]:
    return [
        await scene.add(f"{name} {i}", near(direction, 0.1 + i / 20), user=options.get("user", ANA))
        for i in range(count)
    ]


async def test_likes_lead_to_what_sounds_alike_and_never_to_what_is_known(scene):
    rock = await songs(scene, ROCK, "rock", 5)
    await songs(scene, JAZZ, "jazz", 2)
    await scene.vote(BEN, LIKE, *rock[:3])
    assert await titles(scene) == ["rock 3", "rock 4", "jazz 1", "jazz 0"]


async def test_two_unlike_tastes_are_both_met(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 4), await songs(scene, JAZZ, "jazz", 4)
    await songs(scene, FOLK, "folk", 4)
    await scene.add("between", [0.7, 0.7, 0, 0.1])
    await scene.vote(BEN, LIKE, *rock[:2], *jazz[:2])
    assert set((await titles(scene))[:4]) == {"rock 2", "rock 3", "jazz 2", "jazz 3"}


async def test_a_dislike_keeps_away_what_sounds_like_it(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 5), await songs(scene, JAZZ, "jazz", 3)
    await scene.vote(BEN, LIKE, *rock[:3])
    assert "jazz 1" in await titles(scene)
    await scene.vote(BEN, DISLIKE, jazz[0])
    assert await titles(scene) == ["rock 3", "rock 4"]


async def test_changing_a_vote_changes_the_answer(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 4), await songs(scene, JAZZ, "jazz", 4)
    await scene.vote(BEN, LIKE, *rock[:3])
    assert (await titles(scene))[0] == "rock 3"
    await scene.vote(BEN, DISLIKE, *rock[:3], at=START + timedelta(hours=1))
    await scene.vote(BEN, LIKE, *jazz[:3])
    assert (await titles(scene))[0] == "jazz 3"


async def test_the_match_is_with_the_closest_like_which_is_named(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 3), await songs(scene, JAZZ, "jazz", 2)
    await scene.vote(BEN, LIKE, rock[0], rock[2], jazz[0])
    await scene.vote(CLEO, LIKE, jazz[1])
    answer = await scene.recommender.recommend(GUILD, BEN, None, now=LATER)
    by_title = {pick.card.title: pick for pick in answer.picks}
    assert (
        by_title["jazz 1"].why
        == f"close to **jazz 0**, which you 👍 in November · shared by <@{ANA}>, 1 like"
    )
    cosine = np.dot(near(JAZZ, 0.1), near(JAZZ, 0.15))
    assert by_title["jazz 1"].percent == percent(float((cosine - 0.5) / 0.5))
    assert answer.note.startswith("That is all")


async def test_a_like_out_of_sight_carries_a_pick_but_is_not_named(scene):
    secret = [await scene.add(f"Secret {i}", near(ROCK, 0.1 * i), channel=HIDDEN) for i in range(3)]
    await scene.add("Open", near(ROCK, 0.05))
    await scene.vote(BEN, LIKE, *secret)
    (pick,) = (await scene.recommender.recommend(GUILD, BEN, HERE, now=LATER)).picks
    assert pick.why == f"close to something you 👍 in November · shared by <@{ANA}>"


async def test_what_somebody_else_reads_is_not_about_you(scene):
    rock = await songs(scene, ROCK, "rock", 4)
    await scene.vote(BEN, LIKE, *rock[:3])
    (pick,) = (await scene.recommender.recommend(GUILD, BEN, None, you=False)).picks
    assert "which they 👍" in pick.why


async def test_hidden_tracks_are_never_recommended(scene):
    rock = await songs(scene, ROCK, "rock", 3)
    await scene.add("Secret", near(ROCK, 0.1), channel=HIDDEN)
    await scene.vote(BEN, LIKE, *rock)
    assert await titles(scene, channels=HERE) == []
    assert await titles(scene, channels=frozenset({HIDDEN})) == ["Secret"]


async def test_versions_of_what_is_known_are_not_recommended(scene):
    known = await scene.add("Song", near(ROCK, 0), "Band")
    await scene.add("song", near(ROCK, 0.1), "BAND")
    await scene.add("New", near(ROCK, 0.2), "Band")
    await scene.vote(BEN, LIKE, known)
    assert await titles(scene) == ["New"]


async def test_with_few_likes_ones_own_shares_help_and_the_note_says_so(scene):
    mine = await scene.add("Mine", near(JAZZ, 0), user=BEN)
    await add_share(scene.store, mine, user=CLEO)
    rock = await songs(scene, ROCK, "rock", 2)
    await songs(scene, JAZZ, "jazz", 5)
    answer = await scene.recommender.recommend(GUILD, BEN, None, now=LATER)
    assert answer.note == "You haven't 👍 anything yet, so I went by what you shared."
    assert answer.picks[0].why.startswith("close to **Mine**, which you shared in November · ")
    assert "Mine" not in [pick.card.title for pick in answer.picks]
    await scene.vote(BEN, LIKE, rock[0])
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert answer.note == "You 👍 only 1 song so far, so I also went by what you shared."
    assert {"rock 1", "jazz 0"} <= {pick.card.title for pick in answer.picks}


async def test_with_enough_likes_shares_do_not_speak_for_a_member(scene):
    await scene.add("Mine", near(JAZZ, 0), user=BEN)
    rock = await songs(scene, ROCK, "rock", 9)
    await songs(scene, JAZZ, "jazz", 3)
    await scene.vote(BEN, LIKE, *rock[:3])
    answer = await scene.recommender.recommend(GUILD, BEN, None, limit=6)
    assert answer.note == ""
    assert all(pick.card.title.startswith("rock") for pick in answer.picks)


async def test_without_any_feedback_it_is_what_the_server_likes_most(scene):
    rock = await songs(scene, ROCK, "rock", 6)
    await scene.vote(CLEO, LIKE, *rock[1:6])
    await scene.vote(3005, LIKE, rock[4])
    await scene.vote(3005, DISLIKE, rock[2])
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert [pick.card.title for pick in answer.picks] == ["rock 4", "rock 5", "rock 3", "rock 1"]
    assert answer.picks[0].why == f"shared by <@{ANA}>, 2 likes"
    assert answer.picks[0].percent == 0
    assert answer.note.startswith(
        "You haven't 👍 or shared anything yet, so these are what this server likes most."
    )


async def test_only_dislikes_lead_away_from_them(scene):
    rock = await songs(scene, ROCK, "rock", 2)
    await scene.add("jazz", near(JAZZ, 0))
    await scene.vote(BEN, DISLIKE, rock[0])
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert [pick.card.title for pick in answer.picks] == ["jazz", "rock 1"]
    assert answer.picks[0].why == f"unlike what you 👎 · shared by <@{ANA}>"
    assert "only unlike what you 👎" in answer.note


async def test_with_nothing_to_go_by_it_says_what_would_help(scene):
    await songs(scene, ROCK, "rock", 3)
    for user in (BEN, None):
        answer = await scene.recommender.recommend(GUILD, user, None)
        assert answer.picks == ()
        assert answer.note.startswith("I have nothing to go by yet.")


async def test_an_empty_library_is_no_error(scene):
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert answer.picks == () and answer.note


async def test_too_few_are_not_padded_and_the_note_says_why(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 4), await songs(scene, JAZZ, "jazz", 5)
    await scene.vote(BEN, LIKE, *rock[:3])
    await scene.vote(BEN, DISLIKE, jazz[0])
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert [pick.card.title for pick in answer.picks] == ["rock 3"]
    assert answer.note.startswith("That is all")
    await scene.vote(BEN, LIKE, rock[3])
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert answer.picks == () and answer.note.startswith("Nothing is left")


async def test_the_server_is_recommended_what_sounds_like_its_favourites(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 4), await songs(scene, JAZZ, "jazz", 3)
    await scene.vote(BEN, LIKE, *rock[:2])
    await scene.vote(CLEO, LIKE, rock[0], jazz[0])
    await scene.vote(BEN, DISLIKE, jazz[0])
    await scene.vote(3005, DISLIKE, jazz[0])
    answer = await scene.recommender.recommend(GUILD, None, None)
    assert [pick.card.title for pick in answer.picks] == ["rock 2", "rock 3"]
    assert "close to **rock 1**, which 1 member 👍" in answer.picks[0].why


async def test_extra_feedback_counts_for_one_question_only(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 3), await songs(scene, JAZZ, "jazz", 3)
    extra = ExtraEvidence(likes=(rock[0],), dislikes=(jazz[0],))
    assert await titles(scene, user=None, extra=extra) == ["rock 1", "rock 2"]
    assert await scene.feedback.votes(GUILD) == []


async def test_extra_feedback_overrules_a_vote(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 3), await songs(scene, JAZZ, "jazz", 3)
    await scene.vote(BEN, LIKE, *jazz)
    found = await titles(scene, extra=ExtraEvidence(likes=(rock[0],), dislikes=tuple(jazz)))
    assert found == ["rock 1", "rock 2"]


async def test_a_removed_track_is_no_longer_evidence(scene):
    rock, jazz = await songs(scene, ROCK, "rock", 2), await songs(scene, JAZZ, "jazz", 2)
    await scene.vote(BEN, LIKE, rock[0], jazz[0])
    await remove_track(scene.catalog, scene.refresher, rock[0])
    assert await titles(scene) == ["jazz 1", "rock 1"]
    answer = await scene.recommender.recommend(GUILD, BEN, None)
    assert answer.picks[-1].percent == 0


async def test_taste_is_found_again_in_noise(scene):
    """Forty tracks in four noisy styles: what a member of mixed taste is given has one of their two styles."""
    noise = np.random.default_rng(0)
    styles = {}
    for i in range(40):
        sounds = np.eye(4)[i % 4] * 2 + noise.normal(0, 0.4, 4)
        styles[await scene.add(f"song {i}", sounds.tolist())] = i % 4
    tracks = list(styles)
    await scene.vote(BEN, LIKE, *tracks[0:8:4], *tracks[1:8:4])
    await scene.vote(BEN, DISLIKE, *tracks[2:8:4])
    answer = await scene.recommender.recommend(GUILD, BEN, None, limit=10)
    given = [styles[pick.card.id] for pick in answer.picks]
    assert len(given) == 10
    assert sum(style in {0, 1} for style in given) >= 9
