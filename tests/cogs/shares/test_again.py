"""A song that was shared before is recognised."""

import pytest

from bot.client import Earworm
from discord_sandbox import text_of
from tests.support.running import AnnouncedShare, Club
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


def before(club: Club, first: AnnouncedShare) -> str:
    place = f"{club.guild.id}/{first.message['channel_id']}/{first.message['id']}"
    return f"[jump to it](https://discord.com/channels/{place})"


async def test_the_same_link_in_another_form(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/Known.mp3", encoded(60, title="Known"))
    first = await club.share(club.ann, link)
    hits = club.web.hits["/Known.mp3"]
    again = await club.share(club.bo, f"{link}?utm_source=friend#t=10")
    assert again.text.startswith(f"🎵 **Known** · 0:05 · shared before by {club.ann.mention} on <t:")
    assert before(club, first) in again.text
    assert set(club.music.reactions(again.reply)) == {"👍", "👎"}
    assert club.web.hits["/Known.mp3"] == hits
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert [len(card.shares) for card in page.cards] == [2]


async def test_the_same_recording_in_another_codec(bot: Earworm, club: Club) -> None:
    first = await club.share(club.ann, files=[file(61, title="Original")])
    again = await club.share(club.bo, files=[file(61, suffix="ogg", title="Copy")])
    assert "**Original**" in again.text
    assert before(club, first) in again.text
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert [card.title for card in page.cards] == ["Original"]
    assert await bot.services.vectors.ids(club.guild.id) == {page.cards[0].id}


async def test_the_same_link_by_two_members_at_once(bot: Earworm, club: Club) -> None:
    link = club.web.serve("/race.mp3", encoded(62, title="Race"))
    one = await club.ann.post(club.music, link)
    other = await club.bo.post(club.music, link)
    replies = [await club.reply_to(one), await club.reply_to(other)]
    assert sorted("before" in reply["content"] for reply in replies) == [False, True]
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert [len(card.shares) for card in page.cards] == [2]


async def test_a_first_share_that_not_everybody_may_see_is_not_spoken_of(club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    await club.listen(secret)
    link = club.web.serve("/hidden.mp3", encoded(63, title="Hidden first"))
    await club.share(club.ann, link, channel=secret)
    again = await club.share(club.bo, link)
    assert again.text == f"🎵 **Hidden first** · 0:05 · shared by {club.bo.mention}"


async def test_a_name_from_a_hidden_channel_stays_there(club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    await club.listen(secret)
    await club.share(club.ann, files=[file(64, title="Divorce song")], channel=secret)
    again = await club.share(club.bo, files=[file(64, suffix="ogg", title="Untitled")])
    assert again.text == f"🎵 **Untitled** · 0:05 · shared by {club.bo.mention}"
    private = await (await club.ann.command(club.hall, "library", search="divorce")).message()
    assert "**Divorce song**" in text_of(private)
    for member in (club.ann, club.bo):
        public = await (await member.command(club.hall, "track", track="untitled")).message()
        assert "**Untitled**" in text_of(public)
    assert await club.bo.autocomplete(club.hall, "similar", "track", "divorce") == []
    asked = await (await club.bo.command(club.hall, "similar", track="divorce")).message()
    assert asked["content"].startswith("No song here is called")
