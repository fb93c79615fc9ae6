"""/stats: acceptance rates of suggestions, and comparisons of two strategies."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotAllowed
from bot.suggestions.acceptance import Acceptance
from bot.suggestions.pick import Arm
from bot.suggestions.wording import ReasonKind
from bot.taste.colike import MIN_MEMBERS, MIN_VOTES
from cogs.shared.text import fitting

WEEKS_SHOWN = 8
MAX_TEXT_LENGTH = 1900
BY_REASON = {
    ReasonKind.ASKED: "sounds like what was asked about",
    ReasonKind.LIKED: "close to what they 👍",
    ReasonKind.SHARED: "close to what they shared",
    ReasonKind.MORE: "close to what they asked more of",
    ReasonKind.SERVER: "close to what the server 👍",
    ReasonKind.COLIKED: "others who 👍 the same",
    ReasonKind.NEW: "new ground",
    ReasonKind.UNLIKE_DISLIKED: "unlike what they 👎",
    ReasonKind.POPULAR: "popular here",
}
BY_ARM = {
    Arm.OURS: "everything",
    Arm.SOUND: "sound alone",
    Arm.PLAIN: "Qdrant's best_score, then the same rules",
}
STOP_COMPARING = "none"
COMPARISONS = [
    app_commands.Choice(name="everything against sound alone", value=f"{Arm.OURS},{Arm.SOUND}"),
    app_commands.Choice(
        name="everything against Qdrant's best_score, then the same rules", value=f"{Arm.OURS},{Arm.PLAIN}"
    ),
    app_commands.Choice(
        name="sound alone against Qdrant's best_score, then the same rules", value=f"{Arm.SOUND},{Arm.PLAIN}"
    ),
    app_commands.Choice(name="stop comparing", value=STOP_COMPARING),
]
WHAT_COUNTS_NOTE = (
    "-# What counts: a 👍 of whoever asked, given after they were shown the song, for the latest time they were "
    "shown it; for the digest's suggestion anybody's."
)
SAME_LIST_NOTE = (
    f"-# “{BY_ARM[Arm.OURS]}” is the same list as “{BY_ARM[Arm.SOUND]}” until this server has enough feedback to learn "
    f"who likes the same: {MIN_VOTES} votes by {MIN_MEMBERS} members on songs that several of them voted on."
)


@app_commands.guild_only()
class StatsCog(commands.GroupCog, name="stats", description="How suggestions are taken here"):
    """Acceptance of suggestions."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(name="show", description="How many suggestions were liked, by week and by reason")
    async def show(self, interaction: discord.Interaction[Earworm]) -> None:
        """Show what share of the suggestions got a 👍; only the asker sees it."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        acceptance = self.bot.services.engine.acceptance
        rows = await acceptance.by_week(interaction.guild_id)
        arms = await acceptance.arms(interaction.guild_id)
        compared = {*arms, *(row.arm for row in rows)}
        text = report(rows, arms, one_list=await self._one_list(interaction.guild_id, compared))
        await interaction.edit_original_response(content=text)

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
        arms = [] if strategies == STOP_COMPARING else [Arm(arm) for arm in strategies.split(",")]
        await self.bot.services.engine.acceptance.compare(interaction.guild_id, arms)
        names = " and ".join(f"“{BY_ARM[arm]}”" for arm in arms)
        said = f"From now on /recommend takes from two strategies in turn: {names}." if arms else "Stopped."
        if await self._one_list(interaction.guild_id, arms):
            said += f"\n{SAME_LIST_NOTE}"
        await interaction.edit_original_response(content=said)

    async def _one_list(self, guild_id: int, arms: Collection[Arm | None]) -> bool:
        """Whether what is compared has OURS in it, and others' likes can't tell it from SOUND yet."""
        return Arm.OURS in arms and await self.bot.services.engine.colikes.of(guild_id) is None


def report(rows: list[Acceptance], arms: tuple[Arm, ...], *, one_list: bool) -> str:
    """What share of the suggestions was liked; `one_list`: OURS and SOUND don't differ in this server yet."""
    if not rows:
        return "Nothing was suggested in the last weeks. Ask /recommend or /similar, then look again."
    parts = ["### Suggestions that got a 👍", *_lines(rows, lambda row: row.week)[:WEEKS_SHOWN]]
    parts += ["**By reason**", *_lines(rows, lambda row: BY_REASON[row.evidence])]
    if compared := [row for row in rows if row.arm]:
        parts += ["**By strategy**", *_lines(compared, lambda row: BY_ARM[row.arm] if row.arm else "")]
    notes = [WHAT_COUNTS_NOTE]
    if arms:
        notes.append(f"-# Comparing {' with '.join(f'“{BY_ARM[arm]}”' for arm in arms)}.")
    if one_list:
        notes.append(SAME_LIST_NOTE)
    return "\n".join([*fitting(parts, MAX_TEXT_LENGTH - sum(map(len, notes))), *notes])


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
    await bot.add_cog(StatsCog(bot))
