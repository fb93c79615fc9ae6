"""Lays out vibes, playlists and the history of playlists as messages."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.foreign_text import readable
from bot.playlists.covers import title_of
from bot.playlists.formats import FORMATS, queue_link, stem
from bot.playlists.music import VisibleVibes
from bot.playlists.playlist import NO_PLAYLISTS, Playlist, PlaylistKind
from bot.playlists.service import PastPlaylist
from bot.playlists.vibes import Vibe
from bot.suggestions.wording import ForDiscord, count
from cogs.shared.pictures import Attached, beside
from cogs.shared.text import duration, fitted, fitting, linked, plain
from cogs.suggestions.page import ACCENT, TEXT_LIMIT

COVERS = 6  # in one message: Discord takes ten files and 40 components
SAMPLE_SONGS = 2  # songs that a vibe is shown by
LINK_LENGTH = 512  # of a button's address, as Discord has it
OPTIONS, OPTION_LENGTH = 25, 100
NO_HISTORY = "No playlist was posted here yet. /vibes playlist posts one."
EMOJI = {
    PlaylistKind.VIBE: "🌀",
    PlaylistKind.REDISCOVER: "🕰️",
    PlaylistKind.SLEEPERS: "💤",
    PlaylistKind.MEMBER: "🎁",
    PlaylistKind.WORLDS: "🌉",
    PlaylistKind.AROUND: "🌀",
}
DESCRIPTIONS = {
    PlaylistKind.REDISCOVER: "loved once, and not seen for long",
    PlaylistKind.SLEEPERS: "like what this server loves, and nobody reacted",
    PlaylistKind.WORLDS: "from one vibe to another",
}


def heading(playlist: Playlist, length: int) -> str:
    """A playlist's sign and name."""
    someone = playlist.kind is PlaylistKind.MEMBER and playlist.subject
    name = f"For <@{playlist.subject}>" if someone else plain(title_of(playlist), length)
    return f"{EMOJI[playlist.kind]} {name}"


def playlist_layout(playlist: Playlist, cover: Attached | None) -> ui.LayoutView:
    """One playlist with its songs, its files and, where its songs are on YouTube, a link that plays them there."""
    return fitted(lambda length: _playlist(playlist, cover, length), ui.LayoutView.content_length, TEXT_LIMIT)


def _playlist(playlist: Playlist, cover: Attached | None, length: int) -> ui.LayoutView:
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    box.add_item(beside(f"### {heading(playlist, length)}\n{_about(playlist)}", cover))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join(_songs(playlist, length))))
    link = queue_link(playlist)
    if link and len(link) <= LINK_LENGTH:
        box.add_item(ui.ActionRow(ui.Button(label="Play on YouTube", url=link)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    for suffix in FORMATS:
        view.add_item(ui.File(f"attachment://{stem(playlist)}.{suffix}"))
    return view


def _about(playlist: Playlist) -> str:
    minutes = duration(sum(card.seconds for card in playlist.cards))
    parts = [count(len(playlist.entries), "song"), minutes, DESCRIPTIONS.get(playlist.kind, "")]
    lines = ["-# " + " · ".join(part for part in parts if part)]
    return "\n".join([*lines, f"-# {playlist.note}"] if playlist.note else lines)


def _songs(playlist: Playlist, length: int) -> list[str]:
    lines = []
    for place, entry in enumerate(playlist.entries, 1):
        why = entry.explain(ForDiscord()) if length > OPTION_LENGTH // 3 else ""
        song = f"**{place}.** {linked(entry.card, length)} · {duration(entry.card.seconds)}"
        lines.append(f"{song}\n-# {why}" if why else song)
    return fitting(lines, TEXT_LIMIT - 500)


def vibes_layout(
    found: VisibleVibes,
    playlists: Sequence[Playlist],
    covers: Mapping[str, Attached],
    menu: ui.Item[Any] | None,
) -> ui.LayoutView:
    """A server's vibes, what else there is to hear this week, and a menu that opens any of it."""
    return fitted(
        lambda length: _vibes(found, playlists, covers, menu, length),
        ui.LayoutView.content_length,
        TEXT_LIMIT,
    )


def _vibes(
    found: VisibleVibes,
    playlists: Sequence[Playlist],
    covers: Mapping[str, Attached],
    menu: ui.Item[Any] | None,
    length: int,
) -> ui.LayoutView:
    made = {playlist.key: playlist for playlist in playlists}
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    heading_text = "### 🌀 The vibes of this server"
    box.add_item(ui.TextDisplay(f"{heading_text}\n{found.note}" if found.note else heading_text))
    for vibe in found.vibes:
        playlist = made.get(f"{PlaylistKind.VIBE}-{vibe.id}")
        box.add_item(beside(_vibe(vibe, playlist, length), covers.get(playlist.key) if playlist else None))
    others = [playlist for playlist in playlists if playlist.kind is not PlaylistKind.VIBE]
    if others:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay("\n".join(["**Also this week**", *(_other(p, length) for p in others)])))
    elif not playlists:
        box.add_item(ui.TextDisplay(f"-# {NO_PLAYLISTS}"))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if menu is not None:
        view.add_item(ui.ActionRow(menu))
    return view


def _vibe(vibe: Vibe, playlist: Playlist | None, length: int) -> str:
    songs = [linked(card, length // 2) for card in playlist.cards[:SAMPLE_SONGS]] if playlist else []
    like = f"\n{' · '.join(songs)}" if songs and length > OPTION_LENGTH // 3 else ""
    return f"**{plain(vibe.name, length)}**\n-# {count(len(vibe.track_ids), 'song')}{like}"


def _other(playlist: Playlist, length: int) -> str:
    about = DESCRIPTIONS.get(playlist.kind, "") if playlist.kind is not PlaylistKind.WORLDS else ""
    words = [heading(playlist, length), count(len(playlist.entries), "song"), about]
    return " · ".join(word for word in words if word)


def history_layout(past: Sequence[PastPlaylist], menu: ui.Item[Any] | None) -> ui.LayoutView:
    """What was posted, the newest week first."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    lines = [_past(each) for each in past] or [NO_HISTORY]
    box.add_item(ui.TextDisplay("\n".join(["### Playlists of the past", *fitting(lines, TEXT_LIMIT)])))
    view.add_item(box)
    if menu is not None:
        view.add_item(ui.ActionRow(menu))
    return view


def _past(past: PastPlaylist) -> str:
    pin = " 📌" if past.pinned else ""
    songs = count(len(past.playlist.entries), "song")
    return f"{past.week} · {heading(past.playlist, OPTION_LENGTH // 2)}{pin} · {songs}"


def option(playlist: Playlist, value: str, week: str = "") -> discord.SelectOption:
    """A playlist to choose."""
    name = "For you" if playlist.kind is PlaylistKind.MEMBER else title_of(playlist)
    label = readable(f"{week} · {name}" if week else name, OPTION_LENGTH)
    about = " · ".join(part for part in (count(len(playlist.entries), "song"), playlist.note) if part)
    return discord.SelectOption(
        label=label, value=value, description=readable(about, OPTION_LENGTH), emoji=EMOJI[playlist.kind]
    )
