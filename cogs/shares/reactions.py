"""Records 👍 and 👎 reactions as votes."""

import discord
from discord.ext import commands

from bot.backlog import kept
from bot.client import Earworm
from cogs.shared.votes import THUMB
from models import VoteKind

KINDS = {emoji: kind for kind, emoji in THUMB.items()}


def kind_of(emoji: discord.PartialEmoji | discord.Emoji | str) -> VoteKind | None:
    """Like for 👍, dislike for 👎 of any skin tone, else None."""
    return KINDS.get(str(emoji)[:1])  # of a server's own emoji, whatever it is called, that is "<"


class ReactionsCog(commands.Cog, name="Feedback"):
    """Raw events, so that messages from before the bot started count too."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.feedback = bot.services.feedback

    @commands.Cog.listener()
    @kept
    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """A member's 👍 or 👎 counts; a bot's doesn't."""
        kind = kind_of(event.emoji)
        if event.guild_id is None or event.member is None or event.member.bot or kind is None:
            return
        known = await self.feedback.add_reaction(event.guild_id, event.message_id, event.user_id, kind)
        if known:
            await self.bot.services.guilds.remember(event.guild_id, event.user_id, event.member.display_name)

    @commands.Cog.listener()
    @kept
    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Taking a reaction back takes the feedback back."""
        kind = kind_of(event.emoji)
        if event.guild_id is not None and kind is not None:
            await self.feedback.remove_reaction(event.guild_id, event.message_id, event.user_id, kind)

    @commands.Cog.listener()
    @kept
    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        """So does clearing them all."""
        if event.guild_id is not None:
            await self.feedback.clear_message(event.guild_id, event.message_id)

    @commands.Cog.listener()
    @kept
    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        """And clearing one of them."""
        kind = kind_of(event.emoji)
        if event.guild_id is not None and kind is not None:
            await self.feedback.clear_kind(event.guild_id, event.message_id, kind)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(ReactionsCog(bot))
