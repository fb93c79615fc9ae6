"""Tells admins when the bot's storage has failed for long, once, and once when it is back."""

from collections.abc import Collection

from discord.ext import commands

from bot.client import Earworm
from cogs.shared.admins import tell_admins

LOST = (
    "⚠️ I haven't been able to write to my database for a minute. What is posted here meanwhile waits, and is saved "
    "as soon as I can. If this goes on, whoever runs me finds the reason in my log."
)
BACK = "✅ I can write to my database again. What waited is saved."


class OutageCog(commands.Cog):
    """Speaks only in servers in which something waits to be saved."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self._told: list[int] = []

    @commands.Cog.listener()
    async def on_storage_lost(self, guild_ids: Collection[int]) -> None:
        """Something has waited for long in these servers."""
        self._told += guild_ids
        await self._tell(guild_ids, LOST)

    @commands.Cog.listener()
    async def on_storage_back(self) -> None:
        """Nothing waits any more."""
        told, self._told = self._told, []
        await self._tell(told, BACK)

    async def _tell(self, guild_ids: Collection[int], sentence: str) -> None:
        for guild_id in guild_ids:
            if guild := self.bot.get_guild(guild_id):
                await tell_admins(guild, sentence)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(OutageCog(bot))
