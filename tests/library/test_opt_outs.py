"""Whoever opted out is kept nowhere, whatever writes, and named nowhere, whoever asks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import OptedOut
from bot.library.guilds import Guilds
from bot.library.opt_outs import OptOuts
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.records import PlaylistRecords
from bot.shares.jobs import NewShare
from bot.shares.ledger import OPTED_OUT, Ledger
from bot.shares.posts import Post
from bot.suggestions.answers import Answers, NewAnswer, Subject
from bot.suggestions.pick import Pick
from bot.suggestions.wording import Reason, ReasonKind
from bot.taste.feedback import Feedback
from bot.taste.history import History
from bot.vectors.coverage import unheard
from models import (
    Answer,
    AnswerKind,
    Base,
    Hidden,
    Job,
    Member,
    MessageTrack,
    OptOut,
    PlaylistRecord,
    Reaction,
    VoteKind,
)
from tests.privacy.rows import dump
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START, add, add_share, add_track, every

HOUR = timedelta(hours=1)


@pytest.fixture
def opt_outs(store):
    return OptOuts(store)


def share(user=ANA, *, at=START, message=900, guild=GUILD):
    return NewShare(
        guild_id=guild,
        channel_id=PUBLIC,
        message_id=message,
        user_id=user,
        url="https://a.example",
        key=f"url:{message}",
        shared_at=at,
    )


def post(shared):
    place = {"guild_id": shared.guild_id, "message_id": shared.message_id}
    return Post(**place, user_id=shared.user_id, user_name="Somebody", shares=[shared])


async def test_nothing_that_writes_keeps_who_opted_out(opt_outs, store, catalog):
    track = await add_track(store, "Song", user=BEN, message=12)
    await add(store, MessageTrack(message_id=13, track_id=track, guild_id=GUILD))
    await opt_outs.opt_out(GUILD, ANA)
    feedback, guilds, answers = Feedback(store), Guilds(store), Answers(store, catalog)
    with pytest.raises(OptedOut):
        await Ledger(store).enqueue([share()])
    assert not await feedback.add_reaction(GUILD, 12, ANA, VoteKind.LIKE)
    with pytest.raises(OptedOut):
        await feedback.toggle(GUILD, 13, ANA, VoteKind.LIKE, track_id=track)
    with pytest.raises(OptedOut):
        await History(store, feedback).hide(GUILD, ANA, track)
    await guilds.remember(GUILD, ANA, "Ana")
    for quiet in (True, False):
        with pytest.raises(OptedOut):
            await guilds.set_quiet(GUILD, ANA, "Ana", quiet=quiet)
    pick = Pick(await catalog.card(GUILD, track, None), 0.8, Reason(ReasonKind.LIKED, user_id=ANA))
    asked = Subject(
        member_id=ANA, blend_name=f"A blend of <@{ANA}> and <@{BEN}>", source={"url": "https://x"}
    )
    await answers.save(NewAnswer(GUILD, PUBLIC, ANA, AnswerKind.TOGETHER, [pick], asked))
    mix = Playlist(PlaylistKind.MEMBER, "", (), subject=str(ANA))
    assert await PlaylistRecords(store).keep(GUILD, "2026-W47", [mix], START) == []

    standing = [place for place, value in await dump(store) if str(ANA) in str(value)]
    assert standing == ["opt_outs.user_id"]
    (source,) = await every(store, Answer.source)
    assert source == {}


async def test_others_and_other_servers_are_kept_as_before(opt_outs, store):
    track = await add_track(store, "Song", user=BEN, message=12)
    await opt_outs.opt_out(GUILD, ANA)
    assert await Feedback(store).add_reaction(GUILD, 12, BEN, VoteKind.DISLIKE)
    await Ledger(store).enqueue([share(BEN), share(ANA, guild=GUILD + 1, message=901)])
    assert await every(store, Job.user_id) == [ANA, BEN]
    await History(store, Feedback(store)).hide(GUILD, BEN, track)
    assert await every(store, Hidden.user_id) == [BEN]


async def test_what_was_kept_before_stays_and_may_be_taken_back(opt_outs, store):
    track = await add_track(store, "Song", user=BEN, message=12)
    feedback = Feedback(store)
    await feedback.add_reaction(GUILD, 12, ANA, VoteKind.LIKE)
    await feedback.toggle(GUILD, 12, ANA, VoteKind.DISLIKE, track_id=track)
    await opt_outs.opt_out(GUILD, ANA)
    assert len(await every(store, Reaction.kind)) == 2
    assert await feedback.toggle(GUILD, 12, ANA, VoteKind.DISLIKE, track_id=track) == VoteKind.LIKE
    await feedback.remove_reaction(GUILD, 12, ANA, VoteKind.LIKE)
    assert await every(store, Reaction.kind) == []


async def test_what_was_posted_meanwhile_is_never_taken_in(opt_outs, store):
    ledger = Ledger(store)
    await opt_outs.opt_out(GUILD, ANA, at=START)
    with pytest.raises(OptedOut):  # also what is older: a channel may be read from its beginning
        await ledger.enqueue([share(at=START - HOUR)])
    assert await opt_outs.opt_in(GUILD, ANA, at=START + 2 * HOUR)
    moments = {1: -1, 2: 0, 3: 60, 4: 119.9, 5: 120}
    posts = [
        post(share(at=START + timedelta(minutes=after), message=each)) for each, after in moments.items()
    ]
    assert await ledger.take_in(posts) == [True, False, False, False, True]
    assert await every(store, Job.message_id) == [1, 5]


async def test_of_messages_that_are_saved_together_only_theirs_are_left_out(opt_outs, store):
    await opt_outs.opt_out(GUILD, ANA)
    guilds = Guilds(store)
    await guilds.set_music_channel(GUILD, PUBLIC, listen=True)
    ledger = Ledger(store)
    posts = [
        replace(post(share(user, message=message)), music_channel=PUBLIC, seen=True)
        for message, user in ((1, BEN), (2, ANA), (3, BEN), (4, ANA))
    ]
    assert await ledger.take_in(posts) == [True, False, True, False]
    assert await guilds.music_channels(GUILD) == {PUBLIC: 4}  # theirs were seen, and aren't looked at again
    assert await every(store, Member.user_id) == [BEN]


async def test_opting_out_and_in_is_noted_once_each(opt_outs, store):
    assert not await opt_outs.opt_in(GUILD, ANA)
    await opt_outs.opt_out(GUILD, ANA, at=START)
    await opt_outs.opt_out(GUILD, ANA, at=START + HOUR)
    assert await every(store, OptOut.since) == [START]
    assert await opt_outs.is_out(GUILD, ANA) and await opt_outs.members(GUILD) == {ANA}
    assert await opt_outs.opt_in(GUILD, ANA) and not await opt_outs.opt_in(GUILD, ANA)
    assert await opt_outs.members(GUILD) == set() and await opt_outs.ever(GUILD) == {ANA}
    await opt_outs.opt_out(GUILD, ANA)
    assert len(await every(store, OptOut.since)) == 2


async def test_what_is_on_its_way_is_stopped(opt_outs, store):
    ledger = Ledger(store)
    mine, theirs = await ledger.enqueue([share(message=1), share(BEN, message=2)])
    claimed = await ledger.leases.claim()
    assert claimed is not None
    assert await ledger.withdraw_member(GUILD, ANA) == [(PUBLIC, 1)]
    states = {each.id: each for each in await ledger.states([mine, theirs])}
    assert states[mine].done and states[mine].reason == OPTED_OUT
    assert not states[theirs].done
    assert await ledger.withdraw_member(GUILD, ANA) == []


async def test_cards_name_them_no_more(opt_outs, store, catalog):
    track = await add_track(store, "Song", user=ANA, message=12)
    await add_share(store, track, user=BEN, message=13, minutes=1)
    await opt_outs.opt_out(GUILD, ANA)
    card = await catalog.card(GUILD, track, None)
    assert [(share.message_id, share.user_id) for share in card.shares] == [(12, 0), (13, BEN)]
    assert card.first is not None and not card.first.by_member
    assert await catalog.messages_of(GUILD, track, ANA) == {12}  # they may still take it back
    assert await catalog.sharers(GUILD, PUBLIC, START, 10) == [BEN]
    await opt_outs.opt_in(GUILD, ANA)
    assert [share.user_id for share in (await catalog.card(GUILD, track, None)).shares] == [ANA, BEN]


async def test_answers_that_named_them_name_them_no_more(opt_outs, store, catalog):
    track = await add_track(store, "Song", user=BEN, message=12)
    answers, guilds = Answers(store, catalog), Guilds(store)
    await guilds.remember(GUILD, ANA, "Ana")
    pick = Pick(await catalog.card(GUILD, track, None), 0.8, Reason(ReasonKind.MORE, track, user_id=ANA))
    about = Subject(member_id=ANA, blend_name=f"A blend of <@{BEN}> and <@{ANA}>")
    answer = await answers.save(NewAnswer(GUILD, PUBLIC, BEN, AnswerKind.TOGETHER, [pick], about))
    assert str(ANA) in str(await answers.page(answer, 0, None))
    await opt_outs.opt_out(GUILD, ANA)
    assert str(ANA) not in str(await answers.page(answer, 0, None))
    assert (await answers.page(answer, 0, None)).blend_name == f"A blend of <@{BEN}> and somebody"
    assert await guilds.names(GUILD, [ANA, BEN]) == {}
    assert await every(store, Member.name) == ["Ana"]  # kept until they are forgotten


async def test_what_only_they_shared_is_not_listened_to_again(opt_outs, store):
    theirs = await add_track(store, "Theirs", user=ANA, message=12, url="https://a.example")
    both = await add_track(store, "Both", user=ANA, message=13, url="https://b.example")
    await add_share(store, both, user=BEN, channel=HIDDEN, message=14)
    assert (await unheard(store, GUILD, ["first-1"])).waiting == (theirs, both)
    await opt_outs.opt_out(GUILD, ANA)
    assert (await unheard(store, GUILD, ["first-1"])).waiting == (both,)


def test_whatever_holds_a_member_is_named_in_the_tests_above():
    """A new table with a member in it needs a line in the first test, and a check where it is written."""
    tested = (Answer, Hidden, Job, Member, OptOut, PlaylistRecord, Reaction)
    holding = {table.name for table in Base.metadata.sorted_tables if "user_id" in table.columns}
    assert holding == {table.__tablename__ for table in tested} | {"shares"}  # a share begins as a job
