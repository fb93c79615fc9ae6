"""Rate limits: headers on every response, and optionally the real limits of the routes that bots use most."""

import time
from dataclasses import dataclass, field

Headers = dict[str, str]

LENIENT_LIMIT = (1000, 0.05)
STRICT_LIMITS = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5.0),
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"): (1, 0.25),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"): (1, 0.25),
}
DEFAULT_STRICT_LIMIT = (50, 1.0)


@dataclass
class RateLimits:
    """Counts requests by route and channel; without `strict` nothing is ever refused."""

    strict: bool = False
    _windows: dict[tuple[str, str, str], tuple[float, int]] = field(default_factory=dict)

    def count(self, method: str, route: str, major: str) -> tuple[Headers, float]:
        """The headers for one more request, and how long to wait if that is one too many (else 0)."""
        limit, seconds = (
            STRICT_LIMITS.get((method, route), DEFAULT_STRICT_LIMIT) if self.strict else LENIENT_LIMIT
        )
        now = time.time()
        key = (method, route, major)
        end, used = self._windows.get(key, (0.0, 0))
        if now >= end:
            end, used = now + seconds, 0
        used += 1
        self._windows[key] = (end, used)
        refused = self.strict and used > limit
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - used) if self.strict else limit - 1),
            "X-RateLimit-Reset": f"{end:.3f}",
            "X-RateLimit-Reset-After": f"{end - now:.3f}",
            "X-RateLimit-Bucket": f"{abs(hash((method, route))):x}"[:12],
        }
        return headers, end - now if refused else 0.0
