"""What somebody should know about their suggestions: what they go by, why there are few, and what would help (pure)."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.suggestions.dedupe import ARTIST, KNOWN, TWIN
from bot.suggestions.wording import count
from bot.taste.evidence import Signal, Taste, dislikes

SURE = 3  # likes from which a taste speaks for itself
PAGE = 5  # fewer picks than this are explained

NOTHING = "I have nothing to go by yet. React with 👍 or 👎 to a few songs, then ask again."
FEW = "That is all"
NONE = "Nothing is left to suggest"
EMPTY = "Nothing else is in this server's library yet."
NO_LIBRARY = "Nothing is in this server's library yet."
FAR, TAKEN_AWAY, UNHEARD, UNPOPULAR, UNWANTED = "far", "taken away", "unheard", "unpopular", "unwanted"
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        KNOWN: "known already",
        UNWANTED: "closer to something 👎",
        FAR: "no more alike than by chance",
        TAKEN_AWAY: "too much like what you took away",
        UNPOPULAR: "without a 👍 here",
        UNHEARD: "not listened to yet",
        TWIN: "in another version",
        ARTIST: "beyond two of an artist",
        "without": "by an artist you left out",
        "tag": "without the tag",
        "tempo": "at another tempo",
        "key": "in another key",
        "share": "shared by others or at another time",
        "track": "you left out",
        "length": "as long as a mix",
        "talk": "with talk",
    }
)


def told_of_others(left_out: Mapping[str, int]) -> dict[str, int]:
    """Without what would tell how much others know: they may have done it where the reader can't look."""
    return {rule: number for rule, number in left_out.items() if rule not in {KNOWN, TWIN}}


def going_by(taste: Taste, *, you: bool, heard: bool = True) -> str:
    """What a member's suggestions go by where that isn't their likes alone; "" where it is.

    `heard`: whether any of what they did is about songs that were listened to.
    """
    who = "You" if you else "They"
    if taste.weights and not heard:
        return f"I haven't listened to what {who.lower()} 👍 or shared, so these are what this server likes most."
    signals = {taste.best[track_id].signal for track_id, weight in taste.weights.items() if weight > 0}
    liked = len(taste.likes)
    if liked and (liked >= SURE or Signal.SHARED not in signals):
        return ""
    if liked:
        return f"{who} 👍 only {count(liked, 'song')} so far, so I also went by what {who.lower()} shared."
    if Signal.SHARED in signals:
        return f"{who} haven't 👍 anything yet, so I went by what {who.lower()} shared."
    if signals:
        return f"{who} haven't 👍 anything yet, so I went by what {who.lower()} asked more of."
    if dislikes(taste):
        return f"{who} haven't 👍 anything yet, so these are only unlike what {who.lower()} 👎."
    return f"{who} haven't 👍 or shared anything yet, so these are what this server likes most."


def shortage(found: int, limit: int, left_out: Mapping[str, int], likes: int = SURE) -> str:
    """Why there are fewer than a page, and what would help; "" if there aren't.

    left_out: how many songs which rule or wish left out.
    """
    if found >= min(limit, PAGE):
        return ""
    nothing = "" if found else EMPTY
    said = told(found, left_out) if any(left_out.values()) else nothing
    help_ = (
        f"{count(SURE - likes, 'more 👍', 'more 👍')} would tell me what to look for." if likes < SURE else ""
    )
    return f"{said} {help_}".strip()


def told(found: int, left_out: Mapping[str, int]) -> str:
    """What was left out as what, most first: "That is all. Left out: 12 known already, 3 without the tag.".

    Of equal numbers in the order of LEFT_OUT.
    """
    most = sorted((rule for rule in LEFT_OUT if left_out.get(rule)), key=lambda rule: -left_out[rule])
    parts = ", ".join(f"{left_out[rule]} {LEFT_OUT[rule]}" for rule in most)
    return f"{FEW if found else NONE}." + (f" Left out: {parts}." if parts else "")
