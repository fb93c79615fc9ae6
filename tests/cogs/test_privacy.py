"""/privacy gives a member everything that is kept of them, or erases it."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import pytest
from sqlalchemy import BigInteger, String, cast, func, select

from bot.client import Earworm
from discord_sandbox import text_of
from models import Base, VoteKind
from tests.support.running import Club, WrittenSong, eventually
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_what_is_kept_is_said_in_short_with_everything_attached(club: Club) -> None:
    said = await (await club.ann.command(club.hall, "privacy about")).message()
    assert said["flags"] & 64
    assert all(f"`/privacy {name}`" in said["content"] for name in ("export", "forget", "opt-out"))
    [attached] = said["attachments"]
    async with aiohttp.ClientSession() as session, session.get(attached["url"]) as answer:
        assert (await answer.read()).startswith(b"# Privacy")


async def test_or_behind_a_link(bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = bot.services.settings.model_copy(update={"privacy_url": "https://host.example/privacy"})
    monkeypatch.setattr(bot, "services", replace(bot.services, settings=settings))
    said = await (await club.ann.command(club.hall, "privacy about")).message()
    assert "<https://host.example/privacy>" in said["content"] and said["attachments"] == []


async def test_export(bot: Earworm, club: Club) -> None:
    announced = await club.share(club.ann, files=[file(110, title="Zápas 戦い")])
    await club.ann.react(announced.message, "👎")
    song = await club.add_song(bot, "أغنية", "Артист", by=club.bo)
    await (await club.ann.command(club.hall, "similar", track=str(song))).message()

    async def noted() -> Any:
        return (await bot.services.member_export.export(club.guild.id, club.ann.id, None))["votes"]

    await eventually(noted)
    said = await (await club.ann.command(club.hall, "privacy export")).message()
    assert said["flags"] & 64
    [attached] = said["attachments"]
    assert attached["filename"] == "earworm-my-data.json"
    async with aiohttp.ClientSession() as session, session.get(attached["url"]) as answer:
        written = (await answer.read()).decode()
    known = json.loads(written)
    assert known["server"]["name"] == club.guild.name
    assert known["profile"][0]["name"] == "Ann"
    assert [(share["title"], share["channel"]) for share in known["shares"]] == [("Zápas 戦い", "#music")]
    assert [(vote["vote"], vote["songs"][0]["title"]) for vote in known["votes"]] == [
        ("dislike", "Zápas 戦い")
    ]
    assert [(asked["asked"], asked["about"]) for asked in known["questions"]] == [
        ("similar", "Артист – أغنية")
    ]
    assert "Zápas 戦い" in written and "أغنية" in written  # every script as it is
    assert str(club.bo.id) not in written


async def test_an_export_that_discord_wouldnt_take_is_packed(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.Guild, "filesize_limit", 10)
    said = await (await club.ann.command(club.hall, "privacy export")).message()
    [attached] = said["attachments"]
    async with aiohttp.ClientSession() as session, session.get(attached["url"]) as answer:
        packed = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert attached["filename"] == "earworm-my-data.json.zip"
    assert json.loads(packed.read("earworm-my-data.json"))["your_id"] == str(club.ann.id)


async def test_forget_leaves_nothing(bot: Earworm, club: Club, caplog: pytest.LogCaptureFixture) -> None:
    link = club.web.serve("/both.mp3", encoded(111, title="Both"))
    own = await club.share(club.ann, files=[file(112, title="Only Ann's")])
    first = await club.share(club.ann, link)
    second = await club.share(club.bo, link)
    assert club.ann.mention in second.text
    failed = await club.share(club.ann, club.web.url("/nothing-here.mp3"))
    await club.ann.react(second.reply, "👎")
    asked = await (await club.ann.command(club.hall, "recommend")).message()
    await (await club.bo.command(club.hall, "recommend", member=club.ann)).message()

    async def noted() -> Any:
        return await bot.services.feedback.votes(club.guild.id, club.ann.id)

    await eventually(noted)
    said = await (await club.ann.command(club.hall, "privacy forget")).message()
    assert said["content"].startswith("Erased: your name, 2 share(s), 1 reaction(s)")
    ours = [own, first, failed]
    await club.discord.wait_for(lambda: not any(club.replies_to(announced.message) for announced in ours))
    await club.discord.wait_for(lambda: club.ann.mention not in club.replies_to(second.message)[0]["content"])

    assert await traces(bot, club.ann.id) == []
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert [(card.title, [s.user_id for s in card.shares]) for card in page.cards] == [("Both", [club.bo.id])]
    assert await bot.services.vectors.ids(club.guild.id) == {page.cards[0].id}
    assert await bot.services.vectors.shared_by(club.guild.id, club.ann.id) == set()
    turned = await (await club.bo.command(club.hall, "library")).message()
    assert club.ann.mention not in text_of(turned)
    assert asked["id"] in [m["id"] for m in club.hall.messages]
    again = await (await club.ann.command(club.hall, "privacy forget")).message()
    assert again["content"].startswith("Erased: your name, 0 share(s), 0 reaction(s)")
    assert str(club.ann.id) not in caplog.text  # nor in the log, then or later


async def test_of_ordinary_messages_nothing_is_kept(bot: Earworm, club: Club) -> None:
    for channel in (club.music, club.hall):
        chat = await club.ann.post(channel, "no link in here")
        await club.ann.react(chat, "👍")
    await club.share(club.bo, club.web.url("/nothing-here.mp3"))  # after which those were seen
    assert await traces(bot, club.ann.id) == []


async def test_forget_takes_the_name_out_of_what_was_posted(bot: Earworm, club: Club) -> None:
    songs = [
        WrittenSong(f"Song {i}", sounds=(1.0, 0.1 * i), by=club.ann if i == 0 else club.bo) for i in range(7)
    ]
    seed, *_ = await club.add_songs(bot, [WrittenSong("Seed", by=club.bo), *songs])
    first = (await bot.services.catalog.card(club.guild.id, seed, None)).first
    assert first is not None
    await bot.services.feedback.add_reaction(club.guild.id, first.message_id, club.ann.id, VoteKind.LIKE)
    suggested = await (await club.bo.command(club.hall, "similar", track=str(seed))).message()
    recommended = await (await club.bo.command(club.hall, "recommend", member=club.ann)).message()
    assert club.ann.mention in text_of(suggested) and club.ann.mention in text_of(recommended)
    await (await club.ann.command(club.hall, "privacy forget")).message()
    posted = [club.hall.messages[0], club.hall.messages[1]]
    await club.discord.wait_for(lambda: club.ann.mention not in str(club.hall.messages))
    assert "shared by somebody" in text_of(club.hall.messages[0])
    assert text_of(club.hall.messages[1]).startswith("### For somebody")
    assert [m["id"] for m in posted] == [suggested["id"], recommended["id"]]
    await club.bo.click(club.hall.messages[1], label="Next page")
    await club.discord.wait_for(lambda: "Previous page" in str(club.hall.messages[1]["components"]))
    assert text_of(club.hall.messages[1]).startswith("### For somebody")


async def traces(bot: Earworm, user_id: int) -> list[str]:
    """Every column of every table in which this id still stands."""
    found = []
    async with bot.services.store.session() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                number = isinstance(column.type, BigInteger)
                holds = column == user_id if number else cast(column, String).contains(str(user_id))
                if await session.scalar(select(func.count()).select_from(table).where(holds)):
                    found.append(f"{table.name}.{column.name}")
    return found
