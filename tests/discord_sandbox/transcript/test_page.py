"""The page of a conversation: complete, self-contained, and safe whatever people write."""

from html.parser import HTMLParser
from typing import Any

import pytest

from discord_sandbox import Sandbox, SandboxMember
from discord_sandbox.rules.errors import Json
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from discord_sandbox.transcript import render_html, render_text
from discord_sandbox.world.guild import Channel
from discord_sandbox.world.messages import MessageDraft, Upload

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    '[a](https://a.b/"onclick=alert(1))',
    'https://a.b/"onclick="alert(1)',
    "<https://a.b/'onclick='alert(1)>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "javascript:alert(1)",
)


class ParsedPage(HTMLParser):
    """Notes what a browser would load or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def music(sandbox: Sandbox) -> Channel:
    return sandbox.add_guild("Club").add_channel("music", topic="Songs")


@pytest.fixture
def ann(music: Channel) -> SandboxMember:
    return music.guild.add_member("Ann", roles=[music.guild.add_role("DJs", colour=0xE67E22)])


def as_bot(sandbox: Sandbox, channel: Channel, **parts: Any) -> None:
    sandbox.messages.create(channel, sandbox.bot, MessageDraft(**parts))


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_nothing_that_people_write_runs(sandbox: Sandbox, hostile: str) -> None:
    guild = sandbox.add_guild(hostile)
    music = guild.add_channel(hostile, topic=hostile)
    ann = guild.add_member(hostile, nick=hostile)
    posted = await ann.post(music, hostile, files=[(hostile, b"x", 'audio/mpeg" onerror="alert(1)')])
    await ann.react(posted, "👍")
    await ann.post(music, f"{ann.mention} {music.mention}", reply_to=posted)
    embed: Json = {"title": hostile, "description": hostile, "url": hostile, "footer": {"text": hostile}}
    embed |= {"fields": [{"name": hostile, "value": hostile}], "author": {"name": hostile, "url": hostile}}
    button = {"type": 2, "style": 5, "label": hostile, "url": hostile}
    section: Json = {"type": 9, "components": [{"type": 10, "content": hostile}], "accessory": button}
    thumbnail = {"type": 11, "media": {"url": "https://a.b/c.png"}, "description": hostile}
    other = {"type": 9, "components": [{"type": 10, "content": hostile}], "accessory": thumbnail}
    menu = {"type": 1, "components": [{"type": 3, "custom_id": "m", "placeholder": hostile, "options": []}]}
    about = {"id": "1", "type": 2, "name": hostile, "user": {"id": str(ann.id), "bot": False}}
    as_bot(sandbox, music, embeds=[embed], interaction=about)
    layout = [{"type": 17, "components": [section, other, menu]}]
    as_bot(sandbox, music, components=layout, flags=COMPONENTS_V2)

    page = ParsedPage(render_html(guild, music))
    assert not {"script", "iframe", "object", "embed", "link", "base", "form"} & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name == "src":
            assert value.startswith("data:")
        if name == "href":
            assert value.startswith(("http://", "https://"))
    assert "alert(1)" in page.text


async def test_everything_is_in_the_page(sandbox: Sandbox, music: Channel, ann: SandboxMember) -> None:
    posted = await ann.post(
        music,
        "hello",
        files=[("a.png", PNG, "image/png"), ("b.mp3", b"sound", "audio/mpeg"), ("c.zip", b"z", "x/y")],
    )
    await ann.react(posted, "👍")
    gallery = {"type": 12, "items": [{"media": {"url": "attachment://d.png"}, "description": "cover"}]}
    as_bot(
        sandbox,
        music,
        components=[{"type": 17, "accent_color": 0xFF0000, "components": [gallery]}],
        uploads=[Upload("d.png", PNG, "image/png")],
        flags=COMPONENTS_V2,
        reference=(music.id, int(posted["id"])),
    )
    html = render_html(music.guild, music)
    page = ParsedPage(html)
    assert html.count("data:image/png;base64,") == 2
    assert "data:audio/mpeg;base64,c291bmQ=" in html
    for word in ("Club", "# music", "Songs", "hello", "b.mp3", "c.zip", "👍 1", "Ann", "Earworm APP"):
        assert word in page.text
    assert "color:#e67e22" in html
    assert "--accent:#ff0000" in html
    assert "color-scheme: light dark" in html


async def test_a_large_file_is_only_named(music: Channel, ann: SandboxMember) -> None:
    await ann.post(music, files=[("a.mp3", b"x" * 2000, "audio/mpeg")])
    html = render_html(music.guild, music, file_bytes=1999)
    assert "data:audio" not in html
    assert "a.mp3" in html
    assert "2 KB" in html


async def test_whispers_are_shown_to_whom_they_are_for(
    sandbox: Sandbox, music: Channel, ann: SandboxMember
) -> None:
    bob = music.guild.add_member("Bob")
    as_bot(sandbox, music, content="psst", flags=64, seen_only_by=ann.id)
    assert "Only you can see this (Ann)" in ParsedPage(render_html(music.guild, music)).text
    assert "Only you can see this ·" in ParsedPage(render_html(music.guild, music, viewer=ann)).text
    assert "psst" not in render_html(music.guild, music, viewer=bob)
    assert "(only Ann can see this)" in render_text(music, width=80)
    assert "psst" not in render_text(music, width=80, viewer=bob)


async def test_own_reactions_stand_out(music: Channel, ann: SandboxMember) -> None:
    await ann.react(await ann.post(music, "hello"), "👍")
    assert 'class="reaction own"' in render_html(music.guild, music, viewer=ann)
    assert 'class="reaction"' in render_html(music.guild, music)


async def test_commands_and_replies_say_what_they_answer(
    sandbox: Sandbox, music: Channel, ann: SandboxMember
) -> None:
    user = {"id": str(ann.id), "username": "ann", "bot": False}
    about = {"id": "1", "type": 2, "name": "settings channel", "user": user}
    as_bot(sandbox, music, content="done", kind=20, interaction=about)
    as_bot(sandbox, music, content="added", kind=23, interaction=about | {"name": "Add to library"})
    posted = await ann.post(music, "the **song**")
    await ann.post(music, "yes", reply_to=posted)
    await ann.delete(posted)
    await ann.post(music, "no", reply_to=await ann.post(music, files=[("a.mp3", b"x", "audio/mpeg")]))
    text = ParsedPage(render_html(music.guild, music)).text
    for said in ("Ann used /settings channel", "Ann used Add to library", "Original message was deleted"):
        assert said in text
    assert "Click to see attachment" in text
    plain = render_text(music, width=80)
    assert "╭─ Ann used /settings channel" in plain
    assert "(deleted)" in plain


async def test_messages_in_a_row_name_their_author_once(music: Channel, ann: SandboxMember) -> None:
    for word in ("one", "two", "three"):
        await ann.post(music, word)
    assert render_html(music.guild, music).count('class="name"') == 1


async def test_the_terminal_shows_it_all(sandbox: Sandbox, music: Channel, ann: SandboxMember) -> None:
    posted = await ann.post(music, "a **song** https://a.b", files=[("a.mp3", b"x", "audio/mpeg")])
    await ann.react(posted, "👍")
    buttons = [{"type": 2, "style": 1, "label": "More", "emoji": {"name": "👍"}, "custom_id": "a"}]
    buttons.append({"type": 2, "style": 5, "label": "Jump", "url": "https://a.b"})
    section: Json = {"type": 9, "components": [{"type": 10, "content": "### Title"}], "accessory": buttons[1]}
    layout = [{"type": 17, "components": [section, {"type": 14}, {"type": 1, "components": buttons}]}]
    as_bot(sandbox, music, components=layout, flags=COMPONENTS_V2)
    embed = {"title": "Song", "description": "by *Ann*", "fields": [{"name": "Length", "value": "3:42"}]}
    as_bot(sandbox, music, embeds=[embed], reference=(music.id, int(posted["id"])))
    shown = [line.rstrip() for line in render_text(music, width=60).split("\n")]
    for line in (
        "# music · Songs",
        "  a song https://a.b",
        "  📎 a.mp3 (1 byte)",
        "  👍 1",
        "  ▌ Title",
        "  ▌ [Jump ↗]",
        "  ▌ [👍 More] [Jump ↗]",
        "╭─ Ann  a song https://a.b",
        "  ▌ Song",
        "  ▌ by Ann",
        "  ▌ Length: 3:42",
    ):
        assert line in shown
    assert "\x1b" not in "\n".join(shown)
    assert "\x1b[1mSong\x1b[0m" in render_text(music, width=60, colour=True)


async def test_nobody_commands_the_terminal(music: Channel, ann: SandboxMember) -> None:
    ann.nick = "A\x1b[2Jnn"
    await ann.post(music, "a\x1b]0;title\x07b\u202ec")
    plain = render_text(music, width=60)
    assert "\x1b" not in plain
    assert "\u202e" not in plain
    assert "A[2Jnn" in plain


async def test_long_lines_are_broken_between_words(music: Channel, ann: SandboxMember) -> None:
    await ann.post(music, "word " * 40 + "https://a.b/" + "x" * 80)
    lines = render_text(music, width=40).split("\n")
    assert all(len(line) <= 40 for line in lines if "https" not in line)
    assert any(line.strip() == "https://a.b/" + "x" * 80 for line in lines)


async def test_pictures_say_what_they_show(sandbox: Sandbox, music: Channel) -> None:
    gallery = {"type": 12, "items": [{"media": {"url": "attachment://a.png"}, "description": "A <map>"}]}
    as_bot(
        sandbox, music, components=[gallery], uploads=[Upload("a.png", PNG, "image/png")], flags=COMPONENTS_V2
    )
    as_bot(sandbox, music, uploads=[Upload("b.png", PNG, "image/png", description="Ann's card")])
    as_bot(sandbox, music, uploads=[Upload("c.png", PNG, "image/png")])
    page = ParsedPage(render_html(music.guild, music))
    assert [value for name, value in page.attributes if name == "alt"] == ["A <map>", "Ann's card", "c.png"]
    assert page.text.count("ALT") == 2


async def test_a_playlist_is_no_sound(music: Channel, ann: SandboxMember) -> None:
    await ann.post(music, files=[("a.m3u8", b"#EXTM3U", "audio/x-mpegurl"), ("b.mp3", b"x", "audio/mpeg")])
    page = ParsedPage(render_html(music.guild, music))
    assert page.tags.count("audio") == 1
    assert "a.m3u8" in page.text
