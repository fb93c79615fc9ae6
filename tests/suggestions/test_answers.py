"""Answers, their pages, and what marks on them are about."""

from datetime import UTC, datetime

import pytest

from bot.errors import NotFound
from bot.suggestions.answers import Answers, NewAnswer, Subject
from bot.suggestions.pick import Pick
from models import AnswerKind, MessageTrack
from tests.support.library import ANA, BEN, CLEO, GUILD, HIDDEN, PUBLIC, START, add_share, remove_track
from tests.support.scene import DISLIKE, LIKE, Scene, near

MESSAGE = 777


async def picks(scene: Scene, count: int, **options) -> tuple[Pick, ...]:
    """What is recommended to BEN, who liked one song."""
    liked = await scene.add("Liked", near(0, 0), channel=options.pop("liked_in", PUBLIC))
    for i in range(count):
        await scene.add(f"song {i}", near(0, 0.1 + i / 20), **options)
    await scene.vote(BEN, LIKE, liked)
    return (await scene.recommender.recommend(GUILD, BEN, None, now=START)).picks


async def save(
    scene: Scene, found: tuple[Pick, ...], kind: AnswerKind = AnswerKind.RECOMMEND, note: str = "", **about
) -> int:
    subject = Subject(**{"member_id": BEN, **about})
    return await scene.answers.save(NewAnswer(GUILD, PUBLIC, BEN, kind, found, subject, note))


async def test_pages_hold_five_each_in_order_and_survive_a_restart(scene):
    found = await picks(scene, 7)
    answer = await save(scene, found, source={"url": "https://a/b"})
    first = await Answers(scene.store, scene.catalog).page(answer, 0, None)
    second = await Answers(scene.store, scene.catalog).page(answer, 1, None)
    assert (first.number, first.pages, second.number) == (0, 2, 1)
    assert [s.card.title for s in (*first.suggestions, *second.suggestions)] == [
        f"song {i}" for i in range(7)
    ]
    assert [s.rank for s in second.suggestions] == [6, 7]
    assert (first.user_id, first.member_id, first.source) == (BEN, BEN, {"url": "https://a/b"})
    shown = second.suggestions[0]
    assert (shown.percent, shown.why) == (found[5].percent, found[5].why)
    assert shown.score == pytest.approx(found[5].score)


@pytest.mark.parametrize(("asked", "given"), [(-1, 0), (9, 1)])
async def test_a_page_that_there_is_not_is_the_nearest(scene, asked, given):
    answer = await save(scene, await picks(scene, 6))
    assert (await scene.answers.page(answer, asked, None)).number == given


async def test_an_answer_without_suggestions_has_one_empty_page(scene):
    await picks(scene, 0)
    page = await scene.answers.page(await save(scene, ()), 0, None)
    assert (page.pages, page.suggestions) == (1, ())


async def test_an_answer_that_is_gone_says_so(scene):
    with pytest.raises(NotFound, match="Ask again"):
        await scene.answers.page(99, 0, None)


async def test_what_was_removed_or_hidden_since_is_left_out(scene):
    found = await picks(scene, 3)
    answer = await save(scene, found)
    await remove_track(scene.catalog, scene.refresher, found[1].card.id)
    page = await scene.answers.page(answer, 0, frozenset({PUBLIC}))
    assert [(s.rank, s.card.title) for s in page.suggestions] == [(1, "song 0"), (3, "song 2")]
    assert (await scene.answers.page(answer, 0, frozenset({HIDDEN}))).suggestions == ()


async def test_the_song_that_carried_a_suggestion_is_named_only_to_who_may_see_it(scene):
    answer = await save(scene, await picks(scene, 1, liked_in=HIDDEN))
    (open_,) = (await scene.answers.page(answer, 0, frozenset({PUBLIC}))).suggestions
    (private,) = (await scene.answers.page(answer, 0, frozenset({PUBLIC, HIDDEN}))).suggestions
    assert open_.why == f"close to something you 👍 in November · shared by <@{ANA}>"
    assert private.why == f"close to **Liked**, which you 👍 in November · shared by <@{ANA}>"


async def test_a_mark_on_an_answer_is_about_the_page_that_was_shown(scene):
    found = await picks(scene, 6)
    answer = await save(scene, found)
    await scene.feedback.add_reaction(GUILD, MESSAGE, CLEO, LIKE)  # nothing stands there yet
    await scene.answers.shown(await scene.answers.page(answer, 0, None), MESSAGE)
    assert await scene.feedback.votes(GUILD, CLEO) == []
    await scene.feedback.add_reaction(GUILD, MESSAGE, CLEO, DISLIKE)
    await scene.answers.shown(await scene.answers.page(answer, 1, None), MESSAGE)
    voted = {vote.track_id: vote.kind for vote in await scene.feedback.votes(GUILD, CLEO)}
    assert voted == {pick.card.id: DISLIKE for pick in found[:5]}


async def test_a_button_of_a_shown_page_votes(scene):
    found = await picks(scene, 2)
    answer = await save(scene, found)
    page = await scene.answers.page(answer, 0, None)
    await scene.answers.shown(page, MESSAGE)
    vote = await scene.feedback.toggle(GUILD, MESSAGE, CLEO, LIKE, track_id=found[1].card.id)
    assert vote == LIKE
    again = await scene.answers.page(answer, 0, None)
    assert [s.card.likes for s in again.suggestions] == [0, 1]


async def test_showing_a_page_again_changes_nothing(scene):
    found = await picks(scene, 2)
    answer = await save(scene, found)
    page = await scene.answers.page(answer, 0, None)
    await scene.answers.shown(page, MESSAGE)
    await scene.feedback.add_reaction(GUILD, MESSAGE, CLEO, LIKE, at=datetime.now(UTC))
    await scene.answers.shown(page, MESSAGE)
    assert len(await scene.feedback.votes(GUILD, CLEO)) == 2


async def test_showing_what_was_removed_meanwhile_is_no_error(scene):
    found = await picks(scene, 2)
    page = await scene.answers.page(await save(scene, found), 0, None)
    await remove_track(scene.catalog, scene.refresher, found[0].card.id)
    await scene.answers.shown(page, MESSAGE)
    async with scene.store.session() as session:
        assert await session.get(MessageTrack, (MESSAGE, found[1].card.id))
        assert not await session.get(MessageTrack, (MESSAGE, found[0].card.id))


async def test_what_was_removed_before_the_answer_was_kept_is_left_out_of_it(scene):
    found = await picks(scene, 3)
    await remove_track(scene.catalog, scene.refresher, found[0].card.id)
    page = await scene.answers.page(await save(scene, found), 0, None)
    assert [(s.rank, s.card.title) for s in page.suggestions] == [(1, "song 1"), (2, "song 2")]


async def test_what_was_asked_about_is_named_as_it_may_be_named_now(scene):
    found = await picks(scene, 1)
    asked = await scene.add("Secret seed", near(1, 0), channel=HIDDEN)
    await add_share(scene.store, asked, minutes=9, title="Open seed")
    answer = await save(scene, found, kind=AnswerKind.SIMILAR, member_id=None, track_id=asked, note="A note.")

    async def named(*channels: int) -> str | None:
        page = await scene.answers.page(answer, 0, frozenset(channels))
        assert (page.asked_title, page.blend_name, page.note) == ("", "", "A note.")
        return page.track.title if page.track else None

    assert await named(PUBLIC) == "Open seed"
    assert await named(HIDDEN, PUBLIC) == "Secret seed"
    assert await named() is None
    await remove_track(scene.catalog, scene.refresher, asked)
    assert await named(HIDDEN, PUBLIC) is None


async def test_an_answer_about_what_was_removed_meanwhile_is_kept(scene):
    found = await picks(scene, 1)
    asked = await scene.add("Seed", near(1, 0))
    await remove_track(scene.catalog, scene.refresher, asked)
    page = await scene.answers.page(await save(scene, found, track_id=asked), 0, None)
    assert (page.track, len(page.suggestions)) == (None, 1)
