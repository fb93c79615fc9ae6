"""SQL condition for the shares in channels that a reader can see."""

from sqlalchemy import ColumnElement, true

from models import Share

VisibleChannels = frozenset[int] | None
"""The channels whose shares may be shown; None: all, as on the command line, whose own shares everybody may see."""

COMMAND_LINE_CHANNEL = 0  # the channel of tracks that were taken in on the command line; everybody may see it


def with_command_line(channels: frozenset[int]) -> list[int]:
    """The channels whose shares a reader may know of who sees these, in a fixed order."""
    return sorted({COMMAND_LINE_CHANNEL, *channels})


def visible(channels: VisibleChannels) -> ColumnElement[bool]:
    """The condition on `shares` that a reader may know of one."""
    return true() if channels is None else Share.channel_id.in_(with_command_line(channels))
