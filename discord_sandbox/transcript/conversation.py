"""A channel's messages as HTML list items in Discord's look."""

from collections.abc import Iterator
from datetime import timedelta
from html import escape

from discord_sandbox.rules.errors import Json
from discord_sandbox.rules.message_flags import EPHEMERAL, LOADING
from discord_sandbox.transcript.cards import draw, draw_embed, draw_file
from discord_sandbox.transcript.context import Context, clock_time
from discord_sandbox.world import payloads
from discord_sandbox.world.clock import moment
from discord_sandbox.world.model import MENU_COMMAND, ChannelState, Message
from discord_sandbox.world.reading import loose_files, text_of

GROUP_WITHIN = timedelta(minutes=7)
EYE_ICON = (
    '<svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true"><path fill="currentColor" d="M12 5C7 5 '
    "3 9 1.500 12 3 15 7 19 12 19s9-4 10.500-7C21 9 17 5 12 5zm0 11a4 4 0 1 1 0-8 4 4 0 0 1 0 8zm0-2a2 2 0 1 0 "
    '0-4 2 2 0 0 0 0 4z"/></svg>'
)


def draw_messages(
    channel: ChannelState, context: Context, *, newest: int | None = None
) -> Iterator[tuple[str, str]]:
    """The list's items from old to new, each with its id; `newest` bounds how many messages."""
    viewer = context.viewer
    seen = [m for m in channel.all_messages if viewer is None or m.seen_only_by in (None, viewer.id)]
    day = None
    before: Json | None = None
    for found in seen[-newest:] if newest else seen:
        message = payloads.message(found, viewer=viewer.user if viewer else None)
        date = found.at.astimezone(context.zone).date()
        if date != day:
            day, before = date, None
            yield f"d{date}", f'<li class="day" id="d{date}"><span>{date.day} {date:%B %Y}</span></li>'
        yield f"m{found.id}", _message(found, message, context, follows=_follows(message, before))
        before = message


def _follows(message: Json, before: Json | None) -> bool:
    """Whether a message continues its author's previous one and needs no header."""
    if before is None or message.get("message_reference") or message.get("interaction_metadata"):
        return False
    if (message["author"]["id"], message["flags"] & EPHEMERAL) != (
        before["author"]["id"],
        before["flags"] & EPHEMERAL,
    ):
        return False
    return moment(int(message["id"])) - moment(int(before["id"])) < GROUP_WITHIN


def _message(found: Message, message: Json, context: Context, *, follows: bool) -> str:
    author, time = message["author"], clock_time(message, context.zone)
    only = found.seen_only_by
    look = "message" + (" follows" if follows else "") + (" whisper" if only else "")
    body = _body(message, context) + _reactions(found, message, context) + _whisper(only, context)
    if follows:
        inner = f'<time class="margin">{time}</time><div class="content">{body}</div>'
    else:
        head = f'<div class="head">{context.author(author)}<time>{time}</time></div>'
        inner = f'{_cause(message, context)}{context.avatar(author)}<div class="content">{head}{body}</div>'
    return f'<li class="{look}" id="m{found.id}">{inner}{context.widgets.tools(found)}</li>'


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


def _reactions(found: Message, message: Json, context: Context) -> str:
    pills = []
    for reaction in message.get("reactions", []):
        who = found.reactions[reaction["emoji"]["name"]]
        names = [context.names.user(user_id) for user_id in who]
        own = bool(context.viewer) and reaction["me"]
        pills.append(context.widgets.reaction(reaction, names, own=own))
    return f'<div class="reactions">{"".join(pills)}</div>' if pills else ""


def _whisper(only: int | None, context: Context) -> str:
    if only is None:
        return ""
    whose = "" if context.viewer else f" ({escape(context.names.user(only))})"
    return f'<div class="only">{EYE_ICON} Only you can see this{whose} · {context.widgets.dismiss()}</div>'
