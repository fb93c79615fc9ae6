"""The 👍 and 👎 buttons of a track; they are persistent, so they keep working after a restart."""

from collections.abc import Iterator
from re import Match
from typing import Any, Self

import discord
from discord import ui

from cogs.shared.audience import audience_in
from cogs.shared.pictures import editable
from cogs.shared.presses import explained
from models import VoteKind

THUMB = {VoteKind.LIKE: "👍", VoteKind.DISLIKE: "👎"}


class VoteButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:vote:(?P<track>\d+):(?P<kind>[+-]1)"):
    """👍 or 👎 on one track of a message; pressing it again takes it back."""

    def __init__(self, track_id: int, kind: VoteKind, count: int = 0) -> None:
        label = str(count) if count else None
        super().__init__(ui.Button(custom_id=f"ew:vote:{track_id}:{kind:+d}", emoji=THUMB[kind], label=label))
        self.track_id = track_id
        self.kind = kind

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["track"]), VoteKind(int(match["kind"])))

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Record the vote and show how many members pressed which button."""
        assert interaction.guild_id is not None and interaction.message is not None
        await interaction.response.defer()
        guild_id, member = interaction.guild_id, interaction.user
        services = interaction.client.services
        await services.feedback.toggle(
            guild_id, interaction.message.id, member.id, self.kind, track_id=self.track_id
        )
        await services.guilds.remember(guild_id, member.id, member.display_name)
        view = editable(interaction.message)
        buttons = list(_vote_buttons(view))
        channels = await audience_in(interaction, interaction.message.channel.id)
        shown = {track_id for _, track_id, _ in buttons}
        counts = await services.feedback.counts(guild_id, shown, channels=channels)
        for button, track_id, kind in buttons:
            likes, dislikes = counts.get(track_id, (0, 0))
            count = likes if kind is VoteKind.LIKE else dislikes
            button.label = str(count) if count else None
        view.stop()  # the buttons are dynamic: the client needn't keep this view
        await interaction.edit_original_response(view=view)


def vote_buttons(track_id: int, likes: int, dislikes: int) -> tuple[VoteButton, VoteButton]:
    """Both buttons of a track."""
    return VoteButton(track_id, VoteKind.LIKE, likes), VoteButton(track_id, VoteKind.DISLIKE, dislikes)


def _vote_buttons(view: ui.LayoutView) -> Iterator[tuple[ui.Button[Any], int, VoteKind]]:
    """The vote buttons of a message that was sent, each with its track and kind."""
    template = VoteButton.__discord_ui_compiled_template__
    for item in view.walk_children():
        if isinstance(item, ui.Button) and (match := template.fullmatch(item.custom_id or "")):
            yield item, int(match["track"]), VoteKind(int(match["kind"]))
