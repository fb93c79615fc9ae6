"""A page of suggestions: one block a song with its buttons, which work for as long as the message stands."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from functools import wraps
from re import Match
from typing import Any, Self

import discord
from discord import ui

from bot.client import Earworm, explain
from bot.errors import NotAllowed
from bot.intake.links import Source
from bot.taste.answers import AnswerPage, Shown
from bot.taste.recommend import Pick
from cogs._audience import audience_of, sight_of
from cogs._text import shared_line, song
from cogs.intake import Intake

ACCENT = 0x5865F2
THUMB = {+1: "👍", -1: "👎"}

Press = Callable[[Any, discord.Interaction[Any]], Coroutine[Any, Any, None]]


def explained(press: Press) -> Press:
    """Errors of a button become a sentence for whoever pressed it."""

    @wraps(press)
    async def callback(self: Any, interaction: discord.Interaction[Any]) -> None:
        try:
            await press(self, interaction)
        except Exception as error:  # the edge of an event: nothing above it reports
            await explain(interaction, error)

    return callback


class VoteButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:vote:(?P<track>\d+):(?P<kind>[+-]1)"):
    """👍 or 👎 on one track of a message; pressing it again takes it back."""

    def __init__(self, track_id: int, kind: int, count: int = 0) -> None:
        super().__init__(ui.Button(custom_id=f"ew:vote:{track_id}:{kind:+d}", emoji=THUMB[kind]))
        self.track_id = track_id
        self.kind = kind
        self.show(count)

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["track"]), int(match["kind"]))

    def show(self, count: int) -> None:
        """Show how many members pressed it."""
        self.item.label = str(count) if count else None

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Record the vote and show the new counts."""
        assert interaction.guild_id is not None and interaction.message is not None
        await interaction.response.defer()
        feedback = interaction.client.services.feedback
        await feedback.toggle(
            interaction.guild_id,
            interaction.message.id,
            interaction.user.id,
            self.kind,
            track_id=self.track_id,
        )
        member = interaction.user
        await interaction.client.services.guilds.remember(
            interaction.guild_id, member.id, member.display_name
        )
        likes, dislikes = (await feedback.counts(interaction.guild_id, [self.track_id])).get(
            self.track_id, (0, 0)
        )
        view = ui.LayoutView.from_message(interaction.message, timeout=None)
        for item in view.walk_children():
            for kind, count in ((+1, likes), (-1, dislikes)):
                if isinstance(item, ui.Button) and item.custom_id == f"ew:vote:{self.track_id}:{kind:+d}":
                    item.label = str(count) if count else None
        view.stop()
        await interaction.edit_original_response(view=view)


class MoreButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:more:(?P<track>\d+):(?P<private>[01])"):
    """More like this: a new answer with this track as its seed."""

    def __init__(self, track_id: int, private: bool) -> None:
        super().__init__(ui.Button(custom_id=f"ew:more:{track_id}:{private:d}", label="More like this"))
        self.track_id = track_id
        self.private = private

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["track"]), match["private"] == "1")

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer as /similar would."""
        await interaction.response.defer(thinking=True, ephemeral=self.private)
        await answer_similar(interaction, self.track_id, private=self.private)


class PageButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:page:(?P<answer>\d+):(?P<page>\d+)"):
    """Turns to another page of an answer."""

    def __init__(self, answer_id: int, page: int, label: str = "") -> None:
        super().__init__(
            ui.Button(custom_id=f"ew:page:{answer_id}:{page}", label=label or f"Page {page + 1}")
        )
        self.answer_id = answer_id
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["answer"]), int(match["page"]))

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show that page in place, to whoever asked the question."""
        await interaction.response.defer()
        page = await load_page(interaction, self.answer_id, self.page)
        if page.user_id not in {0, interaction.user.id}:
            raise NotAllowed("Only who asked can turn these pages; ask with /similar or /recommend yourself.")
        await show_page(interaction, page)


class AddButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:add:(?P<answer>\d+)"):
    """Add to library: stores the link or file that /similar was asked with."""

    def __init__(self, answer_id: int) -> None:
        super().__init__(
            ui.Button(
                custom_id=f"ew:add:{answer_id}", label="Add to library", style=discord.ButtonStyle.success
            )
        )
        self.answer_id = answer_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["answer"]))

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Share it, as /share would."""
        await interaction.response.defer(thinking=True)
        page = await load_page(interaction, self.answer_id, 0)
        if page.user_id != interaction.user.id:
            raise NotAllowed("Only who asked with it can add it; /share adds it as yours.")
        source = Source(**page.source)
        intake = interaction.client.get_cog("Intake")
        assert isinstance(intake, Intake)
        reply = await interaction.original_response()
        await intake.accept(interaction, [source], message_id=reply.id, member=interaction.user)


BUTTONS = (VoteButton, MoreButton, PageButton, AddButton)


async def channels_for(interaction: discord.Interaction[Earworm], *, private: bool) -> frozenset[int]:
    """The channels whose shares an answer may show: the asker's own, or those of everybody who sees it."""
    if private:
        return sight_of(interaction)
    assert interaction.guild_id is not None and interaction.channel_id is not None
    return await audience_of(interaction.client, interaction.guild_id, interaction.channel_id)


async def load_page(interaction: discord.Interaction[Earworm], answer_id: int, number: int) -> AnswerPage:
    """A page of a stored answer, as its audience may see it now."""
    private = bool(interaction.message and interaction.message.flags.ephemeral)
    channels = await channels_for(interaction, private=private)
    return await interaction.client.services.answers.page(answer_id, number, channels)


async def answer_similar(interaction: discord.Interaction[Earworm], track_id: int, *, private: bool) -> None:
    """Answer what sounds like a track of the library."""
    assert interaction.guild_id is not None
    services = interaction.client.services
    channels = await channels_for(interaction, private=private)
    card = await services.catalog.card(interaction.guild_id, track_id, channels)
    picks = await services.recommender.similar(interaction.guild_id, track_id=track_id, channels=channels)
    await answer(interaction, "similar", f"### Sounds like {song(card)}", picks, private=private)


async def answer(
    interaction: discord.Interaction[Earworm],
    kind: str,
    heading: str,
    picks: Sequence[Pick],
    *,
    private: bool,
    source: Source | None = None,
) -> None:
    """Keep an answer, then show its first page in the deferred reply."""
    assert interaction.guild_id is not None and interaction.channel_id is not None
    answers = interaction.client.services.answers
    answer_id = await answers.save(
        interaction.guild_id,
        channel_id=interaction.channel_id,
        user_id=interaction.user.id,
        kind=kind,
        private=private,
        heading=heading,
        picks=picks,
        source=asdict(source) if source else None,
    )
    channels = await channels_for(interaction, private=private)
    await show_page(interaction, await answers.page(answer_id, 0, channels))


async def show_page(interaction: discord.Interaction[Earworm], page: AnswerPage) -> None:
    """Put a page into the interaction's message, and remember what was shown there."""
    message = await interaction.edit_original_response(view=layout(page))
    await interaction.client.services.answers.shown(page, message.id)


def layout(page: AnswerPage) -> ui.LayoutView:
    """A page as Components V2: at most 5 songs, 40 components, 4,000 characters."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    box.add_item(ui.TextDisplay(page.heading))
    for shown in page.suggestions:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(_block(shown)))
        row: ui.ActionRow[Any] = ui.ActionRow()
        row.add_item(VoteButton(shown.card.id, +1, shown.card.likes))
        row.add_item(VoteButton(shown.card.id, -1, shown.card.dislikes))
        row.add_item(MoreButton(shown.card.id, page.private))
        box.add_item(row)
    view.add_item(box)
    turning = _turning(page)
    if turning.children:
        view.add_item(turning)
    return view


def _block(shown: Shown) -> str:
    lines = [f"**{shown.rank}.** {song(shown.card)} · {shown.percent}% match"]
    lines += [line for line in (shown.why, shared_line(shown.card)) if line]
    return "\n".join(lines)


def _turning(page: AnswerPage) -> ui.ActionRow[Any]:
    row: ui.ActionRow[Any] = ui.ActionRow()
    if page.number > 0:
        row.add_item(PageButton(page.answer_id, page.number - 1, "Previous page"))
    if page.number + 1 < page.pages:
        row.add_item(PageButton(page.answer_id, page.number + 1, "Next page"))
    if page.source:
        row.add_item(AddButton(page.answer_id))
    return row
