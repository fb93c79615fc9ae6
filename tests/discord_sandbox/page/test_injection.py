"""What people write, where it is shown, in a real browser that lets every script run: none of it does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from discord_sandbox.page import DemoServer, SandboxPage
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from discord_sandbox.transcript import render_html
from discord_sandbox.world.messages import MessageDraft, Upload
from tests.discord_sandbox.transcript.test_page import HOSTILE
from tests.support.browser import CHROMIUM, Tab, browser, new_tab
from tests.support.tally import ProofTally

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

SCRIPT = "window.ran=1"
MORE = (
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<details open ontoggle=alert(1)>x</details>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "[a](javascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "**<b onmouseover=alert(1)>**_||<i onfocus=alert(1) autofocus tabindex=0>||_",
    "<style>@keyframes x{}</style><b style='animation-name:x' onanimationstart=alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<a href=javascript:alert(1)>x</a>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
)
PAYLOADS = tuple(text.replace("alert(1)", SCRIPT) for text in HOSTILE + MORE)
# Whatever a person could do to an element but pressing what deletes it.
TOUCH_ALL = """
    for (const element of document.querySelectorAll("*"))
        for (const name of ["mouseover", "mouseenter", "focus", "focusin", "toggle", "animationstart", "error", "load"])
            element.dispatchEvent(new Event(name, {bubbles: false}));
    for (const link of document.querySelectorAll("a"))
        if (link.protocol === "javascript:" || link.protocol === "data:") window.ran = 1;
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


async def post_everywhere(club: DemoServer, hostile: str) -> None:
    """Put the same words wherever a member, an admin or a bot can put some."""
    ann = club.members[0]
    ann.nick = club.music.topic = club.music.name = club.guild.name = hostile
    posted = await ann.post(club.music, hostile, files=[(hostile, b"x", f'audio/mpeg" onerror="{SCRIPT}')])
    await club.members[1].post(club.music, hostile, reply_to=posted)
    option = {"label": hostile[:100], "value": hostile[:100], "description": hostile[:100]}
    inner = (
        {"type": 2, "style": 1, "label": hostile[:80], "custom_id": hostile[:100]},
        {"type": 3, "custom_id": f"m{hostile}"[:100], "placeholder": hostile[:150], "options": [option]},
    )
    rows = [{"type": 1, "components": [each]} for each in inner]
    create, bot = club.discord.messages.create, club.discord.bot
    create(club.music, bot, MessageDraft(content=hostile, components=rows))
    picture = {"media": {"url": "attachment://a.png"}, "description": hostile}
    layout = [
        {"type": 17, "components": [{"type": 10, "content": hostile}, {"type": 12, "items": [picture]}]}
    ]
    upload = Upload("a.png", b"\x89PNG\r\n\x1a\n", "image/png")
    create(club.music, bot, MessageDraft(flags=COMPONENTS_V2, components=layout, uploads=[upload]))


async def assert_nothing_ran(tab: Tab, page: str) -> None:
    """Neither by itself nor when touched, and nothing was asked for but what the page is made of."""
    await tab.run(TOUCH_ALL)
    assert await tab.run("window.ran") is None
    made_of = (f"{page}static/", f"{page}events", f"{page}files/", f"{page}commands", f"{page}songs", "data:")
    assert [url for url in tab.requested if url != page and not url.startswith(made_of)] == []


async def test_nothing_that_people_write_runs_where_it_is_shown(
    club: DemoServer, page: SandboxPage, port: int, tmp_path: Path, tally: ProofTally
) -> None:
    for number, hostile in enumerate(PAYLOADS):
        await post_everywhere(club, hostile)
        await club.members[2].post(club.music, f"the end of {number}")
    (tmp_path / "page.html").write_text(render_html(club.guild, club.music), encoding="utf-8")
    kept = (tmp_path / "page.html").as_uri()
    for address in (page.address, kept):
        async with new_tab(port) as tab:
            await tab.call("Page.setBypassCSP", enabled=True)
            await tab.look(1280, 800)
            await tab.go(address)
            await tab.sees(f"the end of {len(PAYLOADS) - 1}")
            await assert_nothing_ran(tab, address)
    tally.tried("scripts written into whatever the pages show", times=2 * len(PAYLOADS), let_in=0)


async def test_a_script_that_got_in_would_be_noticed(page: SandboxPage, port: int) -> None:
    async with new_tab(port) as tab:
        await tab.call("Page.setBypassCSP", enabled=True)
        await tab.go(page.address)
        await tab.run(f"document.body.insertAdjacentHTML('beforeend', {PAYLOADS[1]!r})")
        await tab.until("window.ran === 1")
        with pytest.raises(AssertionError):
            await assert_nothing_ran(tab, page.address)
