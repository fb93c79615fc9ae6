"""Accepting shares: links and files posted in music channels, /share, and the message menu."""

import asyncio
import logging
from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.backlog import kept, kept_post
from bot.client import DISCORD_FAILS, Earworm
from bot.errors import NotFound
from cogs.shares.sharing import accept, post_of, sources_from_options, sources_of, withdraw

log = logging.getLogger(__name__)

WORKING_EMOJI = "🎧"
MAX_CATCH_UP_MESSAGES = 1000  # messages of a channel or thread, after downtime

PostableChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


class IntakeCog(commands.Cog):
    """Turns posted links and files into jobs."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.menu = app_commands.ContextMenu(name="Add to library", callback=self.add_to_library)
        self.menu.guild_only = True
        bot.tree.add_command(self.menu)
        # Only of these channels is everything known up to the newest message.
        self._caught_up: set[int] = set()
        bot.services.pipeline.when_posts_fail(self._lose_track)
        self._catching_up = asyncio.Lock()
        self._signs: set[asyncio.Task[None]] = set()

    async def cog_unload(self) -> None:
        """Take the menu entry away with the cog, and give up what signs Discord hasn't let through yet."""
        for task in self._signs:
            task.cancel()
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)

    # -- bare links and files ------------------------------------------------------------------------------

    @commands.Cog.listener()
    @kept_post
    async def on_message(self, message: discord.Message) -> None:
        """A bare link or file in a music channel is a share."""
        await self._hear(message)

    @commands.Cog.listener()
    @kept_post
    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """So is one that is added to a message later; a preview that Discord adds changes nothing."""
        if event.message.edited_at is not None:
            await self._hear(event.message)

    @commands.Cog.listener()
    @kept_post
    async def on_edit_missed(self, message: discord.Message) -> None:
        """So is one that was added while the bot was away."""
        await self._hear(message)

    async def _hear(self, message: discord.Message) -> None:
        await self.take_in(message, seen=home_of(message.channel) in self._caught_up)

    async def take_in(self, message: discord.Message, *, seen: bool = False) -> None:
        """Save every share of a member's message in a music channel, then show that it was seen.

        `seen`: everything posted there before it is saved.
        """
        if message.guild is None or message.author.bot or message.webhook_id:
            return
        sources = sources_of(message)
        if not sources and not seen:
            return
        place = {"guild_id": message.guild.id, "channel_id": message.channel.id, "message_id": message.id}
        post = post_of(sources, message.author, guild=message.guild, **place)
        post = replace(post, music_channel=home_of(message.channel), seen=seen)
        if await self.bot.services.pipeline.take_in(post):
            self._show_sign(message)

    def _show_sign(self, message: discord.Message) -> None:
        """Show at once that the bot is working on a message, without holding up the next."""
        task = asyncio.create_task(self._react(message))
        self._signs.add(task)
        task.add_done_callback(self._signs.discard)

    async def _react(self, message: discord.Message) -> None:
        try:
            await message.add_reaction(WORKING_EMOJI)
        except DISCORD_FAILS as error:
            log.info("no sign on message %d: %s", message.id, error)

    # -- what was posted while the bot was away ------------------------------------------------------------

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """From now on messages may be missed."""
        self._lose_track()

    def _lose_track(self) -> None:
        """Take no later message for the last of a channel: one before it may not be saved."""
        self._caught_up = set()

    @commands.Cog.listener()
    @kept
    async def on_ready(self) -> None:
        """Take in what was posted meanwhile."""
        await self._catch_up_everywhere()

    @commands.Cog.listener()
    @kept
    async def on_resumed(self) -> None:
        """Take in what was posted meanwhile and wasn't delivered."""
        await self._catch_up_everywhere()

    @commands.Cog.listener()
    @kept
    async def on_storage_back(self) -> None:
        """Take in whatever could not be saved and didn't wait."""
        await self._catch_up_everywhere()

    async def _catch_up_everywhere(self) -> None:
        for guild in self.bot.guilds:
            await self.catch_up(guild)

    @commands.Cog.listener()
    @kept
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Take in what was posted while Discord had trouble with a server."""
        await self.catch_up(guild)

    @commands.Cog.listener()
    @kept
    async def on_music_channels_set(self, guild: discord.Guild) -> None:
        """A channel may have become a music channel."""
        await self.catch_up(guild)

    async def catch_up(self, guild: discord.Guild) -> None:
        """Take in what was posted in a server's music channels, and their threads, since the last message seen."""
        marks: dict[int, int] = {}
        async with self._catching_up:
            caught_up = self._caught_up
            for home, last in (await self.bot.services.guilds.music_channels(guild.id)).items():
                if home in caught_up:
                    continue
                try:
                    read = [
                        await self._catch_up(channel, last) for channel in channel_and_threads(guild, home)
                    ]
                except DISCORD_FAILS as error:
                    log.warning("can't read what was posted in channel %d meanwhile: %s", home, error)
                    continue
                await self.bot.services.guilds.seen(guild.id, home, max([last, *read]))
                caught_up.add(home)
                marks[home] = last
        if marks:
            self.bot.dispatch("caught_up", guild, marks)

    async def _catch_up(self, channel: PostableChannel, last: int) -> int:
        posted = [
            message
            async for message in channel.history(
                after=discord.Object(last), limit=MAX_CATCH_UP_MESSAGES, oldest_first=True
            )
        ]
        await asyncio.gather(*map(self.take_in, posted))
        return posted[-1].id if posted else last

    # -- commands ------------------------------------------------------------------------------------------

    @app_commands.command(name="share", description="Add a song to this server's library")
    @app_commands.describe(link="A link to one song", file="An audio or video file, or a voice message")
    @app_commands.guild_only()
    async def share(
        self,
        interaction: discord.Interaction[Earworm],
        link: str | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        """Share a link, a file, or both."""
        sources = sources_from_options(link, file)
        await interaction.response.defer()
        await accept(interaction, sources, interaction.user)

    async def add_to_library(
        self, interaction: discord.Interaction[Earworm], message: discord.Message
    ) -> None:
        """The message menu: whoever posted the song is who shared it, unless that is no member."""
        sources = sources_of(message)
        if not sources:
            raise NotFound("I see no link and no audio file in that message.")
        await interaction.response.defer()
        nobody = message.author.bot or message.webhook_id
        await accept(interaction, sources, interaction.user if nobody else message.author, message=message)

    # -- deleted messages ----------------------------------------------------------------------------------

    @commands.Cog.listener()
    @kept
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deleted message takes its shares along."""
        if event.guild_id is not None:
            await withdraw(self.bot, event.guild_id, [event.message_id])

    @commands.Cog.listener()
    @kept
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """So do several."""
        if event.guild_id is not None:
            await withdraw(self.bot, event.guild_id, event.message_ids)

    @commands.Cog.listener()
    @kept
    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """What was shared in a deleted thread nobody can see any more."""
        await self.bot.services.guilds.drop_thread(event.guild_id, event.thread_id)


def home_of(channel: "discord.abc.MessageableChannel") -> int:
    """The channel whose settings count: a thread's are its parent's."""
    return channel.parent_id if isinstance(channel, discord.Thread) else channel.id


def channel_and_threads(guild: discord.Guild, home: int) -> list[PostableChannel]:
    """A music channel, if messages stand in it, and its threads."""
    return [
        each
        for each in [*guild.channels, *guild.threads]
        if isinstance(each, PostableChannel) and home_of(each) == home
    ]


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(IntakeCog(bot))
