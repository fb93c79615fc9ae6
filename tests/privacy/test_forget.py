"""What is erased of a member who wants to be forgotten, and what stays."""

import json

import pytest
from sqlalchemy import select

from bot.library.opt_outs import OptOuts
from models import (
    Answer,
    Job,
    MessageTrack,
    Reaction,
    Reply,
    Share,
    Source,
    Track,
)
from tests.privacy.rows import NAME, OTHER_GUILD, dump
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, every


async def test_no_trace_of_a_forgotten_member_is_left(erasure, store, vectors, busy):
    before = [place for place, value in await dump(store) if str(ANA) in str(value) or NAME in str(value)]
    await erasure.forget(GUILD, ANA)
    after = [
        (place, value)
        for place, value in await dump(store)
        if str(ANA) in str(value) or NAME in str(value) or value in (11, 13, 14, 15, 21, 23, 24, 25, 42)
    ]
    assert {place.split(".")[0] for place in before} >= {
        "shares",
        "reactions",
        "members",
        "jobs",
        "answers",
        "hidden",
        "playlists",
    }
    elsewhere = [("members.user_id", ANA), ("reactions.user_id", ANA), ("shares.user_id", ANA)]
    assert sorted(after) == elsewhere  # the other server's
    assert str(ANA) not in json.dumps((await vectors.contents(GUILD)).payloads)
    assert "cdn.example/88" not in str(await dump(store))
    assert "Ana's own name" not in str(await dump(store))


async def test_what_others_shared_and_said_stays(erasure, store, vectors, busy):
    await erasure.forget(GUILD, ANA)
    assert await every(store, Track.id, Track.guild_id == GUILD) == [busy["both"]]
    assert await every(store, Share.message_id) == [12, 16, 19]
    assert await every(store, Reaction.message_id) == [19, 41]
    assert await every(store, Source.key, Source.guild_id == GUILD) == ["discord:99", "url:https://b.example"]
    assert await every(store, Job.message_id) == await every(store, Reply.message_id) == [12]
    assert (await vectors.contents(GUILD)).payloads[busy["both"]]["sharers"] == [BEN]
    assert await vectors.ids(GUILD) == {busy["both"]}
    assert await vectors.ids(OTHER_GUILD) == {busy["elsewhere"]}


async def test_public_answers_stay_as_nobodys_and_private_ones_go(erasure, store, busy):
    await erasure.forget(GUILD, ANA)
    async with store.session() as session:
        answers = {row.message_id: row for row in await session.scalars(select(Answer))}
    assert answers.keys() == {41, 43, 44, 45, 46, 50, 51, 52}
    assert (answers[41].user_id, answers[41].asked_title, answers[41].note) == (0, "", "")
    assert answers[41].blend_name == ""
    assert answers[41].source == {}
    for message in (43, 44):
        assert (answers[message].user_id, answers[message].member_id) == (BEN, 0)
        assert answers[message].note == ""
    assert (answers[45].user_id, answers[45].track_id) == (BEN, None)  # it went with its only sharer
    assert answers[52].blend_name == f"A blend of somebody and <@{BEN}>"
    assert await every(store, MessageTrack.message_id) == [12, 16, 19, 22, 41, 43]


async def test_it_says_what_was_erased_and_which_replies_are_about_nothing(erasure, busy):
    forgotten = await erasure.forget(GUILD, ANA)
    assert sorted(forgotten.replies) == [(PUBLIC, reply) for reply in (21, 23, 24, 25)]
    assert (forgotten.shares, forgotten.tracks, forgotten.reactions) == (3, 2, 2)
    assert len(forgotten.still_shared) == 1
    assert "3 share(s), 2 reaction(s)" in forgotten.summary
    again = await erasure.forget(GUILD, ANA)
    assert (again.replies, again.shares, again.tracks, again.reactions) == ((), 0, 0, 0)


async def test_the_messages_that_may_name_them_are_told_newest_first(erasure, busy, monkeypatch):
    forgotten = await erasure.forget(GUILD, ANA)
    # Both songs that were shown there were shared by them; 42 and 44 only one member saw.
    assert forgotten.posted == (
        (PUBLIC, 51),
        (PUBLIC, 50),
        (HIDDEN, 49),
        (HIDDEN, 48),
        (PUBLIC, 46),
        (PUBLIC, 45),
        (PUBLIC, 43),
        (PUBLIC, 41),
    )
    monkeypatch.setattr("bot.privacy.forget.MAX_EDITED", 1)
    assert (await erasure.forget(GUILD, BEN)).posted == ((PUBLIC, 51),)


async def test_a_kill_between_database_and_vectors_is_made_good_by_asking_again(
    erasure, store, vectors, busy, monkeypatch
):
    async def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_follow", killed)
        with pytest.raises(KeyboardInterrupt):
            await erasure.forget(GUILD, ANA)
    assert await vectors.shared_by(GUILD, ANA) == {busy["own"], busy["both"], busy["line"]}
    await erasure.forget(GUILD, ANA)
    assert await vectors.shared_by(GUILD, ANA) == set()
    assert await vectors.ids(GUILD) == {busy["both"]}


async def test_whoever_opted_out_stays_out(erasure, store, busy):
    opt_outs = OptOuts(store)
    assert "`/privacy opt-out`" in (await erasure.forget(GUILD, ANA)).summary
    await opt_outs.opt_out(GUILD, ANA)
    forgotten = await erasure.forget(GUILD, ANA)
    assert "You stay opted out" in forgotten.summary
    assert await opt_outs.is_out(GUILD, ANA)
    rows = [(place, value) for place, value in await dump(store) if str(ANA) in str(value)]
    here = {place for place, _ in rows} - {"members.user_id", "reactions.user_id", "shares.user_id"}
    assert here == {"opt_outs.user_id"}  # the rest is the other server's
