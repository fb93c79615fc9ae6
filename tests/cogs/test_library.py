"""/library searches and pages, /track shows one song, Remove takes it out."""

import re

import pytest

from bot.client import Earworm
from discord_sandbox import Permission, buttons_of, text_of
from tests.support.library import remove_track
from tests.support.running import Club, WrittenSong, eventually
from tests.support.songs import encoded

pytestmark = pytest.mark.asyncio(loop_scope="package")


def titles(message: dict[str, object]) -> list[str]:
    return re.findall(r"^\*\*(.+?)\*\*", text_of(message), re.MULTILINE)


async def test_newest_first_in_pages(bot: Earworm, club: Club) -> None:
    await club.add_songs(bot, [WrittenSong(f"No {i}", by=(club.ann, club.bo)[i % 2]) for i in range(23)])
    said = await (await club.ann.command(club.hall, "library")).message()
    assert said["flags"] & 64
    assert text_of(said).startswith("### 23 songs") and text_of(said).endswith("-# Page 1 of 3")
    assert titles(said) == [f"No {i}" for i in range(22, 12, -1)]
    assert f"shared by {club.ann.mention} on <t:" in text_of(said)
    for _ in range(2):
        await club.ann.click(said, label="Next page")
        await club.discord.quiet(0.2)
        said = club.hall.seen_by(club.ann)[-1]
    assert titles(said) == ["No 2", "No 1", "No 0"]
    assert [b["label"] for b in buttons_of(said)] == ["Previous page"]

    mine = await (await club.ann.command(club.hall, "library", member=club.bo)).message()
    assert text_of(mine).startswith(f"### 11 songs shared by {club.bo.mention}")
    assert mine["mentions"] == []


@pytest.mark.parametrize("text", ["a:1:b", "🎵🎸", "100%", "x" * 60, "_", "“quoted”", "a\\b"])
async def test_odd_words_find_what_is_called_so_on_every_page(bot: Earworm, club: Club, text: str) -> None:
    called = [*(f"{text} {i}" for i in range(12)), "Something else"]
    await club.add_songs(bot, [WrittenSong(title) for title in called])
    said = await (await club.ann.command(club.hall, "library", search=text)).message()
    assert text_of(said).startswith("### 12 songs matching")
    assert all(len(button["custom_id"]) <= 100 for button in buttons_of(said))
    await club.ann.click(said, label="Next page")
    await club.discord.wait_for(lambda: "Page 2 of 2" in text_of(club.hall.seen_by(club.ann)[-1]))
    assert "Something else" not in text_of(club.hall.seen_by(club.ann)[-1])


async def test_nothing_found_and_nothing_there(bot: Earworm, club: Club) -> None:
    empty = await (await club.ann.command(club.hall, "library")).message()
    assert text_of(empty).startswith("Nobody has shared a song yet.")
    await club.add_song(bot, "Song")
    nothing = await (await club.ann.command(club.hall, "library", search="polka")).message()
    assert text_of(nothing) == "No songs matching “polka” here."


async def test_a_page_that_is_gone_meanwhile(bot: Earworm, club: Club) -> None:
    songs = await club.add_songs(bot, [WrittenSong(f"No {i}") for i in range(11)])
    said = await (await club.ann.command(club.hall, "library")).message()
    await remove_track(bot.services.catalog, bot.services.refresher, songs[0], club.guild.id)
    await club.ann.click(said, label="Next page")
    turned = await club.discord.wait_for(lambda: _shown(club, "Page 1 of 1"))
    assert len(titles(turned)) == 10


def _shown(club: Club, words: str) -> dict[str, object] | None:
    last = club.hall.seen_by(club.ann)[-1]
    return last if words in text_of(last) else None


async def test_one_song_with_its_shares(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/track.mp3", encoded(100, title="Shown", artist="Somebody"))
    first = await club.share(club.ann, link)
    await club.share(club.bo, link)
    said = await (await club.cleo.command(club.hall, "track", track="shown")).message()
    text = text_of(said)
    assert text.startswith("## **Shown** by Somebody · 0:05")
    assert f"<{link}>" in text
    jump = f"https://discord.com/channels/{club.guild.id}/{club.music.id}/{first.message['id']}"
    assert f"Shared by {club.ann.mention}" in text and jump in text and f"Shared by {club.bo.mention}" in text
    await club.cleo.click(said, emoji="👎")
    await club.discord.wait_for(lambda: buttons_of(club.hall.messages[0])[1].get("label") == "1")
    await club.mod.react(said, "👍")

    async def counted() -> bool:
        page = await bot.services.catalog.search(club.guild.id, "", None)
        return [(card.likes, card.dislikes) for card in page.cards] == [(1, 1)]

    assert await eventually(counted)


async def test_removing_by_its_sharer_by_others_and_by_an_admin(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/remove.mp3", encoded(101, title="Contested"))
    first = await club.share(club.ann, link)
    second = await club.share(club.bo, link)
    said = await (await club.cleo.command(club.hall, "track", track="contested")).message()

    refused = await (await club.cleo.click(said, label="Remove")).message()
    assert refused["content"].startswith("Only who shared it") and refused["flags"] & 64
    mine = await (await club.ann.click(said, label="Remove")).message()
    assert mine["content"] == "**Contested** · 0:05 is no longer shared by you; others share it too."
    await club.discord.wait_for(lambda: club.replies_to(first.message) == [])
    assert len(club.replies_to(second.message)) == 1

    gone = await (await club.mod.click(said, label="Remove")).message()
    assert gone["content"] == "**Contested** · 0:05 is removed from the library."
    await club.discord.wait_for(lambda: club.replies_to(second.message) == [])
    assert (await bot.services.catalog.search(club.guild.id, "", None)).total == 0
    assert await bot.services.vectors.ids(club.guild.id) == set()
    late = await (await club.cleo.click(said, emoji="👍")).message()
    assert late["content"] == "That song is no longer in the library."


async def test_removing_what_its_sharer_can_not_see_any_more(bot: Earworm, club: Club) -> None:
    secret = club.guild.add_channel("secret")
    link = club.web.serve("/left.mp3", encoded(104, title="Left behind"))
    await club.listen(secret)
    await club.share(club.ann, link, channel=secret)
    others = await club.share(club.bo, link, channel=secret)
    said = await (await club.cleo.command(club.hall, "track", track="left")).message()
    for member in (club.ann, club.cleo):
        secret.set_overwrite(member, deny=Permission.VIEW_CHANNEL)
    await club.discord.quiet(0.1)

    hidden = await (await club.cleo.click(said, label="Remove")).message()
    assert hidden["content"] == "That song is no longer in the library."
    mine = await (await club.ann.click(said, label="Remove")).message()
    assert mine["content"] == "**Left behind** · 0:05 is removed from the library."
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert [share.user_id for share in page.cards[0].shares] == [club.bo.id]
    assert len(club.replies_to(others.message)) == 1


async def test_removing_one_of_several_lets_the_reply_say_so(club: Club) -> None:
    one = club.web.serve("/keep.mp3", encoded(102, title="Keep"))
    other = club.web.serve("/drop.mp3", encoded(103, title="Drop"))
    announced = await club.share(club.ann, f"{one} {other}")
    said = await (await club.ann.command(club.hall, "track", track="drop")).message()
    await club.ann.click(said, label="Remove")
    reply = await club.discord.wait_for(lambda: _without(club, announced.message, "Drop"))
    assert "**Keep**" in reply["content"]


def _without(club: Club, message: dict[str, object], title: str) -> dict[str, object] | None:
    [reply] = club.replies_to(message)
    return reply if title not in reply["content"] else None
