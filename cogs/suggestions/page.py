"""A page of suggestions: one block a song with its buttons, which work for as long as the message stands."""

from re import Match
from typing import Any, Self

import discord
from discord import ui

from bot.client import Earworm
from bot.errors import NotAllowed
from bot.intake.links import PostedMedia
from bot.suggestions.answers import AnswerPage, NewAnswer, ShownSuggestion, Subject
from bot.suggestions.pick import Recommendation
from bot.suggestions.steering import Adventure, Steering
from cogs.shared.audience import channels_for
from cogs.shared.presses import ELSEWHERE, explained
from cogs.shared.text import fitted, shared_by, song, when_and_where
from cogs.shared.votes import VoteButton, vote_buttons
from cogs.shares.sharing import accept
from models import NOBODY, AnswerKind

ACCENT = 0x5865F2
TEXT_LIMIT = 3800  # a little below Discord's 4,000
CLOSEST = Steering(adventure=Adventure.SAFE)
HEADING = "### Suggestions"


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
        channels = await channels_for(interaction, private=self.private)
        await answer_similar(interaction, self.track_id, channels, private=self.private)


class HideButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:hide:(?P<track>\d+):?(?P<undo>undo)?"):
    """Hide: never suggests a song to this member again; or takes that back."""

    def __init__(self, track_id: int, undo: bool = False) -> None:
        custom_id = f"ew:hide:{track_id}" + (":undo" if undo else "")
        super().__init__(ui.Button(custom_id=custom_id, label="Undo" if undo else "Hide"))
        self.track_id = track_id
        self.undo = undo

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["track"]), bool(match["undo"]))

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Note it and say so, to this member alone."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True, thinking=not self.undo)
        guild_id, history = interaction.guild_id, interaction.client.services.engine.history
        if self.undo:
            await history.unhide(guild_id, interaction.user.id, self.track_id)
            await interaction.edit_original_response(content="It may be suggested to you again.", view=None)
            return
        await history.hide(guild_id, interaction.user.id, self.track_id)
        await interaction.client.services.guilds.remember(
            guild_id, interaction.user.id, interaction.user.display_name
        )
        view = ui.View(timeout=None)
        view.add_item(HideButton(self.track_id, undo=True))
        await interaction.edit_original_response(content="I won't suggest that song to you again.", view=view)
        view.stop()  # the button is dynamic


class PageButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:page:(?P<answer>\d+):(?P<page>\d+)"):
    """Turns to another page of an answer."""

    def __init__(self, answer_id: int, page: int, label: str | None = None) -> None:
        super().__init__(ui.Button(custom_id=f"ew:page:{answer_id}:{page}", label=label))
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
        if page.user_id not in {NOBODY, interaction.user.id}:  # who asked may be forgotten
            raise NotAllowed("Only who asked can turn these pages; ask with /similar or /recommend yourself.")
        await show_page(interaction, page)


class AddButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:add:(?P<answer>\d+)"):
    """Add to library: stores the link or file that /similar was asked with."""

    def __init__(self, answer_id: int) -> None:
        button: ui.Button[Any] = ui.Button(
            custom_id=f"ew:add:{answer_id}", label="Add to library", style=discord.ButtonStyle.success
        )
        super().__init__(button)
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
        await accept(interaction, [PostedMedia(**page.source)], interaction.user)


BUTTONS = (VoteButton, MoreButton, HideButton, PageButton, AddButton)


async def load_page(interaction: discord.Interaction[Earworm], answer_id: int, number: int) -> AnswerPage:
    """A page of a stored answer, as its audience may see it now."""
    private = bool(interaction.message and interaction.message.flags.ephemeral)
    channels = await channels_for(interaction, private=private)
    page = await interaction.client.services.answers.page(answer_id, number, channels)
    here = interaction.message.id if interaction.message else None
    if page.guild_id != interaction.guild_id or page.message_id not in {None, here}:
        raise NotAllowed(ELSEWHERE)
    return page


async def answer_similar(
    interaction: discord.Interaction[Earworm],
    track_id: int,
    channels: frozenset[int],
    steering: Steering = CLOSEST,
    *,
    private: bool,
) -> None:
    """Answer what sounds like a track of the library."""
    assert interaction.guild_id is not None
    services = interaction.client.services
    card = await services.catalog.card(interaction.guild_id, track_id, channels)
    found = await services.recommender.similar(
        interaction.guild_id,
        track_id=track_id,
        channels=channels,
        steering=steering,
        user_id=interaction.user.id,
    )
    await answer(
        interaction, AnswerKind.SIMILAR, found, channels, about=Subject(track_id=card.id), private=private
    )


async def answer(
    interaction: discord.Interaction[Earworm],
    kind: AnswerKind,
    found: Recommendation,
    channels: frozenset[int],
    *,
    about: Subject,
    private: bool,
) -> None:
    """Keep an answer, then show its first page, of what may be shown in `channels`, in the deferred reply."""
    assert interaction.guild_id is not None and interaction.channel_id is not None
    answers = interaction.client.services.answers
    given = NewAnswer(
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id,
        user_id=interaction.user.id,
        kind=kind,
        picks=found.picks,
        about=about,
        note=found.note,
        private=private,
    )
    await show_page(interaction, await answers.page(await answers.save(given), 0, channels))


async def show_page(interaction: discord.Interaction[Earworm], page: AnswerPage) -> None:
    """Put a page into the interaction's message, and remember what was shown there."""
    view = fitted(lambda length: layout(page, length), ui.LayoutView.content_length, TEXT_LIMIT)
    message = await interaction.edit_original_response(view=view)
    await interaction.client.services.answers.shown(page, message.id)


def layout(page: AnswerPage, length: int) -> ui.LayoutView:
    """A page as Components V2, with titles of at most `length` characters: at most 5 songs, 40 components."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    box.add_item(ui.TextDisplay(_heading(page)))
    for place, shown in enumerate(page.suggestions):
        if place:
            box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(_block(shown, length)))
        track_id, card = shown.card.id, shown.card
        votes = vote_buttons(track_id, card.likes, card.dislikes)
        box.add_item(ui.ActionRow(*votes, MoreButton(track_id, page.private), HideButton(track_id)))
    view.add_item(box)
    if buttons := _turning(page):
        view.add_item(ui.ActionRow(*buttons))
    return view


def _heading(page: AnswerPage) -> str:
    """What the answer is about, as it may be named now, and the note."""
    about = song(page.track) if page.track else page.asked_title
    heading = f"### Sounds like {about}" if about else HEADING
    if page.kind in {AnswerKind.TOGETHER, AnswerKind.ALCHEMY}:
        heading = f"### {page.blend_name or 'For some of you'}"
    if page.kind is AnswerKind.RECOMMEND:
        someone = f"<@{page.member_id}>" if page.member_id else "somebody"
        heading = f"### For {'this server' if page.member_id is None else someone}"
    return f"{heading}\n-# {page.note}" if page.note else heading


def _block(shown: ShownSuggestion, length: int) -> str:
    card, match = shown.card, f"{shown.percent}% match"
    title = f"**{shown.rank}.** {song(card, length)}" + (f" · {match}" if shown.percent else "")
    if card.first is None:
        return title
    if shown.why == match:
        return f"{title}\n{shared_by(card, card.first)}"
    return f"{title}\n{shown.why}\n{when_and_where(card, card.first)}"


def _turning(page: AnswerPage) -> list[ui.DynamicItem[ui.Button[Any]]]:
    buttons: list[ui.DynamicItem[ui.Button[Any]]] = []
    if page.number > 0:
        buttons.append(PageButton(page.answer_id, page.number - 1, "Previous page"))
    if page.number + 1 < page.pages:
        buttons.append(PageButton(page.answer_id, page.number + 1, "Next page"))
    if page.source:
        buttons.append(AddButton(page.answer_id))
    return buttons
