"""Notes where the bot is and where it was removed, and erases what is kept of servers that it left 30 days ago."""

import logging
from datetime import datetime

import discord
from discord.ext import commands, tasks

from bot.backlog import kept
from bot.client import Earworm
from bot.errors import StorageFailed
from bot.privacy.departures import KEPT_FOR

log = logging.getLogger(__name__)

CHECK_HOURS = 1
NOTED = "removed from server %d: what is kept of it is erased on %s, unless I am invited there again before"


class DeparturesCog(commands.Cog):
    """Follows the bot's coming and going."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.departures = bot.services.departures

    async def cog_load(self) -> None:
        """Begin to look, now and every hour, for what is due."""
        self.look.start()

    async def cog_unload(self) -> None:
        """Look no more."""
        self.look.cancel()

    @commands.Cog.listener()
    @kept
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Whoever invites the bot again gets back what was kept."""
        await self.departures.present(self._bot_id, [guild.id])

    @commands.Cog.listener()
    @kept
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """From now on there are 30 days left."""
        erased_at = await self.departures.left(guild.id, discord.utils.utcnow())
        if erased_at is not None:
            log.warning(NOTED, guild.id, f"{erased_at:%Y-%m-%d}")

    @commands.Cog.listener()
    @kept
    async def on_ready(self) -> None:
        """Note what happened while the bot was away."""
        await self.compare(discord.utils.utcnow())

    async def compare(self, now: datetime) -> None:
        """Note which servers the bot is in, and which of those that it was in are missing."""
        guild_ids = [guild.id for guild in self.bot.guilds]
        await self.departures.present(self._bot_id, guild_ids)
        for guild_id in await self.departures.missing(self._bot_id, guild_ids, now):
            log.warning(NOTED, guild_id, f"{now + KEPT_FOR:%Y-%m-%d}")

    async def purge(self, now: datetime) -> None:
        """Erase what is due by `now`."""
        for guild_id in await self.departures.purge(now):
            log.warning(
                "erased everything that was kept of server %d, which removed me 30 days ago", guild_id
            )

    @tasks.loop(hours=CHECK_HOURS)
    async def look(self) -> None:
        """Look at the clock; where the bot is was noted before, so that nothing is erased of a server that it is in."""
        try:
            now = discord.utils.utcnow()
            await self.compare(now)
            await self.purge(now)
        except StorageFailed as error:
            log.warning("what is kept of servers that removed me can't be erased now: %s", error)
        except Exception:  # the edge of a loop, which would end for good
            log.exception("erasing what is kept of servers that removed me broke")

    @look.before_loop
    async def _wait(self) -> None:
        await self.bot.wait_until_ready()

    @property
    def _bot_id(self) -> int:
        assert self.bot.user is not None
        return self.bot.user.id


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(DeparturesCog(bot))
