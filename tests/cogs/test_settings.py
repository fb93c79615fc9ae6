"""/settings: which channels are music channels."""

from functools import partial

import pytest

from bot.client import Earworm
from discord_sandbox import Permission
from tests.support.library import add_track
from tests.support.running import Club

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_this_channel_and_another_one(bot: Earworm, club: Club) -> None:
    said = await (await club.mod.command(club.hall, "settings channel")).message()
    assert said["flags"] & 64
    assert said["content"] == (
        f"{club.hall.mention} is a music channel now: post a link or a file, and I listen to it."
    )
    shown = await (await club.mod.command(club.hall, "settings show")).message()
    assert club.hall.mention in shown["content"] and club.music.mention in shown["content"]
    assert "Weekly digest: off" in shown["content"]
    said = await (await club.mod.command(club.hall, "settings channel", listen=False)).message()
    assert "is no longer a music channel" in said["content"]
    assert set(await bot.services.guilds.music_channels(club.guild.id)) == {club.music.id}


async def test_in_a_thread_it_means_the_channel(bot: Earworm, club: Club) -> None:
    thread = club.guild.add_thread(club.hall, "aside")
    said = await (await club.mod.command(thread, "settings channel")).message()
    assert said["content"].startswith(f"{club.hall.mention} is a music channel now")


async def test_it_says_which_permissions_are_missing(club: Club) -> None:
    club.hall.set_overwrite(club.guild.bot, deny=Permission.ADD_REACTIONS | Permission.READ_MESSAGE_HISTORY)
    await club.discord.quiet(0.1)
    said = await (await club.mod.command(club.hall, "settings channel")).message()
    assert "⚠️ There I still need: Add Reactions, Read Message History." in said["content"]


async def test_it_says_what_an_embedder_that_was_switched_on_has_not_heard(bot: Earworm, club: Club) -> None:
    add = partial(add_track, bot.services.store, guild=club.guild.id)
    await add("Linked", url="https://song.example/1", channel=club.music.id)
    await add("Att*ached", channel=club.music.id)
    await add("Out of sight", channel=1)
    shown = await (await club.mod.command(club.hall, "settings show")).message()
    assert "Still to be listened to again: 1 song." in shown["content"]
    assert "Can't be fetched again: 2 songs." in shown["content"]
    assert r"**Att\*ached**" in shown["content"] and "Out of sight" not in shown["content"]
