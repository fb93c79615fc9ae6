"""/library searches and pages through what was shared; /track shows one song and can remove it."""

from re import Match
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotAllowed
from bot.library.cards import TrackCard
from cogs._audience import sight_of
from cogs._suggestions import VoteButton, channels_for, explained
from cogs._text import choice_name, plain, shared_line, sharer, song, votes
from cogs.intake import delete_quietly

PAGE = 10
SHARES_SHOWN = 10


async def suggest_tracks(
    interaction: discord.Interaction[Earworm], typed: str
) -> list[app_commands.Choice[str]]:
    """Autocomplete over the titles and artists that this member can see."""
    assert interaction.guild_id is not None
    cards = await interaction.client.services.catalog.suggest(
        interaction.guild_id, typed, sight_of(interaction)
    )
    return [app_commands.Choice(name=choice_name(card), value=str(card.id)) for card in cards[:25]]


class LibraryButton(
    ui.DynamicItem[ui.Button[Any]], template=r"ew:lib:(?P<page>\d+):(?P<user>\d+):(?P<text>.{0,60})"
):
    """Turns a page of /library; the question travels in the custom id."""

    def __init__(self, page: int, user_id: int, text: str, label: str = "") -> None:
        super().__init__(ui.Button(custom_id=f"ew:lib:{page}:{user_id}:{text[:60]}", label=label or "Turn"))
        self.page = page
        self.user_id = user_id
        self.text = text

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["page"]), int(match["user"]), match["text"])

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show that page in place."""
        await interaction.response.defer()
        await show_library(interaction, self.text, self.user_id, self.page)


class RemoveButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:remove:(?P<track>\d+)"):
    """Removes a song: its sharer takes back their own share, an admin every share."""

    def __init__(self, track_id: int) -> None:
        super().__init__(
            ui.Button(custom_id=f"ew:remove:{track_id}", label="Remove", style=discord.ButtonStyle.danger)
        )
        self.track_id = track_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(int(match["track"]))

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Remove what this member may remove."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = interaction.client.services.catalog
        card = await catalog.card(interaction.guild_id, self.track_id, sight_of(interaction))
        admin = interaction.permissions.manage_guild
        shares = [share for share in card.shares if admin or share.user_id == interaction.user.id]
        if not shares:
            raise NotAllowed("Only who shared it, or who has Manage Server, can remove this song.")
        if admin:
            replies = await catalog.remove_track(interaction.guild_id, self.track_id)
        else:
            replies = [
                reply
                for share in shares
                for reply in await catalog.drop_share(interaction.guild_id, share.message_id, self.track_id)
            ]
        await delete_quietly(interaction.client, replies)
        everywhere = admin or len(shares) == len(card.shares)
        done = (
            "is removed from the library" if everywhere else "is no longer shared by you; others share it too"
        )
        await interaction.edit_original_response(content=f"{song(card)} {done}.")


class Library(commands.Cog):
    """What this server shared."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Let the buttons of old messages work too."""
        self.bot.add_dynamic_items(LibraryButton, RemoveButton)

    @app_commands.command(name="library", description="Search what was shared here, newest first")
    @app_commands.describe(search="Part of a title or an artist", member="Only what this member shared")
    @app_commands.guild_only()
    async def library(
        self,
        interaction: discord.Interaction[Earworm],
        search: app_commands.Range[str, 0, 60] = "",
        member: discord.User | None = None,
    ) -> None:
        """List songs, newest share first; only the asker sees it."""
        await interaction.response.defer(ephemeral=True)
        await show_library(interaction, search, member.id if member else 0, 0)

    @app_commands.command(name="track", description="Everything about one song of this server")
    @app_commands.describe(track="A song of the library: start typing")
    @app_commands.autocomplete(track=suggest_tracks)
    @app_commands.guild_only()
    async def track(self, interaction: discord.Interaction[Earworm], track: str) -> None:
        """Show one song with all its shares."""
        assert interaction.guild_id is not None
        await interaction.response.defer()
        channels = await channels_for(interaction, private=False)
        card = await self.bot.services.catalog.resolve(interaction.guild_id, track, channels)
        await interaction.edit_original_response(view=_track_layout(card))


async def show_library(
    interaction: discord.Interaction[Earworm], text: str, user_id: int, number: int
) -> None:
    """Put one page of the library into the interaction's message."""
    assert interaction.guild_id is not None
    page = await interaction.client.services.catalog.search(
        interaction.guild_id,
        text,
        sight_of(interaction),
        user_id=user_id or None,
        limit=PAGE,
        offset=number * PAGE,
    )
    asked = (f" matching “{plain(text)}”" if text else "") + (f" shared by <@{user_id}>" if user_id else "")
    view = ui.LayoutView(timeout=None)
    if not page.cards:
        empty = (
            f"No songs{asked} yet."
            if asked
            else "Nobody has shared a song yet. Post a link in a music channel!"
        )
        view.add_item(ui.TextDisplay(empty))
        await interaction.edit_original_response(view=view)
        return
    pages = -(-page.total // PAGE)
    box: ui.Container[Any] = ui.Container()
    box.add_item(ui.TextDisplay(f"### {page.total} songs{asked}"))
    for card in page.cards:
        box.add_item(ui.TextDisplay(f"{song(card)} {votes(card)}\n-# {shared_line(card)}"))
    box.add_item(ui.TextDisplay(f"-# Page {number + 1} of {pages}"))
    view.add_item(box)
    row: ui.ActionRow[Any] = ui.ActionRow()
    if number > 0:
        row.add_item(LibraryButton(number - 1, user_id, text, "Previous page"))
    if number + 1 < pages:
        row.add_item(LibraryButton(number + 1, user_id, text, "Next page"))
    if row.children:
        view.add_item(row)
    await interaction.edit_original_response(view=view)


def _track_layout(card: TrackCard) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container()
    box.add_item(ui.TextDisplay(f"## {song(card)}"))
    facts = [f"Album: {plain(card.album)}"] if card.album else []
    facts += [f"Sounds like: {', '.join(plain(tag) for tag in card.tags)}"] if card.tags else []
    facts += [f"<{card.url}>"] if card.url else []
    facts += [_share_line(card, i) for i in range(min(len(card.shares), SHARES_SHOWN))]
    if len(card.shares) > SHARES_SHOWN:
        facts.append(f"… and {len(card.shares) - SHARES_SHOWN} more times")
    box.add_item(ui.TextDisplay("\n".join(facts)))
    row: ui.ActionRow[Any] = ui.ActionRow()
    row.add_item(VoteButton(card.id, +1, card.likes))
    row.add_item(VoteButton(card.id, -1, card.dislikes))
    row.add_item(RemoveButton(card.id))
    box.add_item(row)
    view.add_item(box)
    return view


def _share_line(card: TrackCard, index: int) -> str:
    share = card.shares[index]
    jump = share.jump(card.guild_id)
    return f"Shared by {sharer(share)}" + (f" · [jump to it]({jump})" if jump else "")


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(Library(bot))
