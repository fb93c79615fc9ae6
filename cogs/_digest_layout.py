"""How the weekly digest looks."""

from typing import Any

import discord
from discord import ui

from bot.library.cards import TrackCard
from bot.playlists.content import DigestContent
from bot.taste.recommend import Pick
from cogs._suggestions import ACCENT, TEXT_LIMIT
from cogs._text import duration, fitted, fitting, plain, votes, when_and_where
from cogs._votes import vote_buttons

# Characters that a section may take; together with the pick they stay within TEXT_LIMIT.
WEEK_BUDGET, LOVED_BUDGET, PLAYLIST_BUDGET = 1200, 700, 900


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
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    box.add_item(ui.TextDisplay(_title(content.week) + content.headline))
    week = [f"• {_linked(card, length)}{_by(card)}" for card in content.tracks]
    _section(box, f"🎵 Shared this week ({len(content.tracks)})", week, WEEK_BUDGET)
    loved = [f"{votes(card)} {_linked(card, length)}{_by(card)}".lstrip() for card in content.loved]
    _section(box, "💛 Most loved", loved, LOVED_BUDGET)
    if (pick := content.pick) is not None:
        _section(box, "✨ Recommendation of the week", _picked(pick, length), TEXT_LIMIT)
        box.add_item(ui.ActionRow(*vote_buttons(pick.card.id, pick.card.likes, pick.card.dislikes)))
    if content.playlist is not None:
        songs = [f"{i}. {_linked(card, length)}" for i, card in enumerate(content.playlist.cards, 1)]
        _section(box, f"🌀 Vibe playlist: {plain(content.playlist.name, length)}", songs, PLAYLIST_BUDGET)
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def _section(box: "ui.Container[Any]", title: str, lines: list[str], budget: int) -> None:
    if lines:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(f"### {title}\n" + "\n".join(fitting(lines, budget))))


def _picked(pick: Pick, length: int) -> list[str]:
    card = pick.card
    where = when_and_where(card, card.first) if card.first else ""
    return [line for line in (f"{_linked(card, length)} · {duration(card.seconds)}", pick.why, where) if line]


def _linked(card: TrackCard, length: int) -> str:
    name = plain(card.label, length) or "?"
    jump = card.first.jump(card.guild_id) if card.first else None
    return f"[{name}]({jump})" if jump else name


def _by(card: TrackCard) -> str:
    return f" · <@{card.first.user_id}>" if card.first else ""
