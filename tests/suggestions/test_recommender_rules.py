"""The rules that every suggestion obeys, as members asked for them."""

from datetime import timedelta

import numpy as np
import pytest

from bot.errors import NotFound
from bot.suggestions.answers import NewAnswer, Subject
from bot.suggestions.engine import Engine
from bot.suggestions.pick import Arm
from bot.suggestions.recommender import Recommender
from bot.suggestions.steering import LONG_SECONDS, Adventure, Steering
from bot.suggestions.wording import ReasonKind
from models import AnswerKind, Track
from tests.support.library import ANA, BEN, CLEO, GUILD, HIDDEN, PUBLIC, START, add_share, add_track
from tests.support.scene import DISLIKE, LIKE, MARKED, Scene, near

ROCK, JAZZ = 0, 1
LATER = START + timedelta(days=2)


@pytest.fixture
def engine(scene: Scene) -> Engine:
    return Engine.over(scene.store, scene.vectors, scene.catalog, scene.feedback)


@pytest.fixture
def recommender(engine: Engine) -> Recommender:
    return Recommender(engine)


async def songs(
    scene: Scene, count: int = 6, artist: str = "artist {}", name: str = "rock", direction: int = ROCK
):
    return [
        await scene.add(f"{name} {i}", near(direction, 0.05 * (i + 1)), artist.format(i))
        for i in range(count)
    ]


async def titles(recommender: Recommender, user: int | None = BEN, **options) -> list[str]:
    options = {"now": LATER, **options}
    answer = await recommender.recommend(GUILD, user, options.pop("channels", None), **options)
    return [pick.card.title for pick in answer.picks]


async def change(scene: Scene, track_id: int, **columns) -> None:
    async with scene.store.begin() as session:
        track = await session.get(Track, track_id)
        for name, value in columns.items():
            setattr(track, name, value)
    await scene.refresher.refresh_point(GUILD, track_id)


# -- no song twice, few of one artist -----------------------------------------------------------------------


async def test_another_version_of_a_known_song_is_not_suggested(scene, recommender):
    known = await scene.add("Song", near(ROCK, 0), "Band")
    await scene.add("Song (Live at the Fillmore)", near(ROCK, 0.1), "Band")
    await scene.add("Song - Remastered 2011", near(ROCK, 0.1), "BAND")
    await scene.add("New", near(ROCK, 0.2), "Band")
    await scene.vote(BEN, LIKE, known)
    assert await titles(recommender) == ["New"]


async def test_the_same_recording_under_another_name_comes_once(scene, recommender):
    known = await scene.add("liked", near(ROCK, 0))
    print_ = np.arange(1, 200, dtype="<u4")
    prints = np.random.default_rng(0).integers(1, 2**32, 300, dtype=np.uint32).astype("<u4").tobytes()
    one, other = (
        await scene.add("upload one", near(ROCK, 0.1)),
        await scene.add("upload two", near(ROCK, 0.11)),
    )
    await scene.vote(BEN, LIKE, known)
    assert await titles(recommender) == ["upload one", "upload two"]
    for track in (one, other):
        await change(scene, track, fingerprint=prints)
    assert await titles(recommender) == ["upload one"]
    await change(scene, other, fingerprint=print_.tobytes())
    assert await titles(recommender) == ["upload one", "upload two"]


async def test_at_most_two_of_an_artist(scene, recommender):
    rock = await songs(scene, 7, "Band")
    await scene.add("other", near(ROCK, 0.6), "Else")
    await scene.vote(BEN, LIKE, rock[0])
    assert await titles(recommender) == ["rock 1", "rock 2", "other"]
    assert "rock 1" not in await titles(recommender, steering=Steering(without_artists=("band",)))


async def test_similar_has_at_most_two_of_an_artist_and_says_so(scene, recommender):
    rock = await songs(scene, 4, "Band")
    await scene.add("other", near(ROCK, 0.6), "Else")
    found = await recommender.similar(GUILD, track_id=rock[0], channels=None)
    assert [pick.card.title for pick in found.picks] == ["rock 1", "rock 2", "other"]
    assert found.note == "That is all. Left out: 1 beyond two of an artist."


# -- not again -------------------------------------------------------------------------------------------------


async def test_what_a_member_hid_never_comes_back_to_them(scene, engine, recommender):
    rock = await songs(scene, 3)
    await scene.vote(BEN, LIKE, rock[0])
    await scene.vote(CLEO, LIKE, rock[0])
    await engine.history.hide(GUILD, BEN, rock[1])
    assert await titles(recommender) == ["rock 2"]
    assert await titles(recommender, CLEO) == ["rock 1", "rock 2"]
    picks = (await recommender.similar(GUILD, track_id=rock[0], channels=None, user_id=BEN)).picks
    assert [pick.card.title for pick in picks] == ["rock 2"]
    await engine.history.unhide(GUILD, BEN, rock[1])
    assert await titles(recommender) == ["rock 1", "rock 2"]


async def test_ignored_suggestions_sink(scene, recommender):
    liked = await scene.add("liked", near(ROCK, 0))
    await scene.add("one", near(ROCK, 0.3))
    await scene.add("two", [0.95, 0.31, 0.0, 0.0])
    await scene.vote(BEN, LIKE, liked)
    answer = await recommender.recommend(GUILD, BEN, None, 1, now=START)
    assert [pick.card.title for pick in answer.picks] == ["one"]
    saved = await scene.answers.save(NewAnswer(GUILD, PUBLIC, BEN, AnswerKind.RECOMMEND, answer.picks))
    await scene.answers.shown(await scene.answers.page(saved, 0, None), 10**7, now=START)
    assert await titles(recommender, now=START + timedelta(hours=1)) == ["one", "two"]
    assert await titles(recommender) == ["two", "one"]


# -- mixes and talk -----------------------------------------------------------------------------------------


async def test_mixes_and_talk_come_only_when_asked_for(scene, recommender):
    rock = await songs(scene, 4)
    await change(scene, rock[1], seconds=float(LONG_SECONDS))
    await change(scene, rock[2], features={"speech": 0.95})
    await scene.vote(BEN, LIKE, rock[0])
    assert await titles(recommender) == ["rock 3"]
    assert len(await titles(recommender, steering=Steering(long=True, talk=True))) == 3


# -- steering -----------------------------------------------------------------------------------------------


async def test_whom_and_when_go_by_what_the_audience_can_see(scene, recommender):
    """That CLEO shared it in a hidden channel is nobody's business."""
    rock = await songs(scene, 3)
    await add_share(scene.store, rock[1], user=CLEO, channel=HIDDEN, minutes=60)
    await scene.refresher.refresh_point(GUILD, rock[1])
    await scene.vote(BEN, LIKE, rock[0])
    here = frozenset({PUBLIC})
    by_cleo, recent = Steering(sharer=CLEO), Steering(since=START + timedelta(minutes=30))
    for wish in (by_cleo, recent):
        assert await titles(recommender, channels=here, steering=wish) == []
        assert await titles(recommender, steering=wish) == ["rock 1"]
    assert await titles(recommender, steering=Steering(without_members=frozenset({ANA}))) == ["rock 1"]


async def test_the_bolder_the_more_different(scene, recommender):
    liked = await scene.add("liked", near(ROCK, 0))
    for i in range(12):
        await scene.add(f"near {i}", near(ROCK, 0.2 + i / 1000))
    for i in range(3):
        away = np.eye(3)[i] * 0.66
        await scene.add(f"far {i}", [0.75, *away.tolist()])
    await scene.vote(BEN, LIKE, liked)
    safe, bold = [
        await titles(recommender, limit=4, steering=Steering(adventure=how))
        for how in (Adventure.SAFE, Adventure.BOLD)
    ]
    assert all(title.startswith("near") for title in safe)
    assert bold[0] == safe[0] == "near 0" and any(title.startswith("far") for title in bold)


async def test_contradictions_are_refused_also_without_a_library(recommender):
    with pytest.raises(NotFound, match="lower one first"):
        await recommender.recommend(GUILD, BEN, None, steering=Steering(tempo=(120, 90)))


async def test_few_results_say_what_the_filters_left_out_and_what_would_help(scene, recommender):
    rock = await songs(scene)
    await scene.vote(BEN, LIKE, rock[0])
    answer = await recommender.recommend(GUILD, BEN, None, steering=Steering(tags=("jazz",)), now=LATER)
    assert answer.picks == ()
    assert "Left out: 5 without the tag, 1 known already." in answer.note
    assert answer.note.endswith("2 more 👍 would tell me what to look for.")


# -- evidence -----------------------------------------------------------------------------------------------


async def test_taking_a_mark_back_leaves_no_trace(scene, recommender):
    rock, jazz = await songs(scene), await songs(scene, name="jazz", direction=JAZZ, artist="jazzer {}")
    await scene.vote(BEN, LIKE, rock[0])
    before = await recommender.recommend(GUILD, BEN, None, now=LATER)
    message = 10**6 + jazz[0]
    await scene.vote(BEN, LIKE, jazz[0])
    during = await recommender.recommend(GUILD, BEN, None, now=LATER)
    await scene.feedback.remove_reaction(GUILD, message, BEN, LIKE)
    after = await recommender.recommend(GUILD, BEN, None, now=LATER)
    assert after == before != during


async def test_the_named_evidence_is_what_carries_it(scene, recommender):
    rock = await songs(scene)
    await scene.vote(BEN, LIKE, *rock[:3])
    answer = await recommender.recommend(GUILD, BEN, None, now=LATER)
    for pick in answer.picks:
        assert pick.reason.evidence is ReasonKind.LIKED
        message = 10**6 + pick.reason.carrier
        await scene.feedback.remove_reaction(GUILD, message, BEN, LIKE)
        without = await recommender.recommend(GUILD, BEN, None, now=LATER)
        scores = {each.card.id: each.score for each in without.picks}
        assert scores[pick.card.id] < pick.score
        await scene.vote(BEN, LIKE, pick.reason.carrier)


async def test_newer_likes_count_more(scene, recommender):
    rock, jazz = await songs(scene, 4), await songs(scene, 4, name="jazz", direction=JAZZ, artist="jazzer {}")
    await scene.vote(BEN, LIKE, rock[0], at=START - timedelta(days=200))
    await scene.vote(BEN, LIKE, jazz[0], at=START)
    assert [title[:4] for title in await titles(recommender, limit=6)] == ["jazz"] * 3 + ["rock"] * 3
    await scene.vote(BEN, LIKE, rock[1], at=LATER)
    assert (await titles(recommender, limit=1))[0].startswith("rock")


async def test_what_sounds_like_nothing_liked_is_called_new_ground(scene, recommender):
    rock = await songs(scene, 1)
    await scene.add("far", near(JAZZ, 0))
    await scene.vote(BEN, LIKE, *rock)
    (pick,) = (await recommender.recommend(GUILD, BEN, None, now=LATER)).picks
    assert pick.why.startswith("new ground: unlike anything you 👍 · ")


async def test_tempo_and_key_are_told_where_they_are_certain(scene, recommender):
    rock = await songs(scene, 3)
    sure = {"tempo": 117.6, "tempo_confidence": 0.6, "key": "A minor", "key_confidence": 0.7}
    await change(scene, rock[1], features=sure)
    await change(scene, rock[2], features={**sure, "tempo_confidence": 0.0, "key_confidence": 0.0})
    await scene.vote(BEN, LIKE, rock[0])
    certain, guessed = (await recommender.recommend(GUILD, BEN, None, now=LATER)).picks
    assert " in November · 118 bpm, A minor · shared by" in certain.why
    assert "bpm" not in guessed.why and "minor" not in guessed.why


async def test_evidence_that_nobody_listened_to_does_not_hurt(scene, recommender):
    rock = await songs(scene, 3)
    silent = await add_track(scene.store, "Silent")
    await scene.vote(BEN, LIKE, rock[0], silent)
    assert await titles(recommender) == ["rock 1", "rock 2"]
    await scene.vote(CLEO, LIKE, silent)
    answer = await recommender.recommend(GUILD, CLEO, None, now=LATER)
    assert "Silent" not in [pick.card.title for pick in answer.picks]


@pytest.mark.parametrize("votes", [{}, {"only": LIKE}, {"only": DISLIKE}])
async def test_a_library_of_one_song(scene, recommender, votes):
    track = await scene.add("only", near(ROCK, 0))
    for kind in votes.values():
        await scene.vote(BEN, kind, track)
    answer = await recommender.recommend(GUILD, BEN, None, now=LATER)
    assert answer.picks == () and answer.note


# -- two strategies -----------------------------------------------------------------------------------------


async def test_two_arms_take_turns_and_every_pick_says_which(scene, engine, recommender):
    rock = await songs(scene, 8)
    await songs(scene, 8, name="jazz", direction=JAZZ, artist="jazzer {}")
    await scene.vote(BEN, LIKE, rock[0])
    await engine.acceptance.compare(GUILD, [Arm.OURS, Arm.PLAIN])
    answer = await recommender.recommend(GUILD, BEN, None, 6, now=LATER)
    arms = [pick.arm for pick in answer.picks]
    assert all(set(pair) == {Arm.OURS, Arm.PLAIN} for pair in zip(arms[::2], arms[1::2], strict=True))
    assert len({pick.card.id for pick in answer.picks}) == 6
    await engine.acceptance.compare(GUILD, [])
    assert {pick.arm for pick in (await recommender.recommend(GUILD, BEN, None, now=LATER)).picks} == {None}


# -- others -------------------------------------------------------------------------------------------------


async def test_others_who_like_the_same_lead_where_sound_says_nothing(scene, recommender):
    """Two camps like even and odd songs, which sound all the same."""
    random = np.random.default_rng(0)
    tracks = [await scene.add(f"song {i}", random.normal(size=4).tolist(), f"artist {i}") for i in range(40)]
    even, odd = tracks[::2], tracks[1::2]
    await scene.vote(BEN, LIKE, *even[:6])
    assert await recommender.recommend(GUILD, BEN, None, now=LATER)  # it learns now, from next to nothing
    for member in range(6000, 6028):
        mine, others = (even, odd) if member % 2 else (odd, even)
        await scene.vote(member, LIKE, *mine)
        await scene.vote(member, DISLIKE, *others)
    fresh = Recommender(Engine.over(scene.store, scene.vectors, scene.catalog, scene.feedback))
    led = (await fresh.recommend(GUILD, BEN, None, 8, now=LATER)).picks
    by_others = [pick for pick in led if pick.reason.evidence is ReasonKind.COLIKED]
    assert by_others and all(pick.card.id in even for pick in by_others)
    assert all(pick.why.startswith("who 👍 **") and "** tends to 👍 this" in pick.why for pick in by_others)
    alone = [pick.card.id for pick in (await recommender.recommend(GUILD, BEN, None, 8, now=LATER)).picks]
    assert not {pick.card.id for pick in by_others} & set(alone)
    for pick in by_others:
        assert pick.reason.carrier
        await scene.feedback.remove_reaction(GUILD, MARKED + pick.reason.carrier, BEN, LIKE)
        after = (await fresh.recommend(GUILD, BEN, None, 8, now=LATER)).picks
        same = next((each for each in after if each.card.id == pick.card.id), None)
        assert same is None or same.reason.evidence is not ReasonKind.COLIKED or same.score < pick.score
        await scene.vote(BEN, LIKE, pick.reason.carrier)


# -- nothing that isn't so ----------------------------------------------------------------------------------


async def suggest_unasked(scene: Scene, recommender: Recommender, count: int) -> None:
    """Show Ben popular songs, about which he says nothing."""
    answer = await recommender.recommend(GUILD, BEN, None, count, now=START)
    saved = await scene.answers.save(NewAnswer(GUILD, PUBLIC, BEN, AnswerKind.RECOMMEND, answer.picks))
    await scene.answers.shown(await scene.answers.page(saved, 0, None), 10**7, now=START)


async def test_silence_and_hiding_are_no_dislikes(scene, engine, recommender):
    rock = await songs(scene, 4)
    await scene.vote(CLEO, LIKE, *rock)
    await suggest_unasked(scene, recommender, 2)
    await engine.history.hide(GUILD, BEN, rock[3], at=START)
    answer = await recommender.recommend(GUILD, BEN, None, now=LATER)
    assert {pick.reason.evidence for pick in answer.picks} == {ReasonKind.POPULAR}
    assert "👎" not in answer.note and "so these are what this server likes most" in answer.note


async def test_what_was_asked_about_is_not_suggested_by_itself(scene, recommender):
    rock = await songs(scene, 3)
    await ask_about(scene, BEN, rock[0])
    answer = await recommender.recommend(GUILD, BEN, None, now=LATER)
    assert [pick.card.title for pick in answer.picks] == ["rock 1", "rock 2"]
    assert {pick.reason.carrier for pick in answer.picks} == {rock[0]}


async def ask_about(
    scene: Scene, user: int, track: int, *, channel: int = PUBLIC, private: bool = False
) -> None:
    about = Subject(track_id=track)
    await scene.answers.save(NewAnswer(GUILD, channel, user, AnswerKind.SIMILAR, (), about, private=private))


@pytest.mark.parametrize("hidden", ["shared", "asked in a hidden channel", "asked privately"])
async def test_what_was_done_out_of_sight_is_not_told(scene, recommender, hidden):
    song = await scene.add("told", near(ROCK, 0))
    await scene.add("close", near(ROCK, 0.1))
    if hidden == "shared":
        await add_share(scene.store, song, user=BEN, channel=HIDDEN)
    else:
        await ask_about(
            scene, BEN, song, channel=HIDDEN if "hidden" in hidden else PUBLIC, private="priv" in hidden
        )
    await scene.refresher.refresh_point(GUILD, song)
    here = frozenset({PUBLIC})
    (mine,) = (await recommender.recommend(GUILD, BEN, here, now=LATER)).picks
    assert "told" not in mine.why and "close to something you" in mine.why
    theirs = await recommender.recommend(GUILD, BEN, here, you=False, now=LATER)
    assert not theirs.picks
    (open_,) = (await recommender.recommend(GUILD, BEN, None, you=False, now=LATER)).picks
    assert "told" in open_.why


async def test_songs_that_nobody_listened_to_are_not_suggested_by_taste(scene, recommender):
    liked = await scene.add("liked", near(ROCK, 0))
    await scene.add("close", near(ROCK, 0.1))
    await scene.add("silent", ())
    await scene.vote(BEN, LIKE, liked)
    answer = await recommender.recommend(GUILD, BEN, None, now=LATER)
    assert [pick.card.title for pick in answer.picks] == ["close"]
    assert "1 not listened to yet" in answer.note
    await scene.vote(CLEO, DISLIKE, liked)
    assert await titles(recommender, CLEO) == ["close"]


async def test_a_prolific_artist_leaves_room_for_others(scene, recommender):
    seed = await scene.add("seed", near(ROCK, 0))
    for i in range(110):
        await scene.add(f"hit {i}", near(ROCK, 0.001 * i), "Band")
    for i in range(8):
        await scene.add(f"other {i}", near(ROCK, 0.5), f"artist {i}")
    await scene.vote(BEN, LIKE, seed)
    assert len(await titles(recommender, limit=10)) == 10
    without = Steering(without_artists=("band",))
    assert len(await titles(recommender, limit=8, steering=without)) == 8
    found = await recommender.similar(GUILD, track_id=seed, channels=None, limit=10)
    assert len(found.picks) == 10
    found = await recommender.similar(GUILD, track_id=seed, channels=None, limit=10, steering=without)
    assert len(found.picks) == 8 and not found.note


async def test_what_the_asker_hid_stays_away_from_the_servers_picks_and_as_another_version(
    scene, engine, recommender
):
    rock = await songs(scene, 3, "Band {}")
    await scene.add("rock 1 (live)", near(ROCK, 0.1), "Band 1")
    await scene.vote(CLEO, LIKE, rock[0])
    await engine.history.hide(GUILD, BEN, rock[1])
    assert set(await titles(recommender, None)) == {"rock 1", "rock 2"}
    assert await titles(recommender, None, asker=BEN) == ["rock 2"]
    found = await recommender.similar(GUILD, track_id=rock[0], channels=None, user_id=BEN)
    assert [pick.card.title for pick in found.picks] == ["rock 2"]


async def test_arms_together_obey_the_rules(scene, engine, recommender):
    await songs(scene, 6, "Band")
    await scene.add("rock 1 (live)", near(ROCK, 0.4), "Band")
    liked = await scene.add("liked", near(ROCK, 0), "Else")
    await scene.vote(BEN, LIKE, liked)
    await engine.acceptance.compare(GUILD, [Arm.OURS, Arm.PLAIN])
    for _ in range(8):
        shown = await titles(recommender)
        assert len(shown) == 2 and not {"rock 1", "rock 1 (live)"} <= set(shown)


async def test_silence_keeps_nothing_away(scene, recommender):
    liked = await scene.add("liked", near(ROCK, 0))
    for i in range(12):
        await scene.add(f"song {i}", near(ROCK, 0.1 + 0.05 * i))
    await scene.vote(BEN, LIKE, liked)
    before = await titles(recommender, now=START)
    await suggest_unasked(scene, recommender, 10)
    answer = await recommender.recommend(GUILD, BEN, None, now=LATER)
    assert len(answer.picks) == len(before) == 12 and "👎" not in answer.note


async def test_what_is_done_out_of_sight_changes_nothing_that_others_read(scene, recommender):
    """Neither what is suggested, nor why, nor what is said about it."""
    here = frozenset({PUBLIC})
    rock = await songs(scene, 5)
    shared = await scene.add("shared", near(ROCK, 0.02), user=BEN)
    await scene.vote(BEN, LIKE, rock[0])

    async def read_by_others():
        found = await recommender.recommend(GUILD, BEN, here, you=False, now=LATER)
        return [(pick.card.id, pick.reason, pick.score) for pick in found.picks], found.note

    before = await read_by_others()
    for track in (shared, rock[1]):
        await add_share(scene.store, track, user=BEN, channel=HIDDEN, minutes=60)
        await scene.refresher.refresh_point(GUILD, track)
    await ask_about(scene, BEN, rock[2], private=True)
    secret = await scene.add("secret", near(ROCK, 0.01), channel=HIDDEN)
    await scene.vote(BEN, LIKE, secret)
    assert await read_by_others() == before


async def test_of_many_songs_those_that_are_no_more_alike_than_by_chance_are_all_counted(scene, recommender):
    seed = await scene.add("seed", near(ROCK, 0))
    for i in range(130):
        await scene.add(f"far {i}", near(JAZZ, 0.001 * i))
    await scene.add("close", near(ROCK, 0.1))
    found = await recommender.similar(GUILD, track_id=seed, channels=None)
    assert found.note == "That is all. Left out: 130 no more alike than by chance."


async def test_what_was_hidden_or_never_listened_to_is_told_as_that(scene, engine, recommender):
    seed = await scene.add("seed", near(ROCK, 0))
    hidden = await scene.add("hidden", near(ROCK, 0.1))
    await scene.add("silent", ())
    await engine.history.hide(GUILD, BEN, hidden)
    found = await recommender.similar(GUILD, track_id=seed, channels=None, user_id=BEN)
    assert not found.picks and "1 known already" in found.note and "1 not listened to yet" in found.note
