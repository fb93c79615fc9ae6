"""The page in a real browser: what a person sees and does, with mouse and keyboard."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from discord_sandbox import Permission, Sandbox
from discord_sandbox.page import DemoServer, SandboxPage
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from discord_sandbox.world.messages import MessageDraft, Upload
from tests.discord_sandbox.page.jukebox import PIXEL, Jukebox
from tests.support.browser import CHROMIUM, Tab, browser, new_tab

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

MESSAGES = "#messages"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
async def tab(page: SandboxPage, jukebox: Jukebox, port: int) -> AsyncIterator[Tab]:
    """Bo, in the music channel; nothing may go wrong in the browser, and nothing be asked of anybody else."""
    async with new_tab(port) as opened:
        await opened.look(1280, 800)
        await opened.go(page.address)
        await opened.sees("Welcome to #music!")
        yield opened
        assert opened.troubles == []
        elsewhere = [url for url in opened.requested if not url.startswith((page.address, "data:", "about:"))]
        assert elsewhere == []


async def test_writing_reacting_replying_editing_and_deleting(tab: Tab, club: DemoServer) -> None:
    ann, bo, *_ = club.members
    await tab.click("#text")
    await tab.type("hello **all**")
    await tab.press("Enter")
    await tab.sees("hello all", MESSAGES)
    first = club.music.messages[0]
    assert first["author"]["id"] == str(bo.id)

    await tab.click(f"#m{first['id']} [data-react='👍']")
    await tab.until("document.querySelector('.reaction.own')?.ariaPressed === 'true'")
    await ann.react(first, "👍")
    await tab.sees("2", ".reaction")
    await tab.click(".reaction")
    await tab.until("document.querySelector('.reaction')?.ariaPressed === 'false'")
    assert club.music.reactions(first) == {"👍": ["Ann"]}

    await tab.click(f"#m{first['id']} [data-do='reply']")
    await tab.sees("Replying to Bo")
    await tab.type("me too")
    await tab.press("Enter")
    await tab.until("document.querySelector('.cause .excerpt')?.innerText.includes('hello all')")

    await tab.click("#text")
    await tab.press("ArrowUp")
    await tab.until("document.querySelector('#text').value === 'me too'")
    await tab.type(", really")
    await tab.press("Enter")
    await tab.sees("me too, really", MESSAGES)
    await tab.sees("(edited)", MESSAGES)

    await tab.click(f"#m{first['id']}", button="right")
    await tab.click("#more .danger")
    await tab.sees("Original message was deleted", MESSAGES)


async def test_a_command_with_its_options_by_keyboard_alone(tab: Tab, club: DemoServer) -> None:
    await tab.until("document.activeElement.id !== 'text'")
    await tab.click("#text")
    await tab.type("/")
    await tab.sees("Never answers", "#offers")
    await tab.type("pl")
    await tab.until("document.querySelectorAll('#offers [role=option]').length === 1")
    await tab.press("Enter")
    await tab.sees("song: What to play", "#context")
    await tab.type("slow")
    await tab.sees("slow Polka", "#offers")
    await tab.press("ArrowDown", "Enter", "Tab")
    await tab.type("4")
    await tab.press("Enter")
    await tab.sees("id-Polka 4 0 0 None None", MESSAGES)
    await tab.sees("/play", ".cause .command")
    assert club.music.messages[0]["attachments"][0]["description"] == "A single dot"
    picture = "document.querySelector('img.picture')"
    await tab.until(f"{picture}.alt === 'A single dot' && {picture}.naturalWidth === 1")
    assert await tab.run("document.querySelector('.file a').download") == "list.m3u8"
    assert await tab.run("fetch(document.querySelector('.file a').href).then(a => a.text())") == "#EXTM3U"


async def test_what_is_missing_is_asked_for(tab: Tab, club: DemoServer) -> None:
    await tab.click("#text")
    await tab.type("/play")
    await tab.sees("Plays anything", "#offers")
    await tab.press("Enter")
    await tab.sees("Waltz", "#offers")
    await tab.press("Escape")
    await tab.click("#send")
    assert await tab.run("document.querySelector('#command input').validity.valueMissing")
    await tab.press("Escape", "Escape")
    await tab.until("!document.querySelector('#text').hidden")
    assert club.music.messages == []


async def test_buttons_menus_modals_and_silence(tab: Tab, club: DemoServer) -> None:
    bo = club.members[1]
    await bo.command(club.music, "play", song="x")
    await tab.click("[data-click='change']")
    await tab.sees("changed", MESSAGES)
    choose = "(s => { s.value = 'B'; s.dispatchEvent(new Event('change', {bubbles: true})); })"
    await tab.run(f"{choose}(document.querySelector('[data-select=one]'))")
    await tab.sees("picked B", MESSAGES)
    await tab.click("details.select summary")
    await tab.click("details [value='X']")
    await tab.click("details [value='Z']")
    await tab.click("[data-choose='some']")
    await tab.sees("ticked X+Z", MESSAGES)

    await tab.click("[data-click='why']")
    await tab.sees("Tell me more", "#modal")
    await tab.run("document.querySelector('#modal input').focus()")
    await tab.type("I can")
    await tab.press("Enter")
    await tab.sees("because I can", MESSAGES)
    await tab.sees("Only you can see this", MESSAGES)
    await tab.click("[data-do='dismiss']")
    await tab.until("!document.querySelector('.whisper')")

    await tab.click("[data-click='silent']")
    await tab.sees("This interaction failed", MESSAGES)
    await tab.click("#text")
    await tab.type("/silent")
    await tab.sees("Never answers", "#offers")
    await tab.press("Enter", "Enter")
    await tab.sees("The application did not respond", "#notice")


async def test_files_and_songs_are_posted(tab: Tab, club: DemoServer, tmp_path: Path) -> None:
    sound = tmp_path / "my song.mp3"
    sound.write_bytes(b"sound")
    await tab.upload("#upload", sound)
    await tab.sees("my song.mp3", "#files")
    await tab.click("#plus")
    await tab.click("#extras summary")
    await tab.sees("Song 3 · Band 3", "#songs")
    await tab.click("#songs button:nth-child(4)")
    await tab.sees("song-3.mp3", "#files")
    await tab.press("Enter")
    await tab.sees("song-3.mp3", MESSAGES)
    assert [file["filename"] for file in club.music.messages[0]["attachments"]] == [
        "my_song.mp3",
        "song-3.mp3",
    ]
    assert await tab.run("document.querySelector('audio').src") != ""
    await tab.click("#plus")
    await tab.click("[data-extra='0']")
    await tab.sees("announced", MESSAGES)


async def test_each_member_sees_their_own_server(tab: Tab, club: DemoServer) -> None:
    ann, bo, *_ = club.members
    assert "night-shift" not in await tab.run("document.querySelector('#channels').innerText")
    await tab.click(f"#people a[href^='#{ann.id}/']")
    await tab.sees("night-shift", "#channels")
    private = next(c for c in club.guild.channels.values() if c.name == "night-shift")
    await tab.click(f"#channels a[href$='/{private.id}']")
    await tab.sees("Welcome to #night-shift!")
    message = await ann.post(private, f"see https://discord.com/channels/{club.guild.id}/{club.music.id}/1")
    await tab.sees("see", f"#m{message['id']}")
    await bo.post(club.music, "knock, knock")
    await tab.sees("music", "a.channel.unread")
    await tab.click(f"#m{message['id']} a")
    await tab.sees("knock, knock", MESSAGES)
    await tab.run("history.back()")
    await tab.sees("Welcome to #night-shift!")


async def test_who_may_not_write_is_told(tab: Tab, club: DemoServer) -> None:
    club.music.set_overwrite(club.guild.everyone, deny=Permission.SEND_MESSAGES)
    await tab.until("document.querySelector('#text').disabled")
    assert "do not have permission" in await tab.run("document.querySelector('#text').placeholder")


async def test_light_dark_and_a_phone(tab: Tab, club: DemoServer) -> None:
    background = "getComputedStyle(document.querySelector('main').parentElement).backgroundColor"
    dark = await tab.run(background)
    await tab.look(1280, 800, dark=False)
    assert await tab.run(background) == "rgb(255, 255, 255)" != dark
    await tab.click("#theme")
    assert await tab.run(background) == dark
    await tab.look(390, 844, phone=True)
    for member in club.members:
        await member.post(club.music, "a long word: " + "x" * 300, files=[("a.mp3", b"x", "audio/mpeg")])
    texts = [
        {"type": 10, "content": "wide " * 20},
        {"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]},
    ]
    layout = [{"type": 17, "components": texts}]
    draft = MessageDraft(
        flags=COMPONENTS_V2, components=layout, uploads=[Upload("a.png", PIXEL, "image/png")]
    )
    club.discord.messages.create(club.music, club.discord.bot, draft)
    await tab.sees("x" * 300, MESSAGES)
    await tab.sees("wide", ".container")
    assert await tab.run("(c => c.scrollWidth - c.clientWidth)(document.querySelector('.container'))") == 0
    assert await tab.run("document.documentElement.scrollWidth") == 390
    assert await tab.run("document.querySelector('#log').scrollWidth") <= 390
    await tab.click("#open-drawer")
    await tab.until("document.querySelector('#open-drawer').ariaExpanded === 'true'")
    await tab.click("#channels a:last-of-type")
    await tab.sees("Welcome to #general!")
    await tab.until("document.querySelector('#open-drawer').ariaExpanded === 'false'")


async def test_the_newest_message_stays_in_sight(tab: Tab, club: DemoServer) -> None:
    for number in range(30):
        await club.members[0].post(club.music, f"line {number}\n\nand more")
    end = "(l => Math.round(l.scrollHeight - l.scrollTop - l.clientHeight))(document.querySelector('#log'))"
    await tab.sees("line 29", MESSAGES)
    await tab.until(f"{end} < 2")
    await tab.run("document.querySelector('#log').scrollTop = 0")
    await asyncio.sleep(0.1)
    await club.members[0].post(club.music, "last line")
    await tab.sees("last line", MESSAGES)
    assert await tab.run("document.querySelector('#log').scrollTop") == 0


async def test_focus_and_players_survive_a_change(tab: Tab, club: DemoServer, sandbox: Sandbox) -> None:
    bo = club.members[1]
    message = await bo.post(club.music, "song", files=[("a.mp3", b"x", "audio/mpeg")])
    await bo.react(message, "👍")
    await tab.until("!!document.querySelector('.reaction')")
    await tab.run(
        "window.player = document.querySelector('audio'); document.querySelector('.reaction').focus()"
    )
    await club.members[0].react(message, "👍")
    await tab.sees("2", ".reaction")
    assert await tab.run("document.querySelector('audio') === window.player")
    assert await tab.run("document.activeElement.matches('.reaction')")
