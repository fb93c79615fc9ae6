"""Text formatting that cogs share."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import discord

from bot.foreign_text import harmless
from bot.library.cards import ShareLine, TrackCard

T = TypeVar("T")

# How much of a title is shown, from the most to the least, until everything fits.
TITLE_LENGTHS = (90, 60, 40, 25, 8)


def plain(text: str, length: int = TITLE_LENGTHS[0]) -> str:
    """Members' or pages' words, harmless, as long as titles are shown."""
    return harmless(text, length)


def duration(seconds: float) -> str:
    """Seconds as 3:25 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def song(card: TrackCard, length: int = TITLE_LENGTHS[0]) -> str:
    """**Title** by Artist · 3:25; without the artist where there is hardly room for the title."""
    artist = f" by {plain(card.artist, length)}" if card.artist and length > TITLE_LENGTHS[-1] else ""
    return f"**{plain(card.title, length) or '?'}**{artist} · {duration(card.seconds)}"


def linked(card: TrackCard, length: int = TITLE_LENGTHS[0]) -> str:
    """Artist – Title, as a link that jumps to where it was shared first, if that is a message."""
    name = plain(card.label, length) or "?"
    jump = card.first.jump(card.guild_id) if card.first else None
    return f"[{name}]({jump})" if jump else name


def shared_by(card: TrackCard, share: ShareLine, *, before: bool = False) -> str:
    """Who shared it, where that may be said, and when, with a link that jumps there."""
    by = f"by <@{share.user_id}> " if share.by_member else ""
    return f"shared {'before ' if before else ''}{by}on {when_and_where(card, share)}"


def when_and_where(card: TrackCard, share: ShareLine) -> str:
    """The day of a share, with a link that jumps there."""
    jump = share.jump(card.guild_id)
    return discord.utils.format_dt(share.shared_at, "D") + (f" · [jump to it]({jump})" if jump else "")


def votes(card: TrackCard) -> str:
    """👍 3 👎 1, or nothing while nobody voted."""
    counts = (("👍", card.likes), ("👎", card.dislikes))
    return " ".join(f"{emoji} {count}" for emoji, count in counts if count)


def fitted(made: Callable[[int], T], size: Callable[[T], int], limit: int) -> T:
    """What `made` makes with the longest titles whose size stays within `limit`; else with the shortest."""
    for length in TITLE_LENGTHS:
        result = made(length)
        if size(result) <= limit:
            break
    return result


def fitting(lines: Iterable[str], limit: int) -> list[str]:
    """As many lines as `limit` characters hold, then how many were left out."""
    rest = list(lines)
    if len("\n".join(rest)) <= limit:
        return rest
    limit -= len("\n… and 999 more")
    kept: list[str] = []
    while rest and len("\n".join([*kept, rest[0]])) <= limit:
        kept.append(rest.pop(0))
    return [*kept, f"… and {len(rest)} more"]
