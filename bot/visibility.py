"""Who can see a channel, decided from roles and overwrites alone; in doubt nobody can.

The rules are Discord's (docs.discord.com/developers/topics/permissions): roles add up, then @everyone's overwrite,
then the roles' overwrites together, then the member's own; the owner and administrators see everything.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
CONNECT = 1 << 20


class ChannelKind(StrEnum):
    """What sort of channel it is, as far as seeing it goes."""

    TEXT = "text"  # also announcements, forums and media channels
    VOICE = "voice"  # also stages: reading along needs CONNECT too
    THREAD = "thread"  # seen by whoever sees its parent
    PRIVATE_THREAD = "private_thread"


@dataclass(frozen=True)
class OverwriteView:
    """What a channel allows and denies, in permission bits."""

    allow: int = 0
    deny: int = 0

    def apply(self, permissions: int) -> int:
        """Permissions after this overwrite; allowing wins over denying."""
        return permissions & ~self.deny | self.allow


NO_OVERWRITE = OverwriteView()


@dataclass(frozen=True)
class GuildView:
    """A server: its owner, the bot, and permission bits of @everyone and of each other role.

    Leave out roles that are managed by a bot: no person can have them.
    """

    owner_id: int
    bot_id: int
    everyone: int
    roles: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ChannelView:
    """A channel and its overwrites; a thread has none of its own but a parent (None: unknown, so hidden)."""

    id: int
    kind: ChannelKind = ChannelKind.TEXT
    everyone: OverwriteView = NO_OVERWRITE
    roles: Mapping[int, OverwriteView] = field(default_factory=dict)
    members: Mapping[int, OverwriteView] = field(default_factory=dict)
    parent: "ChannelView | None" = None

    @property
    def rules(self) -> "ChannelView | None":
        """The channel whose overwrites decide."""
        return self.parent if self.kind in {ChannelKind.THREAD, ChannelKind.PRIVATE_THREAD} else self

    @property
    def needed(self) -> int:
        """The permission bits that reading this channel takes."""
        return VIEW_CHANNEL | CONNECT if self.kind is ChannelKind.VOICE else VIEW_CHANNEL


def member_can_see(guild: GuildView, user_id: int, role_ids: Iterable[int], channel: ChannelView) -> bool:
    """Whether this member sees the channel; a private thread only if they see everything."""
    role_ids = set(role_ids) & guild.roles.keys()
    base = guild.everyone
    for role_id in role_ids:
        base |= guild.roles[role_id]
    if user_id == guild.owner_id or base & ADMINISTRATOR:
        return True
    rules = channel.rules
    if rules is None or channel.kind is ChannelKind.PRIVATE_THREAD:
        return False
    together = _together(rules.roles[role_id] for role_id in role_ids if role_id in rules.roles)
    return _granted(rules, base, together, rules.members.get(user_id, NO_OVERWRITE))


def audience_can_see(guild: GuildView, answer: ChannelView, share: ChannelView) -> bool:
    """Whether every possible member who sees the answer's channel also sees the share's.

    A possible member has any set of roles, and no overwrite of their own or one that stands in either channel.
    """
    if answer.id == share.id:
        return True
    seen, shown = answer.rules, share.rules
    if seen is None or shown is None or share.kind is ChannelKind.PRIVATE_THREAD:
        return False
    if guild.everyone & ADMINISTRATOR or seen.id == shown.id:
        return True
    people = (seen.members.keys() | shown.members.keys()) - {guild.owner_id, guild.bot_id}
    own = {(seen.members.get(p, NO_OVERWRITE), shown.members.get(p, NO_OVERWRITE)) for p in people}
    return not any(
        _granted(seen, base, in_seen, own_seen) and not _granted(shown, base, in_shown, own_shown)
        for base, in_seen, in_shown in _role_sets(guild, seen, shown)
        for own_seen, own_shown in own | {(NO_OVERWRITE, NO_OVERWRITE)}
    )


def channels_for_audience(
    guild: GuildView, answer: ChannelView, channels: Collection[ChannelView]
) -> frozenset[int]:
    """The channels whose shares may be shown in an answer that everybody in `answer` sees."""
    return frozenset(channel.id for channel in channels if audience_can_see(guild, answer, channel))


def channels_for_member(
    guild: GuildView,
    user_id: int,
    role_ids: Collection[int],
    channels: Collection[ChannelView],
    *,
    here: int | None = None,
) -> frozenset[int]:
    """The channels whose shares may be shown to this member alone.

    They do see the channel `here` in which they ask, also if it is a private thread.
    """
    return frozenset(
        channel.id
        for channel in channels
        if channel.id == here or member_can_see(guild, user_id, role_ids, channel)
    )


def _granted(channel: ChannelView, base: int, roles: OverwriteView, own: OverwriteView) -> bool:
    permissions = own.apply(roles.apply(channel.everyone.apply(base)))
    return permissions & channel.needed == channel.needed


def _together(overwrites: Iterable[OverwriteView]) -> OverwriteView:
    allow = deny = 0
    for overwrite in overwrites:
        allow |= overwrite.allow
        deny |= overwrite.deny
    return OverwriteView(allow, deny)


_Sum = tuple[
    int, int, int, int, int
]  # permissions; allow and deny in one channel, allow and deny in the other


def _role_sets(
    guild: GuildView, one: ChannelView, other: ChannelView
) -> list[tuple[int, OverwriteView, OverwriteView]]:
    """What every possible set of roles adds up to: permissions, and overwrites in both channels.

    Roles only ever add up (their bits are or-ed), and one bit or two matter, so that all 2^n sets come to at most
    32 sums, or 1,024 where a voice channel is involved. Administrators see everything, so they don't count.
    """
    mask = one.needed | other.needed
    sums: set[_Sum] = {(guild.everyone & mask, 0, 0, 0, 0)}
    for role in {_role_bits(guild, one, other, mask, role_id) for role_id in guild.roles}:
        sums |= {_add(total, role) for total in sums}
    return [(base, OverwriteView(a, d), OverwriteView(allow, deny)) for base, a, d, allow, deny in sums]


def _role_bits(guild: GuildView, one: ChannelView, other: ChannelView, mask: int, role_id: int) -> _Sum:
    permissions = guild.roles[role_id]
    if permissions & ADMINISTRATOR:
        return (0, 0, 0, 0, 0)
    here, there = one.roles.get(role_id, NO_OVERWRITE), other.roles.get(role_id, NO_OVERWRITE)
    return (
        permissions & mask,
        here.allow & mask,
        here.deny & mask,
        there.allow & mask,
        there.deny & mask,
    )


def _add(total: _Sum, role: _Sum) -> _Sum:
    a, b, c, d, e = total
    return (a | role[0], b | role[1], c | role[2], d | role[3], e | role[4])
