"""Whoever opted out is listened to, kept and named nowhere, whichever way something of theirs may come in."""

from typing import Any

import pytest

from bot.client import Earworm
from bot.errors import OptedOut
from bot.library.opt_outs import SOMEBODY_OPTED_OUT
from cogs.shares.intake import WORKING_EMOJI
from discord_sandbox import SandboxMember, text_of
from models import Job, MusicChannel, VoteKind
from tests.cogs.test_privacy import traces
from tests.support.library import every
from tests.support.running import PATIENCE, Club
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")

TOLD = str(OptedOut())


async def opt_out(club: Club, member: SandboxMember) -> str:
    """Let a member say so; what they are told."""
    said = await (await member.command(club.hall, "privacy opt-out")).message(PATIENCE)
    assert said["flags"] & 64
    return str(said["content"])


async def test_nothing_of_theirs_comes_in_whichever_way(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/out.mp3", encoded(120, title="Out"))
    song = await club.add_song(bot, "Before", by=club.bo)
    said = await opt_out(club, club.ann)
    assert "`/privacy forget`" in said and "`/privacy opt-in`" in said and "In other servers" in said

    posted = [
        await club.ann.post(club.music, link),
        await club.ann.post(club.music, files=[file(121)]),
        await club.ann.post(club.music, "wait"),
    ]
    await club.ann.edit(posted[2], f"here it is: {link}")
    for command, options in (("share", {"link": link}), ("share", {"file": file(122)})):
        refused = await (await club.ann.command(club.hall, command, **options)).message(PATIENCE)
        assert refused["content"] == TOLD and refused["flags"] & 64
    refused = await (await club.bo.menu(club.music, "Add to library", posted[0])).message(PATIENCE)
    assert refused["content"] == SOMEBODY_OPTED_OUT and refused["flags"] & 64

    listed = await (await club.bo.command(club.hall, "track", track=str(song))).message(PATIENCE)
    pressed = await (await club.ann.click(listed, emoji="👍")).message(PATIENCE)
    assert pressed["content"] == TOLD
    await club.ann.react(listed, "👎")
    answer = await (await club.ann.command(club.hall, "similar", track=str(song))).message(PATIENCE)
    assert club.ann.mention not in text_of(answer)

    # Nor by catching up, also from the channel's beginning.
    theirs = await club.bo.post(club.music, club.web.serve("/in.mp3", encoded(123, title="In")))
    await club.reply_to(theirs)
    await catch_up_from_the_beginning(bot, club)
    assert await every(bot.services.store, Job.user_id, Job.guild_id == club.guild.id) == [club.bo.id]
    assert await traces(bot, club.ann.id) == ["opt_outs.user_id"]
    assert [club.replies_to(message) for message in posted] == [[], [], []]
    assert [club.music.reactions(message) for message in posted] == [{}, {}, {}]
    assert WORKING_EMOJI in club.music.reactions(theirs)

    # What was posted meanwhile stays out for good; what comes now is taken in.
    said = (await (await club.ann.command(club.hall, "privacy opt-in")).message(PATIENCE))["content"]
    assert said.startswith("What you post and vote in this server from now on counts again.")
    await catch_up_from_the_beginning(bot, club)
    shared = await club.share(club.ann, link)
    assert "**Out**" in shared.text and club.ann.mention in shared.text
    jobs = await every(bot.services.store, Job.message_id, Job.guild_id == club.guild.id)
    assert jobs == [int(theirs["id"]), int(shared.message["id"])]
    again = await (await club.ann.command(club.hall, "privacy opt-in")).message(PATIENCE)
    assert again["content"] == "You had not opted out in this server."


async def catch_up_from_the_beginning(bot: Earworm, club: Club) -> None:
    """Have the bot read the music channel as if it had never seen it."""
    intake = bot.get_cog("IntakeCog")
    guild = bot.get_guild(club.guild.id)
    async with bot.services.store.begin() as session:
        row = await session.get_one(MusicChannel, (club.guild.id, club.music.id))
        row.last_message_id = 0
    intake._caught_up.discard(club.music.id)
    await intake.catch_up(guild)


async def test_what_is_on_its_way_is_stopped(bot: Earworm, club: Club) -> None:
    link, let_go = club.hold("/held.mp3", encoded(124))
    message = await club.ann.post(club.music, link)
    await club.discord.wait_for(lambda: club.replies_to(message), PATIENCE)
    await opt_out(club, club.ann)
    await club.discord.wait_for(lambda: not club.replies_to(message), PATIENCE)
    let_go.set()
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert page.cards == ()


async def test_they_are_named_nowhere(bot: Earworm, club: Club) -> None:
    songs = [
        await club.add_song(bot, f"Song {i}", sounds=(1.0, 0.1 * i), by=club.ann if i % 2 else club.bo)
        for i in range(6)
    ]
    for member in (club.ann, club.bo):
        for song in songs[:4]:
            first = (await bot.services.catalog.card(club.guild.id, song, None)).first
            await bot.services.feedback.add_reaction(
                club.guild.id, first.message_id, member.id, VoteKind.LIKE
            )

    async def answers() -> list[str]:
        asked: list[tuple[str, dict[str, Any]]] = [
            ("library", {}),
            ("track", {"track": str(songs[1])}),
            ("similar", {"track": str(songs[0])}),
            ("recommend", {}),
            ("recommend", {"scope": "server"}),
            ("recommend", {"scope": "here"}),
            ("path", {"from": str(songs[0]), "to": str(songs[5]), "length": 4}),
            ("tastebuddies", {}),
        ]
        return [
            text_of(await (await club.bo.command(club.hall, name, **options)).message(PATIENCE))
            for name, options in asked
        ]

    before = await answers()
    assert sum(club.ann.mention in text for text in before) > 4
    await opt_out(club, club.ann)
    assert [text for text in await answers() if club.ann.mention in text] == []
    naming: list[tuple[str, dict[str, Any]]] = [
        ("recommend", {"member": club.ann}),
        ("blend", {"member": club.ann}),
        ("alchemy", {"add_member": club.ann}),
        ("taste", {"member": club.ann}),
        ("library", {"member": club.ann}),
        ("similar", {"track": str(songs[0]), "sharer": club.ann}),
    ]
    for name, options in naming:
        said = await (await club.bo.command(club.hall, name, **options)).message(PATIENCE)
        assert said["content"] == SOMEBODY_OPTED_OUT and said["flags"] & 64, name
    # They themselves may still take back what they shared.
    mine = await (await club.ann.command(club.hall, "track", track=str(songs[1]))).message(PATIENCE)
    removed = await (await club.ann.click(mine, label="Remove")).message(PATIENCE)
    assert "is removed from the library" in removed["content"]


async def test_to_be_forgotten_doesnt_end_it(bot: Earworm, club: Club) -> None:
    await club.share(club.ann, files=[file(125, title="Kept before")])
    await opt_out(club, club.ann)
    assert len(await traces(bot, club.ann.id)) > 1
    said = await (await club.ann.command(club.hall, "privacy forget")).message(PATIENCE)
    assert "You stay opted out" in said["content"]
    assert await traces(bot, club.ann.id) == ["opt_outs.user_id"]
