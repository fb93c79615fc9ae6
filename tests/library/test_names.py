"""A song is called as it was where the reader can look: a title from a hidden channel stays there."""

import json

import pytest

from bot.errors import NotFound
from bot.privacy.export import MemberExport
from models import Answer, Suggestion
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START, add_share, add_track

HERE = frozenset({PUBLIC})
BOTH = frozenset({PUBLIC, HIDDEN})
SECRET = ("Divorce Song", "Ana's Lawyer")
OPEN = ("Untitled", "Ana")


@pytest.fixture
async def track(store):
    """A song that was first shared in a hidden channel, and later under another name for everybody."""
    link = "https://hidden.example/divorce"
    track = await add_track(store, *SECRET, user=ANA, channel=HIDDEN, message=11, url=link)
    await add_share(
        store, track, user=BEN, channel=PUBLIC, message=12, minutes=9, title=OPEN[0], artist=OPEN[1]
    )
    return track


async def found(catalog, text, channels):
    searched = [(card.title, card.artist) for card in (await catalog.search(GUILD, text, channels)).cards]
    suggested = [(card.title, card.artist) for card in await catalog.suggest(GUILD, text, channels)]
    assert searched == suggested
    return searched


async def test_a_card_is_called_as_in_the_first_share_in_sight(catalog, track):
    for channels, called in ((HERE, OPEN), (frozenset({HIDDEN}), SECRET), (BOTH, SECRET), (None, SECRET)):
        card = await catalog.card(GUILD, track, channels)
        assert (card.title, card.artist) == called
    assert "divorce" not in repr(await catalog.card(GUILD, track, HERE)).lower()


@pytest.mark.parametrize("text", ["Divorce Song", "divorce", "lawyer", "song", "ana's", "divorce untitled"])
async def test_a_hidden_name_finds_nothing(catalog, track, text):
    assert await found(catalog, text, HERE) == []
    assert (await catalog.search(GUILD, text, HERE)).total == 0
    with pytest.raises(NotFound) as raised:
        await catalog.resolve(GUILD, text, HERE)
    assert "fit" not in str(raised.value)


@pytest.mark.parametrize("text", ["untitled", "ana untitled", ""])
async def test_a_name_in_sight_finds_it_under_that_name(catalog, track, text):
    assert await found(catalog, text, HERE) == [OPEN]


async def test_who_sees_both_finds_it_under_either_name(catalog, track):
    assert await found(catalog, "untitled", BOTH) == await found(catalog, "divorce", BOTH) == [SECRET]
    for text in ("untitled", "ana – untitled", "divorce song"):
        assert (await catalog.resolve(GUILD, text, BOTH)).id == track


async def test_two_names_of_one_song_are_no_two_choices(catalog, store, track):
    await add_share(store, track, channel=HIDDEN, title="Divorce Song (live)")
    assert (await catalog.resolve(GUILD, "divorce", BOTH)).id == track


async def test_choices_are_named_as_in_sight(catalog, store, track):
    await add_track(store, "Untitled too")
    with pytest.raises(NotFound, match="2 songs fit “untit”") as raised:
        await catalog.resolve(GUILD, "untit", HERE)
    assert "Ana – Untitled" in str(raised.value) and "Divorce" not in str(raised.value)


async def test_a_hidden_beginning_does_not_move_a_suggestion(catalog, store):
    moved = await add_track(store, "Moon", channel=HIDDEN)
    await add_share(store, moved, channel=PUBLIC, minutes=1, title="Full Moon")
    other = await add_track(store, "New Moon", minutes=2)
    assert [card.id for card in await catalog.suggest(GUILD, "moon", HERE)] == [other, moved]
    assert [card.id for card in await catalog.suggest(GUILD, "moon", BOTH)] == [moved, other]


async def test_a_members_songs_are_found_by_any_name_in_sight(catalog, track):
    page = await catalog.search(GUILD, "divorce", BOTH, user_id=BEN)
    assert [card.id for card in page.cards] == [track]
    assert (await catalog.search(GUILD, "divorce", HERE, user_id=BEN)).total == 0


async def test_the_name_follows_when_the_share_that_gave_it_goes(catalog, refresher, store, track):
    await add_share(store, track, message=13, minutes=20, title="Third name")
    await refresher.drop_share(GUILD, 11)
    assert (await catalog.card(GUILD, track, None)).title == "Untitled"
    assert await found(catalog, "divorce", BOTH) == []
    await refresher.drop_share(GUILD, 12)
    assert (await catalog.card(GUILD, track, HERE)).title == "Third name"
    assert await found(catalog, "untitled", BOTH) == []


async def test_a_link_that_only_a_removed_share_posted_is_not_shown(catalog, refresher, store, track):
    await refresher.drop_share(GUILD, 11)
    assert (await catalog.card(GUILD, track, None)).url == ""


async def test_an_export_names_songs_as_its_reader_may_know_them(catalog, store, vectors, track):
    async with store.begin() as session:
        answer = Answer(guild_id=GUILD, channel_id=PUBLIC, user_id=BEN, kind="similar", private=True)
        answer.track_id, answer.created_at = track, START
        answer.suggestions = [
            Suggestion(rank=1, track_id=track, percent=80, score=0.9, why={}, shown_at=START)
        ]
        session.add(answer)
    member_export = MemberExport(store)
    known = await member_export.export(GUILD, BEN, HERE)
    assert [share["title"] for share in known["shares"]] == ["Untitled"]
    assert [shown["title"] for shown in known["questions"][0]["shown"]] == ["Untitled"]
    assert known["questions"][0]["about"] == "Ana – Untitled"
    assert "Divorce" not in json.dumps(known)
    nowhere = await member_export.export(GUILD, BEN, frozenset())
    assert [shown["title"] for shown in nowhere["questions"][0]["shown"]] == [None]
    assert [share["title"] for share in nowhere["shares"]] == ["Untitled"]  # their own words
