"""Marks on messages, and the votes that stand after them."""

from datetime import timedelta

import pytest

from bot.errors import NotFound
from bot.library.store import Store
from bot.taste.feedback import Feedback
from models import Answer, AnswerKind, Job, MessageTrack, Reply, Suggestion
from tests.support.library import ANA, BEN, CLEO, GUILD, PUBLIC, START, add_guild, add_share, add_track

LIKE, DISLIKE = +1, -1
SHARE, REPLY, ANSWER = 501, 502, 503


@pytest.fixture
def feedback(store: Store) -> Feedback:
    return Feedback(store)


async def standing(feedback: Feedback) -> dict[tuple[int, int], int]:
    return {(vote.track_id, vote.user_id): vote.kind for vote in await feedback.votes(GUILD)}


async def about(store: Store, message_id: int, *track_ids: int) -> None:
    async with store.begin() as session:
        session.add_all(MessageTrack(message_id=message_id, track_id=t, guild_id=GUILD) for t in track_ids)


async def test_a_reaction_on_a_share_is_a_vote_on_its_track(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE, at=START)
    (vote,) = await feedback.votes(GUILD)
    assert (vote.track_id, vote.user_id, vote.kind, vote.at) == (track, BEN, LIKE, START)
    assert await feedback.counts(GUILD, [track]) == {track: (1, 0)}


async def test_taking_a_reaction_back_takes_the_vote_back(store, feedback):
    await add_track(store, "Song", message=SHARE)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE)
    await feedback.remove_reaction(GUILD, SHARE, BEN, LIKE)
    assert await feedback.votes(GUILD) == []


async def test_a_vote_stands_while_any_mark_on_any_message_about_the_track_stands(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await about(store, REPLY, track)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE)
    await feedback.add_reaction(GUILD, REPLY, BEN, LIKE)
    assert await feedback.counts(GUILD, [track]) == {track: (1, 0)}
    await feedback.remove_reaction(GUILD, SHARE, BEN, LIKE)
    assert await standing(feedback) == {(track, BEN): LIKE}
    await feedback.remove_reaction(GUILD, REPLY, BEN, LIKE)
    assert await standing(feedback) == {}


async def test_the_latest_mark_wins_and_the_older_counts_again_without_it(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await about(store, REPLY, track)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE, at=START)
    await feedback.add_reaction(GUILD, REPLY, BEN, DISLIKE, at=START + timedelta(minutes=1))
    assert await standing(feedback) == {(track, BEN): DISLIKE}
    await feedback.remove_reaction(GUILD, REPLY, BEN, DISLIKE)
    assert await standing(feedback) == {(track, BEN): LIKE}


async def test_noting_a_mark_again_does_not_make_it_newer(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE, at=START)
    await feedback.add_reaction(GUILD, SHARE, BEN, DISLIKE, at=START + timedelta(minutes=1))
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE, at=START + timedelta(minutes=2))
    assert await standing(feedback) == {(track, BEN): DISLIKE}


async def test_sharers_do_not_like_their_own_songs_but_may_come_to_dislike_them(store, feedback):
    track = await add_track(store, "Song", user=ANA, message=SHARE)
    await add_share(store, track, user=CLEO)
    await feedback.add_reaction(GUILD, SHARE, ANA, LIKE, at=START)
    await feedback.add_reaction(GUILD, SHARE, CLEO, LIKE, at=START)
    assert await standing(feedback) == {}
    await feedback.add_reaction(GUILD, SHARE, ANA, DISLIKE, at=START + timedelta(minutes=1))
    assert await standing(feedback) == {(track, ANA): DISLIKE}


async def test_a_reaction_on_a_message_with_two_songs_is_about_both(store, feedback):
    one, two = await add_track(store, "One", message=SHARE), await add_track(store, "Two", shared=False)
    await add_share(store, two, message=SHARE)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE)
    assert await standing(feedback) == {(one, BEN): LIKE, (two, BEN): LIKE}


async def test_a_mark_on_a_share_that_is_still_on_its_way_counts_once_it_is_there(store, feedback):
    await add_guild(store)
    job = Job(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=SHARE,
        user_id=ANA,
        url="",
        key="k",
        shared_at=START,
        run_after=START,
        created_at=START,
    )
    async with store.begin() as session:
        session.add(job)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE)
    assert await feedback.votes(GUILD) == []
    track = await add_track(store, "Song", message=SHARE)
    assert await standing(feedback) == {(track, BEN): LIKE}


async def test_a_mark_on_a_reply_that_is_not_about_a_track_yet_is_kept(store, feedback):
    await add_guild(store)
    async with store.begin() as session:
        session.add(Reply(message_id=SHARE, guild_id=GUILD, channel_id=PUBLIC, reply_id=REPLY))
    await feedback.add_reaction(GUILD, REPLY, BEN, LIKE)
    track = await add_track(store, "Song")
    await about(store, REPLY, track)
    assert await standing(feedback) == {(track, BEN): LIKE}


async def test_marks_on_messages_of_no_concern_are_not_stored(store, feedback):
    track = await add_track(store, "Song")
    assert not await feedback.add_reaction(GUILD, 999, BEN, LIKE)
    await about(store, 999, track)
    assert await feedback.votes(GUILD) == []


async def test_another_server_does_not_count(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await feedback.add_reaction(GUILD + 1, SHARE, BEN, LIKE)
    await feedback.add_reaction(GUILD, SHARE, CLEO, LIKE)
    assert await feedback.votes(GUILD + 1) == []
    assert await feedback.counts(GUILD + 1, [track]) == {}
    assert await feedback.counts(GUILD, [track]) == {track: (1, 0)}


async def test_clearing_reactions_leaves_what_buttons_said(store, feedback):
    one, two = await add_track(store, "One", message=SHARE), await add_track(store, "Two", shared=False)
    await about(store, SHARE, two)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE)
    await feedback.add_reaction(GUILD, SHARE, CLEO, DISLIKE, track_id=two)
    await feedback.clear_message(GUILD, SHARE)
    assert await standing(feedback) == {(two, CLEO): DISLIKE}
    assert one


async def test_clearing_one_emoji_leaves_the_other(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE)
    await feedback.add_reaction(GUILD, SHARE, CLEO, DISLIKE)
    await feedback.clear_kind(GUILD, SHARE, LIKE)
    assert await standing(feedback) == {(track, CLEO): DISLIKE}


async def test_a_deleted_message_takes_every_mark_along(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await about(store, ANSWER, track)
    await feedback.add_reaction(GUILD, ANSWER, BEN, LIKE)
    await feedback.toggle(GUILD, ANSWER, CLEO, LIKE, track_id=track)
    await feedback.add_reaction(GUILD, SHARE, BEN, DISLIKE, at=START)
    await feedback.forget_message(GUILD, ANSWER)
    assert await standing(feedback) == {(track, BEN): DISLIKE}
    with pytest.raises(NotFound):
        await feedback.toggle(GUILD, ANSWER, CLEO, LIKE, track_id=track)


async def test_a_button_votes_on_its_own_track_only(store, feedback):
    one, two = await add_track(store, "One"), await add_track(store, "Two")
    await about(store, ANSWER, one, two)
    assert await feedback.toggle(GUILD, ANSWER, BEN, LIKE, track_id=one) == LIKE
    assert await standing(feedback) == {(one, BEN): LIKE}


async def test_pressing_again_takes_it_back_and_pressing_the_other_turns_it_round(store, feedback):
    track = await add_track(store, "Song")
    await about(store, ANSWER, track)
    assert await feedback.toggle(GUILD, ANSWER, BEN, LIKE, track_id=track) == LIKE
    assert await feedback.toggle(GUILD, ANSWER, BEN, DISLIKE, track_id=track) == DISLIKE
    assert await feedback.counts(GUILD, [track]) == {track: (0, 1)}
    assert await feedback.toggle(GUILD, ANSWER, BEN, DISLIKE, track_id=track) == 0
    assert await feedback.votes(GUILD) == []


async def test_a_button_on_ones_own_share_says_that_it_does_not_count(store, feedback):
    track = await add_track(store, "Song", user=ANA)
    await about(store, ANSWER, track)
    assert await feedback.toggle(GUILD, ANSWER, ANA, LIKE, track_id=track) == 0


async def test_a_button_for_a_removed_track_says_so(store, feedback):
    await add_guild(store)
    with pytest.raises(NotFound, match="no longer in the library"):
        await feedback.toggle(GUILD, ANSWER, BEN, LIKE, track_id=77)


async def test_a_reaction_on_an_answer_is_not_about_a_page_that_was_shown_later(store, feedback):
    first, second = await add_track(store, "One"), await add_track(store, "Two")
    answer = Answer(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=ANSWER,
        user_id=BEN,
        kind=AnswerKind.SIMILAR,
        private=False,
        created_at=START,
    )
    answer.suggestions = [
        Suggestion(rank=rank, track_id=track, percent=50, score=0.5, shown_at=START + timedelta(minutes=rank))
        for rank, track in enumerate((first, second))
    ]
    async with store.begin() as session:
        session.add(answer)
    await about(store, ANSWER, first, second)
    await feedback.add_reaction(GUILD, ANSWER, BEN, LIKE, at=START + timedelta(seconds=30))
    await feedback.add_reaction(GUILD, ANSWER, CLEO, LIKE, at=START + timedelta(minutes=2))
    assert await standing(feedback) == {(first, BEN): LIKE, (first, CLEO): LIKE, (second, CLEO): LIKE}


async def test_the_votes_of_one_member_newest_first(store, feedback):
    one, two = await add_track(store, "One", message=SHARE), await add_track(store, "Two", message=SHARE + 10)
    await feedback.add_reaction(GUILD, SHARE, BEN, LIKE, at=START)
    await feedback.add_reaction(GUILD, SHARE + 10, BEN, LIKE, at=START + timedelta(minutes=1))
    await feedback.add_reaction(GUILD, SHARE, CLEO, LIKE, at=START)
    assert [vote.track_id for vote in await feedback.votes(GUILD, BEN)] == [two, one]


async def test_a_mark_says_whether_its_message_is_known(store, feedback):
    await add_track(store, "Song", message=SHARE)
    assert await feedback.add_reaction(GUILD, SHARE, BEN, LIKE) is True
    assert await feedback.add_reaction(GUILD, 999, BEN, LIKE) is False


async def test_a_message_that_shows_a_track_takes_marks(store, feedback):
    track = await add_track(store, "Song", message=SHARE)
    await feedback.shown(GUILD, 700, track)
    await feedback.shown(GUILD, 700, track)
    await feedback.shown(GUILD, 701, track + 1)
    await feedback.add_reaction(GUILD, 700, BEN, LIKE)
    assert await standing(feedback) == {(track, BEN): LIKE}
    assert await feedback.add_reaction(GUILD, 701, BEN, LIKE) is False
