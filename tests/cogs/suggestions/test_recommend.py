"""/recommend suggests what somebody may like, and never what they know."""

import re

import pytest

from bot.client import Earworm
from discord_sandbox import SandboxMember, text_of
from tests.support.running import Club, WrittenSong, eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def two_styles(bot: Earworm, club: Club) -> dict[str, int]:
    """Four songs each that sound like jazz or like metal, shared by Ann."""
    jazz = [WrittenSong(f"jazz {i}", sounds=(1.0, 0.1 * i, 0.0)) for i in range(4)]
    metal = [WrittenSong(f"metal {i}", sounds=(-1.0, 0.0, 0.1 * i)) for i in range(4)]
    songs = jazz + metal
    return dict(zip((song.title for song in songs), await club.add_songs(bot, songs), strict=True))


async def like(bot: Earworm, club: Club, member: SandboxMember, track_id: int, emoji: str = "👍") -> None:
    """React to the message that shared a track."""
    card = await bot.services.catalog.card(club.guild.id, track_id, None)
    assert card.first is not None
    message = next(m for m in club.music.messages if m["id"] == str(card.first.message_id))
    await member.react(message, emoji)

    async def counted() -> bool:
        return track_id in {v.track_id for v in await bot.services.feedback.votes(club.guild.id, member.id)}

    await eventually(counted)


def titles(text: str) -> list[str]:
    return re.findall(r"^\*\*\d+\.\*\* \*\*(\w+ \d)\*\*", text, re.MULTILINE)


async def test_for_me_moves_with_my_reactions(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await like(bot, club, club.bo, songs["jazz 0"])
    answer = await club.bo.command(club.hall, "recommend")
    assert answer.deferred
    text = text_of(await answer.message())
    assert text.startswith(f"### For {club.bo.mention}")
    assert titles(text)[:3] == ["jazz 1", "jazz 2", "jazz 3"]
    assert "close to **jazz 0**, which you 👍" in text and "% match" in text

    await like(bot, club, club.bo, songs["metal 3"])
    await like(bot, club, club.bo, songs["jazz 1"], "👎")
    text = text_of(await (await club.bo.command(club.hall, "recommend")).message())
    assert titles(text)[0] == "metal 2"
    assert not {"jazz 0", "jazz 1", "metal 3"} & set(titles(text))


async def test_never_what_somebody_shared(bot: Earworm, club: Club) -> None:
    await two_styles(bot, club)
    await club.add_song(bot, "Bo's own", sounds=(1.0, 0.05), by=club.bo)
    text = text_of(await (await club.ann.command(club.hall, "recommend")).message())
    assert "Bo's own" in text and "1.** **jazz" not in text


async def test_for_another_member_and_for_the_server(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await like(bot, club, club.cleo, songs["metal 0"])
    said = await (await club.ann.command(club.hall, "recommend", member=club.cleo)).message()
    assert text_of(said).startswith(f"### For {club.cleo.mention}")
    assert said["mentions"] == []
    assert titles(text_of(said))[0] == "metal 1"
    assert "which they 👍" in text_of(said)
    server = text_of(await (await club.ann.command(club.hall, "recommend", scope="server")).message())
    assert server.startswith("### For this server")
    assert titles(server)[0] == "metal 1"


async def test_with_too_little_to_go_by_it_says_so(bot: Earworm, club: Club) -> None:
    text = text_of(await (await club.bo.command(club.hall, "recommend")).message())
    assert "I have nothing to go by yet. React with 👍 or 👎" in text
    songs = await two_styles(bot, club)
    await like(bot, club, club.cleo, songs["jazz 2"])
    text = text_of(await (await club.bo.command(club.hall, "recommend")).message())
    assert titles(text) == ["jazz 2"]
    assert "0% match" not in text
    assert "-# " in text


async def test_for_the_asker_alone(bot: Earworm, club: Club) -> None:
    await two_styles(bot, club)
    said = await (await club.bo.command(club.hall, "recommend", private=True)).message()
    assert said["flags"] & 64
    assert club.hall.messages == []
