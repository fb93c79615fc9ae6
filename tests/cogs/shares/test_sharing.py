"""A link or a file posted in a music channel becomes a track."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.client import Earworm
from discord_sandbox import text_of
from discord_sandbox.world.messages import publish_message
from models import Job, Reaction
from tests.support.running import AnnouncedShare, Club, eventually
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")

FORMATS = ("wav", "mp3", "ogg", "m4a", "flac", "webm")


async def titles(bot: Earworm, club: Club) -> list[str]:
    page = await bot.services.catalog.search(club.guild.id, "", None)
    return sorted(card.title for card in page.cards)


async def test_an_attachment_gets_a_sign_and_one_reply(bot: Earworm, club: Club) -> None:
    announced = await club.share(club.ann, files=[file(1, title="Blue Kite", artist="The Ladders")])
    assert "🎧" in club.music.reactions(announced.message)
    assert (
        announced.reply["content"] == f"🎵 **Blue Kite** by The Ladders · 0:05 · shared by {club.ann.mention}"
    )
    assert announced.reply["mentions"] == []
    assert club.music.reactions(announced.reply) == {"👍": ["Earworm"], "👎": ["Earworm"]}
    assert await titles(bot, club) == ["Blue Kite"]


async def test_the_sign_and_the_reply_come_before_the_song_was_heard(club: Club) -> None:
    link, let_go = club.hold("/slow.mp3", encoded(2))
    message = await club.ann.post(club.music, link)
    await club.discord.wait_for(lambda: club.replies_to(message) and club.music.reactions(message))
    assert club.music.reactions(message) == {"🎧": ["Earworm"]}
    assert club.replies_to(message)[0]["content"] == "🎧 Listening… 127\\.0.0.1"
    let_go.set()
    assert (await club.reply_to(message))["content"].startswith("🎵 **slow**")


async def test_several_files_of_all_kinds_in_one_message(bot: Earworm, club: Club) -> None:
    files = [
        file(10 + i, suffix=suffix, title=f"In {suffix}" if suffix != "wav" else "")
        for i, suffix in enumerate(FORMATS)
    ]
    announced = await club.share(club.bo, files=files)
    lines = announced.reply["content"].splitlines()
    assert [line.split("**")[1] for line in lines] == [
        "piece 10",
        *(f"In {suffix}" for suffix in FORMATS[1:]),
    ]
    assert all("0:05" in line and club.bo.mention in line for line in lines)
    assert len(await titles(bot, club)) == 6


async def test_links_after_the_tenth_are_not_dropped_silently(club: Club) -> None:
    locked = [f"https://open.spotify.com/track/{n}" for n in range(9)]
    link = club.web.serve("/many.mp3", encoded(5, title="Tenth"))
    announced = await club.share(club.ann, " ".join([*locked, link, f"{link}?x", f"{link}?y"]))
    lines = announced.reply["content"].splitlines()
    assert len(lines) == 11 and "**Tenth**" in lines[9]
    assert lines[10] == "⚠️ I take 10 links from a message; post the others again in another one."
    links = " ".join(f"{link}#{second}" for second in range(11))
    said = await club.settled(await club.ann.command(club.hall, "share", link=links))
    assert "**Tenth**" in said["content"] and said["content"].endswith(lines[10])


async def test_a_link_in_angle_brackets_and_one_to_a_page_with_a_player(bot: Earworm, club: Club) -> None:
    song = club.web.serve("/first.mp3", encoded(3, title="First Link"))
    club.web.serve("/second.ogg", encoded(4, suffix="ogg"))
    player = "<title>Second Song</title><audio controls src='/second.ogg'></audio>"
    page = club.web.serve("/page.html", f"<html>{player}</html>", "text/html")
    announced = await club.share(club.bo, f"listen: <{song}>! and {page}.")
    assert await titles(bot, club) == ["First Link", "Second Song"]
    assert announced.text.count("🎵") == 2
    assert "embeds" not in announced.reply or announced.reply["embeds"] == []


async def test_a_voice_message(bot: Earworm, club: Club) -> None:
    name, data, _ = file(5, "voice-message.ogg", "ogg")
    announced = await club.share(club.cleo, files=[(name, data, "audio/ogg")], voice=5.0)
    assert announced.text.startswith("🎵 **voice-message**")


async def test_in_a_thread_of_a_music_channel(club: Club) -> None:
    thread = club.guild.add_thread(club.music, "finds")
    announced = await club.share(club.ann, files=[file(6, title="In the thread")], channel=thread)
    assert "In the thread" in announced.text
    assert [m for m in club.music.messages if m["author"]["id"] == str(club.guild.bot.id)] == []


async def test_not_in_other_channels_nor_by_bots_nor_in_code(bot: Earworm, club: Club) -> None:
    other = club.guild.add_member("Other bot", bot=True)
    link = club.web.serve("/unwanted.mp3", encoded(7))
    await club.ann.post(club.hall, link, files=[file(7)])
    await other.post(club.music, link)
    await club.bo.post(club.music, f"`{link}` is how you'd write it, and this isn't music", files=[TEXT])
    announced = await club.share(club.ann, files=[file(8, title="Wanted")])
    assert "Wanted" in announced.text
    assert await titles(bot, club) == ["Wanted"]
    assert club.web.hits["/unwanted.mp3"] == 0
    ours = [
        m for m in club.music.messages + club.hall.messages if m["author"]["id"] == str(club.guild.bot.id)
    ]
    assert [text_of(m) for m in ours] == [announced.text]


TEXT = ("notes.txt", b"buy milk", "text/plain")


async def test_a_channel_that_is_no_longer_a_music_channel(bot: Earworm, club: Club) -> None:
    await club.listen(on=False)
    message = await club.ann.post(club.music, files=[file(7)])
    await club.discord.quiet(0.5)
    assert club.music.reactions(message) == {}


async def test_a_message_that_is_delivered_twice(bot: Earworm, club: Club) -> None:
    announced = await club.share(club.ann, files=[file(9)])
    publish_message("MESSAGE_CREATE", club.music.store[int(announced.message["id"])])
    await club.discord.quiet(1.0)
    assert len(club.replies_to(announced.message)) == 1
    state = await bot.services.ledger.message_snapshot(club.guild.id, int(announced.message["id"]))
    assert state is not None and len(state.jobs) == 1


async def test_a_link_that_is_added_by_editing(bot: Earworm, club: Club) -> None:
    first = club.web.serve("/edit-one.mp3", encoded(20, title="Edit one"))
    second = club.web.serve("/edit-two.mp3", encoded(21, title="Edit two"))
    announced = await club.share(club.ann, first)
    club.music.unfurl(announced.message, title="Preview", url=first)
    await club.ann.edit(announced.message, f"{first} and {second}")

    reply = await club.discord.wait_for(lambda: _with(club, announced, "Edit two"), 60)
    assert reply["id"] == announced.reply["id"]
    assert "**Edit one**" in reply["content"]
    assert await titles(bot, club) == ["Edit one", "Edit two"]


def _with(club: Club, announced: AnnouncedShare, words: str) -> dict[str, Any] | None:
    [reply] = club.replies_to(announced.message)
    return reply if words in reply["content"] else None


async def test_what_is_posted_while_the_database_is_busy_is_saved_at_once_in_its_order(
    bot: Earworm, club: Club
) -> None:
    async with bot.services.store.begin():
        posted = [
            await club.ann.post(club.music, f"https://open.spotify.com/track/{n}")  # refused unopened
            for n in range(12)
        ]
        await club.ann.react(posted[-1], "👍")

        async def all_are_here() -> bool:
            return any(message.id == int(posted[-1]["id"]) for message in bot.cached_messages)

        await eventually(all_are_here)
    for message in posted:
        await club.reply_to(message)
    async with bot.services.store.session() as session:
        jobs = (
            await session.scalars(select(Job).where(Job.guild_id == club.guild.id).order_by(Job.id))
        ).all()
    assert [job.message_id for job in jobs] == [int(message["id"]) for message in posted]
    assert len({job.created_at for job in jobs}) <= 3  # what came first, and the others

    async def voted() -> bool:
        async with bot.services.store.session() as session:
            mine = Reaction.message_id == int(posted[-1]["id"])
            return await session.scalar(select(Reaction.user_id).where(mine)) == club.ann.id

    await eventually(voted)
