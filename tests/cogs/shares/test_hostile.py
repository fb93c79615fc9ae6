"""What strangers write into titles, names and messages does nothing but stand there."""

import html

import pytest

from bot.client import Earworm
from discord_sandbox import SandboxMember, text_of
from tests.support.running import Club, WrittenSong
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")

TITLES = (
    "**bold** _it_ ~~s~~ ||spoiler|| `code` ```block",
    "@everyone @here",
    "[click](https://evil.example) ](https://evil.example) [here",
    "# heading\n> quote\n- list\nlast",
    "\u202egnihton daer\u202c \u2066x\u2069 \u0000\u001b[31m",
    "x" * 300,
    "<#1> <:emoji:1> <t:1:R> </similar:1>",
    "🎵" * 200,
)


async def test_titles_from_tags_and_pages(bot: Earworm, club: Club) -> None:
    files = [file(120 + i, suffix="ogg", title=title, artist=title) for i, title in enumerate(TITLES[:5])]
    announced = await club.share(club.ann, files=files)
    title = html.escape(f"{TITLES[1]} {club.bo.mention}")
    page = club.web.serve("/bad.html", f"<title>{title}</title><audio src='/bad.ogg'></audio>", "text/html")
    club.web.serve("/bad.ogg", encoded(127, "ogg"))
    other = await club.share(club.ann, page)
    for reply in (announced.reply, other.reply):
        assert reply["mentions"] == [] and not reply["mention_everyone"]
        assert len(reply["content"].splitlines()) == reply["content"].count("🎵")
        assert "](https://evil" not in reply["content"].replace("\\]", "")


async def test_every_answer_holds_discords_limits(bot: Earworm, club: Club) -> None:
    bad = [f"{i} {TITLES[i % len(TITLES)]} {club.bo.mention}" for i in range(12)]
    songs = await club.add_songs(
        bot, [WrittenSong(title, title * 3, sounds=(1.0, 0.1 * i)) for i, title in enumerate(bad)]
    )
    for message in club.music.messages[-12:]:
        await club.bo.react(message, "👍")
    await club.discord.quiet(0.3)
    asked: list[tuple[SandboxMember, str, dict[str, object]]] = [
        (club.ann, "similar", {"track": str(songs[0])}),
        (club.bo, "recommend", {}),
        (club.cleo, "recommend", {"scope": "server"}),
        (club.cleo, "library", {}),
        (club.cleo, "library", {"search": TITLES[0][:60]}),
        (club.cleo, "track", {"track": str(songs[5])}),
        (club.mod, "digest preview", {}),
    ]
    for member, command, options in asked:
        said = await (await member.command(club.hall, command, **options)).message()
        text = text_of(said)
        assert len(text) <= 4000
        assert said["mentions"] == [] and not said["mention_everyone"]
        assert "\u202e" not in text and "](https://evil" not in text.replace("\\]", "")
    assert len(await club.ann.autocomplete(club.hall, "track", "track", "")) == 12


async def test_a_members_name(bot: Earworm, club: Club) -> None:
    odd = club.guild.add_member("@everyone **Eve** `x`", nick="\u202e<@1>\n" * 5)
    announced = await club.share(odd, files=[file(128, title="By Eve")])
    assert announced.text == f"🎵 **By Eve** · 0:05 · shared by {odd.mention}"
