"""/privacy: see and erase what Earworm knows about you."""

import asyncio
import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.client import DISCORD_FAILS, Earworm
from bot.privacy.forget import BotMessage
from cogs.shared.audience import channels_of_member
from cogs.shared.pictures import editable
from cogs.shares.sharing import delete_quietly, refresh_replies

log = logging.getLogger(__name__)

PRIVACY = Path(__file__).parents[1] / "PRIVACY.md"
IN_SHORT = (
    "In this server I keep the links and files that you post for me to hear, with when and where, but no audio; your "
    "👍 and 👎; what you asked and were shown; and your name. It stays until you erase it, delete the message, or 30 "
    "days after I was removed from here. I name a song only where everybody who reads along sees where it was shared.\n"
    "- `/privacy export` gives you all of it, as a file\n"
    "- `/privacy forget` erases it at once and for good\n"
    "- `/privacy opt-out` has me keep, hear and name nothing of yours from then on"
)
OPTED_OUT = (
    "You opted out in this server. From now on I listen to nothing that you post here, keep none of your votes and "
    "questions, and name you nowhere, not later either; what was still on its way is stopped.\n"
    "What I kept before stays until you say `/privacy forget`: that erases it, and takes your name out of what I "
    "posted.\nFor this I keep your id and since when, also after `/privacy forget`. `/privacy opt-in` takes it back. "
    "In other servers say it there."
)
OPTED_IN = (
    "What you post and vote in this server from now on counts again. What you posted while you had opted out stays "
    "out; for that I keep your id and from when to when, until `/privacy forget`."
)
NOT_OUT = "You had not opted out in this server."
EXPORTED = "Everything I know about you in this server, as a file that any browser shows. I keep no audio."
EXPORT_NAME = "earworm-my-data.json"


@app_commands.guild_only()
class PrivacyCog(
    commands.GroupCog, name="privacy", description="What Earworm knows about you in this server"
):
    """Export and erasure, for everybody."""

    def __init__(self, bot: Earworm) -> None:
        self.bot = bot

    @app_commands.command(
        name="about", description="What Earworm keeps of you, why, and how to have it erased"
    )
    async def about(self, interaction: discord.Interaction[Earworm]) -> None:
        """Say it in short, and where everything stands: behind a link, or in the file itself."""
        await interaction.response.defer(ephemeral=True)
        url = self.bot.services.settings.privacy_url
        where = f"Everything in plain words: <{url}>" if url else "Everything in plain words is in this file."
        content = f"{IN_SHORT}\n{where}"
        if url:
            await interaction.edit_original_response(content=content)
            return
        text = await asyncio.to_thread(PRIVACY.read_bytes)
        file = discord.File(
            io.BytesIO(text), filename=PRIVACY.name, description="What is kept of you, and why"
        )
        await interaction.edit_original_response(content=content, attachments=[file])

    @app_commands.command(
        name="export", description="Get everything that Earworm knows about you here, as a file"
    )
    async def export(self, interaction: discord.Interaction[Earworm]) -> None:
        """Send a JSON file that only the asker sees."""
        assert interaction.guild is not None
        await interaction.response.defer(ephemeral=True)
        known = await self.bot.services.member_export.export(
            interaction.guild.id,
            interaction.user.id,
            await channels_of_member(interaction),
            server=interaction.guild.name,
            places=_places(interaction),
        )
        data = await asyncio.to_thread(_written, known)
        if len(data) <= interaction.guild.filesize_limit:
            file = discord.File(io.BytesIO(data), filename=EXPORT_NAME, description="Your data, as JSON")
        else:
            packed = await asyncio.to_thread(_packed, data)
            file = discord.File(io.BytesIO(packed), filename=f"{EXPORT_NAME}.zip", description="Your data")
        await interaction.edit_original_response(content=EXPORTED, attachments=[file])

    @app_commands.command(
        name="forget",
        description="Erase your shares, reactions and name in this server, at once and for good",
    )
    async def forget(self, interaction: discord.Interaction[Earworm]) -> None:
        """Erase it all, and the bot's replies that were about it."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        forgotten = await self.bot.services.member_erasure.forget(interaction.guild_id, interaction.user.id)
        await interaction.edit_original_response(content=forgotten.summary)
        await delete_quietly(self.bot, forgotten.replies)
        await refresh_replies(self.bot, interaction.guild_id, forgotten.still_shared)
        for message in forgotten.posted:
            await self._unname(interaction.user, message)

    @app_commands.command(
        name="opt-out", description="Have Earworm take in, keep and name nothing of yours in this server"
    )
    async def opt_out(self, interaction: discord.Interaction[Earworm]) -> None:
        """Keep nothing of this member from now on, and stop what is on its way."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        guild_id, user_id = interaction.guild_id, interaction.user.id
        await self.bot.services.opt_outs.opt_out(guild_id, user_id)
        stopped = await self.bot.services.ledger.withdraw_member(guild_id, user_id)
        await interaction.edit_original_response(content=OPTED_OUT)
        for place in stopped:
            await self.bot.services.pipeline.refresh_reply(guild_id, place.channel_id, place.message_id)

    @app_commands.command(name="opt-in", description="Take that back: what you post from now on counts again")
    async def opt_in(self, interaction: discord.Interaction[Earworm]) -> None:
        """Keep what this member posts again."""
        assert interaction.guild_id is not None
        await interaction.response.defer(ephemeral=True)
        was_out = await self.bot.services.opt_outs.opt_in(interaction.guild_id, interaction.user.id)
        await interaction.edit_original_response(content=OPTED_IN if was_out else NOT_OUT)

    async def _unname(self, user: discord.abc.User, posted: BotMessage) -> None:
        """Let a message of the bot's mention a member no more."""
        try:
            channel = self.bot.get_partial_messageable(posted.channel_id)
            message = await channel.fetch_message(posted.message_id)
            view = editable(message)
            texts = [item for item in view.walk_children() if isinstance(item, ui.TextDisplay)]
            naming = [text for text in texts if user.mention in text.content]
            for text in naming:
                text.content = text.content.replace(user.mention, "somebody")
            if naming:
                view.stop()  # its buttons are answered by their ids, as before
                await message.edit(view=view)
        except DISCORD_FAILS as error:
            log.info("could not edit message %d: %s", posted.message_id, error)


def _places(interaction: discord.Interaction[Earworm]) -> dict[int, str]:
    """The names of the server's channels and threads that the asker sees."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return {}
    open_threads = [
        thread for thread in guild.threads if thread.parent is not None and not thread.is_private()
    ]
    places = [*guild.channels, *open_threads]
    return {place.id: f"#{place.name}" for place in places if place.permissions_for(member).view_channel}


def _written(known: dict[str, Any]) -> bytes:
    """JSON that a person can read too: indented, and every script as it is."""
    return json.dumps(known, indent=2, ensure_ascii=False).encode()


def _packed(data: bytes) -> bytes:
    """The same as a ZIP archive, for who did so much that Discord wouldn't take it otherwise."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(EXPORT_NAME, data)
    return packed.getvalue()


async def setup(bot: Earworm) -> None:
    """discord.py's entry point."""
    await bot.add_cog(PrivacyCog(bot))
