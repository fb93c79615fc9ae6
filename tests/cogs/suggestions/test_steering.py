"""Suggestions can be steered, hidden, and mixed from members and sounds."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.client import Earworm
from bot.taste.colike import MIN_MEMBERS, MIN_VOTES
from discord_sandbox import SandboxMember, text_of
from discord_sandbox.world.model import VOICE
from models import MessageTrack, Reaction, Track
from tests.cogs.suggestions.test_recommend import like, titles, two_styles
from tests.support.running import Club, eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def asked(club: Club, who: SandboxMember, command: str, /, **options: Any) -> str:
    return text_of(await (await who.command(club.hall, command, **options)).message())


async def describe(
    bot: Earworm, track_id: int, *, tags: dict[str, float], seconds: float = 200.0, **features: object
) -> None:
    """Give a track what listening would have found."""
    async with bot.services.store.begin() as session:
        track = (await session.scalars(select(Track).where(Track.id == track_id))).one()
        track.tags, track.features, track.seconds = tags, dict(features), seconds
    await bot.services.refresher.refresh_point(track.guild_id, track_id)


async def test_by_tag_tempo_key_and_sharer(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await like(bot, club, club.bo, songs["jazz 0"])
    await describe(bot, songs["jazz 1"], tags={"jazz": 0.9}, tempo=118.0, key="A minor")
    await describe(bot, songs["jazz 2"], tags={"jazz": 0.8}, tempo=90.0, key="C major")
    assert titles(await asked(club, club.bo, "recommend", tag="Jazz")) == ["jazz 1", "jazz 2"]
    assert titles(await asked(club, club.bo, "recommend", tempo="118")) == ["jazz 1"]
    assert titles(await asked(club, club.bo, "recommend", tempo="80-100 bpm")) == ["jazz 2"]
    assert titles(await asked(club, club.bo, "recommend", key="Am")) == ["jazz 1"]
    none = await asked(club, club.bo, "recommend", sharer=club.cleo)
    assert titles(none) == [] and "at another time" in none
    offered = await club.bo.autocomplete(club.hall, "recommend", "tag", "ja")
    assert offered == [{"name": "jazz", "value": "jazz"}]


async def test_without_a_song(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await like(bot, club, club.bo, songs["jazz 0"])
    offered = await club.bo.autocomplete(club.hall, "recommend", "without_track", "jazz 1")
    assert offered == [{"name": "jazz 1", "value": str(songs["jazz 1"])}]
    found = await asked(club, club.bo, "recommend", without_track=offered[0]["value"])
    assert titles(found)[:2] == ["jazz 2", "jazz 3"] and "jazz 1" not in titles(found)
    like_it = await asked(club, club.bo, "similar", track="jazz 0", without_track="jazz 1")
    assert titles(like_it)[:2] == ["jazz 2", "jazz 3"] and "jazz 1" not in titles(like_it)
    unknown = await (await club.bo.command(club.hall, "recommend", without_track="polka")).message()
    assert unknown["flags"] & 64 and "No song here is called “polka”." in text_of(unknown)


@pytest.mark.parametrize("command", ["recommend", "similar"])
async def test_mixes_and_talk_when_asked_for(bot: Earworm, club: Club, command: str) -> None:
    songs = await two_styles(bot, club)
    await like(bot, club, club.bo, songs["jazz 0"])
    await describe(bot, songs["jazz 1"], tags={}, seconds=3600.0)
    await describe(bot, songs["jazz 2"], tags={}, speech=0.9)
    of = {"track": "jazz 0"} if command == "similar" else {}
    assert titles(await asked(club, club.bo, command, **of))[0] == "jazz 3"
    everything = titles(await asked(club, club.bo, command, mixes=True, **of))
    assert everything[:3] == ["jazz 1", "jazz 2", "jazz 3"]


async def test_similar_by_who_shared_it_and_when(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    old = datetime.now(UTC) - timedelta(days=9)
    await club.add_song(bot, "bos 1", sounds=(1.0, 0.05), by=club.bo)
    await club.add_song(bot, "bos 2", sounds=(1.0, 0.06), by=club.bo, at=old)

    async def found(**wishes: Any) -> list[str]:
        return titles(await asked(club, club.cleo, "similar", track=str(songs["jazz 0"]), **wishes))

    assert await found(sharer=club.bo) == ["bos 1", "bos 2"]
    assert await found(sharer=club.bo, days=7) == ["bos 1"]
    assert (await found(without_member=club.bo))[0] == "jazz 1"


async def test_a_tag_of_a_channel_out_of_sight_is_not_offered(bot: Earworm, club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    hidden = await club.add_song(bot, "Secret", channel=secret, by=club.ann)
    await describe(bot, hidden, tags={"witch house": 0.9})
    assert await club.bo.autocomplete(club.hall, "recommend", "tag", "witch") == []
    assert len(await club.ann.autocomplete(club.hall, "recommend", "tag", "witch")) == 1


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"tempo": "fast"}, "I can't read that tempo. Write it like 120, or 90-110."),
        ({"tempo": "140-100"}, "No tempo is above 140 and below 100 bpm."),
        ({"key": "H sharp"}, "That is no key I know."),
    ],
)
async def test_a_wish_that_makes_no_sense(bot: Earworm, club: Club, wish: dict[str, str], says: str) -> None:
    said = await (await club.bo.command(club.hall, "recommend", **wish)).message()
    assert said["flags"] & 64
    assert says in text_of(said)


async def test_what_is_hidden_never_comes_back_until_that_is_undone(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await like(bot, club, club.bo, songs["jazz 0"])
    said = await (await club.bo.command(club.hall, "recommend")).message()
    assert titles(text_of(said))[0] == "jazz 1"
    note = await (await club.bo.click(said, label="Hide")).message()
    assert note["flags"] & 64 and note["content"] == "I won't suggest that song to you again."
    assert "jazz 1" not in titles(await asked(club, club.bo, "recommend"))
    await club.bo.click(note, label="Undo")

    async def back() -> bool:
        return "jazz 1" in titles(await asked(club, club.bo, "recommend"))

    await eventually(back)


async def test_for_everybody_in_the_channel_nobodys_dislike_is_suggested(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await club.add_song(bot, "Bo's own", sounds=(1.0, 0.05), by=club.bo)
    await like(bot, club, club.cleo, songs["jazz 0"])
    await like(bot, club, club.bo, songs["jazz 1"])
    await like(bot, club, club.bo, songs["jazz 2"], "👎")
    said = await club.cleo.command(club.music, "recommend", scope="here")
    text = text_of(await said.message())
    assert text.startswith("### For everybody here (3)")
    assert "jazz 2" not in titles(text)


async def test_in_a_voice_channel_it_is_for_whoever_is_connected(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    lounge = club.guild.add_channel("lounge", type=VOICE)
    await like(bot, club, club.bo, songs["metal 1"])
    await like(bot, club, club.cleo, songs["jazz 1"])
    club.bo.join_voice(lounge)
    club.cleo.join_voice(lounge)
    club.cleo.join_voice(None)
    await club.discord.quiet(0.1)
    text = text_of(await (await club.bo.command(lounge, "recommend", scope="here")).message())
    assert text.startswith("### For everybody here (1)") and titles(text)[0].startswith("metal")


async def test_a_blend_of_two(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    for place in range(3):
        await like(bot, club, club.bo, songs[f"jazz {place}"])
        await like(bot, club, club.cleo, songs[f"metal {place}"])
    text = await asked(club, club.bo, "blend", member=club.cleo)
    assert text.startswith(f"### A blend of {club.cleo.mention} and {club.bo.mention}")
    assert re.search(r"Your tastes match by \*\*\d+%\*\*", text)
    alone = await (await club.bo.command(club.hall, "blend", member=club.bo)).message()
    assert text_of(alone) == "Blending takes two: name another member."


async def test_taste_buddies(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    few = await asked(club, club.bo, "tastebuddies")
    assert few == "I don't know that taste well enough yet: 3 more songs with 👍 would do."
    for place in range(3):
        await like(bot, club, club.bo, songs[f"jazz {place}"])
        await like(bot, club, club.cleo, songs[f"jazz {place + 1}"])
    text = await asked(club, club.bo, "tastebuddies")
    assert re.search(rf"\d+% · {club.cleo.mention}", text)


async def test_alchemy_adds_and_takes_away(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    await describe(bot, songs["metal 0"], tags={"metal": 0.9})
    text = await asked(club, club.bo, "alchemy", add=str(songs["jazz 0"]), subtract="tag:metal")
    assert text.startswith("### Your mixture")
    assert titles(text) == ["jazz 1", "jazz 2", "jazz 3"]
    offered = await club.bo.autocomplete(club.hall, "alchemy", "add", "meta")
    assert {"name": "tag: metal", "value": "tag:metal"} in offered
    assert {"name": "metal 0", "value": str(songs["metal 0"])} in offered
    nothing = await (await club.bo.command(club.hall, "alchemy")).message()
    assert text_of(nothing) == "Add something: a song, a member or a tag."


async def test_a_path_from_one_sound_to_another(bot: Earworm, club: Club) -> None:
    songs = await two_styles(bot, club)
    text = await asked(
        club, club.bo, "path", **{"from": str(songs["jazz 0"]), "to": str(songs["metal 3"])}, length=4
    )
    assert text.startswith("### From **jazz 0**")
    steps = re.findall(r"^\*\*\d\.\*\* \*\*(\w+ \d)\*\*", text, re.MULTILINE)
    assert len(steps) == len(set(steps)) == 4 and steps[0] == "jazz 0" and steps[-1] == "metal 3"
    same = {"from": str(songs["jazz 0"]), "to": str(songs["jazz 0"])}
    assert "Those are the same song" in await asked(club, club.bo, "path", **same)


async def test_how_suggestions_were_taken(bot: Earworm, club: Club) -> None:
    assert "Nothing was suggested" in await asked(club, club.bo, "stats show")
    songs = await two_styles(bot, club)
    await like(bot, club, club.bo, songs["jazz 0"])
    said = await (await club.bo.command(club.hall, "recommend")).message()
    close = text_of(said).count("close to **jazz 0**")
    acceptance = bot.services.engine.acceptance
    await eventually(lambda: acceptance.by_week(club.guild.id))
    await club.bo.click(said, emoji="👍")

    async def taken() -> bool:
        return f"close to what they 👍: {1 / close:.0%} of {close}" in await asked(
            club, club.bo, "stats show"
        )

    await eventually(taken)
    assert "What counts: a 👍 of whoever asked" in await asked(club, club.bo, "stats show")


async def test_an_admin_compares_two_strategies(bot: Earworm, club: Club) -> None:
    refused = await asked(club, club.bo, "stats compare", strategies="ours,plain")
    assert refused == "Comparing strategies needs the permission Manage Server."
    await two_styles(bot, club)
    started = await asked(club, club.mod, "stats compare", strategies="ours,plain")
    assert "in turn: “everything” and “Qdrant's best_score, then the same rules”." in started
    assert "“everything” is the same list as “sound alone” until" in started
    songs = await bot.services.catalog.search(club.guild.id, "jazz 0", None)
    await like(bot, club, club.bo, songs.cards[0].id)
    await asked(club, club.bo, "recommend")

    async def told_apart() -> bool:
        text = await asked(club, club.bo, "stats show")
        return "**By strategy**" in text and "everything: " in text and "the same list as" in text

    await eventually(told_apart)
    assert await asked(club, club.mod, "stats compare", strategies="none") == "Stopped."


async def test_strategies_that_do_not_differ_yet_are_said_to_be_one_list(bot: Earworm, club: Club) -> None:
    alone = await asked(club, club.mod, "stats compare", strategies="sound,plain")
    assert "the same list" not in alone
    await vote_much(bot, club, members=MIN_MEMBERS, tracks=MIN_VOTES // MIN_MEMBERS)
    started = await asked(club, club.mod, "stats compare", strategies="ours,sound")
    assert started.endswith("in turn: “everything” and “sound alone”.")


async def vote_much(bot: Earworm, club: Club, *, members: int, tracks: int) -> None:
    """Each of so many members likes or dislikes each of so many tracks."""
    now, guild_id, users = datetime.now(UTC), club.guild.id, range(1, members + 1)
    heard = [Track(guild_id=guild_id, seconds=200.0, created_at=now) for _ in range(tracks)]
    async with bot.services.store.begin() as session:
        session.add_all(heard)
        await session.flush()
        for track in heard:
            about: dict[str, Any] = {"guild_id": guild_id, "message_id": track.id, "track_id": track.id}
            session.add(MessageTrack(**about))
            session.add_all(
                Reaction(**about, user_id=user, kind=(-1) ** (track.id + user), created_at=now)
                for user in users
            )
