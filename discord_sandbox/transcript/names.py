"""The names behind mentions, and timestamps as text."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from discord_sandbox.world.model import GuildState

TIME_UNITS = ((31_536_000, "year"), (2_592_000, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))
TIME_FORMATS = {
    "t": "%H:%M",
    "T": "%H:%M:%S",
    "d": "%d/%m/%Y",
    "D": "%d %B %Y",
    "f": "%d %B %Y %H:%M",
    "F": "%A, %d %B %Y %H:%M",
}


@dataclass(frozen=True)
class Names:
    """Looks ids up in a guild; times are those of `zone`."""

    guild: GuildState
    zone: tzinfo = UTC

    def user(self, user_id: int) -> str:
        """A member's name, or a user's."""
        member = self.guild.members.get(user_id)
        user = self.guild.world.users.get(user_id)
        return member.name if member else user.name if user else "unknown-user"

    def colour(self, user_id: int) -> int:
        """The colour of a member's highest coloured role; 0 for none."""
        member = self.guild.members.get(user_id)
        roles = sorted(member.roles, key=lambda role: -role.position) if member else []
        return next((role.colour for role in roles if role.colour), 0)

    def role(self, role_id: int) -> str:
        """A role's name."""
        role = self.guild.roles.get(role_id)
        return role.name if role else "deleted-role"

    def channel(self, channel_id: int) -> str:
        """A channel's name."""
        channel = self.guild.channels.get(channel_id)
        return channel.name if channel else "unknown"

    def time(self, seconds: int, style: str) -> str:
        """A moment as `<t:…>` shows it."""
        try:
            moment = datetime.fromtimestamp(seconds, self.zone)
        except (OverflowError, ValueError, OSError):
            return "Invalid Date"
        if style == "R":
            return relative((moment - self.guild.world.clock.now()).total_seconds())
        return moment.strftime(TIME_FORMATS[style])


def relative(seconds: float) -> str:
    """A time span in words: in the future if positive, else ago."""
    size = abs(seconds)
    if size < 45:
        return "in a few seconds" if seconds > 0 else "a few seconds ago"
    for length, unit in TIME_UNITS:
        if size >= length or unit == "minute":
            count = max(1, round(size / length))
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return ""
