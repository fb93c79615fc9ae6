"""Wording that several cogs share; everything that members wrote is escaped here and shortened."""

import discord

from bot.library.cards import ShareLine, TrackCard

TITLE_SHOWN = 90


def plain(text: str, length: int = TITLE_SHOWN) -> str:
    """Members' or pages' words as plain text: one line, no markdown, no mentions, at most `length` characters."""
    return discord.utils.escape_mentions(discord.utils.escape_markdown(shorten(text, length))).replace(
        "<", "\\<"
    )


def shorten(text: str, length: int) -> str:
    """One line of at most `length` characters, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def duration(seconds: float) -> str:
    """Seconds as 3:25 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def song(card: TrackCard) -> str:
    """**Title** by Artist · 3:25."""
    artist = f" by {plain(card.artist)}" if card.artist else ""
    return f"**{plain(card.title)}**{artist} · {duration(card.seconds)}"


def sharer(share: ShareLine) -> str:
    """Who shared it and when, as Discord shows people and days."""
    return f"<@{share.user_id}> on {discord.utils.format_dt(share.shared_at, 'D')}"


def shared_line(card: TrackCard) -> str:
    """Who shared it first, with a link that jumps there."""
    share = card.first
    if share is None:
        return ""
    jump = share.jump(card.guild_id)
    where = f" · [jump to it]({jump})" if jump else ""
    return f"shared by {sharer(share)}{where}"


def votes(card: TrackCard) -> str:
    """👍 3 👎 1, or nothing while nobody voted."""
    counts = (("👍", card.likes), ("👎", card.dislikes))
    return " ".join(f"{emoji} {count}" for emoji, count in counts if count)


def choice_name(card: TrackCard) -> str:
    """A track as an autocomplete choice: at most the 100 characters that Discord allows."""
    return shorten(card.label, 100)
