"""The bot's missing channel permissions, named as in Discord's settings."""

import discord

POSTING = {"view_channel": "View Channel", "send_messages": "Send Messages"}
# A digest that an interrupted run posted is looked for in the channel; without the right, Discord shows it empty.
POSTING_ONCE = {**POSTING, "read_message_history": "Read Message History"}
LISTENING = {
    **POSTING,
    "add_reactions": "Add Reactions",
    "read_message_history": "Read Message History",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
}


def missing_permissions(channel: discord.abc.GuildChannel, needed: dict[str, str]) -> list[str]:
    """Those of the permissions that the bot lacks in a channel."""
    allowed = channel.permissions_for(channel.guild.me)
    return [name for flag, name in needed.items() if not getattr(allowed, flag)]
