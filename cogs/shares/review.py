"""What happened to recent messages while the bot was away, found by looking at them: Discord doesn't tell it again."""

import asyncio
import logging
from collections.abc import Mapping, Sequence, Set

import discord
from discord.ext import commands

from bot.client import DISCORD_FAILS, Earworm
from bot.errors import StorageFailed
from cogs.shares.intake import PostableChannel, channel_and_threads
from cogs.shares.reactions import kind_of
from cogs.shares.sharing import withdraw
from models import VoteKind

log = logging.getLogger(__name__)

# The newest of a channel or thread, which Discord gives at once with counts of their reactions.
MAX_MESSAGES = 100
MAX_REACTORS = 1000  # members who reacted to a message with the same emoji
RETRY_SECONDS = 60
UNKNOWN_MESSAGE = 10008  # Discord's error code

Marks = Mapping[int, int]


class ReviewCog(commands.Cog):
    """Looks at each music channel after it was caught up, one after another, so that live work goes first."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self._one_at_a_time = asyncio.Lock()
        self._missed: set[int] = (
            set()
        )  # servers of which events were missed; a resumed connection misses none

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """While the bot was away anything may have happened."""
        self._missed |= {guild.id for guild in self.bot.guilds}

    @commands.Cog.listener()
    async def on_storage_back(self) -> None:
        """Of what happened during a long outage not everything may have waited."""
        self._missed |= {guild.id for guild in self.bot.guilds}

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """So may it where Discord had trouble with a server."""
        self._missed.add(guild.id)

    @commands.Cog.listener()
    async def on_caught_up(self, guild: discord.Guild, marks: Marks) -> None:
        """What was posted in these channels after their marks is taken in; look at what stood there before."""
        if guild.id not in self._missed:
            return
        self._missed.discard(guild.id)
        async with self._one_at_a_time:
            while not self.bot.is_closed():
                try:
                    await self._review_channels(guild, marks)
                    return
                except StorageFailed as error:
                    log.warning(
                        "what happened in server %d meanwhile is looked at later: %s", guild.id, error
                    )
                    await asyncio.sleep(RETRY_SECONDS)

    async def _review_channels(self, guild: discord.Guild, marks: Marks) -> None:
        for home, last in marks.items():
            for channel in channel_and_threads(guild, home):
                await self._review(channel, last)

    async def _review(self, channel: PostableChannel, last: int) -> None:
        if not channel.permissions_for(channel.guild.me).read_message_history:
            return  # Discord would show it empty
        try:
            messages = [message async for message in channel.history(limit=MAX_MESSAGES)]
            await self._withdraw_gone(channel, messages, last)
            await self._compare_reactions(channel.guild.id, messages)
            await self._hear_edited(messages, last)
        except DISCORD_FAILS as error:
            log.warning("can't look at what happened in channel %d meanwhile: %s", channel.id, error)

    async def _withdraw_gone(
        self, channel: PostableChannel, messages: Sequence[discord.Message], last: int
    ) -> None:
        """Drop the shares of messages that are missing in a stretch of the channel, once Discord says so of each.

        A history may be cut short when Discord has trouble.
        """
        oldest = messages[-1].id if len(messages) == MAX_MESSAGES else 0
        newest = max([last, *(message.id for message in messages[:1])])
        ledger, guild_id = self.bot.services.ledger, channel.guild.id
        known = await ledger.messages_in(guild_id, channel.id, oldest, newest)
        missing = sorted(known - {message.id for message in messages})
        await withdraw(self.bot, guild_id, [each for each in missing if await _is_gone(channel, each)])

    async def _compare_reactions(self, guild_id: int, messages: Sequence[discord.Message]) -> None:
        """Note the reactions that stand now; whose they are is asked only where their number isn't what is known."""
        known = await self.bot.services.feedback.reactions_on(guild_id, [message.id for message in messages])
        for message in messages:
            for kind in VoteKind if message.id in known else ():
                reactions = [reaction for reaction in message.reactions if kind_of(reaction.emoji) == kind]
                noted = known[message.id][kind]
                if sum(reaction.count - reaction.me for reaction in reactions) != len(noted):
                    await self._settle(guild_id, message.id, kind, reactions, noted)

    async def _settle(
        self,
        guild_id: int,
        message_id: int,
        kind: VoteKind,
        reactions: Sequence[discord.Reaction],
        noted: Set[int],
    ) -> None:
        services = self.bot.services
        stand = {
            user.id
            for reaction in reactions
            for burst in discord.ReactionType  # a super reaction, or not
            async for user in reaction.users(limit=MAX_REACTORS, type=burst)
            if not user.bot
        }
        for user_id in await self._known(guild_id, stand - noted):
            await services.feedback.add_reaction(guild_id, message_id, user_id, kind)
        if len(stand) < MAX_REACTORS:
            for user_id in noted - stand:
                await services.feedback.remove_reaction(guild_id, message_id, user_id, kind)

    async def _hear_edited(self, messages: Sequence[discord.Message], last: int) -> None:
        """Have links heard that were added to older messages since the last one that was seen."""
        since = discord.utils.snowflake_time(last)
        for message in messages:
            edited = message.edited_at is not None and message.edited_at > since and message.id <= last
            if not edited or message.guild is None:
                continue
            if await self._known(message.guild.id, {message.author.id}):
                self.bot.dispatch("edit_missed", message)

    async def _known(self, guild_id: int, user_ids: Set[int]) -> list[int]:
        """Those of the members of whom something may be found again, as it may not be told when they did it.

        Their name is known, and they never opted out: what somebody shared or voted who then had themselves forgotten
        must not come back, nor what they did while they had opted out.
        """
        services = self.bot.services
        named = await services.guilds.names(guild_id, user_ids)
        return sorted(named.keys() - await services.opt_outs.ever(guild_id))


async def _is_gone(channel: PostableChannel, message_id: int) -> bool:
    """Whether Discord says that a message was deleted. Raises DISCORD_FAILS."""
    try:
        await channel.fetch_message(message_id)
    except discord.NotFound as error:
        if error.code == UNKNOWN_MESSAGE:
            return True
        raise
    return False


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(ReviewCog(bot))
