"""The buttons below a digest: all its songs, the same in playing order, and not being mentioned."""

from datetime import UTC, datetime
from enum import StrEnum
from re import Match
from typing import Any, Self

import discord
from discord import ui

from bot.client import Earworm
from bot.library.cards import TrackCard
from bot.playlists.formats import queue_link
from bot.playlists.playlist import Entry, Playlist, PlaylistKind
from cogs.shared.audience import channels_for
from cogs.shared.presses import explained
from cogs.shared.text import duration, fitted, linked
from cogs.suggestions.page import ACCENT, TEXT_LIMIT
from cogs.vibes.layout import LINK_LENGTH

SONGS_PER_PAGE = 20
TURN = "turn"  # in the custom id of a button that replaces the page that it stands on
NOTHING = "Nothing that you may see was shared in these days, or it is gone."
NO_LONGER_MENTIONED = "Digests won't mention you any more."
MENTIONED_AGAIN = "Digests may mention you again."


class SongOrder(StrEnum):
    """In which order a digest's songs are listed, as custom ids write it."""

    BY_TIME = "t"
    PLAYING = "p"


class SongsButton(
    ui.DynamicItem[ui.Button[Any]],
    template=r"ew:(?P<kind>songs|turn):(?P<since>\d+):(?P<until>\d+):(?P<order>[tp]):(?P<page>\d+)",
):
    """Shows a page of what was shared between two moments.

    `turn`: in the place of the page that it stands on.
    """

    def __init__(
        self,
        since: int,
        until: int,
        order: SongOrder,
        page: int,
        label: str | None = None,
        *,
        turn: bool = False,
    ) -> None:
        kind = TURN if turn else "songs"
        super().__init__(ui.Button(custom_id=f"ew:{kind}:{since}:{until}:{order}:{page}", label=label))
        self.since, self.until, self.order, self.page, self.turn = since, until, order, page, turn

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        turn = match["kind"] == TURN
        order = SongOrder(match["order"])
        return cls(int(match["since"]), int(match["until"]), order, int(match["page"]), turn=turn)

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show it to whoever pressed it alone."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True, thinking=not self.turn)
        digests, channels = interaction.client.services.digests, await channels_for(interaction, private=True)
        since, until = (datetime.fromtimestamp(at, UTC) for at in (self.since, self.until))
        everything = songs = await digests.songs(interaction.guild_id, since, until, channels)
        if self.order is SongOrder.PLAYING:
            songs = await digests.in_playing_order(interaction.guild_id, everything, channels)
        await interaction.edit_original_response(view=self._shown(songs, len(everything)))

    def _shown(self, songs: list[TrackCard], total: int) -> ui.LayoutView:
        """A page of these songs, which may be the first of `total`."""
        pages = max(1, -(-len(songs) // SONGS_PER_PAGE))
        page = min(self.page, pages - 1)
        return fitted(
            lambda length: self._layout(songs, total, page, pages, length),
            ui.LayoutView.content_length,
            TEXT_LIMIT,
        )

    def _layout(
        self, songs: list[TrackCard], total: int, page: int, pages: int, length: int
    ) -> ui.LayoutView:
        shown = songs[page * SONGS_PER_PAGE : (page + 1) * SONGS_PER_PAGE]
        lines = [
            f"{place}. {linked(card, length)} · {duration(card.seconds)}"
            for place, card in enumerate(shown, page * SONGS_PER_PAGE + 1)
        ]
        title = "In playing order" if self.order is SongOrder.PLAYING else "Everything that was shared"
        number = f"the first {len(songs)} of {total} songs" if len(songs) < total else f"{total} songs"
        about = f"-# {number}, page {page + 1} of {pages}" if pages > 1 else ""
        text = "\n".join(line for line in (f"### {title}", about, *(lines or [NOTHING])) if line)
        box: ui.Container[Any] = ui.Container(ui.TextDisplay(text), accent_colour=ACCENT)
        view = ui.LayoutView(timeout=None)
        view.add_item(box)
        if buttons := self._turning(shown, page, pages):
            view.add_item(ui.ActionRow(*buttons))
        return view

    def _turning(self, shown: list[TrackCard], page: int, pages: int) -> list[ui.Item[Any]]:
        buttons: list[ui.Item[Any]] = []
        if page > 0:
            buttons.append(self._to(page - 1, "Previous page"))
        if page + 1 < pages:
            buttons.append(self._to(page + 1, "Next page"))
        link = queue_link(Playlist(PlaylistKind.AROUND, "", tuple(map(Entry, shown))))
        if self.order is SongOrder.PLAYING and link and len(link) <= LINK_LENGTH:
            buttons.append(ui.Button(label="Play on YouTube", url=link))
        return buttons

    def _to(self, page: int, label: str) -> "SongsButton":
        return SongsButton(self.since, self.until, self.order, page, label, turn=True)


class QuietButton(ui.DynamicItem[ui.Button[Any]], template=r"ew:quiet(?P<undo>:undo)?"):
    """Mute me: no digest mentions this member any more; or takes that back."""

    def __init__(self, *, undo: bool = False, label: str | None = None) -> None:
        super().__init__(ui.Button(custom_id="ew:quiet:undo" if undo else "ew:quiet", label=label))
        self.undo = undo

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the button back from a message."""
        return cls(undo=bool(match["undo"]))

    @explained
    async def callback(self, interaction: discord.Interaction[Earworm]) -> None:
        """Note it and say so, to this member alone."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True, thinking=not self.undo)
        guild_id, member = interaction.guild_id, interaction.user
        guilds = interaction.client.services.guilds
        await guilds.set_quiet(guild_id, member.id, member.display_name, quiet=not self.undo)
        if self.undo:
            await interaction.edit_original_response(content=MENTIONED_AGAIN, view=None)
            return
        view = ui.View(timeout=None)
        view.add_item(QuietButton(undo=True, label="Undo"))
        await interaction.edit_original_response(content=NO_LONGER_MENTIONED, view=view)
        view.stop()  # the button is dynamic
