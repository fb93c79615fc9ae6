"""Everything that is kept of a member is given to them, so that they understand it, and nothing of others."""

import json
from datetime import timedelta

from bot.privacy.registry import TRACES
from bot.privacy.traces import UNSEEN
from models import MessageTrack
from tests.privacy.rows import NAME, dump, mark
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START, add, add_track

PLACES = {PUBLIC: "#music"}


async def test_everything_is_given_and_nothing_of_others(member_export, store, busy):
    known = json.loads(json.dumps(await member_export.export(GUILD, ANA, None, server="Club", places=PLACES)))
    assert known["server"] == {"name": "Club", "id": str(GUILD)} and known["your_id"] == str(ANA)
    assert known["profile"] == [{"name": NAME, "digests_mention_you": True}]
    assert [(share["title"], share["channel_id"]) for share in known["shares"]] == [
        ("Line", "0"),
        ("Own", str(PUBLIC)),
        ("Ana's own name for it", str(HIDDEN)),
    ]
    line, own, both = known["shares"]
    assert own["message"] == f"https://discord.com/channels/{GUILD}/{PUBLIC}/11"
    assert (own["channel"], own["shared_at"]) == ("#music", START.isoformat())
    assert line["message"] is None
    assert both["shared_at"] == (START + timedelta(minutes=1)).isoformat()
    assert [each["message"] and each["message"].split("/")[-1] for each in known["links"]] == [
        "11", "13", "13", "14", "15", None,
    ]  # fmt: skip
    assert known["links"][0]["song"]["title"] == "Own"
    assert [each["title"] for each in known["questions"][0]["shown"]] == ["Both"]
    assert known["questions"][0]["about"] == "What Ana asked about"
    assert known["questions"][0]["asked_with"] == {"link": "https://asked.example", "file": None}
    assert str(BEN) not in json.dumps(known)


async def test_a_vote_names_every_song_of_its_message(member_export, store, busy):
    second = await add_track(store, "Second", "Somebody", message=61, url="https://two.example", user=BEN)
    await add(
        store,
        MessageTrack(message_id=12, track_id=second, guild_id=GUILD),
        mark(15, ANA),  # whose song isn't there yet
    )
    on_both, on_one, on_none = sorted(
        (await member_export.export(GUILD, ANA, None, places=PLACES))["votes"],
        key=lambda vote: -len(vote["songs"]) + bool(vote["message"].endswith("/15")),
    )
    assert [(song["title"], song["artist"], song["link"]) for song in on_both["songs"]] == [
        ("Both", None, "https://b.example"),
        ("Second", "Somebody", "https://two.example"),
    ]
    assert (on_both["vote"], on_both["emoji"], on_both["given_with"]) == ("like", "👍", "a reaction")
    assert (on_both["channel"], on_both["at"]) == ("#music", START.isoformat())
    assert on_both["message"] == f"https://discord.com/channels/{GUILD}/{PUBLIC}/12"
    assert (on_one["vote"], on_one["given_with"], len(on_one["songs"])) == ("dislike", "a button", 1)
    assert on_one["message"] == f"https://discord.com/channels/{GUILD}/{PUBLIC}/22"  # a reply of the bot's
    assert on_none["songs"] == [] and on_none["message"].endswith("/15")


async def test_others_are_told_of_without_their_names(member_export, store, busy):
    known = await member_export.export(GUILD, ANA, None)
    blended, for_another = known["questions"][2:]
    assert blended["about"] == "A blend of somebody and you"
    assert "close to “Own”, which somebody 👍 in May" in blended["shown"][0]["why"]
    assert for_another["for"] == "somebody else"
    assert [asked["asked"] for asked in known["asked_about_you"]] == ["similar", "similar", "together"]
    assert known["asked_about_you"][0]["note"] == "They 👍 only 2 songs so far."
    assert all("message" not in asked for asked in known["asked_about_you"])


async def test_what_its_reader_cant_see_any_more_is_told_of_without_its_title(member_export, store, busy):
    hidden = await add_track(store, "Nobody's business", channel=HIDDEN, message=62, user=BEN)
    await add(store, mark(62, ANA))
    known = await member_export.export(GUILD, ANA, frozenset({PUBLIC}), places=PLACES)
    (vote,) = [each for each in known["votes"] if each["songs"][0]["track_id"] == hidden]
    assert vote["songs"] == [
        {"title": None, "artist": None, "link": None, "track_id": hidden, "why_no_title": UNSEEN}
    ]
    assert vote["channel"] is None
    assert known["shares"][2]["title"] == "Ana's own name for it"  # their own words


async def test_of_a_stranger_nothing_is_known(member_export, store, busy):
    known = await member_export.export(GUILD, 999, None)
    assert {trace.heading: [] for trace in TRACES}.items() <= known.items()
    assert known["contents"].keys() == {trace.heading for trace in TRACES}


async def test_what_is_given_has_as_many_entries_as_there_are_rows(member_export, store, busy):
    known = await member_export.export(GUILD, ANA, None)
    given = {"jobs": "links", "hidden": "never_again", "reactions": "votes", "answers": "questions"}
    kept = {"shares": 3, "reactions": 2, "jobs": 6, "answers": 4, "playlists": 1, "hidden": 1}
    for table, entries in kept.items():
        rows = [value for place, value in await dump(store) if place == f"{table}.user_id" and value == ANA]
        in_other_guild = 1 if table in {"shares", "reactions"} else 0
        assert len(rows) - in_other_guild == entries == len(known[given.get(table, table)])


async def test_a_member_with_more_than_a_statement_holds_gets_everything(
    member_export, store, busy, monkeypatch
):
    monkeypatch.setattr("bot.privacy.song_traces.BATCH_MESSAGES", 1)
    monkeypatch.setattr("bot.privacy.traces.BATCH_TRACKS", 1)
    known = await member_export.export(GUILD, ANA, frozenset(), places=PLACES)
    assert [vote["message"].split("/")[-1] for vote in known["votes"]] == ["12", "22"]
    assert {share["title"] for share in known["shares"]} == {"Line", "Own", "Ana's own name for it"}
