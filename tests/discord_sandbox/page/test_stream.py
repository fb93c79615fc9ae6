"""Everybody is shown what they may see, and only what of it changed."""

from discord_sandbox.page import DemoServer
from discord_sandbox.rules.message_flags import EPHEMERAL
from discord_sandbox.world.messages import MessageDraft
from tests.discord_sandbox.page.visitor import Visitor
from tests.discord_sandbox.transcript.test_page import HOSTILE, ParsedPage


async def test_changes_arrive_as_they_happen(club: DemoServer, bo: Visitor) -> None:
    ann = club.members[0]
    async with bo.watching() as screen:
        await screen.until(lambda s: s.place.get("title") == "#music · Late Night Listeners")
        posted = await ann.post(bo.channel, "a song")
        await screen.until(lambda s: "a song" in s.text)
        await ann.edit(posted, "a better song")
        await screen.until(lambda s: "a better song" in s.text and "(edited)" in s.text)
        await ann.react(posted, "👍")
        await screen.until(lambda s: 'data-react="👍" aria-pressed="false" aria-label="👍 1: Ann"' in s.text)
        await ann.delete(posted)
        await screen.until(lambda s: not s.messages)


async def test_only_what_changed_is_sent(club: DemoServer, bo: Visitor) -> None:
    for word in ("one", "two", "three"):
        last = await bo.member.post(bo.channel, word)
    async with bo.watching() as screen:
        await screen.until(lambda s: "three" in s.text)
        before, seen = dict(screen.messages), screen.events
        await bo.member.edit(last, "four")
        await screen.until(lambda s: "four" in s.text)
        changed = [key for key, html in screen.messages.items() if before[key] != html]
        assert changed == [f"m{last['id']}"]
        assert screen.events == seen + 1


async def test_a_whisper_is_for_one(club: DemoServer, bo: Visitor) -> None:
    draft = MessageDraft(content="psst", flags=EPHEMERAL, seen_only_by=bo.member.id)
    club.discord.messages.create(bo.channel, club.discord.bot, draft)
    await bo.member.post(bo.channel, "loud")
    async with bo.watching() as mine, bo.as_(club.members[0]).watching() as others:
        await mine.until(lambda s: "loud" in s.text)
        await others.until(lambda s: "loud" in s.text)
        assert "psst" in mine.text
        assert "Only you can see this" in mine.text
        assert 'data-do="dismiss"' in mine.text
        assert "psst" not in others.text


async def test_a_private_channel_is_for_its_members(club: DemoServer, bo: Visitor) -> None:
    private = next(c for c in club.guild.channels.values() if c.name == "night-shift")
    ann = club.members[0]
    await ann.post(private, "secret")
    async with bo.in_(private).watching() as screen:
        await screen.until(lambda s: s.events > 1)
        assert screen.place["in"] == str(club.music.id)
        assert "night-shift" not in str(screen.place)
        assert "secret" not in screen.text
    async with bo.in_(private).as_(ann).watching() as screen:
        await screen.until(lambda s: "secret" in s.text)
        assert "night-shift" in screen.place["regions"]["channels"]
        assert "Members here: 3" in screen.place["regions"]["people"]
        private.set_overwrite(club.guild.roles[ann.roles[0].id])
        private.set_overwrite(ann)
        await screen.until(lambda s: s.place["in"] == str(club.music.id) and not s.messages)


async def test_one_can_do_to_a_message_what_one_may(club: DemoServer, bo: Visitor) -> None:
    await bo.member.post(bo.channel, 'my "song"')
    for member, edits, deletes in ((bo.member, 1, "1"), (club.members[0], 0, "1"), (club.members[2], 0, "0")):
        async with bo.as_(member).watching() as screen:
            await screen.until(lambda s: s.messages)
            assert screen.text.count('data-text="my &quot;song&quot;"') == edits
            assert f'data-delete="{deletes}"' in screen.text


async def test_nothing_that_people_write_runs(club: DemoServer, bo: Visitor) -> None:
    ann = club.members[0]
    for hostile in HOSTILE:
        ann.nick = club.music.topic = club.music.name = hostile
        posted = await ann.post(bo.channel, hostile, files=[(hostile, b"x", 'audio/mpeg" onerror="alert(1)')])
        await ann.post(bo.channel, hostile, reply_to=posted)
        button = {"type": 2, "style": 1, "label": hostile, "custom_id": hostile}
        option = {"label": hostile, "value": hostile, "description": hostile}
        menus = [
            {
                "type": 3,
                "custom_id": f"{most}{hostile}",
                "placeholder": hostile,
                "options": [option],
                "max_values": most,
            }
            for most in (1, 2)
        ]
        rows = [{"type": 1, "components": [inner]} for inner in (button, *menus)]
        club.discord.messages.create(bo.channel, club.discord.bot, MessageDraft(content="x", components=rows))
        async with bo.as_(ann).watching() as screen:
            await screen.until(lambda s: s.place and s.messages)
        drawn = ParsedPage(screen.text + "".join(screen.place["regions"].values()))
        assert not {"script", "iframe", "object", "embed", "link", "base", "form", "style"} & set(drawn.tags)
        for name, value in drawn.attributes:
            assert not name.startswith("on")
            if name == "src":
                assert value.startswith("/files/")
            if name == "href":
                assert value.startswith(("http://", "https://", "/files/", "#"))
        assert "alert(1)" in drawn.text
