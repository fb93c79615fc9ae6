"""Finding tracks by name, and what a reader may know of one."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.errors import NotFound, Refused
from models import Reaction, Source, Track
from tests.support.library import ANA, BEN, CLEO, GUILD, HIDDEN, PUBLIC, START, add_share, add_track

HERE = frozenset({PUBLIC})
BOTH = frozenset({PUBLIC, HIDDEN})
NOWHERE = frozenset()


async def titles(catalog, text, channels=None, **options):
    return [card.title for card in (await catalog.search(GUILD, text, channels, **options)).cards]


async def suggested(catalog, text, channels=None, **options):
    return [card.title for card in await catalog.suggest(GUILD, text, channels, **options)]


# -- cards -----------------------------------------------------------------------------------------------


async def test_a_card_has_the_shares_oldest_first(catalog, store):
    track = await add_track(store, "One", "Ana", message=12, minutes=5)
    await add_share(store, track, user=BEN, message=11, minutes=1)
    (card,) = await catalog.cards(GUILD, [track], HERE)
    assert [(share.user_id, share.message_id) for share in card.shares] == [(BEN, 11), (ANA, 12)]
    assert card.first.shared_at == START + timedelta(minutes=1)
    assert card.first.jump(GUILD) == f"https://discord.com/channels/{GUILD}/{PUBLIC}/11"
    assert card.label == "Ana – One"


async def test_cards_come_in_the_order_asked_for_without_those_that_are_gone(catalog, store):
    ids = [await add_track(store, f"Track {number}") for number in range(3)]
    cards = await catalog.cards(GUILD, [ids[2], 999, ids[0]], None)
    assert [card.id for card in cards] == [ids[2], ids[0]]
    assert cards[0].label == "Track 2"


async def test_cards_of_another_server_are_not_given(catalog, store):
    track = await add_track(store, "One", guild=GUILD + 1)
    assert await catalog.cards(GUILD, [track], None) == []


async def test_a_hidden_share_leaves_no_trace_on_a_card(catalog, store):
    track = await add_track(
        store, "One", user=ANA, channel=HIDDEN, message=11, url="https://hidden.example/secret"
    )
    await add_share(store, track, user=BEN, channel=PUBLIC, message=12, minutes=9)
    (card,) = await catalog.cards(GUILD, [track], HERE)
    assert [share.user_id for share in card.shares] == [BEN]
    assert card.first.jump(GUILD).endswith("/12")
    assert card.url == ""
    for trace in ("hidden", str(HIDDEN), str(ANA), "/11"):
        assert trace not in repr(card)


async def test_a_link_is_shown_where_its_share_may_be(catalog, store):
    track = await add_track(store, "One", channel=HIDDEN, url="https://hidden.example/secret")
    await add_share(store, track, channel=PUBLIC, url="https://song.example/1", minutes=9)
    assert (await catalog.card(GUILD, track, HERE)).url == "https://song.example/1"
    assert (await catalog.card(GUILD, track, BOTH)).url == "https://hidden.example/secret"


async def test_a_file_on_the_bots_machine_is_no_link(catalog, store):
    track = await add_track(store, "One", url="path:/home/ana/one.mp3", key="path:/home/ana/one.mp3")
    assert (await catalog.card(GUILD, track, None)).url == ""


async def test_without_a_share_that_may_be_shown_there_is_no_card(catalog, store):
    track = await add_track(store, "One", channel=HIDDEN)
    assert await catalog.cards(GUILD, [track], HERE) == []
    assert len(await catalog.cards(GUILD, [track], BOTH)) == 1
    with pytest.raises(NotFound):
        await catalog.card(GUILD, track, HERE)


async def test_what_the_command_line_took_in_everybody_may_see(catalog, store):
    track = await add_track(store, "One", channel=0, message=-ANA)
    card = await catalog.card(GUILD, track, NOWHERE)
    assert card.first.jump(GUILD) is None
    assert await titles(catalog, "one", NOWHERE) == await suggested(catalog, "one", NOWHERE) == ["One"]


async def test_a_card_counts_the_votes_that_stand(catalog, store):
    track = await add_track(store, "One", user=ANA, message=11)
    async with store.begin() as session:
        for user, kind in ((ANA, 1), (BEN, 1), (CLEO, -1)):
            session.add(
                Reaction(message_id=11, user_id=user, track_id=0, kind=kind, guild_id=GUILD, created_at=START)
            )
    card = await catalog.card(GUILD, track, HERE)
    assert (card.likes, card.dislikes) == (1, 1)


async def test_tags_are_genres_then_the_most_certain(catalog, store):
    track = await add_track(store, "One")
    async with store.begin() as session:
        kept = await session.get_one(Track, track)
        kept.tags, kept.features = {"slow": 0.2, "piano": 0.9, "Jazz": 0.8}, {"tempo": 90}
        await session.execute(update(Source).values(genres=["Jazz"]))
    card = await catalog.card(GUILD, track, None)
    assert card.tags == ("Jazz", "piano", "slow")
    assert card.features == {"tempo": 90}


# -- searching -------------------------------------------------------------------------------------------


async def test_the_newest_share_comes_first(catalog, store):
    one = await add_track(store, "One", minutes=1)
    await add_track(store, "Two", minutes=2)
    await add_share(store, one, minutes=3)
    assert await titles(catalog, "") == ["One", "Two"]


async def test_a_hidden_share_does_not_move_a_track(catalog, store):
    one = await add_track(store, "One", minutes=1)
    await add_track(store, "Two", minutes=2)
    await add_share(store, one, channel=HIDDEN, minutes=3)
    assert await titles(catalog, "", HERE) == ["Two", "One"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BEYONCE", ["Déjà Vu"]),
        ("deja", ["Déjà Vu"]),
        ("кино", ["Группа Крови"]),
        ("ГРУППА", ["Группа Крови"]),
        ("vu beyonce", ["Déjà Vu"]),
        ("Beyoncé – Déjà Vu", ["Déjà Vu"]),
        ("eja v", ["Déjà Vu"]),
        ("nothing like it", []),
        ("%", ["100% Pure"]),
        ("100_", []),
        ("_", ["snake_case"]),
        ("\\", ["back\\slash"]),
    ],
)
async def test_titles_and_artists_are_searched_as_people_type(catalog, store, text, found):
    await add_track(store, "Déjà Vu", "Beyoncé")
    await add_track(store, "Группа Крови", "КИНО")
    await add_track(store, "100% Pure")
    await add_track(store, "snake_case")
    await add_track(store, "back\\slash")
    assert await titles(catalog, text) == found


async def test_pages_add_up_to_the_total(catalog, store):
    for number in range(5):
        await add_track(store, f"Track {number}", minutes=number)
    page = await catalog.search(GUILD, "track", None, limit=2, offset=2)
    assert [card.title for card in page.cards] == ["Track 2", "Track 1"]
    assert page.total == 5


async def test_what_one_member_shared(catalog, store):
    one = await add_track(store, "One", user=ANA, minutes=1)
    await add_track(store, "Two", user=BEN, minutes=2)
    await add_share(store, one, user=BEN, channel=HIDDEN, minutes=3)
    assert await titles(catalog, "", user_id=BEN) == ["One", "Two"]
    assert await titles(catalog, "", HERE, user_id=BEN) == ["Two"]


async def test_a_search_counts_and_finds_only_what_may_be_shown(catalog, store):
    await add_track(store, "Open")
    await add_track(store, "Hidden", channel=HIDDEN)
    await add_track(store, "Elsewhere", guild=GUILD + 1)
    page = await catalog.search(GUILD, "", HERE)
    assert ([card.title for card in page.cards], page.total) == (["Open"], 1)
    assert await titles(catalog, "hidden", HERE) == []


# -- autocomplete ----------------------------------------------------------------------------------------


async def test_beginnings_come_before_words_before_the_rest(catalog, store):
    await add_track(store, "Moonlight", "Ana", minutes=1)
    await add_track(store, "Under the Moon", "Ben", minutes=2)
    await add_track(store, "Honeymoon", "Cleo", minutes=3)
    await add_track(store, "Tide", "Moon Band", minutes=0)
    assert await suggested(catalog, "moon") == ["Moonlight", "Tide", "Under the Moon", "Honeymoon"]


async def test_nothing_typed_suggests_the_newest(catalog, store):
    for number in range(4):
        await add_track(store, f"Track {number}", minutes=number)
    assert await suggested(catalog, " ", limit=2) == ["Track 3", "Track 2"]


async def test_autocomplete_keeps_hidden_tracks_hidden(catalog, store):
    await add_track(store, "Secret", channel=HIDDEN)
    assert await suggested(catalog, "", HERE) == await suggested(catalog, "secret", HERE) == []
    assert await suggested(catalog, "sec", BOTH) == ["Secret"]


# -- naming one track ------------------------------------------------------------------------------------


async def test_a_track_is_named_by_its_number(catalog, store):
    track = await add_track(store, "One")
    assert (await catalog.resolve(GUILD, f" #{track} ", None)).id == track
    assert (await catalog.resolve(GUILD, str(track), None)).id == track


async def test_a_title_of_digits_is_found_where_no_track_has_that_number(catalog, store):
    track = await add_track(store, "1999")
    assert (await catalog.resolve(GUILD, "1999", None)).id == track
    with pytest.raises(NotFound):
        await catalog.resolve(GUILD, "9" * 40, None)


async def test_a_track_is_named_by_its_link_in_any_form(catalog, store):
    track = await add_track(
        store, "One", url="https://www.youtube.com/watch?v=dQw4w9WgXcQ", key="youtube:dQw4w9WgXcQ"
    )
    assert (await catalog.resolve(GUILD, "https://youtu.be/dQw4w9WgXcQ?t=9", None)).id == track
    with pytest.raises(NotFound, match="Share it first"):
        await catalog.resolve(GUILD, "https://youtu.be/aaaaaaaaaaa", None)


@pytest.mark.parametrize("link", ["file:///etc/passwd", "data:audio/wav;base64,AAAA", "spotify:track:4uLU"])
async def test_a_link_that_may_never_be_opened_is_refused(catalog, link):
    with pytest.raises(Refused):
        await catalog.resolve(GUILD, link, None)


async def test_a_title_with_a_colon_is_no_link(catalog, store):
    track = await add_track(store, "Data: One")
    assert (await catalog.resolve(GUILD, "data: one", None)).id == track


async def test_a_whole_title_wins_over_a_part(catalog, store):
    one = await add_track(store, "One")
    await add_track(store, "One More Time", "Daft Punk")
    two = await add_track(store, "Two", "One")
    assert (await catalog.resolve(GUILD, "ONE", None)).id == one
    assert (await catalog.resolve(GUILD, "one – two", None)).id == two
    assert (await catalog.resolve(GUILD, "daft punk - one more time", None)).id != one


async def test_a_unique_part_of_the_title_is_enough(catalog, store):
    await add_track(store, "Tide", "More")
    track = await add_track(store, "One More Time", "Daft Punk")
    assert (await catalog.resolve(GUILD, "more t", None)).id == track
    assert (await catalog.resolve(GUILD, "more", None)).id == track  # a title's part wins over an artist's
    assert (await catalog.resolve(GUILD, "daft", None)).id == track


async def test_an_ambiguous_title_names_the_choices(catalog, store):
    ids = [await add_track(store, f"Song number {number} " + "x" * 90, "An Artist") for number in range(9)]
    with pytest.raises(NotFound, match="9 songs fit “song”") as raised:
        await catalog.resolve(GUILD, "song", None)
    assert f"({ids[8]})" in str(raised.value)
    assert 15 <= len(str(raised.value)) <= 300


async def test_choices_are_only_those_that_may_be_shown(catalog, store):
    track = await add_track(store, "Song one")
    secret = await add_track(store, "Song two", channel=HIDDEN)
    assert (await catalog.resolve(GUILD, "song", HERE)).id == track
    for name in ("two", str(secret)):
        with pytest.raises(NotFound) as raised:
            await catalog.resolve(GUILD, name, HERE)
        assert "Song" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "   ", "nothing", "x" * 5000, "\0", "\ud800"])
async def test_what_names_nothing_is_said_briefly(catalog, store, text):
    await add_track(store, "One")
    with pytest.raises(NotFound) as raised:
        await catalog.resolve(GUILD, text, None)
    assert 15 <= len(str(raised.value)) <= 300
    assert str(raised.value).isprintable()


async def test_the_channels_in_which_something_was_shared(catalog, store):
    track = await add_track(store, "Song", channel=PUBLIC)
    await add_share(store, track, channel=HIDDEN)
    await add_track(store, "Elsewhere", guild=GUILD + 1, channel=7)
    assert await catalog.channels_with_shares(GUILD) == {PUBLIC, HIDDEN}
