"""What can't become a track is answered in the same place, in words that a member understands."""

import pytest

from bot.client import Earworm
from bot.errors import SENTENCES, Failure
from tests.support.running import Club
from tests.support.songs import encoded, file, plain_tone

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_every_link_of_a_message_is_answered_for_itself(bot: Earworm, club: Club) -> None:
    web = club.web
    links = {
        web.url("/missing.mp3"): Failure.GONE,
        "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC": Failure.DRM,
        f"http://127.0.0.1:{club.discord.port + 1}/router": Failure.BLOCKED,
        web.serve("/notes.mp3", b"only words, no music at all\n" * 200, "audio/mpeg"): Failure.NOT_AUDIO,
        web.serve("/long.wav", plain_tone(40.0), "audio/wav"): Failure.TOO_LONG,
        web.serve("/big.wav", encoded(41, "wav") + bytes(3_000_000), "audio/wav"): Failure.TOO_BIG,
    }
    announced = await club.share(club.ann, "\n".join(links))
    lines = announced.reply["content"].splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == [SENTENCES[kind] for kind in links.values()]
    assert all(line.startswith("⚠️ ") for line in lines)
    assert club.music.reactions(announced.reply) == {}
    assert (await bot.services.catalog.search(club.guild.id, "", None)).total == 0


async def test_good_and_bad_in_one_message(club: Club) -> None:
    announced = await club.share(
        club.bo,
        club.web.url("/missing.mp3"),
        files=[file(42, title="Good"), ("bad.mp3", b"no", "audio/mpeg")],
    )
    bad_link, good, bad_file = announced.reply["content"].splitlines()
    assert bad_link.startswith("⚠️ 127\\.0.0.1: ")
    assert good.startswith("🎵 **Good**")
    assert bad_file == f"⚠️ bad.mp3: {SENTENCES[Failure.NOT_AUDIO]}"
    assert set(club.music.reactions(announced.reply)) == {"👍", "👎"}


async def test_ten_links_with_the_longest_titles_fit_into_one_reply(club: Club) -> None:
    title = "*_`~|<>[]\\@everyone " * 10
    data = [(f"{i}.mp3", encoded(50 + i, title=f"{i} {title}", artist=title), "audio/mpeg") for i in range(3)]
    links = [club.web.serve(f"/fit{i}.mp3", data[i][1]) for i in range(3)]
    hidden = club.guild.add_channel("first")
    await club.listen(hidden)
    await club.share(club.bo, " ".join(links), channel=hidden)
    announced = await club.share(club.ann, " ".join(f"{links[i % 3]}?n={i}" for i in range(10)))
    assert len(announced.reply["content"]) <= 2000
    assert announced.reply["content"].count("🎵") == 10
    assert not announced.reply["mention_everyone"]
