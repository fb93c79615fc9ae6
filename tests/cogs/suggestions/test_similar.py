"""/similar finds what sounds like a song, a link or a file."""

import re

import pytest

from bot.client import Earworm
from discord_sandbox import buttons_of, text_of
from tests.support.running import Club, WrittenSong, eventually
from tests.support.songs import encoded, file, plain_tone

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def fill(bot: Earworm, club: Club, count: int) -> list[int]:
    """Songs that sound less and less like the first one."""
    songs = [
        WrittenSong(f"Song {i}", f"Artist {i}", (1.0, 0.05 * i), (club.ann, club.bo)[i % 2])
        for i in range(count)
    ]
    return await club.add_songs(bot, songs)


async def test_by_a_track_with_everything_about_each(bot: Earworm, club: Club) -> None:
    songs = await fill(bot, club, 4)
    answer = await club.cleo.command(club.hall, "similar", track=str(songs[0]))
    assert answer.deferred
    said = await answer.message()
    text = text_of(said)
    assert text.startswith("### Sounds like **Song 0** by Artist 0 · 3:20")
    assert re.findall(r"\*\*(\d)\.\*\* \*\*Song (\d)\*\*", text) == [("1", "1"), ("2", "2"), ("3", "3")]
    percents = [int(p) for p in re.findall(r"(\d+)% match", text)]
    assert percents == sorted(percents, reverse=True) and len(percents) == 3 and 0 < percents[0] <= 100
    message = club.music.messages[1]
    jump = f"https://discord.com/channels/{club.guild.id}/{club.music.id}/{message['id']}"
    assert f"shared by {club.bo.mention}\n<t:" in text and f"[jump to it]({jump})" in text
    assert said["mentions"] == []
    pressed = [(b.get("emoji") or {}).get("name") or b["label"] for b in buttons_of(said)]
    assert pressed == ["👍", "👎", "More like this", "Hide"] * 3


async def test_the_track_is_completed_while_it_is_typed(bot: Earworm, club: Club) -> None:
    songs = await fill(bot, club, 3)
    typed = await club.ann.autocomplete(club.hall, "similar", "track", "song 2")
    assert typed == [{"name": "Artist 2 – Song 2", "value": str(songs[2])}]
    assert len(await club.ann.autocomplete(club.hall, "similar", "track", "")) == 3
    assert await club.ann.autocomplete(club.hall, "similar", "track", "nothing like it") == []


async def test_by_a_typed_title_that_fits_one_several_or_none(bot: Earworm, club: Club) -> None:
    await fill(bot, club, 3)
    said = await (await club.ann.command(club.hall, "similar", track="SONG 1")).message()
    assert "Sounds like **Song 1**" in text_of(said)
    several = await (await club.ann.command(club.hall, "similar", track="song")).message()
    none = await (await club.ann.command(club.hall, "similar", track="polka")).message()
    assert several["content"].startswith("3 songs fit “song”: ") and several["flags"] & 64
    assert none["content"].startswith("No song here is called “polka”.") and none["flags"] & 64
    assert [text_of(m) for m in club.hall.messages] == [text_of(said)]


async def test_by_a_link_of_the_library(bot: Earworm, club: Club) -> None:
    link = club.web.url("/in-library.mp3")
    await club.add_song(bot, "Linked", sounds=(1.0, 0.0), url=link)
    await club.add_song(bot, "Other", sounds=(1.0, 0.5))
    said = await (await club.ann.command(club.hall, "similar", link=f"<{link}?utm_source=x>")).message()
    assert text_of(said).startswith("### Sounds like **Linked**")
    assert "**Other**" in text_of(said)
    assert club.web.hits["/in-library.mp3"] == 0


async def test_by_a_link_that_is_not_in_the_library_until_it_is_added(bot: Earworm, club: Club) -> None:
    await fill(bot, club, 2)
    link = club.web.serve("/unknown.mp3", encoded(90, title="Unknown", artist="Nobody"))
    answer = await club.ann.command(club.hall, "similar", link=link)
    said = await answer.message(60)
    assert text_of(said).startswith("### Sounds like **Unknown** by Nobody · 0:05")
    assert "Left out: 2 no more alike than by chance." in text_of(said)
    assert (await bot.services.catalog.search(club.guild.id, "", None)).total == 2
    assert await bot.services.vectors.ids(club.guild.id) == {
        card.id for card in (await bot.services.catalog.search(club.guild.id, "", None)).cards
    }

    refused = await club.bo.click(said, label="Add to library")
    assert (await refused.message())["content"].startswith("Only who asked")
    added = await club.settled(await club.ann.click(said, label="Add to library"))
    assert added["content"].startswith("🎵 **Unknown** by Nobody")
    assert (await bot.services.catalog.search(club.guild.id, "unknown", None)).total == 1


async def test_by_a_file_in_an_empty_library(bot: Earworm, club: Club) -> None:
    answer = await club.ann.command(club.hall, "similar", file=file(91, title="My file"))
    said = await answer.message(60)
    assert text_of(said).startswith(
        "### Sounds like **My file** · 0:05\n-# That song isn't in the library. N"
    )
    assert [b["label"] for b in buttons_of(said)] == ["Add to library"]
    assert (await bot.services.catalog.search(club.guild.id, "", None)).total == 0


async def test_with_one_song_only(bot: Earworm, club: Club) -> None:
    [song] = await fill(bot, club, 1)
    said = await (await club.ann.command(club.hall, "similar", track=str(song))).message()
    assert text_of(said).endswith("Nothing else is in this server's library yet.")


async def test_what_cannot_be_asked(club: Club) -> None:
    link = club.web.url("/missing.mp3")
    big = club.web.serve("/big-question.wav", encoded(41, "wav") + bytes(3_000_000), "audio/wav")
    for options, says in (
        ({}, "Name one thing to go by"),
        ({"track": "x", "link": link}, "Name one thing to go by"),
        ({"link": "ftp://example.org/a.mp3"}, "That link leads to"),
        ({"link": link}, "Nothing is there any more"),
        ({"file": ("a.txt", b"words", "text/plain")}, "I can't find any sound"),
        ({"file": ("long.wav", plain_tone(40.0), "audio/wav")}, "That is longer than I may listen to."),
        ({"link": big}, "That file is bigger than I may download."),
    ):
        said = await (await club.ann.command(club.hall, "similar", **options)).message(30)
        assert said["content"].startswith(says) and said["flags"] & 64
    assert club.hall.messages == []


async def test_one_question_at_a_time(bot: Earworm, club: Club) -> None:
    link, let_go = club.hold("/slow-question.mp3", encoded(92, title="Slow"))
    first = await club.ann.command(club.hall, "similar", link=link)
    await club.discord.wait_for(lambda: club.web.hits["/slow-question.mp3"])
    again = await (await club.ann.command(club.hall, "similar", file=file(93))).message()
    assert again["content"].startswith("I'm still listening to what you asked about before.")
    assert again["flags"] & 64
    other = await (await club.bo.command(club.hall, "similar", file=file(93, title="Quick"))).message(60)
    assert text_of(other).startswith("### Sounds like **Quick**")
    let_go.set()
    assert text_of(await first.message(60)).startswith("### Sounds like **Slow**")
    third = await club.ann.command(club.hall, "similar", file=file(93, title="Quick"))
    assert text_of(await third.message(60)).startswith("### Sounds like **Quick**")


async def test_votes_by_buttons(bot: Earworm, club: Club) -> None:
    songs = await fill(bot, club, 3)
    said = await (await club.cleo.command(club.hall, "similar", track=str(songs[0]))).message()
    like, dislike = f"ew:vote:{songs[1]}:+1", f"ew:vote:{songs[1]}:-1"

    async def labels() -> list[str | None]:
        return [b.get("label") for b in buttons_of(club.hall.messages[0])][:2]

    async def press(member: object, custom_id: str, wanted: list[str | None]) -> None:
        await member.click(said, custom_id=custom_id)  # type: ignore[attr-defined]

        async def shown() -> bool:
            return await labels() == wanted

        await eventually(shown)

    await press(club.cleo, like, ["1", None])
    await press(club.mod, like, ["2", None])
    await press(club.cleo, dislike, ["1", "1"])
    await press(club.cleo, dislike, ["1", None])
    assert await bot.services.feedback.counts(club.guild.id, songs) == {songs[1]: (1, 0)}
    assert await bot.services.guilds.names(club.guild.id, [club.mod.id]) == {club.mod.id: "Mod"}
    assert text_of(club.hall.messages[0]) == text_of(said)


async def test_pages_and_more_like_this(bot: Earworm, club: Club) -> None:
    songs = await fill(bot, club, 8)
    said = await (await club.ann.command(club.hall, "similar", track=str(songs[0]))).message()
    assert re.findall(r"\*\*Song (\d)\*\*", text_of(said)) == list("012345")
    stranger = await club.bo.click(said, label="Next page")
    assert "Only who asked can turn these pages" in (await stranger.message())["content"]

    await club.ann.click(said, label="Next page")
    turned = await club.discord.wait_for(
        lambda: "Song 7" in text_of(club.hall.messages[0]) and club.hall.messages[0]
    )
    assert re.findall(r"\*\*(\d)\.\*\* \*\*Song (\d)", text_of(turned)) == [("6", "6"), ("7", "7")]
    await club.bo.react(turned, "👍")
    await club.ann.click(turned, label="Previous page")
    await club.discord.wait_for(lambda: "Song 5" in text_of(club.hall.messages[0]))

    more = await club.bo.click(said, custom_id=f"ew:more:{songs[3]}:0")
    assert text_of(await more.message()).startswith("### Sounds like **Song 3**")
    assert len(club.hall.messages) == 2


async def test_an_answer_for_the_asker_alone(bot: Earworm, club: Club) -> None:
    songs = await fill(bot, club, 8)
    answer = await club.ann.command(club.hall, "similar", track=str(songs[0]), private=True)
    said = await answer.message()
    assert said["flags"] & 64 and club.hall.messages == []
    turned = await club.ann.click(said, label="Next page")
    assert "Song 7" in text_of(await turned.message())
    more = await club.ann.click(said, custom_id=f"ew:more:{songs[6]}:1")
    assert (await more.message())["flags"] & 64
