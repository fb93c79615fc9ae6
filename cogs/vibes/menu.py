"""A menu of playlists below a message, and the message that opens when one of them is chosen."""

import io
from collections.abc import Sequence
from re import Match
from typing import Any, Self

import discord
from discord import ui

from bot.client import Earworm
from bot.errors import NotAllowed, NotFound
from bot.playlists.covers import cover_of
from bot.playlists.formats import FORMATS, stem
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.service import PastPlaylist
from cogs.shared.audience import channels_for
from cogs.shared.pictures import painted
from cogs.shared.presses import SOMEBODY_ELSES, explained
from cogs.vibes.layout import OPTIONS, playlist_layout
from models import NOBODY

PAST_PREFIX = "past-"
MINE = str(PlaylistKind.MEMBER)
NOTHING_FOUND = {
    PlaylistKind.VIBE: "That vibe has no playlist this week: too few of its songs are liked. Try another one.",
    PlaylistKind.REDISCOVER: "Nothing to rediscover yet: that takes four songs with 👍 that nobody saw for 60 days.",
    PlaylistKind.SLEEPERS: "No sleepers: whatever sounds like what this server loves was noticed.",
    PlaylistKind.MEMBER: "I know too little of that taste yet: react with 👍 to a few songs, then ask again.",
    PlaylistKind.WORLDS: "A way from one vibe to another takes two vibes. /vibes list shows what there is.",
}


class PlaylistMenu(ui.DynamicItem[ui.Select[Any]], template=r"ew:playlists:(?P<owner>\d+)"):
    """Opens a playlist, for whoever chose it; `owner`: whose own playlists are among them, NOBODY for nobody's."""

    def __init__(self, select: ui.Select[Any], owner: int = NOBODY) -> None:
        super().__init__(select)
        self.owner = owner

    @classmethod
    def of(cls, options: Sequence[discord.SelectOption], owner: int = NOBODY) -> "PlaylistMenu | None":
        """A menu of these playlists; None if there are none."""
        if not options:
            return None
        menu: ui.Select[Any] = ui.Select(
            custom_id=f"ew:playlists:{owner}",
            placeholder="Open a playlist and take it away",
            options=list(options[:OPTIONS]),
        )
        return cls(menu, owner)

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: Match[str], /
    ) -> Self:
        """Read the menu back from a message."""
        assert isinstance(item, ui.Select)
        return cls(item, int(match["owner"]))

    @explained
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show it to them alone."""
        if self.owner not in {NOBODY, interaction.user.id}:
            raise NotAllowed(SOMEBODY_ELSES)
        await interaction.response.defer(thinking=True, ephemeral=True)
        value = self.item.values[0]
        channels = await channels_for(interaction, private=True)
        await show_playlist(interaction, await _chosen(interaction, value, channels), keep=False)


async def _chosen(
    interaction: discord.Interaction[Earworm], value: str, channels: frozenset[int]
) -> Playlist:
    """The playlist that an option of the menu stands for. Raises NotFound if it is gone."""
    assert interaction.guild_id is not None
    playlists, guild_id = interaction.client.services.playlists, interaction.guild_id
    if value == MINE:
        mine = await playlists.for_member(guild_id, interaction.user.id, channels)
        return existing(mine, PlaylistKind.MEMBER)
    if value.startswith(PAST_PREFIX):
        past = await history_of(interaction, channels)
        found = next((each.playlist for each in past if f"{PAST_PREFIX}{each.id}" == value), None)
    else:
        weekly = await playlists.weekly(guild_id, channels)
        found = next((playlist for playlist in weekly if playlist.key == value), None)
    if found is None:
        raise NotFound("That playlist is gone. /vibes list shows what there is now.")
    return found


async def history_of(
    interaction: discord.Interaction[Earworm], channels: frozenset[int]
) -> list[PastPlaylist]:
    """What was posted, pinned ones first."""
    assert interaction.guild_id is not None
    history, who = interaction.client.services.playlists.history, interaction.user.id
    pinned = await history(interaction.guild_id, channels, user_id=who, pinned=True)
    return pinned + await history(interaction.guild_id, channels, user_id=who, pinned=False)


async def show_playlist(interaction: discord.Interaction[Earworm], playlist: Playlist, *, keep: bool) -> None:
    """Answer with a playlist: its songs, its cover and its files; `keep`: everybody sees it, so it was posted."""
    assert interaction.guild_id is not None
    services = interaction.client.services
    if keep or playlist.kind is PlaylistKind.MEMBER:
        await services.playlists.keep(interaction.guild_id, [playlist])
    covers = await painted(services.painter, cover=cover_of(playlist))
    cover = covers.get("cover")
    files = [discord.File(io.BytesIO(made(playlist).encode()), filename=f"{stem(playlist)}.{suffix}")
             for suffix, made in FORMATS.items()]  # fmt: skip
    await interaction.edit_original_response(
        view=playlist_layout(playlist, cover), attachments=[*files, *([cover.file] if cover else [])]
    )


def existing(playlist: Playlist | None, kind: PlaylistKind) -> Playlist:
    """The playlist, if there is one. Raises NotFound, which says what it takes."""
    if playlist is None:
        raise NotFound(NOTHING_FOUND[kind])
    return playlist
