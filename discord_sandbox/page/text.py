"""Texts of Discord's client: error messages, channel labels, and names turned into mentions."""

from discord_sandbox.rules.errors import ApiError, SandboxError
from discord_sandbox.world.model import VOICE, ChannelState, GuildState

ERROR_TEXTS = {
    10008: "That message is gone.",
    30010: "That message has 20 different reactions, which is all it can have.",
    40005: "Your files are too powerful. A file may have 10 MB.",
    50001: "You can't see that channel.",
    50013: "You don't have permission to do that here.",
    50006: "There is nothing in that message.",
    10014: "That is no emoji that could be used here.",
}


def error_text(error: SandboxError) -> str:
    """The message that a member reads when Discord refuses something."""
    if isinstance(error, ApiError):
        return ERROR_TEXTS.get(error.code, error.message)
    return str(error)


def label_of(channel: ChannelState) -> str:
    """A channel's name with its icon."""
    return f"{'🔊' if channel.type == VOICE else '#'} {channel.name}"


def with_mentions(text: str, guild: GuildState) -> str:
    """The text with `@Name` and `#channel` turned into mentions, the longest name first."""
    named = {f"@{member.name}": member.mention for member in guild.members.values()}
    named |= {f"#{channel.name}": channel.mention for channel in guild.channels.values()}
    for name in sorted(named, key=len, reverse=True):
        text = text.replace(name, named[name])
    return text
