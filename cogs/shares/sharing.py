"""Submitting shares to the ledger, from messages, commands and buttons, and withdrawing them."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import discord

from bot.client import DISCORD_FAILS, Earworm
from bot.errors import Failure, NotFound, OptedOut
from bot.intake.identity import identify
from bot.intake.links import MAX_LINKS, PostedMedia, find_links, is_media_file
from bot.library.guilds import ParentedThread
from bot.library.opt_outs import POSTED_MEANWHILE, SOMEBODY_OPTED_OUT
from bot.library.unsharing import GoneReply
from bot.shares.jobs import new_share
from bot.shares.posts import Post

log = logging.getLogger(__name__)

TOO_MANY_LINKS = f"I take {MAX_LINKS} links from a message; post the others again in another one."


def sources_of(message: discord.Message) -> list[PostedMedia]:
    """The links and media files of a message, in order; of too many links one more than are taken."""
    files = [file for file in message.attachments if is_media_file(file.filename, file.content_type or "")]
    return find_links(message.content, MAX_LINKS + 1) + [source_of(file) for file in files]


def source_of(file: discord.Attachment) -> PostedMedia:
    """An attachment as something to fetch."""
    return PostedMedia(
        url=file.url,
        name=file.filename,
        attachment_id=file.id,
        content_type=file.content_type or "",
        size=file.size,
    )


def sources_from_options(link: str | None, file: discord.Attachment | None) -> list[PostedMedia]:
    """The sources that a command's options name. Raises NotFound for none, Refused for one that may not be opened."""
    links = (find_links(link, MAX_LINKS + 1) or [PostedMedia(url=link.strip())]) if link else []
    for source in links:
        identify(source.url)
    sources = links + ([source_of(file)] if file else [])
    if not sources:
        raise NotFound("Give me a link or a file.")
    return sources


def post_of(
    sources: Sequence[PostedMedia],
    member: discord.abc.User,
    *,
    guild: discord.Guild | None,
    guild_id: int,
    channel_id: int,
    message_id: int,
    reply_id: int | None = None,
) -> Post:
    """A message's sources as this member's shares.

    What stands for the links after the tenth is saved as refused, so that the reply says so.
    """
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
    for place in [n for n, source in enumerate(sources) if source.attachment_id is None][MAX_LINKS:]:
        shares[place] = replace(
            shares[place], url="", key="too many", failure=Failure.QUOTA, reason=TOO_MANY_LINKS
        )
    return Post(
        guild_id=guild_id,
        message_id=message_id,
        user_id=member.id,
        user_name=member.display_name,
        shares=shares,
        thread=_thread(guild, channel_id),
    )


def _thread(guild: discord.Guild | None, channel_id: int) -> ParentedThread | None:
    thread = guild.get_thread(channel_id) if guild else None
    if guild is None or thread is None:
        return None
    return ParentedThread(
        guild_id=guild.id, thread_id=thread.id, parent_id=thread.parent_id, private=thread.is_private()
    )


async def accept(
    interaction: discord.Interaction[Any],
    sources: Sequence[PostedMedia],
    member: discord.abc.User,
    *,
    message: discord.Message | None = None,
) -> None:
    """Save what was shared by a command, which was deferred; only then its answer says so, and is the one reply.

    `message`: where the sources stand; without one they stand in the answer. Raises OptedOut.
    """
    bot: Earworm = interaction.client
    assert interaction.guild_id is not None and interaction.channel_id is not None
    reply = await interaction.original_response()
    message_id = message.id if message else reply.id
    bot.asked(reply.id, interaction)
    place = {"guild_id": interaction.guild_id, "channel_id": interaction.channel_id, "message_id": message_id}
    post = post_of(sources, member, guild=interaction.guild, **place, reply_id=reply.id)
    if not await bot.services.pipeline.take_in(post):
        raise await _left_alone(bot, interaction.guild_id, member, interaction.user)
    await bot.services.pipeline.refresh_reply(**place)


async def _left_alone(
    bot: Earworm, guild_id: int, member: discord.abc.User, asker: discord.abc.User
) -> OptedOut:
    """What to tell whoever asked why a member's songs are not taken in."""
    if not await bot.services.opt_outs.is_out(guild_id, member.id):
        return OptedOut(POSTED_MEANWHILE)
    return OptedOut() if member.id == asker.id else OptedOut(SOMEBODY_OPTED_OUT)


async def withdraw(bot: Earworm, guild_id: int, message_ids: Iterable[int]) -> None:
    """Drop the shares of deleted messages, and the bot's replies to them."""
    services = bot.services
    for message_id in message_ids:
        first_there = await _first_shared_in(bot, guild_id, message_id)
        await services.ledger.withdraw(guild_id, message_id)
        await delete_quietly(bot, await services.refresher.drop_share(guild_id, message_id))
        await services.feedback.forget_message(guild_id, message_id)
        await refresh_replies(bot, guild_id, first_there)


async def refresh_replies(bot: Earworm, guild_id: int, track_ids: Collection[int]) -> None:
    """Shares of these tracks were dropped: let the replies to the others not speak of them any more."""
    for card in await bot.services.catalog.cards(guild_id, list(track_ids), None):
        for share in card.shares:
            await bot.services.pipeline.refresh_reply(guild_id, share.channel_id, share.message_id)


async def _first_shared_in(bot: Earworm, guild_id: int, message_id: int) -> list[int]:
    """The tracks that were shared in this message before they were in any other."""
    state = await bot.services.ledger.message_snapshot(guild_id, message_id)
    tracks = [job.track_id for job in state.jobs if job.track_id] if state else []
    cards = await bot.services.catalog.cards(guild_id, tracks, None)
    return [card.id for card in cards if card.first and card.first.message_id == message_id]


async def delete_quietly(bot: Earworm, replies: Iterable[GoneReply]) -> None:
    """Delete replies of the bot's that are about nothing any more, as far as Discord lets it."""
    for reply in replies:
        try:
            await bot.get_partial_messageable(reply.channel_id).get_partial_message(reply.reply_id).delete()
        except DISCORD_FAILS as error:
            log.info("could not delete message %d: %s", reply.reply_id, error)
