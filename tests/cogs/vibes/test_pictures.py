"""The music map and the taste card."""

import struct
from typing import Any

import pytest

from bot.client import Earworm
from bot.errors import WorkerDied
from bot.pictures.values import MusicMap, TasteCard
from discord_sandbox import SandboxMember, text_of
from tests.cogs.suggestions.test_recommend import like
from tests.cogs.suggestions.test_steering import describe
from tests.cogs.vibes.test_cog import contents, library
from tests.support.running import PATIENCE, Club

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def said(club: Club, who: SandboxMember, command: str, **options: Any) -> dict[str, Any]:
    message: dict[str, Any] = await (await who.command(club.hall, command, **options)).message(PATIENCE)
    return message


def width_of(club: Club, message: dict[str, Any]) -> int:
    """The width of the one picture of a message, in pixels."""
    [file] = message["attachments"]
    png = contents(club, file)
    assert png.startswith(b"\x89PNG")
    width: int = struct.unpack(">I", png[16:20])[0]
    return width


async def drawn(bot: Earworm, club: Club, who: SandboxMember, **options: Any) -> MusicMap:
    """The map as it is drawn for whoever reads the hall."""
    channels = frozenset({club.hall.id, club.music.id})
    return await bot.services.music_maps.map_of(club.guild.id, "Club", channels, user_id=who.id, **options)


async def test_a_map_with_its_text_alternative(bot: Earworm, club: Club) -> None:
    await library(bot, club)
    await club.add_song(bot, "Brand new", sounds=(1.0, 0.1), by=club.ann)
    message = await said(club, club.ann, "map")
    vibes = (await bot.services.playlists.vibes(club.guild.id, None)).vibes
    assert f"**22 songs** in **{len(vibes)} vibes**" in text_of(message)
    assert f"ringed: 13 by {club.ann.mention}" in text_of(message)
    assert width_of(club, message) == 1200
    alternative = message["attachments"][0]["description"]
    assert "22 songs" in alternative and vibes[0].name in alternative


async def test_whose_songs_are_ringed_and_which_are_new(bot: Earworm, club: Club) -> None:
    await library(bot, club, ["jazz", "metal"], 3)
    await club.add_song(bot, "Brand new", sounds=(1.0, 0.1), by=club.cleo)
    for_cleo = await drawn(bot, club, club.cleo)
    assert sorted((dot.mine, dot.new) for dot in for_cleo.dots) == [(False, False)] * 6 + [(True, True)]
    assert for_cleo.note == "9 more songs until vibes."


async def test_the_map_does_not_jump_when_songs_come_and_go(bot: Earworm, club: Club) -> None:
    await library(bot, club)
    before = await bot.services.music_maps.positions(club.guild.id)
    assert await bot.services.music_maps.positions(club.guild.id) == before
    new = await club.add_song(bot, "Brand new", sounds=(1.0, 0.05), by=club.cleo)
    after = await bot.services.music_maps.positions(club.guild.id)
    assert set(after) == {*before, new}
    moved = [abs(after[t][0] - before[t][0]) + abs(after[t][1] - before[t][1]) for t in before]
    wide = max(x for x, _ in before.values()) - min(x for x, _ in before.values())
    assert max(moved) < 0.1 * wide
    card = await bot.services.catalog.card(club.guild.id, new, None)
    await bot.services.refresher.drop_share(club.guild.id, card.shares[0].message_id, new)
    assert new not in await bot.services.music_maps.positions(club.guild.id)


async def test_songs_out_of_sight_are_on_nobodys_map(bot: Earworm, club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    await club.discord.quiet(0.1)
    await library(bot, club, ["jazz"], 3)
    await club.add_song(bot, "Hidden song", sounds=(1.0,), channel=secret, by=club.ann)
    text = text_of(await said(club, club.ann, "map"))
    assert "**3 songs**" in text and "ringed: 2 by" in text
    alone = text_of(await said(club, club.ann, "map", private=True))
    assert "**4 songs**" in alone


async def test_a_taste_card(bot: Earworm, club: Club) -> None:
    songs = await library(bot, club)
    for number in range(3):
        await describe(bot, songs[f"jazz {number}"], tags={"jazz": 0.9}, tempo=80.0 + number, loudness=-20.0)
        await like(bot, club, club.cleo, songs[f"jazz {number}"])
        await like(bot, club, club.mod, songs[f"jazz {number}"])
    for member in (club.ann, club.mod):
        await bot.services.guilds.remember(club.guild.id, member.id, member.name)
    message = await said(club, club.bo, "taste", member=club.cleo)
    assert text_of(message) == f"The taste of {club.cleo.mention}" and message["mentions"] == []
    assert width_of(club, message) == 1200
    assert "Cleo" in message["attachments"][0]["description"]
    card: TasteCard = await bot.services.taste_cards.of(club.guild.id, club.cleo.id, "Cleo", None)
    assert (card.shared, card.liked, card.tempos) == (0, 3, (82.0, 81.0, 80.0))
    assert (card.tags[0].name, card.tags[0].share) == ("jazz", 1.0)
    assert [(one.name, one.likes) for one in card.sharers] == [("Ann", 2)]  # Bo's name was never seen
    assert (card.closest, card.closest_percent) == ("Mod", 100)
    of_ann: TasteCard = await bot.services.taste_cards.of(club.guild.id, club.ann.id, "Ann", None)
    assert (of_ann.shared, of_ann.hits, of_ann.liked) == (12, 2, 0)


async def test_a_taste_that_nobody_knows_has_a_card_too(bot: Earworm, club: Club) -> None:
    message = await said(club, club.bo, "taste", private=True)
    assert message["flags"] & 64 and width_of(club, message) == 1200


async def test_a_picture_that_cannot_be_drawn(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise WorkerDied("It was killed.")

    monkeypatch.setattr(type(bot.services.painter), "paint", dies)
    assert text_of(await said(club, club.bo, "map")).startswith("I can't draw at the moment.")
