"""Everything that is kept of a member is given to them, and nothing of others."""

import json
from datetime import timedelta

from tests.privacy.rows import NAME, dump
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START


async def test_everything_is_given_and_nothing_of_others(member_export, store, busy):
    known = json.loads(json.dumps(await member_export.export(GUILD, ANA, None)))
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


async def test_of_a_stranger_nothing_is_known(member_export, store, busy):
    known = await member_export.export(GUILD, 999, None)
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


async def test_what_is_given_covers_every_table_that_names_a_member(member_export, store, busy):
    """An export has as many entries as there are rows with the member in this server."""
    known = await member_export.export(GUILD, ANA, None)
    given = {"jobs": "links", "hidden": "never_again"}
    kept = {"shares": 3, "reactions": 2, "jobs": 6, "answers": 2, "playlists": 1, "hidden": 1}
    for table, entries in kept.items():
        rows = [value for place, value in await dump(store) if place == f"{table}.user_id" and value == ANA]
        in_other_guild = 1 if table in {"shares", "reactions"} else 0
        assert len(rows) - in_other_guild == entries == len(known[given.get(table, table)])
