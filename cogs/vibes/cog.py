"""/vibes: what this server sounds like, and playlists of it to take away."""

import asyncio
from collections.abc import Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotAllowed, NotFound
from bot.foreign_text import readable
from bot.playlists.covers import cover_of
from bot.playlists.music import VisibleVibes
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.vibes import Vibe
from cogs.shared.audience import channels_for
from cogs.shared.pictures import Attached, painted
from cogs.shared.text import plain
from cogs.shared.tracks import CHOICE_LENGTH
from cogs.vibes.layout import COVERS, OPTIONS, history_layout, option, vibes_layout
from cogs.vibes.menu import MINE, PAST_PREFIX, PlaylistMenu, existing, history_of, show_playlist

KINDS = [
    app_commands.Choice(name="a vibe, as it is this week", value=str(PlaylistKind.VIBE)),
    app_commands.Choice(name="rediscover: loved once, not seen for long", value=str(PlaylistKind.REDISCOVER)),
    app_commands.Choice(
        name="sleepers: nobody reacted, though they should", value=str(PlaylistKind.SLEEPERS)
    ),
    app_commands.Choice(name="for a member", value=str(PlaylistKind.MEMBER)),
    app_commands.Choice(name="two worlds: from one vibe to another", value=str(PlaylistKind.WORLDS)),
]


@app_commands.guild_only()
class VibesCog(commands.GroupCog, name="vibes", description="What this server sounds like, as playlists"):
    """Vibes and their playlists."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Let the menus of old messages work."""
        self.bot.add_dynamic_items(PlaylistMenu)

    @app_commands.command(name="list", description="The vibes of this server, and this week's playlists")
    @app_commands.describe(private="Only you see the answer")
    async def list_vibes(self, interaction: discord.Interaction[Earworm], private: bool = False) -> None:
        """Show the vibes with a menu that opens playlists."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        music = await self.bot.services.playlists.music(interaction.guild_id, channels)
        weekly = await asyncio.to_thread(music.playlists)
        covers = await self._covers([each for each in weekly if each.kind is PlaylistKind.VIBE][:COVERS])
        options = [option(playlist, playlist.key) for playlist in weekly]
        yours = discord.SelectOption(label="For you", value=MINE, emoji="🎁")
        menu = PlaylistMenu.of([*options[: OPTIONS - 1], yours]) if options else None
        await interaction.edit_original_response(
            view=vibes_layout(music.vibes, weekly, covers, menu),
            attachments=[cover.file for cover in covers.values()],
        )

    async def _covers(self, playlists: Sequence[Playlist]) -> dict[str, Attached]:
        """Their covers, by key."""
        drawings = {playlist.key: cover_of(playlist) for playlist in playlists}
        return await painted(self.bot.services.painter, **drawings)

    @app_commands.command(
        name="playlist", description="A playlist of this server's music, with files to take away"
    )
    @app_commands.describe(
        kind="What it is made of",
        vibe="Which vibe, or where two worlds begin",
        to="Where two worlds end",
        member="For whom; you if left out",
        private="Only you see the answer",
    )
    @app_commands.choices(kind=KINDS)
    async def playlist(
        self,
        interaction: discord.Interaction[Earworm],
        kind: str,
        vibe: str | None = None,
        to: str | None = None,
        member: discord.User | None = None,
        private: bool = False,
    ) -> None:
        """Make a playlist and show it."""
        await interaction.response.defer(ephemeral=private)
        channels = await channels_for(interaction, private=private)
        someone = member or interaction.user
        made = await self._made(interaction, PlaylistKind(kind), channels, vibe, to, someone.id)
        await show_playlist(interaction, made, keep=not private)

    async def _made(
        self,
        interaction: discord.Interaction[Earworm],
        kind: PlaylistKind,
        channels: frozenset[int],
        start: str | None,
        end: str | None,
        user_id: int,
    ) -> Playlist:
        assert interaction.guild_id is not None
        playlists, guild_id = self.bot.services.playlists, interaction.guild_id
        if kind is PlaylistKind.MEMBER:
            return existing(await playlists.for_member(guild_id, user_id, channels), kind)
        music = await playlists.music(guild_id, channels)
        if kind is PlaylistKind.WORLDS and start and end:
            begin, finish = (_vibe_called(name, music.vibes) for name in (start, end))
            return existing(await asyncio.to_thread(music.between_vibes, begin.id, finish.id), kind)
        subject = ""
        if kind is PlaylistKind.VIBE:
            if music.vibes.note:
                raise NotFound(music.vibes.note)
            subject = str((_vibe_called(start, music.vibes) if start else music.vibes.vibes[0]).id)
        weekly = await asyncio.to_thread(music.playlists)
        fitting = (each for each in weekly if each.kind is kind and subject in {"", each.subject})
        return existing(next(fitting, None), kind)

    @app_commands.command(
        name="rename", description="Call a vibe something else for good (needs Manage Server)"
    )
    @app_commands.describe(vibe="Which one", name="What it is called from now on")
    async def rename(self, interaction: discord.Interaction[Earworm], vibe: str, name: str) -> None:
        """Give a vibe a name that sticks."""
        assert interaction.guild_id is not None
        if not interaction.permissions.manage_guild:
            raise NotAllowed("Renaming a vibe needs the permission Manage Server.")
        await interaction.response.defer(ephemeral=True)
        channels = await channels_for(interaction, private=True)
        playlists = self.bot.services.playlists
        old = _vibe_called(vibe, await playlists.vibes(interaction.guild_id, channels))
        new = await playlists.rename(interaction.guild_id, old.id, name)
        said = f"“{plain(old.name)}” is called **{plain(new.name)}** from now on."
        await interaction.edit_original_response(content=said)

    @app_commands.command(name="history", description="The playlists of past weeks, pinned ones first")
    async def history(self, interaction: discord.Interaction[Earworm]) -> None:
        """List them; only the asker sees it."""
        await interaction.response.defer(ephemeral=True)
        past = await history_of(interaction, await channels_for(interaction, private=True))
        options = [option(each.playlist, f"{PAST_PREFIX}{each.id}", each.week) for each in past]
        menu = PlaylistMenu.of(options, interaction.user.id)
        await interaction.edit_original_response(view=history_layout(past, menu))

    @app_commands.command(
        name="pin",
        description="Keep a playlist on top of the history, or no longer (needs Manage Server)",
    )
    @app_commands.describe(playlist="Which one", pinned="Keep it there; no to let it go")
    async def pin(
        self, interaction: discord.Interaction[Earworm], playlist: str, pinned: bool = True
    ) -> None:
        """Pin a playlist of the history, for everybody."""
        assert interaction.guild_id is not None
        if not interaction.permissions.manage_guild:
            raise NotAllowed("Pinning a playlist needs the permission Manage Server.")
        await interaction.response.defer(ephemeral=True)
        past = await history_of(interaction, await channels_for(interaction, private=True))
        found = next((each for each in past if playlist in {str(each.id), each.playlist.name}), None)
        if found is None:
            raise NotFound("There is no such playlist. /vibes history lists them.")
        await self.bot.services.playlists.pin(interaction.guild_id, found.id, pinned)
        does = "stays on top of /vibes history" if pinned else "is an ordinary one again"
        said = f"“{plain(found.playlist.name)}” of {found.week} {does}."
        await interaction.edit_original_response(content=said)

    @playlist.autocomplete("vibe")
    @playlist.autocomplete("to")
    @rename.autocomplete("vibe")
    async def _suggest_vibes(
        self, interaction: discord.Interaction[Earworm], typed: str
    ) -> list[app_commands.Choice[str]]:
        assert interaction.guild_id is not None
        channels = await channels_for(interaction, private=True)
        found = await self.bot.services.playlists.vibes(interaction.guild_id, channels)
        wanted = typed.strip().casefold()
        return [
            app_commands.Choice(name=readable(vibe.name, CHOICE_LENGTH) or "?", value=str(vibe.id))
            for vibe in found.vibes
            if wanted in vibe.name.casefold()
        ][:OPTIONS]

    @pin.autocomplete("playlist")
    async def _suggest_past(
        self, interaction: discord.Interaction[Earworm], typed: str
    ) -> list[app_commands.Choice[str]]:
        past = await history_of(interaction, await channels_for(interaction, private=True))
        named = [(f"{each.week} · {each.playlist.name}", str(each.id)) for each in past]
        return [
            app_commands.Choice(name=readable(name, CHOICE_LENGTH), value=value)
            for name, value in named
            if typed.strip().casefold() in name.casefold()
        ][:OPTIONS]


def _vibe_called(text: str, found: VisibleVibes) -> Vibe:
    """The vibe that an id or a name means. Raises NotFound."""
    vibe = found.called(text)
    if vibe is None:
        raise NotFound(found.note or "There is no vibe “{name}”. /vibes list shows what there is.", name=text)
    return vibe


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(VibesCog(bot))
