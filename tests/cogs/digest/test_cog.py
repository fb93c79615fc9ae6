"""The weekly digest: set up, previewed, posted on time and once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.client import Earworm
from bot.errors import WorkerDied
from discord_sandbox import Permission, buttons_of, text_of
from discord_sandbox.rules.component_rules import GALLERY, walk
from models import Digest
from tests.support.running import PATIENCE, Club, WrittenSong, eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def tuned(bot: Earworm, club: Club) -> datetime:
    """Set a digest up; gives a moment at which the next one is due."""
    await club.mod.command(
        club.hall, "digest set", channel=club.hall, weekday=0, hour=9, timezone="Europe/Berlin"
    )

    async def is_set() -> Any:
        return (await bot.services.guilds.get(club.guild.id)).digest_channel_id

    await eventually(is_set)
    return datetime.now(UTC) + timedelta(days=7)


async def post_all(bot: Earworm, at: datetime) -> None:
    """What the loop does every few seconds."""
    digest: Any = bot.get_cog("digest")
    await digest.post_all(at)


async def week_of_music(bot: Earworm, club: Club) -> list[int]:
    songs = await club.add_songs(
        bot,
        [WrittenSong(f"Song {i}", sounds=(1.0, 0.05 * i), by=(club.ann, club.bo)[i % 2]) for i in range(6)],
    )
    for member, number in ((club.cleo, 1), (club.ann, 1), (club.cleo, 2)):
        await member.react(club.music.messages[number], "👍")

    async def counted() -> bool:
        return len(await bot.services.feedback.votes(club.guild.id)) == 3

    await eventually(counted)
    return songs


async def test_setting_it_up(bot: Earworm, club: Club) -> None:
    looking: Any = bot.get_cog("digest")
    assert looking.post_due.is_running()
    answer = await club.mod.command(
        club.hall, "digest set", channel=club.music, weekday=2, hour=20, timezone="Asia/Kolkata"
    )
    said = await answer.message()
    assert said["flags"] & 64
    assert said["content"].startswith(
        f"Weekly digest: {club.music.mention}, Wednesdays at 20:00 (Asia/Kolkata); the next one <t:"
    )
    zones = await club.mod.autocomplete(club.hall, "digest set", "timezone", "new york", channel=club.music)
    assert [zone["value"] for zone in zones] == ["America/New_York"]
    shown = await (await club.mod.command(club.hall, "settings show")).message()
    assert "Wednesdays at 20:00 (Asia/Kolkata)" in shown["content"]
    off = await (await club.mod.command(club.hall, "digest off")).message()
    assert off["content"] == "The weekly digest is off."


async def test_a_time_zone_that_there_is_not_and_a_channel_that_is_closed(bot: Earworm, club: Club) -> None:
    answer = await club.mod.command(club.hall, "digest set", channel=club.music, timezone="Mars/Olympus")
    assert "no time zone “Mars/Olympus”" in (await answer.message())["content"]
    club.music.set_overwrite(club.guild.bot, deny=Permission.SEND_MESSAGES)
    await club.discord.quiet(0.1)
    answer = await club.mod.command(club.hall, "digest set", channel=club.music)
    refusal = f"I can't post digests in {club.music.mention}. Grant me "
    assert (await answer.message())["content"] == refusal + "Send Messages there."
    club.music.set_overwrite(club.guild.bot, deny=Permission.READ_MESSAGE_HISTORY)
    await club.discord.quiet(0.1)
    answer = await club.mod.command(club.hall, "digest set", channel=club.music)
    assert (await answer.message())["content"] == refusal + "Read Message History there."
    assert (await bot.services.guilds.get(club.guild.id)).digest_channel_id is None


async def test_who_may_set_it(club: Club) -> None:
    for command in ("digest", "settings"):
        [registered] = [c for c in club.discord.registered() if c["name"] == command]
        assert registered["default_member_permissions"] == str(int(Permission.MANAGE_GUILD))


async def test_a_preview_of_a_quiet_week(club: Club) -> None:
    said = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    assert said["flags"] & 64
    assert "A quiet week" in text_of(said)


async def test_a_preview_says_it_all_and_its_buttons_vote(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    said = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    text = text_of(said)
    assert "6 songs from 2 members" in text
    assert "### 🎵 Shared this week (6)" in text and "### 💛 Most loved\n👍 " in text
    assert f"### 🌱 Newcomers' corner\n{club.ann.mention} shared a first song: [Song 0]" in text
    assert (
        f"### 🙌 Shared what people liked\n{club.bo.mention} (2 likes) · {club.ann.mention} (1 like)" in text
    )
    assert "### ✨ Recommendation of the week" in text and "### 🌀 Vibe playlist: around" in text
    assert text.index("Song 1", text.index("Most loved")) < text.index("Song 2", text.index("Most loved"))
    await club.mod.click(said, emoji="👍")
    await eventually(lambda: _votes(bot, club, 4))
    assert club.hall.messages == []


async def _votes(bot: Earworm, club: Club, count: int) -> bool:
    return len(await bot.services.feedback.votes(club.guild.id)) == count


async def test_it_is_posted_when_it_is_due_and_once(bot: Earworm, club: Club) -> None:
    due = await tuned(bot, club)
    await week_of_music(bot, club)
    await post_all(bot, datetime.now(UTC))
    assert club.hall.messages == []
    await post_all(bot, due)
    await post_all(bot, due + timedelta(minutes=1))
    [digest] = club.hall.messages
    assert text_of(digest).startswith("## 🎧 The week in music")
    assert digest["mentions"] == []
    labels = [button.get("label") for button in buttons_of(digest)]
    assert labels == [None, None, "Less of this", "Full list", "Play order", "Mute me"]
    await club.cleo.click(digest, emoji="👍")
    await eventually(lambda: _votes(bot, club, 4))
    await post_all(bot, due + timedelta(days=7))
    assert len(club.hall.messages) == 2


@pytest.mark.errors
async def test_what_was_posted_before_a_crash_is_not_posted_again(bot: Earworm, club: Club) -> None:
    due = await tuned(bot, club)
    club.discord.faults.fail_next("POST", rf"/channels/{club.hall.id}/messages$", status="drop_after")
    with pytest.MonkeyPatch.context() as patched:
        # As if the process ended before it heard of its success: not even the claim is given back.
        patched.setattr(bot.services.digests, "release", lambda *_: _nothing())
        await post_all(bot, due)
    assert len(club.hall.messages) == 1
    await bot.services.digests.take_over()
    await post_all(bot, due + timedelta(seconds=20))
    await post_all(bot, due + timedelta(seconds=40))
    assert len(club.hall.messages) == 1


async def _nothing() -> None:
    return None


@pytest.mark.errors
async def test_discord_has_trouble(bot: Earworm, club: Club) -> None:
    due = await tuned(bot, club)
    club.discord.faults.fail_next("POST", rf"/channels/{club.hall.id}/messages$", status="drop_after")
    await post_all(bot, due)
    await post_all(bot, due + timedelta(minutes=1))
    assert len(club.hall.messages) == 1
    assert await bot.services.digests.due(due + timedelta(hours=2)) == []


@pytest.mark.errors
async def test_while_discord_has_trouble_it_is_tried_less_and_less_often(bot: Earworm, club: Club) -> None:
    due = await tuned(bot, club)
    to = rf"/channels/{club.hall.id}/messages$"
    club.discord.faults.fail_next("POST", to, status=503, times=3)
    tries = []
    for seconds in range(0, 10 * 60, 20):
        before = len(club.discord.requests)
        await post_all(bot, due + timedelta(seconds=seconds))
        sent = [r for r in club.discord.requests[before:] if r.method == "POST" and re.search(to, r.path)]
        tries += [seconds // 60 for _ in sent]
    assert tries == [0, 1, 3, 7]
    assert len(club.hall.messages) == 1


@pytest.mark.errors
async def test_it_is_found_however_much_was_said_since(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = await soon(bot, club)
    monkeypatch.setattr("discord_sandbox.world.messages.NONCE_SECONDS", 0.0)
    club.discord.faults.fail_next("POST", rf"/channels/{club.hall.id}/messages$", status="drop_after")
    await post_all(bot, due)
    [digest] = club.hall.messages
    for number in range(601):
        await club.ann.post(club.hall, str(number))
    await post_all(bot, due + timedelta(minutes=1))
    said = [m for m in club.hall.messages if m["author"]["id"] == str(club.guild.bot.id)]
    assert said == [digest]
    async with bot.services.store.session() as session:
        [kept] = await session.scalars(select(Digest).where(Digest.guild_id == club.guild.id))
    assert (kept.state, kept.message_id) == ("posted", int(digest["id"]))


async def soon(bot: Earworm, club: Club) -> datetime:
    """Set a digest up; gives when it is due, which is in half an hour or more, and in an hour or less."""
    now = datetime.now(UTC)
    zone = ZoneInfo(
        "UTC" if now.minute < 30 else "Asia/Kolkata"
    )  # whose hours begin when others' are half over
    then = now.astimezone(zone) + timedelta(hours=1)
    guilds = bot.services.guilds
    await guilds.set_digest(club.guild.id, club.hall.id, then.weekday(), then.hour, zone.key)
    due = await bot.services.digests.next_due(await guilds.get(club.guild.id), now)
    assert timedelta(minutes=29) < due - now <= timedelta(hours=1)
    return due


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        (Permission.SEND_MESSAGES, "Send Messages"),
        (Permission.READ_MESSAGE_HISTORY, "Read Message History"),
    ],
)
async def test_a_channel_that_was_closed_switches_it_off_and_an_admin_is_told(
    bot: Earworm, club: Club, lost: Permission, named: str
) -> None:
    due = await tuned(bot, club)
    lobby = club.guild.add_channel("lobby")
    club.guild.set_system_channel(lobby)
    club.hall.set_overwrite(club.guild.bot, deny=lost)
    await club.discord.quiet(0.1)
    await post_all(bot, due)
    await post_all(bot, due + timedelta(days=7))
    says = (
        f"⚠️ Weekly digest: off, because I can't post digests in {club.hall.mention} without {named}. "
        "Switch it on with /digest set."
    )
    assert [m["content"] for m in lobby.messages] == [says]
    assert club.hall.messages == []
    shown = await (await club.mod.command(club.music, "settings show")).message()
    assert shown["content"].splitlines()[1] == says
    preview = await (await club.mod.command(club.music, "digest preview")).message(PATIENCE)
    assert text_of(preview).endswith(says)
    await (await club.mod.command(club.music, "digest set", channel=club.music)).message()
    again = await (await club.mod.command(club.music, "digest preview")).message(PATIENCE)
    assert "⚠️" not in text_of(again)


async def test_a_channel_that_was_deleted_switches_it_off_also_where_nobody_can_be_told(
    bot: Earworm, club: Club
) -> None:
    due = await tuned(bot, club)
    club.guild.set_system_channel(club.music)
    club.music.set_overwrite(club.guild.bot, deny=Permission.SEND_MESSAGES)
    club.hall.delete()
    await club.discord.quiet(0.1)
    await post_all(bot, due)
    assert club.music.messages == []
    shown = await (await club.mod.command(club.music, "settings show")).message()
    assert "⚠️ Weekly digest: off, because its channel was deleted." in shown["content"]


async def test_a_week_of_many_songs_with_long_titles_fits(bot: Earworm, club: Club) -> None:
    titles = [f"{i} " + "long *title* " * 20 for i in range(25)]
    await club.add_songs(
        bot,
        [WrittenSong(title, "somebody " * 30, sounds=(1.0, 0.01 * i)) for i, title in enumerate(titles)],
    )
    for message in club.music.messages[-25:]:
        await club.bo.react(message, "👍")
    await eventually(lambda: _votes(bot, club, 25))
    said = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    assert len(text_of(said)) <= 4000
    assert re.search(r"### 🎵 Shared this week \(25\)\n• .*\n… and \d+ more$", text_of(said), re.DOTALL)
    assert "### 🎶 This week's playlists" in text_of(said)


async def test_only_what_everybody_there_can_see(bot: Earworm, club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    await club.discord.quiet(0.1)
    due = await tuned(bot, club)
    await club.add_song(bot, "Open song", sounds=(1.0,))
    await club.add_song(bot, "Hidden song", sounds=(1.0, 0.1), channel=secret)
    await post_all(bot, due)
    assert "Open song" in text_of(club.hall.messages[0])
    assert "Hidden song" not in text_of(club.hall.messages[0])


async def test_a_preview_shows_its_reader_nothing_that_they_cannot_see(bot: Earworm, club: Club) -> None:
    secret = club.guild.add_channel("secret", private_to=[club.ann])
    await club.discord.quiet(0.1)
    await club.mod.command(club.hall, "digest set", channel=secret)
    await club.add_song(bot, "Open song", sounds=(1.0,))
    await club.add_song(bot, "Hidden song", sounds=(1.0, 0.1), channel=secret)
    said = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    assert "Open song" in text_of(said)
    assert "Hidden song" not in text_of(said)


async def test_all_songs_behind_a_button_by_time_and_in_playing_order(bot: Earworm, club: Club) -> None:
    sounds = [(1.0, 0.3 * (number * 7 % 5), 0.2 * (number % 3)) for number in range(25)]
    await club.add_songs(
        bot, [WrittenSong(f"Song {number}", sounds=each) for number, each in enumerate(sounds)]
    )
    digest = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    page = await (await club.mod.click(digest, label="Full list")).message(PATIENCE)
    assert page["flags"] & 64 and "1. [Song 0]" in text_of(page) and "Song 20]" not in text_of(page)
    turned = await (await club.mod.click(page, label="Next page")).message(PATIENCE)
    assert "21. [Song 20]" in text_of(turned) and "page 2 of 2" in text_of(turned)
    ordered = await (await club.mod.click(digest, label="Play order")).message(PATIENCE)
    assert text_of(ordered).startswith("### In playing order")
    assert re.findall(r"\d+\. \[Song (\d+)\]", text_of(ordered)) != [str(n) for n in range(20)]


async def test_who_wants_no_mention_gets_none_until_they_are_forgotten(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    due = await tuned(bot, club)
    await post_all(bot, due)
    [digest] = club.hall.messages
    assert club.bo.mention in text_of(digest)
    said = await (await club.bo.click(digest, label="Mute me")).message(PATIENCE)
    assert said["content"] == "Digests won't mention you any more." and said["flags"] & 64
    again = text_of(await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE))
    assert club.bo.mention not in again and club.ann.mention in again and "Song 1" in again
    known = await bot.services.member_export.export(club.guild.id, club.bo.id, None)
    assert not known["profile"][0]["digests_mention_you"]
    await bot.services.member_erasure.forget(club.guild.id, club.bo.id)
    assert await bot.services.guilds.quiet(club.guild.id) == frozenset()


async def test_that_is_taken_back(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    digest = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    said = await (await club.mod.click(digest, label="Mute me")).message(PATIENCE)
    assert await bot.services.guilds.quiet(club.guild.id) == {club.mod.id}
    await club.mod.click(said, label="Undo")

    async def is_loud() -> bool:
        return await bot.services.guilds.quiet(club.guild.id) == frozenset()

    await eventually(is_loud)


async def test_pictures_come_along_and_stay_when_a_button_is_pressed(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    answer = await club.mod.command(club.hall, "digest preview")
    digest = await answer.message(PATIENCE)
    assert [file["filename"] for file in digest["attachments"]] == ["banner.png"]
    [gallery] = [c for c in walk(digest["components"]) if c["type"] == GALLERY]
    assert gallery["items"][0]["description"].startswith("The week in music, ")
    await club.mod.click(digest, emoji="👍")
    await eventually(lambda: _votes(bot, club, 4))
    await club.discord.quiet(0.2)
    [gallery] = [c for c in walk(answer.responses[0]["components"]) if c["type"] == GALLERY]
    assert gallery["items"][0]["media"]["attachment_id"] == digest["attachments"][0]["id"]


async def test_without_pictures_it_is_posted_all_the_same(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise WorkerDied("It was killed.")

    monkeypatch.setattr(type(bot.services.painter), "paint", dies)
    due = await tuned(bot, club)
    await week_of_music(bot, club)
    await post_all(bot, due)
    [digest] = club.hall.messages
    assert digest["attachments"] == [] and "6 songs from 2 members" in text_of(digest)


async def test_a_month_and_a_year(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    said = await club.mod.command(club.hall, "digest preview", period="year")
    text = text_of(await said.message(PATIENCE))
    assert text.startswith("## 🎧 Your server's year in music\n-# 20") and "Most loved" in text
    answer = await club.mod.command(club.hall, "digest set", channel=club.hall, every="month", weekday=0)
    assert "first of the Mondays at 18:00 (UTC) after each month" in (await answer.message())["content"]


async def test_a_months_and_a_years_digest_are_posted_once(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    answer = await club.mod.command(
        club.hall, "digest set", channel=club.hall, weekday=0, hour=9, timezone="UTC", every="month"
    )
    assert "Monthly digest" in (await answer.message())["content"]
    today = datetime.now(UTC)
    month_is_over = (today.replace(day=1) + timedelta(days=31)).replace(day=8)
    year_is_over = today.replace(year=today.year + 1, month=1, day=8)
    for now in (month_is_over, month_is_over + timedelta(days=1), year_is_over, year_is_over):
        await post_all(bot, now + timedelta(hours=12))
    month, year = [text_of(message) for message in club.hall.messages]
    assert month.startswith("## 🎧 The month in music") and "6 songs" in month
    assert year.startswith("## 🎧 Your server's year in music") and "6 songs" in year
    banners = [file["filename"] for message in club.hall.messages for file in message["attachments"]]
    assert banners.count("banner.png") == 2


async def test_less_of_this_hides_the_recommendation_from_whoever_says_so(bot: Earworm, club: Club) -> None:
    await week_of_music(bot, club)
    digest = await (await club.mod.command(club.hall, "digest preview")).message(PATIENCE)
    said = await (await club.mod.click(digest, label="Less of this")).message(PATIENCE)
    assert said["content"] == "I won't suggest that song to you again."
    known = await bot.services.member_export.export(club.guild.id, club.mod.id, None)
    assert len(known["never_again"]) == 1
