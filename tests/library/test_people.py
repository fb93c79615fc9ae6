"""A member gets everything that is kept of them, and is forgotten without a trace."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.people import People
from models import (
    Answer,
    Base,
    Digest,
    Hidden,
    Job,
    MessageTrack,
    Playlist,
    Reaction,
    Reply,
    Share,
    Source,
    Suggestion,
    Track,
)
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START, add_share, add_track

NAME = "Ana Banana"
OTHER_GUILD = GUILD + 1


@pytest.fixture
def catalog(store, vectors):
    return Catalog(store, vectors)


@pytest.fixture
def people(store, vectors, catalog):
    return People(store, vectors, catalog)


def job(message, track=None, *, user=ANA, key="url:a", state="announced", done=True, url="https://a.example"):
    return Job(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=message,
        user_id=user,
        url=url,
        key=key,
        shared_at=START,
        state=state,
        done=done,
        track_id=track,
        run_after=START,
        created_at=START,
    )


def mark(message, user, *, track=0, kind=1, guild=GUILD):
    return Reaction(
        message_id=message, user_id=user, track_id=track, kind=kind, guild_id=guild, created_at=START
    )


def answer(user, message, track, *, private=False, **about):
    return Answer(
        guild_id=GUILD,
        channel_id=PUBLIC,
        message_id=message,
        user_id=user,
        kind="similar",
        private=private,
        **about,
        source={"url": "https://asked.example"},
        created_at=START,
        suggestions=[
            Suggestion(rank=1, track_id=track, percent=80, score=0.9, why={}, shown_at=START),
            Suggestion(rank=2, track_id=track, percent=10, score=0.1, why={}),
        ],
    )


async def add(store, *rows):
    async with store.begin() as session:
        session.add_all(rows)


async def every(store, column, *where):
    async with store.session() as session:
        return sorted(await session.scalars(select(column).where(*where)))


async def dump(store):
    """Every value of every row, by table and column."""
    async with store.session() as session:
        return [
            (f"{table.name}.{column}", value)
            for table in Base.metadata.sorted_tables
            for row in (await session.execute(select(table))).mappings()
            for column, value in row.items()
        ]


@pytest.fixture
async def busy(store, catalog):
    """A member who left traces wherever there are any: own and shared tracks, files, marks, answers, jobs, a name."""
    own = await add_track(
        store,
        "Own",
        message=11,
        url=f"https://cdn.example/attachments/{PUBLIC}/77/own.mp3",
        key="discord:77",
        sounds=(1, 0, 0, 0),
    )
    both = await add_track(store, "Both", user=BEN, message=12, url="https://b.example", sounds=(0, 1, 0, 0))
    await add_share(
        store,
        both,
        user=ANA,
        channel=HIDDEN,
        message=13,
        minutes=1,
        url="https://cdn.example/88",
        key="discord:88",
        title="Ana's own name for it",
    )
    await add_share(store, both, user=BEN, message=16, url="https://cdn.example/99", key="discord:99")
    line = await add_track(store, "Line", channel=0, message=-ANA, sounds=(0, 0, 1, 0))
    elsewhere = await add_track(store, "Elsewhere", guild=OTHER_GUILD, message=19, sounds=(0, 0, 0, 1))
    await add(
        store,
        *(
            Reply(message_id=m, guild_id=GUILD, channel_id=PUBLIC, reply_id=m + 10)
            for m in (11, 12, 13, 14, 15)
        ),
        *(
            MessageTrack(message_id=m, track_id=t, guild_id=GUILD)
            for m, t in ((21, own), (22, both), (23, both))
        ),
        *(MessageTrack(message_id=m, track_id=both, guild_id=GUILD) for m in (41, 42, 43)),
        job(11, own, key="discord:77"),
        job(12, both, user=BEN, key="discord:99"),
        job(13, both, key="discord:88"),
        job(13, both, key="discord:99"),
        job(14, key="url:failed", state="failed"),
        job(15, key="url:waiting", state="fetching", done=False),
        job(-ANA, line, key="path:/tmp/line.wav"),
        mark(12, ANA),
        mark(22, ANA, track=both, kind=-1),
        mark(13, BEN),
        mark(41, BEN),
        mark(15, BEN),
        mark(19, ANA, guild=OTHER_GUILD),
        answer(ANA, 41, both, heading="What Ana asked about", note="You 👍 only 2 songs so far."),
        answer(ANA, 42, both, private=True),
        answer(BEN, 43, both, member_id=ANA, note="They 👍 only 2 songs so far."),
        answer(BEN, 44, both, private=True, member_id=ANA),
        answer(BEN, 45, both, track_id=own),
        answer(BEN, 46, line),
        *(
            Digest(guild_id=GUILD, week=f"2026-W{message}", state="posted", channel_id=HIDDEN, **at)
            for message in (48, 49)
            for at in ({"message_id": message, "claimed_until": START, "since": START, "until": START},)
        ),
        *(Hidden(guild_id=GUILD, user_id=user, track_id=both, hidden_at=START) for user in (ANA, BEN)),
        *(
            Playlist(guild_id=GUILD, user_id=user, kind="mix", subject=f"{user}", week="2026-W48", **mix)
            for user, mix in (
                (ANA, {"name": "Ana's", "created_at": START}),
                (0, {"name": "", "created_at": START}),
            )
        ),
    )
    guilds = Guilds(store)
    await guilds.remember(GUILD, ANA, NAME)
    await guilds.remember(GUILD, BEN, "Ben")
    await guilds.remember(OTHER_GUILD, ANA, "Elsewhere Ana")
    for guild_id, track in ((GUILD, own), (GUILD, both), (GUILD, line), (OTHER_GUILD, elsewhere)):
        await catalog.refresh_point(guild_id, track)
    return {"own": own, "both": both, "line": line, "elsewhere": elsewhere}


# -- erasing ---------------------------------------------------------------------------------------------


async def test_no_trace_of_a_forgotten_member_is_left(people, store, vectors, busy):
    before = [place for place, value in await dump(store) if str(ANA) in str(value) or NAME in str(value)]
    await people.forget(GUILD, ANA)
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
    assert str(ANA) not in json.dumps(await vectors.payloads(GUILD))
    assert "cdn.example/88" not in str(await dump(store))
    assert "Ana's own name" not in str(await dump(store))


async def test_every_column_that_names_a_member_was_filled(busy, store):
    """What the test above walks is all there is: a new table with members has to be added to it."""
    naming = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if "user" in column.name or "member" in column.name or "author" in column.name
    }
    filled = {place for place, value in await dump(store) if value == ANA}
    assert naming <= filled


async def test_what_others_shared_and_said_stays(people, store, vectors, busy):
    await people.forget(GUILD, ANA)
    assert await every(store, Track.id, Track.guild_id == GUILD) == [busy["both"]]
    assert await every(store, Share.message_id) == [12, 16, 19]
    assert await every(store, Reaction.message_id) == [19, 41]
    assert await every(store, Source.key, Source.guild_id == GUILD) == ["discord:99", "url:https://b.example"]
    assert await every(store, Job.message_id) == await every(store, Reply.message_id) == [12]
    assert (await vectors.payloads(GUILD))[busy["both"]]["sharers"] == [BEN]
    assert await vectors.ids(GUILD) == {busy["both"]}
    assert await vectors.ids(OTHER_GUILD) == {busy["elsewhere"]}


async def test_public_answers_stay_as_nobodys_and_private_ones_go(people, store, busy):
    await people.forget(GUILD, ANA)
    async with store.session() as session:
        answers = {row.message_id: row for row in await session.scalars(select(Answer))}
    assert answers.keys() == {41, 43, 44, 45, 46}
    assert (answers[41].user_id, answers[41].heading, answers[41].note) == (0, "", "")
    assert answers[41].source == {}
    for message in (43, 44):
        assert (answers[message].user_id, answers[message].member_id) == (BEN, 0)
        assert answers[message].note == ""
    assert (answers[45].user_id, answers[45].track_id) == (BEN, None)  # it went with its only sharer
    assert await every(store, MessageTrack.message_id) == [12, 16, 19, 22, 41, 43]


async def test_it_says_what_was_erased_and_which_replies_are_about_nothing(people, busy):
    forgotten = await people.forget(GUILD, ANA)
    assert sorted(forgotten.replies) == [(PUBLIC, reply) for reply in (21, 23, 24, 25)]
    assert (forgotten.shares, forgotten.tracks, forgotten.marks) == (3, 2, 2)
    assert len(forgotten.still_shared) == 1
    assert "3 share(s), 2 reaction(s)" in forgotten.summary
    again = await people.forget(GUILD, ANA)
    assert (again.replies, again.shares, again.tracks, again.marks) == ((), 0, 0, 0)


async def test_the_messages_that_may_name_them_are_told_newest_first(people, busy, monkeypatch):
    forgotten = await people.forget(GUILD, ANA)
    # Both songs that were shown there were shared by them; 42 and 44 only one member saw.
    assert forgotten.posted == (
        (HIDDEN, 49),
        (HIDDEN, 48),
        (PUBLIC, 46),
        (PUBLIC, 45),
        (PUBLIC, 43),
        (PUBLIC, 41),
    )
    monkeypatch.setattr("bot.library.people.POSTED", 1)
    assert (await people.forget(GUILD, BEN)).posted == ((HIDDEN, 49),)


async def test_a_kill_between_database_and_vectors_is_made_good_by_asking_again(
    people, store, vectors, busy, monkeypatch
):
    async def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(people, "_follow", killed)
        with pytest.raises(KeyboardInterrupt):
            await people.forget(GUILD, ANA)
    assert await vectors.shared_by(GUILD, ANA) == {busy["own"], busy["both"], busy["line"]}
    await people.forget(GUILD, ANA)
    assert await vectors.shared_by(GUILD, ANA) == set()
    assert await vectors.ids(GUILD) == {busy["both"]}


# -- giving ----------------------------------------------------------------------------------------------


async def test_everything_is_given_and_nothing_of_others(people, store, busy):
    known = json.loads(json.dumps(await people.export(GUILD, ANA, None)))
    assert (known["name"], known["user_id"], known["guild_id"]) == (NAME, ANA, GUILD)
    assert [(share["title"], share["channel_id"]) for share in known["shares"]] == [
        ("Line", 0),
        ("Own", PUBLIC),
        ("Ana's own name for it", HIDDEN),
    ]
    own = known["shares"][1]
    assert own["jump"] == f"https://discord.com/channels/{GUILD}/{PUBLIC}/11"
    assert own["shared_at"] == START.isoformat()
    assert known["shares"][0]["jump"] is None
    assert known["shares"][2]["shared_at"] == (START + timedelta(minutes=1)).isoformat()
    assert [(each["message_id"], each["kind"]) for each in known["reactions"]] == [
        (12, "like"),
        (22, "dislike"),
    ]
    assert [each["message_id"] for each in known["links"]] == [11, 13, 13, 14, 15, -ANA]
    assert [each["message_id"] for each in known["answers"]] == [41, 42]
    assert [each["title"] for each in known["answers"][0]["shown"]] == ["Both"]
    assert known["answers"][0]["title"] == "What Ana asked about"
    assert known["answers"][0]["source"] == {"url": "https://asked.example"}
    assert str(BEN) not in json.dumps(known)


async def test_of_a_stranger_nothing_is_known(people, store, busy):
    known = await people.export(GUILD, 999, None)
    assert known == {
        "guild_id": GUILD,
        "user_id": 999,
        "name": None,
        "muted_in_digests": False,
        "shares": [],
        "reactions": [],
        "never_again": [],
        "links": [],
        "answers": [],
        "playlists": [],
    }


async def test_what_is_given_covers_every_table_that_names_a_member(people, store, busy):
    """An export has as many entries as there are rows with the member in this server."""
    known = await people.export(GUILD, ANA, None)
    given = {"jobs": "links", "hidden": "never_again"}
    kept = {"shares": 3, "reactions": 2, "jobs": 6, "answers": 2, "playlists": 1, "hidden": 1}
    for table, entries in kept.items():
        rows = [value for place, value in await dump(store) if place == f"{table}.user_id" and value == ANA]
        in_other_guild = 1 if table in {"shares", "reactions"} else 0
        assert len(rows) - in_other_guild == entries == len(known[given.get(table, table)])
