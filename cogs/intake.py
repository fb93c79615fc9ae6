"""Share: bare links and files in music channels, /share, and the message menu."""

import logging
from collections.abc import Iterable, Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Earworm
from bot.errors import NotFound
from bot.intake.identity import identify
from bot.intake.links import Source, find_links, is_media_file
from bot.library.dropping import GoneReply
from bot.library.ledger import new_share

log = logging.getLogger(__name__)

SIGN = "🎧"
CATCH_UP = 200  # messages a channel, after downtime


def sources_of(message: discord.Message) -> list[Source]:
    """The links and media files of a message, in order."""
    return find_links(message.content) + [source_of(file) for file in message.attachments if is_media(file)]


def source_of(file: discord.Attachment) -> Source:
    """An attachment as something to fetch."""
    return Source(
        url=file.url,
        name=file.filename,
        attachment_id=file.id,
        content_type=file.content_type or "",
        size=file.size,
    )


def is_media(file: discord.Attachment) -> bool:
    """Whether an attachment may hold sound."""
    return is_media_file(file.filename, file.content_type or "")


class Intake(commands.Cog):
    """Turns posted links and files into jobs."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot
        self.menu = app_commands.ContextMenu(name="Add to library", callback=self.add_to_library)
        self.menu.guild_only = True
        bot.tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        """Take the menu entry away with the cog."""
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """A bare link or file in a music channel is a share."""
        if message.guild is None or message.author.bot or message.webhook_id:
            return
        guilds = self.bot.services.guilds
        listening = await guilds.music_channels(message.guild.id)
        channel = home_of(message.channel)
        if channel not in listening:
            return
        await self.take_in(message)
        await guilds.seen(message.guild.id, channel, message.id)

    async def take_in(self, message: discord.Message) -> None:
        """Save every share of a message, then show that the bot is working on it."""
        sources = sources_of(message)
        if not sources or message.guild is None:
            return
        await self.submit(sources, message.guild.id, message.channel.id, message.id, message.author)
        try:
            await message.add_reaction(SIGN)
        except discord.HTTPException as error:
            log.info("no sign on message %d: %s", message.id, error)

    async def submit(
        self,
        sources: Sequence[Source],
        guild_id: int,
        channel_id: int,
        message_id: int,
        member: discord.abc.User,
        *,
        reply_id: int | None = None,
    ) -> None:
        """Hand a message's sources to the pipeline, which saves them before it returns."""
        await self.bot.services.guilds.remember(guild_id, member.id, member.display_name)
        shares = [
            new_share(
                source,
                guild_id=guild_id,
                channel_id=channel_id,
                message_id=message_id,
                user_id=member.id,
                reply_id=reply_id,
            )
            for source in sources
        ]
        await self.bot.services.pipeline.submit(shares)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Take in what was posted while the bot was away."""
        for guild in self.bot.guilds:
            for channel_id, last in (await self.bot.services.guilds.music_channels(guild.id)).items():
                channel = guild.get_channel_or_thread(channel_id)
                if last and isinstance(channel, discord.abc.Messageable):
                    await self.catch_up(channel, last)

    async def catch_up(self, channel: discord.abc.Messageable, last: int) -> None:
        """Take in a channel's messages since message `last`."""
        try:
            async for message in channel.history(
                after=discord.Object(last), limit=CATCH_UP, oldest_first=True
            ):
                await self.on_message(message)
        except discord.HTTPException as error:
            log.info("can't read what was posted in %s meanwhile: %s", channel, error)

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
        reply = await interaction.original_response()
        await self.accept(interaction, sources, message_id=reply.id, member=interaction.user)

    async def add_to_library(
        self, interaction: discord.Interaction[Earworm], message: discord.Message
    ) -> None:
        """The message menu: whoever posted the song is who shared it."""
        sources = sources_of(message)
        if not sources:
            raise NotFound("I see no link and no audio file in that message.")
        await interaction.response.defer()
        member = interaction.user if message.author.bot else message.author
        await self.accept(interaction, sources, message_id=message.id, member=member)

    async def accept(
        self,
        interaction: discord.Interaction[Earworm],
        sources: Sequence[Source],
        *,
        message_id: int,
        member: discord.abc.User,
    ) -> None:
        """Save shares that came by a command; the answer to the command is the reply that gets edited."""
        assert interaction.guild_id is not None and interaction.channel_id is not None
        reply = await interaction.edit_original_response(content=f"{SIGN} Listening…")
        await self.submit(
            sources, interaction.guild_id, interaction.channel_id, message_id, member, reply_id=reply.id
        )

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deleted message takes its shares along."""
        await self.withdraw(event.guild_id, {event.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """So do several."""
        await self.withdraw(event.guild_id, event.message_ids)

    async def withdraw(self, guild_id: int | None, message_ids: set[int]) -> None:
        """Drop the shares of deleted messages, and the bot's replies to them."""
        if guild_id is None:
            return
        for message_id in message_ids:
            await self.bot.services.ledger.withdraw(guild_id, message_id)
            await delete_quietly(self.bot, await self.bot.services.catalog.drop_share(guild_id, message_id))
            await self.bot.services.feedback.forget_message(guild_id, message_id)


def sources_from_options(link: str | None, file: discord.Attachment | None) -> list[Source]:
    """The sources of a command's `link` and `file` options; EarwormError where they name none that may be opened."""
    sources = [source_of(file)] if file else []
    if link:
        sources = (find_links(link) or [Source(url=link.strip())]) + sources
    if not sources:
        raise NotFound("Give me a link or a file.")
    for source in sources:
        if source.attachment_id is None:
            identify(source.url)
    return sources


def home_of(channel: discord.abc.Messageable) -> int:
    """The channel whose settings count: a thread's are its parent's."""
    parent = getattr(channel, "parent_id", None)
    return int(parent or channel.id)  # type: ignore[attr-defined]


async def delete_quietly(bot: Earworm, replies: Iterable[GoneReply]) -> None:
    """Delete replies of the bot's that are about nothing any more, as far as Discord lets it."""
    for reply in replies:
        try:
            await bot.get_partial_messageable(reply.channel_id).get_partial_message(reply.reply_id).delete()
        except discord.HTTPException as error:
            log.info("could not delete message %d: %s", reply.reply_id, error)


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(Intake(bot))
