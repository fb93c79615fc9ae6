"""Whatever a week brings, the digest is a message that Discord takes."""

import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from discord import ui
from PIL import Image

from bot.digest.content import DigestContent, Newcomer, Outlier, Sharer, Tally
from bot.library.cards import ShareLine, TrackCard
from bot.pictures.values import Picture
from bot.playlists.music import VisibleVibes
from bot.playlists.playlist import Entry, Playlist, PlaylistKind
from bot.playlists.service import PastPlaylist
from bot.playlists.vibes import MAX_VIBES, Vibe
from bot.suggestions.pick import Pick
from bot.suggestions.wording import Reason, ReasonKind
from cogs.digest.buttons import NOTHING, SongOrder, SongsButton
from cogs.digest.layout import digest_layout
from cogs.shared.pictures import Attached
from cogs.vibes.layout import COVERS, history_layout, option, playlist_layout, vibes_layout
from cogs.vibes.menu import PlaylistMenu
from discord_sandbox.rules.component_rules import check_components
from discord_sandbox.rules.errors import BodyErrors
from tests.support.library import START

BIG = 2**62  # ids are as long as they get
FIRST = ShareLine(BIG, BIG - 1, BIG - 1, START - timedelta(days=30))
TITLES = {"short": "Song", "long": "W" * 200, "marked up": "*_`~|<>[" * 25}


def cards(number: int, title: str, members: int = 100) -> list[TrackCard]:
    return [
        TrackCard(
            BIG + i, BIG, title, title, "", 4000.0, "https://youtu.be/" + "x" * 11,
            (ShareLine(BIG, BIG + i, BIG + i % members, START),), 5000, 4000,
        )
        for i in range(number)
    ]  # fmt: skip


def picture(name: str) -> Attached:
    data = io.BytesIO()
    Image.new("RGB", (1, 1)).save(data, "PNG")
    return Attached(name, Picture(data.getvalue(), "word " * 200))


def week(number: int, title: str) -> DigestContent:
    """As much as there can be in a week with so many songs."""
    songs = cards(number, title)
    content = DigestContent(
        BIG, "2026-W45", START, START + timedelta(days=7), tuple(songs), tally=Tally(number, 100, 9999),
        before=Tally(9999, 9999, 0), moved="This week was faster. " * 20,
    )  # fmt: skip
    if not songs:
        return content
    first = songs[0]
    made = [
        Playlist(kind, title, tuple(map(Entry, songs[:12])), str(place), "a note " * 20)
        for place, kind in enumerate(
            [PlaylistKind.VIBE] * 12 + [PlaylistKind.WORLDS, PlaylistKind.REDISCOVER, PlaylistKind.SLEEPERS]
        )
    ]
    return replace(
        content,
        loved=tuple(songs[:10]),
        divisive=first,
        sleeper=Entry(first, "99% like {near}, which 5000 members 👍", first),
        outlier=Outlier(first, 24),
        newcomers=tuple(Newcomer(BIG + i, first) for i in range(100)),
        again={card.id: replace(card, shares=(FIRST, *card.shares)) for card in songs},
        sharers=tuple(Sharer(BIG + i, 9999) for i in range(3)),
        pick=Pick(first, 0.9, Reason(ReasonKind.SERVER, 80, 1, 2), first),
        playlists=tuple(made),
    )


def refused(view: ui.LayoutView, names: set[str]) -> dict[str, Any]:
    """What Discord finds wrong with a layout; nothing if it takes it."""
    form = BodyErrors()
    check_components(view.to_components(), form, v2=True, file_names=names)
    return form.tree


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize("number", [0, 1, 2, 12, 50, 5000])
@pytest.mark.parametrize("drawn", [True, False])
async def test_no_digest_is_more_than_discord_takes(number, title, drawn):
    content = week(number, title)
    keys = ["banner", "map", *(playlist.key for playlist in content.playlists[:COVERS])] if drawn else []
    pictures = {key: picture(f"{key}.png") for key in keys}
    view = digest_layout(content, pictures)
    assert refused(view, {each.name for each in pictures.values()}) == {}
    assert view.content_length() <= 4000
    assert len(list(view.walk_children())) <= 40


@pytest.mark.parametrize(
    ("quiet", "credit"),
    [
        ({}, " · <@7>, first shared by <@9>"),
        ({7}, " · first shared by <@9>"),
        ({9}, " · <@7>, first shared by somebody"),
    ],
)
async def test_a_song_that_came_back_credits_who_shared_it_first(quiet, credit):
    (card,) = cards(1, "Song")
    card = replace(card, shares=(ShareLine(BIG, BIG, 7, START),))
    full = replace(card, shares=(ShareLine(BIG, BIG, 9, START - timedelta(days=90)), *card.shares))
    content = replace(
        week(0, ""), tracks=(card,), again={card.id: full}, loved=(full,), quiet=frozenset(quiet)
    )
    lines = _text(digest_layout(content)).splitlines()
    (line,) = (line for line in lines if line.startswith("• "))
    assert line.endswith(f"){credit}")
    (loved,) = (line for line in lines if line.startswith("👍 "))
    assert loved.endswith(")" if 9 in quiet else ") · <@9>")


async def test_newcomers_for_whom_there_is_no_room_are_counted():
    view = digest_layout(week(12, "Song"))
    (corner,) = re.findall(r"### 🌱 Newcomers' corner\n(.*?)\n###", _text(view), re.DOTALL)
    *shown, rest = corner.splitlines()
    assert len(shown) >= 3 and rest == f"… and {100 - len(shown)} more"


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
async def test_no_playlist_and_no_page_of_songs_is_either(title):
    songs = cards(300, title)
    files = playlist_layout(
        Playlist(PlaylistKind.VIBE, title, tuple(map(Entry, songs[:12])), "3", "a note " * 20),
        picture("cover.png"),
    )
    names = {
        item.media.url.removeprefix("attachment://") for item in files.children if hasattr(item, "media")
    }
    assert refused(files, names | {"cover.png"}) == {}
    for order in "tp":
        page = SongsButton(1, 2, SongOrder(order), 3)._shown(songs, 5000)
        assert refused(page, set()) == {} and page.content_length() <= 4000


async def test_a_page_says_of_how_many_songs_it_is_the_first_or_that_there_are_none():
    def text(number: int, total: int) -> str:
        view = SongsButton(1, 2, SongOrder.PLAYING, 0)._shown(cards(number, "Song"), total)
        return _text(view)

    assert text(100, 240).splitlines()[1] == "-# the first 100 of 240 songs, page 1 of 5"
    assert text(100, 100).splitlines()[1] == "-# 100 songs, page 1 of 5"
    assert text(0, 0) == f"### In playing order\n{NOTHING}"


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize("drawn", [True, False])
async def test_no_list_of_vibes_and_no_history_is_either(title, drawn):
    entries = tuple(map(Entry, cards(12, title)))
    vibes = tuple(Vibe(BIG + i, title[:60], True, frozenset(range(5000))) for i in range(MAX_VIBES))
    weekly = [Playlist(PlaylistKind.VIBE, vibe.name, entries, str(vibe.id), "a note " * 20) for vibe in vibes]
    weekly += [Playlist(PlaylistKind.WORLDS, f"from {title[:60]} to {title[:60]}", entries, f"{BIG}-{BIG}")]
    weekly += [Playlist(kind, title, entries) for kind in (PlaylistKind.REDISCOVER, PlaylistKind.SLEEPERS)]
    menu = PlaylistMenu.of([option(playlist, playlist.key) for playlist in weekly])
    covers = {each.key: picture(f"{each.key}.png") for each in weekly[:COVERS]} if drawn else {}
    listed = vibes_layout(VisibleVibes(vibes), weekly, covers, menu)
    past = [PastPlaylist(BIG + i, "2026-W45", i < 50, weekly[i % len(weekly)]) for i in range(100)]
    options = [option(each.playlist, f"past-{each.id}", each.week) for each in past]
    history = history_layout(past, PlaylistMenu.of(options, BIG))
    for view in (listed, history):
        assert refused(view, {each.name for each in covers.values()}) == {}
        assert view.content_length() <= 4000
        assert len(list(view.walk_children())) <= 40
    assert _text(listed).count("5000 songs") == MAX_VIBES
    lines = _text(history).splitlines()[1:]
    rest = re.fullmatch(r"… and (\d+) more", lines[-1])
    assert (len(lines) - 1 + int(rest[1]) if rest else len(lines)) == len(past)


def _text(view: ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))
