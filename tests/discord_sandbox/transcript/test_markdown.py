"""Discord's markdown: what becomes what, and what stays as it was written."""

import pytest

from discord_sandbox import Sandbox, SandboxGuild, SandboxMember
from discord_sandbox.transcript.context import Context


@pytest.fixture
def ann(sandbox: Sandbox) -> SandboxMember:
    guild = sandbox.add_guild("Club")
    guild.add_channel("music")
    return guild.add_member("Ann <b>")


def html(member: SandboxMember, text: str) -> str:
    return Context(member.guild, None).markdown(text)


LINES = {
    "**a** *b* _c_ __d__ ~~e~~": "<strong>a</strong> <em>b</em> <em>c</em> <u>d</u> <s>e</s>",
    "**a *b* c**": "<strong>a <em>b</em> c</strong>",
    "`**a**`": "<code>**a**</code>",
    "``a ` b``": "<code>a ` b</code>",
    r"\*a\*": "*a*",
    "snake_case_name": "snake_case_name",
    "2 * 3 * 4": "2 * 3 * 4",
    "a < b & c": "a &lt; b &amp; c",
    "</similar:123>": '<span class="mention">/similar</span>',
    "<:notes:123>": ":notes:",
    "<@999>": '<span class="mention">@unknown-user</span>',
}


@pytest.mark.parametrize("text", LINES)
async def test_a_line(ann: SandboxMember, text: str) -> None:
    assert html(ann, text) == f'<div class="line">{LINES[text]}</div>'


async def test_links(ann: SandboxMember) -> None:
    attributes = 'target="_blank" rel="noopener noreferrer nofollow"'
    for text, url, label in (
        ("see https://a.b/c?d=1&e=2.", "https://a.b/c?d=1&amp;e=2", "https://a.b/c?d=1&amp;e=2"),
        ("<https://a.b/c>", "https://a.b/c", "https://a.b/c"),
        ("[the **song**](https://a.b/c)", "https://a.b/c", "the <strong>song</strong>"),
    ):
        assert f'<a href="{url}" {attributes}>{label}</a>' in html(ann, text)


@pytest.mark.parametrize(
    "text",
    ["[a](javascript:alert(1))", "[a](data:text/html,x)", "javascript:alert(1)", "<javascript:alert(1)>"],
)
async def test_no_link_of_another_scheme(ann: SandboxMember, text: str) -> None:
    assert "<a" not in html(ann, text)


async def test_mentions_name_those_they_mean(ann: SandboxMember) -> None:
    channel = next(iter(ann.guild.channels.values()))
    assert isinstance(ann.guild, SandboxGuild)
    role = ann.guild.add_role("Mods")
    shown = html(ann, f"{ann.mention} {channel.mention} <@&{role.id}>")
    assert "@Ann &lt;b&gt;</span>" in shown
    assert "# music</span>" in shown
    assert "@Mods</span>" in shown


async def test_times(ann: SandboxMember) -> None:
    now = int(ann.guild.world.clock.now().timestamp())
    assert "2 hours ago" in html(ann, f"<t:{now - 7200}:R>")
    assert "in 3 days" in html(ann, f"<t:{now + 3 * 86400 + 5}:R>")
    assert "01 January 2026 00:00" in html(ann, "<t:1767225600>")
    assert "Invalid Date" in html(ann, "<t:999999999999:f>")


async def test_blocks(ann: SandboxMember) -> None:
    text = "# Big\n## Small\n-# quiet\n> said\n> more\n- one\n  - two\n1. first\n```py\n<x>\n```\nend"
    shown = html(ann, text)
    assert '<h1 class="md">Big</h1><h2 class="md">Small</h2><div class="subtext">quiet</div>' in shown
    assert '<blockquote><div class="line">said</div><div class="line">more</div></blockquote>' in shown
    assert shown.count('class="item"') == 3
    assert "--depth:1" in shown
    assert "<pre><code>&lt;x&gt;</code></pre>" in shown
    assert shown.endswith('<div class="line">end</div>')


async def test_a_quote_to_the_end(ann: SandboxMember) -> None:
    assert html(ann, ">>> a\nb").count('class="line"') == 2
    assert html(ann, ">>> a\nb").startswith("<blockquote>")
