"""Lays a digest out as one message within Discord's limits; what doesn't fit is behind its buttons."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor
from types import MappingProxyType
from typing import Any

import discord
from discord import ui

from bot.digest.content import DigestContent, Newcomer
from bot.library.cards import TrackCard
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.suggestions.wording import ForDiscord, count
from cogs.digest.buttons import QuietButton, SongOrder, SongsButton
from cogs.shared.pictures import Attached, beside
from cogs.shared.text import duration, fitted, fitting, linked, plain, votes, when_and_where
from cogs.shared.votes import vote_buttons
from cogs.suggestions.page import ACCENT, TEXT_LIMIT
from cogs.vibes.layout import heading, option
from cogs.vibes.menu import PlaylistMenu

LOVED_BUDGET, NEWCOMERS_BUDGET, PICK_BUDGET, PLAYLIST_BUDGET = 900, 600, 700, 1300  # characters
NEWCOMERS = "🌱 Newcomers' corner"
MIN_LIST_ROOM = 120  # characters, for which it is worth beginning a list
COVERS = 4  # beside the banner and the map: Discord takes 40 components
NO_PICTURES: Mapping[str, Attached] = MappingProxyType({})


@dataclass(frozen=True)
class WithoutQuietMembers(ForDiscord):
    """Discord's Markdown, in which some members are not mentioned."""

    quiet: frozenset[int] = frozenset()

    def person(self, user_id: int) -> str:
        """A mention, or somebody."""
        return "somebody" if user_id in self.quiet else super().person(user_id)


def digest_layout(content: DigestContent, pictures: Mapping[str, Attached] = NO_PICTURES) -> ui.LayoutView:
    """The digest as Components V2, with titles as long as they fit.

    `pictures`: banner, map and, by the keys of its playlists, covers.
    """
    return fitted(lambda length: _layout(content, pictures, length), ui.LayoutView.content_length, TEXT_LIMIT)


def is_of_period(message: discord.Message, period: str) -> bool:
    """Whether a message of the bot's is the digest of this week, month or year, as written."""
    if not message.flags.components_v2:
        return False
    items = ui.LayoutView.from_message(message, timeout=None).walk_children()
    texts = (item.content for item in items if isinstance(item, ui.TextDisplay))
    return any(text.startswith("## 🎧 ") and f"\n-# {period} · " in text for text in texts)


def _layout(content: DigestContent, pictures: Mapping[str, Attached], length: int) -> ui.LayoutView:
    """Sections without news are left out."""
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    if banner := pictures.get("banner"):
        box.add_item(banner.gallery())
    box.add_item(ui.TextDisplay(_head(content)))
    if highlights := _highlights(content, length):
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(highlights))
    _add_pick(box, content, length)
    _add_playlists(box, content, pictures, length)
    if content.moved:
        box.add_item(ui.Separator())
        text = f"### 🧭 How the sound moved\n{plain(content.moved, 300)}"
        box.add_item(beside(text, pictures.get("map")))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    _add_songs(box, content, length, TEXT_LIMIT - view.content_length())
    for row in _rows(content):
        view.add_item(row)
    return view


def _head(content: DigestContent) -> str:
    head = f"## 🎧 {content.title}\n-# {content.period} · {content.headline}"
    return "\n".join([head, " · ".join(content.compared)]) if content.compared else head


def _highlights(content: DigestContent, length: int) -> str:
    """Songs and members that stand out, each under its heading."""
    by = _Credits(content)
    loved = [f"{votes(card)} {linked(card, length)}{by(card)}".lstrip() for card in content.loved]
    divisive, sleeper, outlier = content.divisive, content.sleeper, content.outlier
    found = {"💛 Most loved": loved}
    if divisive:
        found["⚡ Most divisive"] = [f"{votes(divisive)} {linked(divisive, length)}{by(divisive)}"]
    if sleeper:
        near = sleeper.near
        why = sleeper.why.replace("{near}", f"**{plain(near.label, length)}**" if near else "something")
        found["💤 Sleeper of the week"] = [f"{linked(sleeper.card, length)}{by(sleeper.card)}\n-# {why}"]
    if outlier:
        said = f"-# the nearest songs here are {outlier.percent}% like it"
        found[f"🛸 Outlier of the {content.length}"] = [
            f"{linked(outlier.card, length)}{by(outlier.card)}\n{said}"
        ]
    found[NEWCOMERS] = [_newcomer(each, length) for each in content.newcomers]
    sharers = [f"<@{each.user_id}> ({count(each.likes, 'like')})" for each in content.sharers]
    found["🙌 Shared what people liked"] = [" · ".join(sharers)] if sharers else []
    budgets = {NEWCOMERS: NEWCOMERS_BUDGET}
    return "\n".join(
        _section(title, lines, budgets.get(title, LOVED_BUDGET)) for title, lines in found.items() if lines
    )


def _newcomer(newcomer: Newcomer, length: int) -> str:
    return f"<@{newcomer.user_id}> shared a first song: {linked(newcomer.card, length)}"


def _add_pick(box: ui.Container[Any], content: DigestContent, length: int) -> None:
    pick = content.pick
    if pick is None:
        return
    card = pick.card
    where = when_and_where(card, card.first) if card.first else ""
    why = pick.explain(WithoutQuietMembers(quiet=content.quiet))
    lines = [line for line in (f"{linked(card, length)} · {duration(card.seconds)}", why, where) if line]
    less: ui.Button[Any] = ui.Button(custom_id=f"ew:hide:{card.id}", label="Less of this")
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay(_section("✨ Recommendation of the week", lines, PICK_BUDGET)))
    box.add_item(ui.ActionRow(*vote_buttons(card.id, card.likes, card.dislikes), less))


def _add_playlists(
    box: ui.Container[Any], content: DigestContent, pictures: Mapping[str, Attached], length: int
) -> None:
    if content.playlists:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay("### 🎶 This week's playlists"))
        for playlist in content.playlists[:COVERS]:
            box.add_item(beside(_playlist(playlist, length), pictures.get(playlist.key)))
        if rest := content.playlists[COVERS:]:
            box.add_item(ui.TextDisplay(" · ".join(heading(playlist, length // 2) for playlist in rest)))
    if around := content.playlist:
        songs = [f"{place}. {linked(card, length)}" for place, card in enumerate(around.cards, 1)]
        title = f"🌀 Vibe playlist: {plain(around.name, length)}"
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(_section(title, songs, PLAYLIST_BUDGET)))


def _playlist(playlist: Playlist, length: int) -> str:
    songs = [plain(card.title, length // 3) for card in playlist.cards[:3]]
    about = f"{count(len(playlist.entries), 'song')}: {', '.join(songs)} …"
    return f"**{heading(playlist, max(length, 40))}**\n-# {about}"


def _add_songs(box: ui.Container[Any], content: DigestContent, length: int, room: int) -> None:
    if not content.tracks or room < MIN_LIST_ROOM:
        return
    by = _Credits(content)
    songs = [f"• {linked(card, length)}{by(card)}" for card in content.tracks]
    box.add_item(ui.Separator())
    title = f"🎵 Shared this {content.length} ({len(songs)})"
    box.add_item(ui.TextDisplay(_section(title, songs, room)))


def _rows(content: DigestContent) -> list[ui.ActionRow[Any]]:
    """Buttons that show more, or less; and a menu of the playlists."""
    buttons: list[ui.Item[Any]] = []
    if content.tracks:
        since = floor(content.since.timestamp())
        until = ceil(content.until.timestamp())  # a preview ends at any moment, also just after a share
        buttons.append(SongsButton(since, until, SongOrder.BY_TIME, 0, "Full list"))
        buttons.append(SongsButton(since, until, SongOrder.PLAYING, 0, "Play order"))
    rows = [ui.ActionRow(*buttons, QuietButton(label="Mute me"))]
    listed = [each for each in content.playlists if each.kind is not PlaylistKind.AROUND]
    if menu := PlaylistMenu.of([option(playlist, playlist.key) for playlist in listed]):
        rows.append(ui.ActionRow(menu))
    return rows


def _section(title: str, lines: list[str], budget: int) -> str:
    """A heading and as many of the lines as fit."""
    head = f"### {title}\n"
    return head + "\n".join(fitting(lines, budget - len(head)))


class _Credits:
    """Credits the first sharer, and whoever shared it again in these days; nobody who wants none."""

    def __init__(self, content: DigestContent) -> None:
        self._content = content
        self._wording = WithoutQuietMembers(quiet=content.quiet)

    def __call__(self, card: TrackCard) -> str:
        share, first = card.first, self._content.first_sharer(card)
        shown = []
        if share and share.by_member and share.user_id not in self._content.quiet:
            shown.append(f"<@{share.user_id}>")
        shown += [f"first shared by {self._wording.person(first)}"] if first is not None else []
        return f" · {', '.join(shown)}" if shown else ""
