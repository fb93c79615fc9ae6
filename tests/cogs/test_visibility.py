"""A song is spoken of only where everybody who reads it can see where it was shared."""

import pytest

from bot.client import Earworm
from discord_sandbox import Channel, Permission, Role, text_of
from models import VoteKind
from tests.support.running import Club, WrittenSong
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def secret_songs(bot: Earworm, club: Club) -> dict[str, int]:
    """One song for everybody, and two that only Ann and the moderators see."""
    club.guild.add_role("Helpers")
    moderators = [role for role in club.mod.roles if isinstance(role, Role)]
    secret = club.guild.add_channel("secret", private_to=[club.ann, *moderators])
    await club.discord.quiet(0.1)
    songs = [
        WrittenSong("Open one", sounds=(1.0, 0.0)),
        WrittenSong("Secret seed", sounds=(1.0, 0.1), channel=secret),
        WrittenSong("Secret near", sounds=(1.0, 0.2), channel=secret),
    ]
    return dict(zip(("open", "seed", "near"), await club.add_songs(bot, songs), strict=True))


async def test_an_answer_for_everybody(bot: Earworm, club: Club) -> None:
    songs = await secret_songs(bot, club)
    said = await (await club.ann.command(club.hall, "similar", track=str(songs["open"]))).message()
    assert "Secret" not in text_of(said)


async def test_an_answer_for_one_who_may_see_it(bot: Earworm, club: Club) -> None:
    songs = await secret_songs(bot, club)
    asking = {"track": str(songs["open"]), "private": True}
    ann = text_of(await (await club.ann.command(club.hall, "similar", **asking)).message())
    bo = text_of(await (await club.bo.command(club.hall, "similar", **asking)).message())
    assert "Secret seed" in ann and "Secret near" in ann
    assert "Secret" not in bo


async def test_a_hidden_song_as_the_question(bot: Earworm, club: Club) -> None:
    songs = await secret_songs(bot, club)
    ann = await (await club.ann.command(club.hall, "similar", track=str(songs["seed"]))).message()
    bo = await (await club.bo.command(club.hall, "similar", track=str(songs["seed"]))).message()
    assert ann["content"].startswith("That song was only shared where not everybody here can look")
    assert ann["flags"] & 64 and bo["flags"] & 64
    assert bo["content"].startswith("No song here is called")
    assert club.hall.messages == []


async def test_completion_of_titles(bot: Earworm, club: Club) -> None:
    await secret_songs(bot, club)
    assert len(await club.ann.autocomplete(club.hall, "similar", "track", "secret")) == 2
    assert await club.bo.autocomplete(club.hall, "similar", "track", "secret") == []
    assert await club.bo.autocomplete(club.hall, "track", "track", "secret") == []


async def test_the_library_and_a_single_song(bot: Earworm, club: Club) -> None:
    songs = await secret_songs(bot, club)
    ann = text_of(await (await club.ann.command(club.hall, "library")).message())
    bo = text_of(await (await club.bo.command(club.hall, "library")).message())
    assert ann.startswith("### 3 songs") and bo.startswith("### 1 song")
    shown = await (await club.ann.command(club.hall, "track", track=str(songs["seed"]))).message()
    assert shown["flags"] & 64 and "**" not in text_of(shown)


async def test_likes_of_hidden_songs_recommend_without_being_named(bot: Earworm, club: Club) -> None:
    songs = await secret_songs(bot, club)
    await bot.services.feedback.add_reaction(
        club.guild.id, await _message(bot, club, songs["near"]), club.mod.id, VoteKind.LIKE
    )
    said = await (await club.mod.command(club.hall, "recommend")).message()
    assert "Open one" in text_of(said) and "Secret" not in text_of(said)
    private = await (await club.mod.command(club.hall, "recommend", private=True)).message()
    assert "close to **Secret near**" in text_of(private)


async def _message(bot: Earworm, club: Club, track_id: int) -> int:
    card = await bot.services.catalog.card(club.guild.id, track_id, None)
    assert card.first is not None
    return card.first.message_id


async def test_a_preview_of_a_digest_for_a_channel_that_its_reader_cannot_see(
    bot: Earworm, club: Club
) -> None:
    staff = club.guild.add_channel("staff", private_to=[club.ann])
    await club.discord.quiet(0.1)
    await club.add_song(bot, "Open one", sounds=(1.0, 0.0))
    await club.add_song(bot, "Secret one", sounds=(1.0, 0.1), channel=staff)
    await bot.services.guilds.set_digest(club.guild.id, staff.id, 0, 9, "UTC")
    said = await (await club.mod.command(club.hall, "digest preview")).message()
    assert "Open one" in text_of(said) and "Secret" not in text_of(said)


async def test_a_page_forgets_what_was_hidden_since(bot: Earworm, club: Club) -> None:
    other = club.guild.add_channel("other")
    await club.discord.quiet(0.1)
    songs = [WrittenSong(f"Other {i}", sounds=(1.0, 0.1 * i), channel=other) for i in range(7)]
    seed, *_ = await club.add_songs(bot, [WrittenSong("Seed", channel=other), *songs])
    said = await (await club.ann.command(club.hall, "similar", track=str(seed))).message()
    assert "Other 0" in text_of(said) and "### Sounds like **Seed**" in text_of(said)
    other.set_overwrite(club.guild.everyone, deny=Permission.VIEW_CHANNEL)
    await club.discord.quiet(0.1)
    await club.ann.click(said, label="Next page")
    await club.discord.wait_for(lambda: "Previous page" in str(club.hall.messages[0]["components"]))
    assert "Other" not in text_of(club.hall.messages[0]) and "Seed" not in text_of(club.hall.messages[0])


async def test_what_was_hidden_while_the_bot_listened_is_not_shown(bot: Earworm, club: Club) -> None:
    other = club.guild.add_channel("other")
    await club.discord.quiet(0.1)
    await (await club.ann.command(other, "share", file=file(94, title="Elsewhere"))).message()
    await club.discord.wait_for(lambda: "Elsewhere" in str(other.messages), 60)
    link, let_go = club.hold("/alike.mp3", encoded(94, title="Alike"))
    let_go.set()
    said = await (await club.ann.command(club.hall, "similar", link=link)).message(60)
    assert "**Elsewhere**" in text_of(said)

    let_go.clear()
    before = club.web.hits["/alike.mp3"]
    asked = await club.ann.command(club.hall, "similar", link=link)
    await club.discord.wait_for(lambda: club.web.hits["/alike.mp3"] > before)
    other.set_overwrite(club.guild.everyone, deny=Permission.VIEW_CHANNEL)
    await club.discord.quiet(0.1)
    let_go.set()
    said = await asked.message(60)
    assert "**Alike**" in text_of(said) and "Elsewhere" not in text_of(said)


# -- threads that Discord has archived, and says nothing of ------------------------------------------------


async def shared_in_a_thread(
    bot: Earworm, club: Club, *, private: bool = False, hidden: bool = False
) -> Channel:
    """A thread in which Ann shared a song, archived since."""
    parent = club.guild.add_channel("den", private_to=[club.ann]) if hidden else club.music
    thread = club.guild.add_thread(parent, "finds", owner=club.ann, private=private)
    thread.joined[club.guild.bot.id] = thread.joined[club.ann.id]
    await club.discord.quiet(0.1)
    await (await club.ann.command(thread, "share", file=file(70, title="Thread song"))).message()
    await club.discord.wait_for(lambda: "Thread song" in str(thread.messages), 60)
    thread.archive()
    guild = bot.get_guild(club.guild.id)
    await club.discord.wait_for(lambda: guild is not None and guild.get_thread(thread.id) is None)
    return thread


async def seen_by_bo(club: Club, title: str = "Thread song") -> tuple[bool, bool]:
    """Whether Bo sees the song, and whether everybody in the hall may."""
    library = text_of(await (await club.bo.command(club.hall, "library")).message())
    public = text_of(await (await club.bo.command(club.hall, "track", track=title)).message())
    return title in library, f"**{title}**" in public


async def test_an_archived_thread_is_seen_by_who_sees_its_channel(bot: Earworm, club: Club) -> None:
    thread = await shared_in_a_thread(bot, club)
    assert await seen_by_bo(club) == (True, True)
    club.music.set_overwrite(club.guild.everyone, deny=Permission.VIEW_CHANNEL)
    await club.discord.quiet(0.1)
    assert await seen_by_bo(club) == (False, False)
    club.music.set_overwrite(club.guild.everyone)
    thread.delete()
    await club.discord.quiet(0.1)
    assert await seen_by_bo(club) == (False, False)


async def test_an_archived_thread_of_a_hidden_channel_is_hidden(bot: Earworm, club: Club) -> None:
    await shared_in_a_thread(bot, club, hidden=True)
    assert await seen_by_bo(club) == (False, False)
    ann = text_of(await (await club.ann.command(club.hall, "library")).message())
    assert "Thread song" in ann


async def test_an_archived_private_thread_is_hidden(bot: Earworm, club: Club) -> None:
    await shared_in_a_thread(bot, club, private=True)
    assert await seen_by_bo(club) == (False, False)
