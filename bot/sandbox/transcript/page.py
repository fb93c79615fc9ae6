"""A channel's conversation as one HTML page in Discord's look, with everything in it and nothing fetched."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from importlib.resources import files

from bot.sandbox import payloads
from bot.sandbox.clock import moment
from bot.sandbox.errors import Json
from bot.sandbox.guild import Guild
from bot.sandbox.members import Member
from bot.sandbox.model import CATEGORY, EPHEMERAL, LOADING, MENU_COMMAND, VOICE, Channel
from bot.sandbox.reading import loose_files, text_of
from bot.sandbox.transcript.cards import draw, draw_embed, draw_file
from bot.sandbox.transcript.context import Context, clock_time

TOGETHER = timedelta(minutes=7)
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
EYE = (
    '<svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true"><path fill="currentColor" d="M12 5C7 5 '
    "3 9 1.500 12 3 15 7 19 12 19s9-4 10.500-7C21 9 17 5 12 5zm0 11a4 4 0 1 1 0-8 4 4 0 0 1 0 8zm0-2a2 2 0 1 0 "
    '0-4 2 2 0 0 0 0 4z"/></svg>'
)


def render_html(
    guild: Guild, channel: Channel, *, viewer: Member | None = None, file_bytes: int = 600_000
) -> str:
    """The whole page. Without a `viewer` it shows what every member sees, whispers included.

    Files of up to `file_bytes` are put into the page; larger ones are named.
    """
    context = Context(guild, viewer, file_bytes)
    style = files("bot.sandbox.transcript").joinpath("page.css").read_text(encoding="utf-8")
    topic = f'<span class="topic">{escape(channel.topic)}</span>' if channel.topic else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>#{escape(channel.name)} · {escape(guild.name)}</title>
<style>{style}</style>
</head>
<body>
<nav><h2>{escape(guild.name)}</h2>{"".join(_channels(guild, channel))}</nav>
<main>
<header><span class="hash">#</span><h1>{escape(channel.name)}</h1>{topic}</header>
<ol>{"".join(_messages(channel, context))}</ol>
<div class="input">Message #{escape(channel.name)}</div>
</main>
</body>
</html>
"""


def _channels(guild: Guild, current: Channel) -> Iterator[str]:
    for channel in guild.channels.values():
        if channel.type == CATEGORY:
            yield f'<div class="category">{escape(channel.name)}</div>'
            continue
        look = " here" if channel is current else ""
        look += " thread" if channel.is_thread else ""
        mark = "🔊" if channel.type == VOICE else "#"
        yield f'<div class="channel{look}"><span class="hash">{mark}</span>{escape(channel.name)}</div>'


def _messages(channel: Channel, context: Context) -> Iterator[str]:
    viewer = context.viewer
    day = None
    before: Json | None = None
    for found in channel.everything:
        if viewer and found.seen_only_by not in (None, viewer.id):
            continue
        message = payloads.message(found, viewer=viewer.user if viewer else None)
        if found.at.date() != day:
            day, before = found.at.date(), None
            yield f'<li class="day"><span>{_date(found.at)}</span></li>'
        yield _message(message, found.seen_only_by, context, follows=_follows(message, before))
        before = message


def _date(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _follows(message: Json, before: Json | None) -> bool:
    """Whether a message stands under the one before without naming its author again."""
    if before is None or message.get("message_reference") or message.get("interaction_metadata"):
        return False
    if (message["author"]["id"], message["flags"] & EPHEMERAL) != (
        before["author"]["id"],
        before["flags"] & EPHEMERAL,
    ):
        return False
    return moment(int(message["id"])) - moment(int(before["id"])) < TOGETHER


def _message(message: Json, only: int | None, context: Context, *, follows: bool) -> str:
    author, time = message["author"], clock_time(message)
    look = "message" + (" follows" if follows else "") + (" whisper" if only else "")
    body = _body(message, context) + _reactions(message, context) + _whisper(only, context)
    if follows:
        return f'<li class="{look}"><time class="margin">{time}</time><div class="content">{body}</div></li>'
    head = f'<div class="head">{context.author(author)}<time>{time}</time></div>'
    inner = f'{context.avatar(author)}<div class="content">{head}{body}</div>'
    return f'<li class="{look}">{_cause(message, context)}{inner}</li>'


def _cause(message: Json, context: Context) -> str:
    """The line above: what a message answers, or which command somebody used."""
    about = message.get("interaction_metadata") or {}
    if about.get("name"):
        name = escape(about["name"] if message["type"] == MENU_COMMAND else f"/{about['name']}")
        user = about["user"]
        who = f"{context.avatar(user, size=16)}{context.author(user, badge=False)}"
        return f'<div class="cause">{who} <span class="used">used</span> <span class="command">{name}</span></div>'
    if "message_reference" not in message:
        return ""
    original = message.get("referenced_message")
    if original is None:
        return '<div class="cause"><em>Original message was deleted</em></div>'
    said = text_of(original).replace("\n", " ")
    excerpt = context.inline(said[:200]) if said else "<em>Click to see attachment</em>"
    who = f"{context.avatar(original['author'], size=16)}{context.author(original['author'])}"
    return f'<div class="cause">{who} <span class="excerpt">{excerpt}</span></div>'


def _body(message: Json, context: Context) -> str:
    if message["flags"] & LOADING:
        name = escape(context.names.user(int(message["author"]["id"])))
        return f'<div class="thinking"><i></i><i></i><i></i> {name} is thinking…</div>'
    edited = '<span class="edited">(edited)</span>' if message["edited_timestamp"] else ""
    parts = []
    if message["content"]:
        parts.append(f'<div class="text">{context.markdown(message["content"])}{edited}</div>')
    parts += [draw_file(file, context) for file in loose_files(message)]
    parts += [draw_embed(embed, context) for embed in message["embeds"]]
    parts += [draw(component, context) for component in message["components"]]
    return "".join(parts)


def _reactions(message: Json, context: Context) -> str:
    pills = []
    for reaction in message.get("reactions", []):
        own = " own" if context.viewer and reaction["me"] else ""
        emoji = escape(reaction["emoji"]["name"])
        pills.append(
            f'<span class="reaction{own}"><span class="emoji">{emoji}</span>{reaction["count"]}</span>'
        )
    return f'<div class="reactions">{"".join(pills)}</div>' if pills else ""


def _whisper(only: int | None, context: Context) -> str:
    if only is None:
        return ""
    whose = "" if context.viewer else f" ({escape(context.names.user(only))})"
    return f'<div class="only">{EYE} Only you can see this{whose} · <span>Dismiss message</span></div>'
