"""A channel's conversation as one self-contained HTML page in Discord's look."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from discord_sandbox.transcript.context import Context
from discord_sandbox.transcript.conversation import draw_messages
from discord_sandbox.transcript.widgets import Widgets
from discord_sandbox.world.model import CATEGORY, VOICE, ChannelState, GuildState, MemberState

CONTENT_SECURITY_POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


def render_html(
    guild: GuildState, channel: ChannelState, *, viewer: MemberState | None = None, file_bytes: int = 600_000
) -> str:
    """The page. Without a `viewer` it shows every member's messages, ephemeral ones included.

    Files of up to `file_bytes` are put into the page; larger ones are named.
    """
    context = Context(guild, viewer, Widgets(file_bytes))
    messages = "".join(html for _, html in draw_messages(channel, context))
    style = files("discord_sandbox.transcript").joinpath("page.css").read_text(encoding="utf-8")
    topic = f'<span class="topic">{escape(channel.topic)}</span>' if channel.topic else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>#{escape(channel.name)} · {escape(guild.name)}</title>
<style>{style}</style>
</head>
<body>
<nav><h2>{escape(guild.name)}</h2>{"".join(_channels(guild, channel))}</nav>
<main>
<header><span class="hash">#</span><h1>{escape(channel.name)}</h1>{topic}</header>
<ol>{messages}</ol>
<div class="input">Message #{escape(channel.name)}</div>
</main>
</body>
</html>
"""


def _channels(guild: GuildState, current: ChannelState) -> Iterator[str]:
    for channel in guild.channels.values():
        if channel.type == CATEGORY:
            yield f'<div class="category">{escape(channel.name)}</div>'
            continue
        look = " here" if channel is current else ""
        look += " thread" if channel.is_thread else ""
        mark = "🔊" if channel.type == VOICE else "#"
        yield f'<div class="channel{look}"><span class="hash">{mark}</span>{escape(channel.name)}</div>'
