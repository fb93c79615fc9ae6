"""How the weekly digest looks."""

from typing import Any

import discord
from discord import ui

from bot.library.cards import TrackCard
from bot.playlists.content import DigestContent
from bot.taste.recommend import Pick
from cogs._suggestions import ACCENT, TEXT_LIMIT
from cogs._text import duration, fitted, fitting, linked, plain, votes, when_and_where
from cogs._votes import vote_buttons

# Characters that a section may take; what they leave of TEXT_LIMIT is the week's.
LOVED_BUDGET, PICK_BUDGET, PLAYLIST_BUDGET = 900, 600, 1300


def digest_layout(content: DigestContent) -> ui.LayoutView:
    """The digest as Components V2, with titles as long as they fit."""
    return fitted(lambda length: _layout(content, length), ui.LayoutView.content_length, TEXT_LIMIT)


def is_of_week(message: discord.Message, week: str) -> bool:
    """Whether a message of the bot's is the digest of this ISO week."""
    if not message.flags.components_v2:
        return False
    items = ui.LayoutView.from_message(message, timeout=None).walk_children()
    return any(isinstance(item, ui.TextDisplay) and item.content.startswith(_title(week)) for item in items)


def _title(week: str) -> str:
    return f"## 🎧 The week in music\n-# {week} · "


def _layout(content: DigestContent, length: int) -> ui.LayoutView:
    """Sections without news are left out."""
    loved = [f"{votes(card)} {linked(card, length)}{_by(card)}".lstrip() for card in content.loved]
    most_loved = _section("💛 Most loved", loved, LOVED_BUDGET)
    pick = content.pick
    picked = _section("✨ Recommendation of the week", _picked(pick, length) if pick else [], PICK_BUDGET)
    playlist = _playlist(content, length)

    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    box.add_item(ui.TextDisplay(_title(content.week) + content.headline))
    left = TEXT_LIMIT - len(_title(content.week) + content.headline) - len(most_loved + picked + playlist)
    week = [f"• {linked(card, length)}{_by(card)}" for card in content.tracks]
    for text in (_section(f"🎵 Shared this week ({len(week)})", week, left), most_loved, picked, playlist):
        if text:
            box.add_item(ui.Separator())
            box.add_item(ui.TextDisplay(text))
        if text is picked and pick is not None:
            box.add_item(ui.ActionRow(*vote_buttons(pick.card.id, pick.card.likes, pick.card.dislikes)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def _section(title: str, lines: list[str], budget: int) -> str:
    """A heading and as many of the lines as fit, or nothing where there are none."""
    heading = f"### {title}\n"
    return heading + "\n".join(fitting(lines, budget - len(heading))) if lines else ""


def _playlist(content: DigestContent, length: int) -> str:
    if content.playlist is None:
        return ""
    songs = [f"{i}. {linked(card, length)}" for i, card in enumerate(content.playlist.cards, 1)]
    return _section(f"🌀 Vibe playlist: {plain(content.playlist.name, length)}", songs, PLAYLIST_BUDGET)


def _picked(pick: Pick, length: int) -> list[str]:
    card = pick.card
    where = when_and_where(card, card.first) if card.first else ""
    return [line for line in (f"{linked(card, length)} · {duration(card.seconds)}", pick.why, where) if line]


def _by(card: TrackCard) -> str:
    return f" · <@{card.first.user_id}>" if card.first else ""
