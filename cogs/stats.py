"""/stats: how Earworm's suggestions were taken, and two strategies compared."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotAllowed
from bot.taste.history import Acceptance
from cogs._text import fitting

WEEKS = 8
LIMIT = 1900
BY_REASON = {
    "asked": "sounds like what was asked about",
    "liked": "close to what they 👍",
    "shared": "close to what they shared",
    "more": "close to what they asked more of",
    "server": "close to what the server 👍",
    "crowd": "others who 👍 the same",
    "new": "new ground",
    "far": "unlike what they 👎",
    "popular": "popular here",
}
BY_ARM = {"ours": "everything", "sound": "sound alone", "plain": "Qdrant's recommend as it is"}
COMPARISONS = [
    app_commands.Choice(name="everything against sound alone", value="ours,sound"),
    app_commands.Choice(name="everything against Qdrant's plain recommend", value="ours,plain"),
    app_commands.Choice(name="sound alone against Qdrant's plain recommend", value="sound,plain"),
    app_commands.Choice(name="stop comparing", value="none"),
]


@app_commands.guild_only()
class Stats(commands.GroupCog, name="stats", description="How suggestions are taken here"):
    """Acceptance of suggestions."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="show", description="How many suggestions were liked, by week and by reason")
    async def show(self, interaction: discord.Interaction[Earworm]) -> None:
        """Show what share of the suggestions got a 👍; only the asker sees it."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        history = self.bot.services.engine.history
        rows = await history.acceptance(interaction.guild_id)
        arms = await history.arms(interaction.guild_id)
        await interaction.edit_original_response(content=_text(rows, arms))

    @app_commands.command(
        name="compare", description="Suggest by two strategies in turn (needs Manage Server)"
    )
    @app_commands.describe(strategies="Which two; /stats show then tells them apart")
    @app_commands.choices(strategies=COMPARISONS)
    async def compare(self, interaction: discord.Interaction[Earworm], strategies: str) -> None:
        """Start or stop a comparison."""
        assert interaction.guild_id is not None
        if not interaction.permissions.manage_guild:
            raise NotAllowed("Comparing strategies needs the permission Manage Server.")
        await interaction.response.defer(ephemeral=True)
        arms = [arm for arm in strategies.split(",") if arm in BY_ARM]
        await self.bot.services.engine.history.compare(interaction.guild_id, arms)
        names = " and ".join(BY_ARM[arm] for arm in arms)
        said = f"From now on /recommend takes from two strategies in turn: {names}." if arms else "Stopped."
        await interaction.edit_original_response(content=said)


def _text(rows: list[Acceptance], arms: tuple[str, ...]) -> str:
    if not rows:
        return "Nothing was suggested in the last weeks. Ask /recommend or /similar, then look again."
    parts = ["### Suggestions that got a 👍", *_lines(rows, lambda row: row.week)[:WEEKS]]
    parts += ["**By reason**", *_lines(rows, lambda row: BY_REASON[row.evidence])]
    compared = [row for row in rows if row.arm]
    if compared:
        parts += ["**By strategy**", *_lines(compared, lambda row: BY_ARM[row.arm])]
    if arms:
        parts.append(f"-# Comparing {' with '.join(BY_ARM[arm] for arm in arms)}.")
    return "\n".join(fitting(parts, LIMIT))


def _lines(rows: Iterable[Acceptance], group: Callable[[Acceptance], str]) -> list[str]:
    """A line for each group, in the order in which they first come."""
    shown: dict[str, int] = defaultdict(int)
    liked: dict[str, int] = defaultdict(int)
    for row in rows:
        shown[group(row)] += row.shown
        liked[group(row)] += row.liked
    return [f"{name}: {liked[name] / number:.0%} of {number}" for name, number in shown.items()]


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(Stats(bot))
