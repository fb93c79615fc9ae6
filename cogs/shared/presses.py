"""What is done with a press on a button or menu of the bot's: checked, then carried out, its errors told.

Custom ids come back from Discord with the server, the message and the presser. All three are compared before anything
is done: the message holds the component, belongs to this server and, where one member alone sees it, to the presser.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import discord
from discord import ui
from discord.ext import commands

from bot.client import Earworm, explain
from bot.errors import NotAllowed

ELSEWHERE = "That button belongs to another message. Ask again, and press the new one."
SOMEBODY_ELSES = "Only who asked can use that. Ask for yourself."

Press = Callable[[Any, discord.Interaction[Any]], Coroutine[Any, Any, None]]


def explained(press: Press) -> Press:
    """Compare server, message and presser first; errors become a sentence for whoever pressed."""

    @wraps(press)
    async def callback(self: Any, interaction: discord.Interaction[Any]) -> None:
        try:
            await check_press(interaction)
            await press(self, interaction)
        except Exception as error:  # the edge of an event: nothing above it reports
            await explain(interaction, error)

    return callback


async def check_press(interaction: discord.Interaction[Any]) -> None:
    """Raise NotAllowed unless the message is of this server, holds what was pressed, and is for this member."""
    message, bot = interaction.message, interaction.client
    if interaction.guild_id is None or message is None or not _holds(message, interaction):
        raise NotAllowed(ELSEWHERE)
    asked = message.interaction_metadata
    if asked is None:
        # What wasn't asked for and has buttons is a digest.
        if not await bot.services.digests.stands_in(interaction.guild_id, message.id):
            raise NotAllowed(ELSEWHERE)
        return
    if not asked.is_guild_integration():
        raise NotAllowed(ELSEWHERE)
    if message.flags.ephemeral and asked.user.id != interaction.user.id:
        raise NotAllowed(SOMEBODY_ELSES)


def _holds(message: discord.Message, interaction: discord.Interaction[Any]) -> bool:
    """Whether the message is the bot's and has a component with the custom id that was pressed."""
    data: dict[str, Any] = dict(interaction.data or {})
    pressed = data.get("custom_id")
    kind = ui.LayoutView if message.flags.components_v2 else ui.View
    items = kind.from_message(message, timeout=None).walk_children()
    mine = message.author.id == interaction.application_id
    return mine and any(getattr(item, "custom_id", None) == pressed for item in items)


class PressesCog(commands.Cog):
    """Answers what discord.py passes over in silence."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Earworm]) -> None:
        """Refuse a press on what its message doesn't hold."""
        if interaction.type is not discord.InteractionType.component:
            return
        if interaction.message is None or not _holds(interaction.message, interaction):
            await explain(interaction, NotAllowed(ELSEWHERE))


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(PressesCog())
