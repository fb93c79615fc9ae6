"""Notes above suggestions: what they are based on, why there are few, and what would help (pure)."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.suggestions.left_out import LeftOut
from bot.suggestions.pick import PAGE_SIZE
from bot.suggestions.wording import count
from bot.taste.evidence import Signal, Taste, dislikes

ENOUGH_LIKES = 3  # likes from which a taste speaks for itself

NOTHING_NOTE = "I have nothing to go by yet. React with 👍 or 👎 to a few songs, then ask again."
FEW_NOTE = "That is all"
NONE_NOTE = "Nothing is left to suggest"
EMPTY_NOTE = "Nothing else is in this server's library yet."
NO_LIBRARY_NOTE = "Nothing is in this server's library yet."
LEFT_OUT: Mapping[LeftOut, str] = MappingProxyType(
    {
        LeftOut.KNOWN: "known already",
        LeftOut.NEARER_TO_DISLIKED: "closer to something 👎",
        LeftOut.NO_MATCH: "no more alike than by chance",
        LeftOut.TAKEN_AWAY: "too much like what you took away",
        LeftOut.UNPOPULAR: "without a 👍 here",
        LeftOut.UNHEARD: "not listened to yet",
        LeftOut.OTHER_VERSION: "in another version",
        LeftOut.ARTIST_LIMIT: "beyond two of an artist",
        LeftOut.WITHOUT_ARTIST: "by an artist you left out",
        LeftOut.TAG: "without the tag",
        LeftOut.TEMPO: "at another tempo",
        LeftOut.KEY: "in another key",
        LeftOut.SHARE: "shared by others or at another time",
        LeftOut.TRACK: "you left out",
        LeftOut.LENGTH: "as long as a mix",
        LeftOut.TALK: "with talk",
    }
)


def without_private_counts(left_out: Mapping[LeftOut, int]) -> dict[LeftOut, int]:
    """The counts that say nothing of how much other members know, some of it from channels hidden from the reader."""
    private = {LeftOut.KNOWN, LeftOut.OTHER_VERSION}
    return {rule: number for rule, number in left_out.items() if rule not in private}


def going_by(taste: Taste, *, you: bool, heard: bool = True) -> str:
    """What a member's suggestions go by where that isn't their likes alone; "" where it is.

    `heard`: whether any of what they did is about songs that were listened to.
    """
    who = "You" if you else "They"
    if taste.weights and not heard:
        return f"I haven't listened to what {who.lower()} 👍 or shared, so these are what this server likes most."
    signals = {taste.best[track_id].signal for track_id, weight in taste.weights.items() if weight > 0}
    liked = len(taste.likes)
    if liked and (liked >= ENOUGH_LIKES or Signal.SHARED not in signals):
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


def shortage(found: int, limit: int, left_out: Mapping[LeftOut, int], likes: int = ENOUGH_LIKES) -> str:
    """Why there are fewer than a page, and what would help; "" if there aren't.

    left_out: how many songs which rule or filter left out.
    """
    if found >= min(limit, PAGE_SIZE):
        return ""
    nothing = "" if found else EMPTY_NOTE
    said = counted(found, left_out) if any(left_out.values()) else nothing
    help_ = (
        f"{count(ENOUGH_LIKES - likes, 'more 👍', 'more 👍')} would tell me what to look for."
        if likes < ENOUGH_LIKES
        else ""
    )
    return f"{said} {help_}".strip()


def counted(found: int, left_out: Mapping[LeftOut, int]) -> str:
    """What was left out as what, most first: "That is all. Left out: 12 known already, 3 without the tag.".

    Of equal numbers in the order of LeftOut.
    """
    most = sorted((rule for rule in LeftOut if left_out.get(rule)), key=lambda rule: -left_out[rule])
    parts = ", ".join(f"{left_out[rule]} {LEFT_OUT[rule]}" for rule in most)
    return f"{FEW_NOTE if found else NONE_NOTE}." + (f" Left out: {parts}." if parts else "")
