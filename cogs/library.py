"""/library: search and page through the library; /track: show one song, and remove it."""

from re import Match
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotAllowed, OptedOut
from bot.library.cards import ShareLine, TrackCard
from bot.library.catalog import CatalogPage
from bot.library.opt_outs import SOMEBODY_OPTED_OUT
from bot.playlists.formats import link_of
from cogs.shared.audience import channels_for, channels_of_member
from cogs.shared.presses import explained
from cogs.shared.text import fitted, fitting, plain, shared_by, song, votes
from cogs.shared.tracks import find_track, suggest_tracks
from cogs.shared.votes import vote_buttons
from cogs.shares.sharing import delete_quietly, refresh_replies
from cogs.suggestions.page import TEXT_LIMIT

SONGS_PER_PAGE = 10
MAX_QUERY_LENGTH = 60  # characters, so that the question fits into a button's custom id
MAX_URL_LENGTH = 400


class LibraryButton(
    ui.DynamicItem[ui.Button[Any]], template=r"ew:lib:(?P<page>\d+):(?P<user>\d+):(?P<text>(?s:.*))"
):
    """Turns a page of /library; the question travels in the custom id."""

    def __init__(self, page: int, user_id: int, text: str, label: str | None = None) -> None:
        super().__init__(
            ui.Button(custom_id=f"ew:lib:{page}:{user_id}:{text[:MAX_QUERY_LENGTH]}", label=label)
        )
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
    """Removes a song: its sharer takes back their own shares, an admin every share."""

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
        """Remove what this member may remove, and let the replies to it say so."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True, thinking=True)
        services, guild_id = interaction.client.services, interaction.guild_id
        admin = interaction.permissions.manage_guild
        channels = None if admin else await channels_of_member(interaction)
        everywhere = await services.catalog.card(guild_id, self.track_id, None)
        own = await services.catalog.messages_of(guild_id, self.track_id, interaction.user.id)
        mine = [share for share in everywhere.shares if admin or share.message_id in own]
        # Their own shares are theirs also where they can't look any more.
        known = None if channels is None else channels | {share.channel_id for share in mine}
        card = await services.catalog.card(guild_id, self.track_id, known)
        if not mine:
            raise NotAllowed("Only who shared it, or who has Manage Server, can remove this song.")
        for share in mine:
            gone = await services.refresher.drop_share(guild_id, share.message_id, self.track_id)
            await delete_quietly(interaction.client, gone)
            await services.pipeline.refresh_reply(guild_id, share.channel_id, share.message_id)
        await refresh_replies(interaction.client, guild_id, [self.track_id])
        # Of others' shares that this member can't see nothing is said.
        stands = await services.catalog.cards(guild_id, [self.track_id], channels)
        done = "is no longer shared by you; others share it too" if stands else "is removed from the library"
        await interaction.edit_original_response(content=f"{song(card)} {done}.")


class LibraryCog(commands.Cog):
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
        search: app_commands.Range[str, 0, MAX_QUERY_LENGTH] = "",
        member: discord.User | None = None,
    ) -> None:
        """List songs, newest share first; only the asker sees it."""
        await interaction.response.defer(ephemeral=True)
        await show_library(interaction, search, member.id if member else 0, 0)

    @app_commands.command(name="track", description="Everything about one song of this server")
    @app_commands.describe(track="A song of the library: start typing", private="Only you see the answer")
    @app_commands.autocomplete(track=suggest_tracks)
    @app_commands.guild_only()
    async def track(
        self, interaction: discord.Interaction[Earworm], track: str, private: bool = False
    ) -> None:
        """Show one song with all its shares."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        card = await find_track(interaction, track, await channels_for(interaction, private=private))
        view = fitted(lambda length: track_layout(card, length), ui.LayoutView.content_length, TEXT_LIMIT)
        message = await interaction.edit_original_response(view=view)
        await self.bot.services.feedback.shown(interaction.guild_id, message.id, card.id)


async def show_library(
    interaction: discord.Interaction[Earworm], text: str, user_id: int, number: int
) -> None:
    """Put one page of the library into the interaction's message; the last one where there are fewer."""
    assert interaction.guild_id is not None
    services, channels = interaction.client.services, await channels_of_member(interaction)
    if user_id not in {0, interaction.user.id} and await services.opt_outs.is_out(
        interaction.guild_id, user_id
    ):
        raise OptedOut(SOMEBODY_OPTED_OUT)

    async def page_at(number: int) -> CatalogPage:
        return await services.catalog.search(
            interaction.guild_id or 0,
            text,
            channels,
            user_id=user_id or None,
            limit=SONGS_PER_PAGE,
            offset=number * SONGS_PER_PAGE,
        )

    page = await page_at(number)
    if not page.cards and page.total:
        number = (page.total - 1) // SONGS_PER_PAGE
        page = await page_at(number)
    asked = (f" matching “{plain(text)}”" if text else "") + (f" shared by <@{user_id}>" if user_id else "")
    view = fitted(
        lambda length: _library_layout(page, asked, number, length), ui.LayoutView.content_length, TEXT_LIMIT
    )
    pages = -(-page.total // SONGS_PER_PAGE)
    buttons = [LibraryButton(number - 1, user_id, text, "Previous page")] if number else []
    buttons += [LibraryButton(number + 1, user_id, text, "Next page")] if number + 1 < pages else []
    if buttons:
        view.add_item(ui.ActionRow(*buttons))
    await interaction.edit_original_response(view=view)


def _library_layout(page: CatalogPage, asked: str, number: int, length: int) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    if not page.cards:
        nobody = "Nobody has shared a song yet. Post a link in a music channel!"
        view.add_item(ui.TextDisplay(f"No songs{asked} here." if asked else nobody))
        return view
    songs = "1 song" if page.total == 1 else f"{page.total} songs"
    box: ui.Container[Any] = ui.Container(ui.TextDisplay(f"### {songs}{asked}"))
    for card in page.cards:
        shared = f"\n-# {shared_by(card, card.first)}" if card.first else ""
        box.add_item(ui.TextDisplay(f"{song(card, length)} {votes(card)}".rstrip() + shared))
    box.add_item(ui.TextDisplay(f"-# Page {number + 1} of {-(-page.total // SONGS_PER_PAGE)}"))
    view.add_item(box)
    return view


def track_layout(card: TrackCard, length: int) -> ui.LayoutView:
    """Everything about a track, with titles of at most `length` characters."""
    facts = [f"Album: {plain(card.album, length)}"] if card.album else []
    facts += [f"Tags: {', '.join(plain(tag, length) for tag in card.tags)}"] if card.tags else []
    facts += [f"<{link}>"] if 0 < len(link := link_of(card)) <= MAX_URL_LENGTH else []
    facts += [_share(card, share) for share in card.shares]
    box: ui.Container[Any] = ui.Container(ui.TextDisplay(f"## {song(card, length)}"))
    box.add_item(ui.TextDisplay("\n".join(fitting(facts, TEXT_LIMIT - 800))))
    box.add_item(ui.ActionRow(*vote_buttons(card.id, card.likes, card.dislikes), RemoveButton(card.id)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def _share(card: TrackCard, share: ShareLine) -> str:
    return f"S{shared_by(card, share)[1:]}"


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(LibraryCog(bot))
