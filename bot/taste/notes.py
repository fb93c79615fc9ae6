"""What somebody should know about their suggestions: what they go by, why there are few, and what would help (pure)."""

from collections.abc import Mapping

from bot.taste.evidence import Signal, Taste
from bot.taste.explain import count
from bot.taste.steering import obstacles

SURE = 3  # likes from which a taste speaks for itself
PAGE = 5  # fewer picks than this are explained

NOTHING = "I have nothing to go by yet. React with 👍 or 👎 to a few songs, then ask again."
FEW = "That is all: "
NONE = "Nothing is left to suggest: "
REST = "every other song that may be shown here is known already or sounds more like something 👎."


def going_by(taste: Taste, *, you: bool) -> str:
    """What a member's suggestions go by where that isn't their likes alone; "" where it is."""
    who = "You" if you else "They"
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
    if taste.weights:
        return f"{who} haven't 👍 anything yet, so these are only unlike what {who.lower()} 👎."
    return f"{who} haven't 👍 or shared anything yet, so these are what this server likes most."


def shortage(found: int, limit: int, failures: Mapping[str, int], likes: int) -> str:
    """Why there are fewer than a page, and what would help; "" if there aren't."""
    if found >= min(limit, PAGE):
        return ""
    left_out = obstacles(failures)
    wishes = f" Of your wishes, {left_out}." if left_out else ""
    help_ = (
        f" {count(SURE - likes, 'more 👍', 'more 👍')} would tell me what to look for."
        if likes < SURE
        else ""
    )
    return f"{FEW if found else NONE}{REST}{wishes}{help_}"
